"""Files and pictures of an analysis, and what the terminal shows."""

import csv
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import xarray as xr
from rich.console import Console
from SALib.sample import morris as morris_sampler
from SALib.sample import sobol as sobol_sampler

from huangpu.sweep.analysis import analyse
from huangpu.sweep.answers import worded, write_answers
from huangpu.sweep.charts import write_charts
from huangpu.sweep.outputs import Output
from huangpu.sweep.report import shown
from sweep.functions import design, ishigami, problem

LABEL = "Factor whose name is so long that no chart has the room for it on one line or on two, $not maths$ number"


OUTPUTS = (
    Output("ishigami@2027", "Ishigami's function", "bn yuan", "variable"),
    Output("ISHIGAMI 2027", "The same, [bold]halved", "bn yuan", "expression"),
    Output("flat", "What never changes", "", "variable"),
)


def analysed(kind, factors=20):
    span = problem(factors, -np.pi, np.pi)
    x = {
        "sobol": lambda: sobol_sampler.sample(span, 64, seed=1),
        "morris": lambda: morris_sampler.sample(span, 16, seed=1),
        "posterior": lambda: np.random.default_rng(1).uniform(-3, 3, (600, factors)),
        "one_at_a_time": lambda: np.vstack([np.zeros(factors), *(v * np.eye(factors) for v in (-1, 2))]),
    }[kind]()
    y = ishigami(x) + 0.3 * x.sum(axis=1)
    outputs = np.stack([y, y / 2, np.ones(len(x))], axis=1)
    data = xr.Dataset({"inputs": (("member", "factor"), x), "outputs": (("member", "output"), outputs)})
    labels = tuple(f"{LABEL} {k}" if k % 2 else f"Factor {k}" for k in range(factors))
    plan = design(kind, x, labels=labels, second_order=kind == "sobol", levels=4)
    return analyse(data, plan), plan


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("kind", "pictures"),
    [
        ("sobol", {"sobol", "convergence"}),
        ("morris", {"morris", "convergence"}),
        ("posterior", {"given", "convergence"}),
        ("one_at_a_time", {"tornado"}),
    ],
)
def test_each_output_that_changes_has_its_pictures(kind, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("huangpu.sweep.given_data.DELTA_RESAMPLES", 2)
    findings, plan = analysed(kind)
    paths = write_charts(findings, plan, OUTPUTS, tmp_path)
    outputs = ("ishigami-2027", "ishigami-2027-2")  # names that would be one file are told apart
    assert {path.name for path in paths} == {f"{p}-{o}.svg" for p in pictures for o in outputs}
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert ElementTree.fromstring(text).tag.endswith("svg")
        assert "Factor 0" in text
        assert "smaller factors not shown" in text
        drawn = {name for name in re.findall(r"Factor (\d+)", text)}
        assert len(drawn) <= 15
    before = {path: path.read_bytes() for path in paths}
    write_charts(findings, plan, OUTPUTS, tmp_path)
    assert {path: path.read_bytes() for path in paths} == before


def test_the_files_hold_the_indices(tmp_path):
    findings, plan = analysed("sobol")
    write_answers(findings, plan, OUTPUTS, {"title": "Test"}, tmp_path)
    data = xr.load_dataset(tmp_path / "indices.nc")
    assert data["ST"].dims == ("factor", "output")
    assert data.attrs["design"] == "sobol"
    st = findings[0].indices.values["ST"]
    np.testing.assert_array_equal(data["ST"].sel(output="ishigami@2027"), st)
    np.testing.assert_array_equal(data["S2"][:, :, 0], findings[0].indices.pairs["S2"])
    assert data["verdict"].values[2] == "the output is the same for every member"
    assert data["convergence"].dims == ("part", "factor", "output")
    rows = {(r["output"], r["measure"], r["factor"]): r for r in read(tmp_path / "indices.csv")}
    row = rows["ishigami@2027", "ST", "x1"]
    assert float(row["value"]) == pytest.approx(st[1], rel=1e-6)
    assert float(row["high"]) - float(row["low"]) == pytest.approx(2 * findings[0].indices.half["ST"][1], rel=1e-5)
    assert rows["flat", "ST", "x1"]["value"] == ""
    pairs = [row for row in read(tmp_path / "pairs.csv") if row["output"] == "ishigami@2027"]
    assert len(pairs) == 50
    sizes = [abs(float(row["value"])) for row in pairs]
    assert sizes == sorted(sizes, reverse=True)
    parts = [r for r in read(tmp_path / "convergence.csv") if r["output"] == "ishigami@2027" and r["factor"] == "x1"]
    assert [int(row["members"]) for row in parts] == [step.members for step in findings[0].steps]
    verdicts = {row["output"]: row for row in read(tmp_path / "verdicts.csv")}
    assert verdicts["ishigami@2027"]["members"] == str(64 * 42)
    assert verdicts["flat"]["verdict"].startswith("the output is the same")


def terminal(*arguments):
    text = io.StringIO()
    console = Console(file=text, width=100)
    for line in shown(*arguments):
        console.print(line)
    return text.getvalue()


def test_the_terminal_shows_the_first_factors_their_intervals_and_the_verdict():
    findings, plan = analysed("sobol")
    text = terminal(findings, plan, OUTPUTS, ("sobol needs independent inputs",))
    block = text.split("The same, [bold]halved")[0]
    assert len(re.findall(r"\d\.\d{3} ± \d\.\d{3}", block)) == 10  # five factors, total and alone
    assert "more members needed, about" in block
    assert "The same for every member, so without indices: What never changes" in text
    assert "sobol needs independent inputs" in text


def test_the_terminal_counts_what_was_left_out():
    x = morris_sampler.sample(problem(3, -np.pi, np.pi), 40, seed=1)
    y = ishigami(x)
    y[5] = np.nan
    data = xr.Dataset({"inputs": (("member", "factor"), x), "outputs": (("member", "output"), y[:, None])})
    plan = design("morris", x, levels=4)
    text = terminal(analyse(data, plan), plan, (Output("y", "Y", "m", "variable"),), ())
    assert "1 of 40 trajectories left out: not finite" in text


def test_many_outputs_get_a_row_each(monkeypatch):
    monkeypatch.setattr("huangpu.sweep.report.FULL", 1)
    findings, plan = analysed("sobol")
    text = terminal(findings, plan, OUTPUTS, ())
    row = next(line for line in text.splitlines() if line.startswith("The same, [bold]halved"))
    assert re.search(r"\d\.\d{3} ± \d\.\d{3}  Factor", row)
    assert "needed" in text
    assert "What never changes" in text


def test_labels_are_text_in_any_script_and_never_formulas(tmp_path):
    x = sobol_sampler.sample(problem(2, 0, 1), 64, seed=1, calc_second_order=False)
    data = xr.Dataset({"inputs": (("member", "factor"), x), "outputs": (("member", "output"), x.sum(axis=1)[:, None])})
    plan = design("sobol", x, labels=("工业增加值", r"$\notacommand{$"))
    write_charts(analyse(data, plan), plan, (Output("y", "$x^{$", "亿元", "variable"),), tmp_path)
    text = (tmp_path / "sobol-y.svg").read_text(encoding="utf-8")
    assert "工业增加值" in text
    assert r"$\notacommand{$" in text
    assert "$x^{$" in text


def test_amounts_are_written_as_people_do(tmp_path):
    """On the terminal and in pictures; a long title keeps its end."""
    x = np.array([[1.0, 1.0], [0.0, 1.0], [2.0, 1.0], [1.0, 0.0], [1.0, 2.0]])
    data = xr.Dataset({"inputs": (("member", "factor"), x), "outputs": (("member", "output"), 100 * x[:, :1])})
    plan = design("one_at_a_time", x)
    output = Output("y", f"{'A long name ' * 8}in 2027", "yuan_1e8", "variable")
    told, as_written = worded(analyse(data, plan)[0], output, plan)
    text = terminal([told], plan, (as_written,), ())
    assert "bn yuan" in text and "20.0" in text and "200" not in text  # 200 yuan_1e8
    assert "interval" not in text  # there is none
    write_charts([told], plan, (as_written,), tmp_path)
    drawn = (tmp_path / "tornado-y.svg").read_text(encoding="utf-8")
    assert "change, bn yuan" in drawn and "in 2027" in drawn


def test_the_terminal_says_what_pawn_chance_alone_gives():
    findings, plan = analysed("posterior")
    floor = max(f.indices.values["pawn_floor"][0] for f in findings if np.isfinite(f.indices.values["pawn"]).any())
    assert f"PAWN below {floor:.3f} may be chance" in terminal(findings, plan, OUTPUTS, ())
