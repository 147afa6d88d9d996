"""Sweep files: what is wrong is said in one go, with the key and what to do; nothing of a file is ever executed."""

import json

import pytest
from tests.sweep.shelf import complaints, sweep

from huangpu.files import shipped
from huangpu.sweep.form import MEMBERS, json_schema

DESIGN = "{kind: sobol, n: 16}"
VARY = "[growth, delivery_new]"
LEVERS = "{push: {low: 0, high: 2, plan: new}}"

WRONG = [
    (("vary:", "vari:"), "small.yaml:5: vari: unknown key; did you mean 'vary'?"),
    (("seed: 3", "seed: -3"), "small.yaml:10: seed: found -3, expected 0 or more"),
    (("kind: sobol", "kind: sobel"), "small.yaml:4: design.kind: found 'sobel', expected 'sobol', 'morris'"),
    (("n: 16", "n: 16, N: 3"), "small.yaml:4: design.N: unknown key; did you mean 'n'?"),
    (("base: case.yaml", "base: csae"), "there is no scenario 'csae', neither relative to this file nor among"),
    (("base: case.yaml", "base: al_plans"), "did you mean 'all_plans'?"),
    (("base: case.yaml", "base: ../../../etc/passwd"), "base: found '../../../etc/passwd', expected a path relative"),
    (("[growth,", "[grwth,"), "small.yaml:5: vary[1]: the model has no parameter 'grwth'"),
    (("[growth,", "[output,"), "vary[1]: 'output' is of kind stock in the model, expected a constant"),
    (("[growth,", "[push,"), "vary[1]: 'push' is driven through time; a lever goes under `levers`"),
    (("[growth,", "[share,"), "vary[1]: the posterior knows nothing of 'share[north]'; give {low, high}"),
    (
        (VARY, "{share: {low: 0, high: 1}, 'share[north]': {low: 0, high: 2}}"),
        "vary: 'share[north]' varies twice; name it once",
    ),
    ((VARY, "{growth: {low: 2, high: 1}}"), "vary.growth: low 2 is not below high 1"),
    ((VARY, "{growth: {low: 2}}"), "vary.growth: uniform takes low and high, found low"),
    ((VARY, "{growth: {distribution: normal, mean: 1, sd: -1}}"), "vary.growth: the spread must be above 0, found -1"),
    (
        (VARY, "{push_effect: {distribution: normal, mean: -1.0e+9, sd: 1}}"),
        "expected different, finite ones that the prior of 'push_effect' supports",
    ),
    (
        (VARY, "{share: {low: -1.0e+308, high: 1.0e+308}}"),
        "vary.share: gives values from nan to inf, expected different, finite",
    ),
    (("base: case.yaml", f"base: {'x' * 300}"), "small.yaml:3: base: found 'xxx"),
    ((VARY, "[growth, growth]"), "small.yaml:5: vary[2]: 'growth' stands there twice; name it once"),
    ((VARY, "{growth: prior}"), "vary.growth: found 'prior', expected 'posterior'"),
    ((VARY, "{push_effect: {low: -1, high: 1}}"), "expected values that the prior of 'push_effect' supports, 0 to inf"),
    ((VARY, "{delivery_new: {low: 0, high: 2}}"), "the prior of 'delivery_new' supports, 0 to 1"),
    ((VARY, "3"), "vary: found 3, expected a list of names or a mapping"),
    (("push: {low", "pusch: {low"), "small.yaml:6: levers.pusch: the model has no lever 'pusch'; did you mean 'push'?"),
    (("plan: new", "plan: never"), "levers.push.plan: the scenario has no window of plan 'never'"),
    (("low: 0, high: 2", "low: 2, high: 1"), "levers.push: low 2 is not below high 1"),
    (("high: 2", "high: 200"), "levers.push.high: found 200, expected 10.0 or less"),
    (("n: 16", "n: 12"), "small.yaml:4: design.n: found 12, expected a power of two"),
    (("n: 16", "second_order: true"), "design.n: is missing, and a sobol design needs it"),
    (("n: 16", "n: 16, levels: 2"), "design.levels: has no meaning for a sobol design, which takes n, second_order"),
    ((DESIGN, "{kind: fast, n: 64}"), "design.n: found 64, expected 577 or more"),
    ((DESIGN, "{kind: fast, n: 100000000}"), "which is held as a whole; expected at most 3,728,270"),
    ((DESIGN, "{kind: morris, trajectories: 4, levels: 5}"), "design.levels: found 5, expected an even number"),
    ((DESIGN, "{kind: sobol, n: 268435456}"), f"makes 2,147,483,648 members, expected at most {MEMBERS:,}"),
    ((DESIGN, "{kind: factorial, levels: 1001}"), "design.levels: found 1001, expected 1000 or less"),
    ((DESIGN, "{kind: file, path: /etc/hosts}"), "design.path: found '/etc/hosts', expected a path relative"),
    ((DESIGN, "{kind: file, path: no.csv}"), "design.path: there is no file 'no.csv'"),
    (("seed: 3", "others: posterior"), "others: sobol takes members apart by the factors alone"),
    (
        ("output: [2010, 2012, 2014]", "outptu: 2010"),
        "outputs.variables.outptu: the model has no variable 'outptu'; did",
    ),
    (("2012, 2014", "2012.1, 2014"), "outputs.variables.output: found 2012.1, which is no step of 0.25 from 2010"),
    (
        ("2012, 2014", "2012, 2015"),
        "outputs.variables.output: found 2015, expected a year of the scenario, 2010 to 2014",
    ),
    (("output @ 2014 /", "outptu @ 2014 /"), "outputs.expressions.rise: the model has no variable 'outptu'"),
    (("output @ 2014 /", "value @ 2014 /"), "'value' has elements; name one of them, such as 'value[north]'"),
    (("expressions:", "metrics: {gdpp: 2012}\n  expressions:"), "metrics.yaml has no quantity 'gdpp'; did you mean"),
    (("expressions:", "metrics: {gdp: 2012}\n  expressions:"), "the model has no 'gdp_nominal', which metrics.yaml"),
    (
        ("expressions:", "targets: [p2027.robot]\n  expressions:"),
        "targets.csv has no target or plan 'p2027.robot'; did",
    ),
    (("rise:", "output@2014:"), "outputs: 'output@2014' is asked for twice"),
]


