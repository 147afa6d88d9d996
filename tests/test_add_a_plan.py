"""The walk of docs/add-a-plan.md: its pieces, put into a copy of the checkout, give a fifth plan its scorecard.

The posterior of the copy is a few draws around the centre of the priors: the walk does not depend on a fit.
"""

import csv
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from huangpu.calibration.diagnostics import Convergence
from huangpu.calibration.priors import read_priors
from huangpu.calibration.sampling import Chains
from huangpu.calibration.store import members_table
from huangpu.compiler import compile_model
from huangpu.measurement import load_layer
from huangpu.runtime.dataset import write_netcdf
from huangpu.runtime.scenario import load_scenario

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "add-a-plan.md").read_text(encoding="utf-8")
PIECES = re.findall(r"^```\w+ (\S+)(?: under (\w+))?\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE) for line in block.splitlines()
]
OTHERS = shutil.ignore_patterns("runs", "posterior", "corpus*", "__pycache__")
PLAN = "example_2026_2028"
MEMBERS = 16
NEAR = 0.3  # of the priors' spread: every member's run is finite


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A checkout with the plan in it."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("sim", "models", "scenarios", "calibration", "results", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=OTHERS)
    shutil.copy(ROOT / "pyproject.toml", folder)
    for name, under, text in PIECES:
        put(folder / name, under, text)
    write_posterior(folder)
    return folder


def put(path: Path, under: str, text: str) -> None:
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    if under:
        head, key, tail = before.partition(f"\n{under}:\n")
        assert key
        after = head + key + text + tail
    else:
        after = before + text
    path.write_text(after, encoding="utf-8")


def write_posterior(folder: Path) -> None:
    data = folder / "calibration"
    program = compile_model(folder / "models" / "shanghai_industry.mdl")
    layer = load_layer(data / "metrics.yaml", data / "observations.csv", start=program.initial_time)
    priors = read_priors(data / "priors.yaml", program, layer.metrics.sigmas(), sources=data / "sources.csv")
    spread = NEAR * np.random.default_rng(1).standard_normal((1, 1, MEMBERS, len(priors.names)))
    chains = Chains(spread, np.zeros((1, 1, MEMBERS)), 1.0)
    centre = priors.values(np.zeros((len(priors.names), 1)))[:, 0].tolist()
    attrs = {
        "model_hash": program.model_hash,
        "scenario": "all_plans",
        "scenario_text": load_scenario(folder / "scenarios" / "all_plans.yaml").text,
        "centre": json.dumps(dict(zip(priors.names, centre, strict=True))),
    }
    found = [Convergence(name, 1.0, MEMBERS, MEMBERS) for name in priors.names]
    (data / "posterior").mkdir()
    write_netcdf(members_table(priors, chains, MEMBERS, found, attrs), data / "posterior" / "members.nc")


def python(folder: Path, *arguments: str) -> str:
    """What a command prints that runs in the copy, with the copy's code and data."""
    environment = os.environ | {"PYTHONPATH": str(folder / "sim"), "COLUMNS": "200"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def printed(copy) -> dict[str, str]:
    """Scenario -> what its command on the page prints."""
    few = ("--members", str(MEMBERS), "--no-plots")
    words = [shlex.split(line) for line in COMMANDS]
    return {Path(args[2]).stem: python(copy, "-m", "huangpu", *args[1:], *few) for args in words}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def scorecard(folder: Path, name: str) -> list[dict[str, str]]:
    everything = rows(folder / "results" / "runs" / name / "scorecard.csv")
    return [row for row in everything if row["target_id"].startswith("x2028.")]


def test_the_page_has_every_piece_that_a_plan_is_made_of():
    assert {name for name, _, _ in PIECES} == {
        "calibration/sources.csv",
        "calibration/metrics.yaml",
        "results/targets.csv",
        "results/readings.yaml",
        "models/plan_levers.csv",
        "models/levers.csv",
        "models/plan_strengths.csv",
        "scenarios/plan_2026.yaml",
        "scenarios/with_plan_2026.yaml",
    }
    assert [line.split()[:2] for line in COMMANDS] == [["huangpu", "run"]] * 2


def test_every_target_that_is_not_left_out_has_a_probability(copy, printed):
    for name in printed:
        found = {row["target_id"]: row for row in scorecard(copy, name) if row["reading_name"] != "above_scale"}
        left_out = found.pop("x2028.premium_products")
        assert (left_out["status"], left_out["probability"]) == ("left out", "")
        assert len(found) == 5
        for row in found.values():
            assert row["status"] in ("modelled", "prior only")
            assert 0 < float(row["probability"]) < 1
            assert row["bad_members"] == "0"
        assert found["x2028.clean_share"]["status"] == "prior only"


def test_the_alternative_reading_shows(copy, printed):
    for name, text in printed.items():
        other = [row for row in scorecard(copy, name) if row["reading_name"] == "above_scale"]
        assert [row["target_id"] for row in other] == ["x2028.robot_density"]
        assert 0 < float(other[0]["probability"]) < 1
        shown = " ".join(text.partition("Other readings")[2].split())
        assert "Industrial robots per 10,000 workers robots per 10,000 workers of all" in shown


def test_the_commands_print_the_new_plan_and_no_other(copy, printed):
    targets = {row["label_en"]: row["plan"] for row in rows(copy / "results" / "targets.csv")}
    for text in printed.values():
        assert {label for label, plan in targets.items() if plan == PLAN and label not in text} == set()
        assert "Vertical-factory" not in text


def test_the_plan_moves_the_model(copy, printed):
    """More smart factories and robots with it than without any plan, on the same members."""
    python(copy, "-m", "huangpu", "run", "scenarios/no_plans.yaml", "--members", str(MEMBERS), "--no-plots")
    alone, without = (
        {row["target_id"]: float(row["median"]) for row in scorecard(copy, name) if row["median"]}
        for name in ("plan_2026", "no_plans")
    )
    assert alone["x2028.smart_factories"] > 1.2 * without["x2028.smart_factories"]
    assert alone["x2028.robot_density"] > without["x2028.robot_density"]


def test_the_tests_of_the_tables_pass_with_the_plan(copy):
    tables = ("tests/test_levers.py", "tests/test_sources.py", "-k", "levers or source_exists or ids_are_unique")
    text = python(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tables)
    assert " passed" in text
