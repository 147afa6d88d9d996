"""Every shipped scenario loads, and matches the shipped model; the schema for editors is the one the code enforces."""

import json
import re

import pytest

from huangpu.compiler import compile_model
from huangpu.files import shipped
from huangpu.runtime.scenario import check, json_schema, load_scenario

FILES = sorted(shipped("scenarios").rglob("*.yaml"))
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


def test_no_2024_plan_is_the_reference_without_it(program):
    def windows(name):
        scenario = check(load_scenario(shipped(f"scenarios/{name}.yaml")), program)
        return {w for w in scenario.levers if "newind_2024_2027" not in w.stream}

    plain = load_scenario(shipped("scenarios/no_2024_plan.yaml"))
    assert not any("newind_2024_2027" in w.stream for w in plain.levers)
    assert {w.stream for w in windows("no_2024_plan")} == {w.stream for w in windows("all_plans")}


def test_schema_for_editors_is_up_to_date():
    """Renew it with: huangpu schema > scenarios/schema.json"""
    assert json.loads(shipped("scenarios/schema.json").read_text(encoding="utf-8")) == json_schema()


def test_the_worked_example_of_the_readme_has_the_form(tmp_path):
    text = shipped("scenarios/README.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL).group(1)
    path = tmp_path / "example.yaml"
    path.write_text(example, encoding="utf-8")
    assert load_scenario(path).name == "robots_first"


def test_the_readme_names_every_key():
    text = shipped("scenarios/README.md").read_text(encoding="utf-8")
    forms = json_schema()["$defs"] | {"file": json_schema()}
    keys = {key for form in forms.values() for key in form.get("properties", {})}
    assert {key for key in keys if key not in text} == set()