@pytest.mark.parametrize("change, message", WRONG, ids=lambda x: x[1] if isinstance(x, tuple) else "")
def test_what_is_wrong_is_said(folder, change, message):
    (line,) = complaints(folder, change)
    assert line.startswith("small.yaml") and message in line


def test_all_problems_come_at_once(folder):
    lines = complaints(
        folder, ("n: 16", "n: 12"), ("[growth,", "[grwth,"), ("push: {low", "pusch: {low"), ("@ 2014", "@ 2033")
    )
    assert [line.split(": ")[1] for line in lines] == [
        "design.n",
        "vary[1]",
        "levers.pusch",
        "outputs.expressions.rise",
    ]


def test_nothing_varies(folder):
    assert "nothing varies" in complaints(folder, (f"vary: {VARY}\n", ""), (f"levers: {LEVERS}\n", ""))[0]


def test_a_number_of_members_beyond_all_bounds_is_refused_in_a_line(folder):
    (line,) = complaints(folder, (DESIGN, "{kind: factorial, levels: 1000}"), (VARY, "[all]"))
    assert "design: makes 1,000,000,000,000,000 members" in line or "more than 10^15 members" in line


def test_a_base_that_is_wrong_is_reported_in_its_own_file(folder):
    text = (folder / "case.yaml").read_text(encoding="utf-8")
    (folder / "case.yaml").write_text(text.replace("start: 2012", "start: 2099"), encoding="utf-8")
    assert complaints(folder)[0].startswith("case.yaml")


