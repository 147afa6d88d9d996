"""The instruments of the plans folded into levers, and how strongly each plan drives each lever."""

import csv
from collections import Counter

import pytest

from huangpu.compiler import ordered_model
from huangpu.files import shipped
from huangpu.runtime.scenario import load_scenario

STEPS = (0.0, 0.5, 0.75, 1.0)  # strength of a plan that states no figure, by its number of instruments; more are 1


def rows(relative: str) -> list[dict[str, str]]:
    with shipped(relative).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


INSTRUMENTS = {row["id"]: row for row in rows("models/plan_levers.csv")}
SCENARIOS = {f"plan_{row['plan'].split('_')[1]}": row["plan"] for row in INSTRUMENTS.values()}  # by its first year
TARGETS = {row["id"]: row for row in rows("results/targets.csv")}
FOLDED = rows("models/levers.csv")
STRENGTHS = rows("models/plan_strengths.csv")
MAPPED = Counter((row["plan"], row["lever"]) for row in FOLDED if row["lever"])


@pytest.fixture(scope="module")
def levers() -> set[str]:
    """Ids of the constants that the model draws in its view Levers."""
    model = ordered_model(shipped("models/shanghai_industry.mdl")).model
    drawn = set(model.views["Levers"])
    return {v.id for v in model.variables if v.kind == "constant" and v.base in drawn}


def is_goal(lever: str) -> bool:
    return lever.startswith("goals_")


def cited(row: dict[str, str]) -> list[str]:
    """Ids of the instruments and targets whose figures a row of plan_strengths.csv names."""
    head, _, ids = row["why"].partition(": ")
    return ids.split() if head == "figures" else []


def test_every_instrument_is_folded_once_in_the_order_of_the_plans():
    assert [row["instrument_id"] for row in FOLDED] == list(INSTRUMENTS)
    assert [row["plan"] for row in FOLDED] == [row["plan"] for row in INSTRUMENTS.values()]


def test_what_is_folded_goes_to_a_lever_of_the_model(levers):
    assert {row["lever"] for row in FOLDED if row["lever"]} - levers == set()


def test_what_is_left_out_is_little_and_says_why():
    left_out = [row for row in FOLDED if not row["lever"]]
    assert [row["instrument_id"] for row in left_out if not row["why"]] == []
    assert len(left_out) <= 0.1 * len(FOLDED)


def test_every_lever_but_the_goals_carries_an_instrument_and_no_goal_does(levers):
    assert {lever for _, lever in MAPPED} == {lever for lever in levers if not is_goal(lever)}
    assert 25 <= len(levers) <= 40


def test_there_is_one_strength_a_plan_and_lever(levers):
    pairs = [(row["plan"], row["lever"]) for row in STRENGTHS]
    assert len(set(pairs)) == len(pairs)
    assert set(MAPPED) <= set(pairs)  # a lever without instrument may have a row of 0 or none
    assert set(pairs) <= {(plan, lever) for plan in SCENARIOS.values() for lever in levers if not is_goal(lever)}


@pytest.mark.parametrize("row", STRENGTHS, ids=lambda row: f"{row['plan']}-{row['lever']}")
def test_a_strength_follows_from_the_instruments_and_the_figures(row):
    """Some strength where an instrument is, full strength with three or more of them or with a figure."""
    pair = (row["plan"], row["lever"])
    own = {r["instrument_id"] for r in FOLDED if (r["plan"], r["lever"]) == pair}
    with_figure = {id for id in own if INSTRUMENTS[id]["magnitude"]}
    targets = set(cited(row)) - own
    assert int(row["instruments"]) == len(own)
    assert set(cited(row)) & own == with_figure
    for target in targets:
        assert TARGETS[target]["plan"] == row["plan"]
        rolled_out = TARGETS[target]["modelled_as"] in ("programme", "rate")
        assert rolled_out or TARGETS[target]["operator"].startswith("cumulative")
        assert TARGETS[target]["value"]
    full = own and (with_figure or targets)
    assert float(row["strength"]) == (1.0 if full else STEPS[min(len(own), 3)])
    assert (float(row["strength"]) > 0) == (MAPPED[pair] > 0)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_plans_scenario_drives_its_levers_with_these_strengths(name):
    expected = {
        row["lever"]: float(row["strength"])
        for row in STRENGTHS
        if row["plan"] == SCENARIOS[name] and float(row["strength"])
    }
    windows = [w for w in load_scenario(shipped(f"scenarios/{name}.yaml")).levers if not is_goal(w.lever)]
    assert {w.stream.split("|")[1] for w in windows} == {SCENARIOS[name]}
    assert [w.points for w in windows if w.points] == []
    assert {w.lever: w.hold for w in windows} == expected
    assert len(windows) == len(expected)
