"""What a posterior says of how it was made is checked, and is what counts when a scenario's own file has changed."""

import json

import pytest
from tests.calibration.test_posterior import MODEL, SCENARIO

from huangpu import fitted
from huangpu.compiler import compile_model
from huangpu.fitted import FILES, changes, fitted_scenario
from huangpu.runtime.members import Members, MembersError
from huangpu.runtime.scenario import load_scenario


@pytest.fixture
def program(tmp_path):
    (tmp_path / "toy.mdl").write_text(MODEL, encoding="utf-8")
    return compile_model(tmp_path / "toy.mdl")


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A folder in place of the shipped files, with the three of calibration/ empty."""
    (tmp_path / "calibration").mkdir()
    (tmp_path / "scenarios").mkdir()
    for name in FILES:
        (tmp_path / "calibration" / name).touch()
    monkeypatch.setattr(fitted, "shipped", lambda relative: tmp_path / relative)
    return tmp_path


def members(**attrs):
    return Members(1, attrs={"scenario": "pushed", "scenario_text": SCENARIO, **attrs})


def test_the_scenario_comes_from_the_text_wherever_its_file_is(program):
    scenario = fitted_scenario(members(), program)
    assert scenario.name == "pushed"
    assert [(w.lever, w.start, w.end) for w in scenario.levers] == [("push", 2013, 2015)]


def test_members_that_were_not_fitted_have_no_scenario(program, shipped):
    assert fitted_scenario(Members(1), program) is None
    assert list(changes(Members(1), None)) == []


def test_chains_that_had_not_converged_are_named(program, shipped):
    assert not list(changes(Members(1, attrs={"converged": 1}), None))
    (note,) = changes(Members(1, attrs={"converged": 0}), None)
    assert "had not converged" in note


def test_a_posterior_without_the_text_is_made_again(program):
    with pytest.raises(MembersError, match="does not hold the scenario that it was fitted on; run `huangpu calibrate`"):
        fitted_scenario(Members(1, attrs={"scenario": "pushed"}), program)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "name: ../../secret\nsave: {variables: [output]}\n",
        SCENARIO.replace("  push:", "  pull:"),
        "# " + "x" * 2_000_000,
        7,
    ],
    ids=["empty", "no YAML", "a path for a name", "another model's", "endless", "a number"],
)
def test_a_text_that_is_no_scenario(program, text):
    with pytest.raises(MembersError, match=r"^the posterior's scenario_text.*again$"):
        fitted_scenario(members(scenario_text=text), program)


def test_a_shipped_scenario_of_that_name_that_differs_is_noted(program, shipped):
    scenario = fitted_scenario(members(), program)
    assert list(changes(members(), scenario)) == []  # none of that name
    path = shipped / "scenarios" / "pushed.yaml"
    path.write_text(SCENARIO, encoding="utf-8")
    assert list(changes(members(), scenario)) == []
    path.write_text(SCENARIO.replace("hold: 1", "hold: 2"), encoding="utf-8")
    (note,) = changes(members(), scenario)
    assert note.startswith("scenarios/pushed.yaml is not as the posterior was fitted on it")


def test_a_scenario_on_a_base_is_kept_whole_and_its_base_is_watched(program, shipped):
    base, path = shipped / "scenarios" / "base.yaml", shipped / "scenarios" / "late.yaml"
    base.write_text(SCENARIO.replace("model: toy.mdl\n", ""), encoding="utf-8")
    path.write_text("name: late\nbase: base.yaml\nchanges: [{plan: p, delay: 1}]\n", encoding="utf-8")
    kept = members(scenario="late", scenario_text=load_scenario(path).text)
    scenario = fitted_scenario(kept, program)
    assert [(w.lever, w.stream, w.start, w.end) for w in scenario.levers] == [("push", "push|p|0", 2014, 2016)]
    base.write_text("# another comment\n" + base.read_text(encoding="utf-8"), encoding="utf-8")
    assert list(changes(kept, scenario)) == []
    base.write_text(base.read_text(encoding="utf-8").replace("hold: 1", "hold: 2"), encoding="utf-8")
    (note,) = changes(kept, scenario)
    assert note.startswith("scenarios/late.yaml is not as the posterior was fitted on it")
    base.unlink()
    assert len(list(changes(kept, scenario))) == 1


def test_a_changed_data_file_is_noted(shipped):
    made = Members(1, attrs={"files": json.dumps({"metrics.yaml": "0" * 64})})
    (note,) = changes(made, None)
    assert note.startswith("calibration/metrics.yaml has changed")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "[" * 100_000,
        '{"../../../etc/passwd": ""}',
        '{"/etc/passwd": ""}',
        '{"posterior": ""}',
        '{"": ""}',
        '{"priors.yaml\\u0000": ""}',
    ],
)
def test_only_the_three_files_are_looked_at(shipped, monkeypatch, text):
    monkeypatch.setattr(fitted.hashlib, "sha256", lambda _: pytest.fail("read a file"))
    with pytest.raises(MembersError, match="attribute 'files' is not a JSON table of observations"):
        list(changes(members(files=text), None))
