"""Every shipped scenario loads, and matches the shipped model; the schema for editors is the one the code enforces."""

import json
import re
from dataclasses import replace

import pytest

from huangpu.compiler import compile_model
from huangpu.files import shipped
from huangpu.runtime.scenario import check, json_schema, load_scenario

FILES = sorted(shipped("scenarios").glob("*.yaml"))
NAMES = ["all_plans", "plan_2016", "plan_2018", "plan_2023", "plan_2024", "no_2024_plan"]


@pytest.fixture(scope="module")
def program():
    return compile_model(shipped("models/shanghai_industry.mdl"))


def test_the_promised_scenarios_are_there():
    assert set(NAMES) <= {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario_fits_the_model(path, program):
    scenario = check(load_scenario(path), program)
    assert scenario.name == path.stem
    assert scenario.title != scenario.name
    assert scenario.description
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=")


def test_the_reference_run_is_as_promised(program):
    scenario = check(load_scenario(shipped("scenarios/all_plans.yaml")), program)
    assert scenario.members == 4000
    assert scenario.end >= 2028  # the last target is due at the end of 2027
    assert {w.stream.split("|")[1] for w in scenario.levers} == {
        "fyp13_2016_2020",
        "brand_2018_2020",
        "mfg_2023_2025",
        "newind_2024_2027",
    }


def windows(name, program):
    scenario = check(load_scenario(shipped(f"scenarios/{name}.yaml")), program)
    return {w.stream: w for w in scenario.levers}


def plan_of(window) -> str:
    return window.stream.split("|")[1]


def test_no_2024_plan_is_the_reference_without_it(program):
    """Where the plan of 2024 takes over from another, that one runs to its own last year; nothing else differs."""
    full = windows("all_plans", program)
    taken_over = {w.lever: w.start for w in full.values() if plan_of(w) == "newind_2024_2027"}
    expected = {}
    for stream, window in full.items():
        if plan_of(window) == "newind_2024_2027":
            continue
        ends = int(plan_of(window).split("_")[-1]) + 1.0
        expected[stream] = replace(window, end=ends) if window.end == taken_over.get(window.lever) else window
    assert windows("no_2024_plan", program) == expected


@pytest.mark.parametrize("name", ["plan_2016", "plan_2018", "plan_2023", "plan_2024"])
def test_a_plan_alone_is_as_in_the_reference_until_another_would_take_over(name, program):
    full, alone = windows("all_plans", program), windows(name, program)
    (plan,) = {plan_of(w) for w in alone.values()}
    assert {s for s, w in full.items() if plan_of(w) == plan} <= alone.keys()
    for stream, window in alone.items():
        if stream in full:  # a goal that two plans share belongs to the first of them there
            there = full[stream]
            assert window == replace(there, end=window.end, fade=window.fade)
            assert window.end >= there.end
        else:
            assert window.lever.startswith("goals_"), stream


def test_schema_for_editors_is_up_to_date():
    """Renew it with: huangpu schema > scenarios/schema.json"""
    assert json.loads(shipped("scenarios/schema.json").read_text(encoding="utf-8")) == json_schema()


def test_the_examples_of_the_readme_fit_the_model(tmp_path, program):
    text = shipped("scenarios/README.md").read_text(encoding="utf-8")
    for path in FILES:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    names = []
    for example in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        path = tmp_path / "example.yaml"
        path.write_text(example, encoding="utf-8")
        names.append(check(load_scenario(path), program).name)
    assert {"robots_first", "half_delivery", "without_2024", "late", "robots_only", "slump"} <= set(names)


def test_the_readme_names_every_key():
    """A key of the file, of a window and of a change has its row in their tables; what stands inside is in its text."""
    text = shipped("scenarios/README.md").read_text(encoding="utf-8")
    tables = dict(
        re.findall(r"^## (Keys|Changes|A window of a lever)$(.*?)^(?=## |\Z)", text, re.DOTALL | re.MULTILINE)
    )
    forms = {name: set(form.get("properties", {})) for name, form in json_schema()["$defs"].items()}
    change, window = forms.pop("Change") - {"plan", "levers", "but", "fade"}, forms.pop("Window")
    for title, keys in {
        "Keys": set(json_schema()["properties"]),
        "Changes": change,
        "A window of a lever": window,
    }.items():
        first = [word for row in re.findall(r"^\|([^|]*)\|", tables[title], re.MULTILINE) for word in quoted(row)]
        assert keys - set(first) == set()
        assert {word for word in first if word not in keys | forms["Save"]} == set()
    inside = set().union(*forms.values())
    assert inside - set(quoted("".join(tables.values()))) == set()


def quoted(text: str) -> list[str]:
    """The words between backticks."""
    return re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", text)))
