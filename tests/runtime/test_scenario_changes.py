"""Changes to the plans of a base."""

from dataclasses import replace

import numpy as np
import pytest
from tests.runtime.shelves import DRIVEN, FIVE, SAVE, complaints, load

from huangpu.runtime.scenario import (
    check,
    delivery,
    lever_profile,
    load_scenario,
)

# ---- changes

CHANGES = {
    "{plan: new, remove: true}": {"robot_subsidy|new|0": None},
    "{plan: five, levers: [land], remove: true}": {"land|five|0": None},
    "{plan: five, keep: [land]}": {"robot_subsidy|five|0": None},
    "{plan: five, but: [land], remove: true}": {"robot_subsidy|five|0": None},
    "{plan: five, but: [land], scale: 0.5}": {"robot_subsidy|five|0": {"hold": 0.5}},
    "{plan: new, delay: 1.5}": {"robot_subsidy|new|0": {"start": 2025.5, "end": 2029.5}},
    "{plan: five, levers: [land], delay: -0.46}": {"land|five|0": {"start": 2015.54, "end": 2020.54}},
    "{plan: new, scale: 0.5}": {"robot_subsidy|new|0": {"hold": 0.4}},
    "{plan: five, scale: 0.5}": {"robot_subsidy|five|0": {"hold": 0.5}, "land|five|0": {"hold": 0.5}},
    "{plan: new, hold: 2}": {"robot_subsidy|new|0": {"hold": 2}},
    "{plan: new, end: 2026}": {"robot_subsidy|new|0": {"end": 2026}},
    "{plan: five, levers: [land], end: 2018, fade: {shape: smooth, years: 3}}": {
        "land|five|0": {"end": 2018, "fade": ("smooth", 3)}
    },
    "{plan: new, scale: 0.5}, {plan: new, scale: 0.5}": {"robot_subsidy|new|0": {"hold": 0.2}},
    "{plan: new, scale: 0.5}, {plan: new, hold: 1}": {"robot_subsidy|new|0": {"hold": 1}},
}


@pytest.mark.parametrize("changes", CHANGES)
def test_a_change_does_what_it_says_and_nothing_else(shelf, changes):
    before = {(w.lever, w.stream): w for w in check(load_scenario(shelf / "both.yaml"), DRIVEN).levers}
    expected = {}
    for (lever, stream), window in before.items():
        new = CHANGES[changes].get(stream, {})
        if new is not None:
            expected[lever, stream] = replace(window, **new)
    s = load(shelf, f"base: both.yaml\nchanges: [{changes}]\n")
    assert {(w.lever, w.stream): w for w in s.levers} == expected


def test_a_series_is_delayed_and_scaled(shelf):
    base = SAVE + "levers: {robot_subsidy: [{plan: new, series: {2016: 0, 2020.46: 1}}]}\n"
    s = load(shelf, "base: b.yaml\nchanges: [{plan: new, delay: 1.5}, {plan: new, scale: 3}]\n", b=base)
    assert s.levers[0].points == ((2017.5, 0), (2021.96, 3))


def test_half_of_a_plan_is_half_for_every_member_whatever_its_delivery(shelf):
    whole, half = (
        load(shelf, "base: both.yaml\n"),
        load(shelf, "base: both.yaml\nchanges: [{plan: five, scale: 0.5}]\n"),
    )
    years = np.arange(2010, 2030, 0.25)
    for one, other in zip(whole.levers, half.levers, strict=True):
        share = 0.5 if "five" in one.stream else 1.0
        assert np.array_equal(share * lever_profile(one, years), lever_profile(other, years))
        columns = {"delivery_new": np.linspace(0, 1, 9)}
        assert np.array_equal(delivery(one, 7, 9, columns), delivery(other, 7, 9, columns))