def test_a_delivery_that_nobody_gives_is_asked_for(folder):
    text = (folder / "case.yaml").read_text(encoding="utf-8")
    (folder / "case.yaml").write_text(text.replace("delivery_new", "delivery_newer"), encoding="utf-8")
    (line,) = complaints(folder, (VARY, "[growth]"))
    assert "'delivery_newer' is what is delivered of a plan there, but no column of the posterior" in line


def test_shapes_of_vary_and_levers(folder):
    s = sweep(folder, (LEVERS, "[push, pull]"), (VARY, "[all]"))
    assert s.design.names == ("growth", "push_effect", "initial_output", "delivery_new", "push", "pull")
    s = sweep(
        folder, (VARY, "{initial_output: {low: 1, high: 2}, all: posterior}"), (LEVERS, "{pull: {}, all: {high: 3}}")
    )
    assert s.design.names == ("initial_output", "growth", "push_effect", "delivery_new", "pull", "push")
    assert s.factors[0].distribution.numbers == (1, 2) and s.factors[-1].distribution.numbers == (0, 3)
    s = sweep(folder, (LEVERS, "[all]"), (VARY, "{share: {low: 0.1, high: 0.5}, growth: posterior}"))
    assert s.design.names == ("share[north]", "share[south]", "growth", "push")
    assert [f.kind for f in s.factors] == ["parameter"] * 3 + ["lever"]
    assert [f.label for f in s.factors[1:]] == ["Share[south]", "Growth", "Lever: Push"]
    assert s.factors[-1].units == "times what the scenario delivers" and "1 is as the scenario has it" in str(s.notes)


def test_marginals_are_said(folder):
    assert any(
        "sobol needs independent inputs: 2 factors vary by their posterior marginals" in n for n in sweep(folder).notes
    )
    joint = sweep(folder, (DESIGN, "{kind: posterior}"))
    assert not any("marginals" in note for note in joint.notes) and not joint.design.independent


@pytest.mark.parametrize(
    "name, text",
    [("rows.csv", "growth,push\n0.04,1\n0.05,0.5\n"), ("rows.nc", None)],
)
def test_members_from_a_file(folder, name, text):
    if text is None:
        import xarray as xr

        columns = {"growth": ("member", [0.04, 0.05]), "push": ("member", [1.0, 0.5])}
        xr.Dataset(columns).to_netcdf(folder / name, engine="netcdf4")
    else:
        (folder / name).write_text(text, encoding="utf-8")
    bare = (f"vary: {VARY}\n", ""), (f"levers: {LEVERS}\n", "")
    s = sweep(folder, (DESIGN, f"{{kind: file, path: {name}}}"), *bare)
    assert s.design.names == ("growth", "push") and s.design.rows(0, 2).tolist() == [[0.04, 1], [0.05, 0.5]]


@pytest.mark.parametrize(
    "text, message",
    [
        ("growth,grwth\n1,2\n", "column 'grwth': the model has no parameter 'grwth'"),
        ("growth\n1\nnan\n", "'rows.csv': column 'growth' holds what is no finite number (row 2)"),
        ("growth,push\n1\n", "expected a line of 2 names and as many numbers"),
        ("growth\nx\n", "'rows.csv' cannot be read as a table of numbers"),
        ("growth,growth\n1,2\n", "'rows.csv': a column has the name of another"),
        ("", "'rows.csv': expected a line"),
        ("growth\n", "'rows.csv': expected a line"),
    ],
)
def test_files_that_are_no_members_are_refused(folder, text, message):
    (folder / "rows.csv").write_text(text, encoding="utf-8")
    bare = (f"vary: {VARY}\n", ""), (f"levers: {LEVERS}\n", "")
    lines = complaints(folder, (DESIGN, "{kind: file, path: rows.csv}"), *bare)
    assert message in lines[0]


def test_schema_for_editors_is_up_to_date():
    """Renew it with: huangpu schema sweep > scenarios/sweeps/schema.json"""
    assert json.loads(shipped("scenarios/sweeps/schema.json").read_text(encoding="utf-8")) == json_schema()