DEAD = {
    "{plan: neu, remove: true}": "changes[1].plan: no window from the base is of plan 'neu'; its plans are five, new; "
    "did you mean 'new'?",
    "{plan: new, levers: [land], remove: true}": "changes[1].levers[1]: plan 'new' has no window of 'land' in the "
    "base; its levers are robot_subsidy",
    "{plan: five, keep: [land, lend]}": "changes[1].keep[2]: plan 'five' has no window of 'lend' in the base; its "
    "levers are robot_subsidy, land; did you mean 'land'?",
    "{plan: new, remove: true}, {plan: new, delay: 1}": "changes[2].plan: no window from the base is of plan 'new'; "
    "its plans are five",
    "{plan: new, end: 2024}": "changes[1].end: levers.robot_subsidy[2] begins only in 2024, so it cannot end in 2024; "
    "remove it",
    "{plan: new, delay: 8}": "changes[1].delay: levers.robot_subsidy[2].end: found 2036, expected a year of the model, "
    "2010 to 2035",
    "{plan: five, scale: 10}, {plan: five, scale: 2}": "changes[2].scale: levers.robot_subsidy[1].hold: found 20, "
    "expected a strength from 0 to 10 (1 = as the plan states it) (and 1 more like it)",
    "{plan: five, hold: -1}": "changes[1].hold: levers.robot_subsidy[1].hold: found -1, expected a strength from 0 to "
    "10 (1 = as the plan states it) (and 1 more like it)",
    "{plan: new}": "changes[1]: says nothing to do, expected one of remove, keep, delay, scale, hold, end",
    "{plan: new, delay: 1, scale: 2}": "changes[1]: delay and scale in one change, expected one of remove, keep, "
    "delay, scale, hold, end; write a change for each",
    "{plan: new, hold: 1, fade: {shape: step}}": "changes[1]: `fade` needs `end`, the year in which it begins",
    "{plan: new, keep: [land], levers: [land]}": "changes[1]: `levers` and `keep` all name levers, expected "
    "one of them",
    "{plan: new, but: [lund], delay: 1}": "changes[1].but[1]: plan 'new' has no window of 'lund' in the base; its "
    "levers are robot_subsidy",
    "{plan: new, remove: false}": "changes[1].remove: found false, expected true",
    "{plan: new, keep: []}": "changes[1].keep: found a list, expected at least one entry",
    "{plan: new, delay: 1e9}": "changes[1].delay: found 1000000000.0, expected 100.0 or less",
    "{plan: new, dalay: 1}": "changes[1].dalay: unknown key; did you mean 'delay'?",
    "{remove: true}": "changes[1].plan: is missing",
}


@pytest.mark.parametrize("changes", DEAD)
def test_a_change_that_cannot_be_made(shelf, changes):
    lines = complaints(shelf, f"base: both.yaml\nchanges: [{changes}]\n")
    assert f"s.yaml:3: {DEAD[changes]}" in lines


def test_a_series_has_no_hold_and_no_end(shelf):
    base = SAVE + "levers: {land: [{plan: new, series: {2016: 0}}]}\n"
    lines = complaints(shelf, "base: b.yaml\nchanges:\n- {plan: new, hold: 1}\n- {plan: new, end: 2020}\n", b=base)
    assert lines == [
        "s.yaml:4: changes[1].hold: levers.land[1] is a series, which has no `hold`; scale it",
        "s.yaml:5: changes[2].end: levers.land[1] is a series, which has no `end`; give the lever here",
    ]


def test_changes_are_to_what_comes_from_the_base(shelf):
    text = f"base: both.yaml\nlevers: {{land: [{FIVE}]}}\nchanges: [{{plan: five, scale: 0.5}}]\n"
    assert [w.hold for w in load(shelf, text).levers] == [0.5, 0.8, 1, 1]
    lines = complaints(shelf, text.replace("five, scale", "five, levers: [land], scale"))
    assert lines == ["s.yaml:4: changes[1].levers[1]: 'land' is given in this file, and changes are to what comes "
                     "from the base"]  # fmt: skip
    lines = complaints(shelf, f"{SAVE}levers: {{land: [{FIVE}]}}\nchanges: [{{plan: five, scale: 0.5}}]\n")
    assert lines == ["s.yaml:4: changes: changes are made to the windows of a `base`, and none is given"]
