"""Scenario files: what they mean, and one clear line for everything that is wrong with them."""

from pathlib import Path

import numpy as np
import pytest

from huangpu.program import Entry, Program
from huangpu.runtime.scenario import LeverWindow, ScenarioError, check, delivery, lever_profile, load_scenario

TEXT = """\
name: small
save: {variables: [gdp_real, output], every: 0.5}
horizon: {start: 2010, end: 2028}
members: 40
seed: 7
parameters: {wear: {value: 0.1, unit: 1/year}, share: 0.2}
levers:
  robot_subsidy:
    - {plan: mfg, start: 2023.5, ramp: {shape: linear, years: 1}, hold: 0.8, end: 2026, fade: {shape: linear, years: 2}}
    - {plan: newind, start: 2024, delivery: {low: 0.5, high: 1}}
  land: 0.3
  demand: [{series: {2010: 1, 2020: 1, 2021: 0.9}}]
"""

ENTRIES = [
    Entry("robot_subsidy", "Robot Subsidy", "constant", "robot_subsidy", (), "dmnl", "", False),
    Entry("land[a]", "Land[A]", "constant", "land", ("a",), "mu/year", "", False),
    Entry("land[b]", "Land[B]", "constant", "land", ("b",), "mu/year", "", False),
    Entry("demand", "Demand", "constant", "demand", (), "", "", False),
    Entry("wear", "Wear", "constant", "wear", (), "1/Year", "", False),
    Entry("share[a]", "Share[A]", "constant", "share", ("a",), "", "", False),
    Entry("share[b]", "Share[B]", "constant", "share", ("b",), "", "", False),
    Entry("gdp_real", "GDP real", "stock", "gdp_real", (), "yuan", "", False),
    Entry("output[a]", "Output[A]", "auxiliary", "output", ("a",), "yuan/year", "", False),
    Entry("output[b]", "Output[B]", "auxiliary", "output", ("b",), "yuan/year", "", False),
    Entry("inside_1", "inside", "stock", "inside_1", (), "", "", True),
]
PROGRAM = Program(
    name="small", hash="h", model_hash="m", method="euler", rows=tuple(ENTRIES),
    constants=((0, 0.0), (1, 0.0), (2, 0.0), (3, 1.0), (4, 0.2), (5, 0.5), (6, 0.5)), driven=(0, 1, 2, 3), tables=(),
    subscripts={}, dims={}, views={}, labels={}, initial_time=2010.0, final_time=2035.0, time_step=0.0625, saveper=1.0,
    kernel="", readable="",
)  # fmt: skip


def write(tmp_path, text) -> Path:
    path = tmp_path / "s.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def load(tmp_path, text):
    return check(load_scenario(write(tmp_path, text)), PROGRAM)


def complaints(tmp_path, text) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load(tmp_path, text)
    return str(caught.value).replace(str(tmp_path / "s.yaml"), "s.yaml").splitlines()


def test_a_scenario_as_written(tmp_path):
    s = load(tmp_path, TEXT)
    assert (s.name, s.members, s.seed, s.start, s.end) == ("small", 40, 7, 2010.0, 2028.0)
    assert (s.save, s.save_every) == (("gdp_real", "output"), 0.5)
    assert (s.model, s.posterior, s.title) == (None, "default", "small")
    assert s.parameters == {"wear": 0.1, "share[a]": 0.2, "share[b]": 0.2}
    assert [w.lever for w in s.levers] == ["robot_subsidy", "robot_subsidy", "land[a]", "land[b]", "demand"]
    assert s.text == TEXT


def test_the_least_that_a_scenario_needs(tmp_path):
    s = load(tmp_path, "name: least\nsave: {variables: [gdp_real]}\n")
    assert (s.start, s.end, s.members, s.seed, s.levers) == (2010.0, 2035.0, 1000, 0, ())


EDITS = [
    ("robot_subsidy:", "robot_subsidi:", "s.yaml:8: levers.robot_subsidi: the model has no lever 'robot_subsidi'; "
                                         "did you mean 'robot_subsidy'?"),
    ("land: 0.3", "wear: 1", "s.yaml:11: levers.wear: is a constant of the model, expected a lever; "
                             "give it under `parameters`"),
    ("land: 0.3", "output: 1", "s.yaml:11: levers.output: is an auxiliary of the model, expected a lever"),
    ("unit: 1/year", "unit: year", "s.yaml:6: parameters.wear.unit: found 'year', expected '1/Year', "
                                   "the unit of Wear in the model"),
    ("hold: 0.8", "hold: 0.8, unit: percent", "s.yaml:9: levers.robot_subsidy[1].unit: found 'percent', expected "
                                              "'dmnl', the unit of Robot Subsidy in the model"),
    ("share: 0.2", "shore: 0.2", "s.yaml:6: parameters.shore: the model has no parameter 'shore'; "
                                 "did you mean 'share'?"),
    ("share: 0.2", "gdp_real: 0.2", "s.yaml:6: parameters.gdp_real: is a stock of the model, expected a constant"),
    ("[gdp_real, output]", "[gdp_reel, output]", "s.yaml:2: save.variables[1]: the model has no variable 'gdp_reel'; "
                                                 "did you mean 'gdp_real'?"),
    ("[gdp_real, output]", "[inside_1]", "s.yaml:2: save.variables[1]: the model has no variable 'inside_1'"),
    ("start: 2023.5", "start: 1999", "s.yaml:9: levers.robot_subsidy[1].start: found 1999, expected a year of the "
                                     "model, 2010 to 2035"),
    ("end: 2028", "end: 2040", "s.yaml:3: horizon.end: found 2040, expected a year after 2010 up to 2035"),
    ("end: 2028", "end: 2028.03", "s.yaml:3: horizon.end: found 2028.03, expected a whole number of steps of "
                                  "0.0625 year"),
    ("start: 2010,", "start: 2012,", "s.yaml:3: horizon.start: found 2012, expected 2010, the model's first year"),
    ("every: 0.5", "every: 0.3", "s.yaml:2: save.every: found 0.3, expected a multiple of the model's step "
                                 "0.0625 year"),
    ("2021: 0.9", "2099: 0.9", "s.yaml:12: levers.demand[1].series.2099: found 2099, expected a year of the model, "
                               "2010 to 2035"),
    ("[{series: {2010: 1, 2020: 1, 2021: 0.9}}]", "[{start: 2020, hold: 0.9}]",
     "s.yaml:12: levers.demand: rests at 1 in the model, so windows that begin at 0 do not fit it; give one series"),
    ("hold: 0.8", "hold: -0.8", "s.yaml:9: levers.robot_subsidy[1].hold: found -0.8, expected a strength from 0 to 10 "
                                "(1 = as the plan states it)"),
    ("hold: 0.8", "hold: 10.5", "s.yaml:9: levers.robot_subsidy[1].hold: found 10.5, expected a strength from 0 to 10 "
                                "(1 = as the plan states it)"),
    ("land: 0.3", "land: 1e9", "s.yaml:11: levers.land: found 1e+09, expected a strength from 0 to 10 "
                               "(1 = as the plan states it)"),
    ("high: 1", "high: 11", "s.yaml:10: levers.robot_subsidy[2].delivery.high: found 11, expected 10.0 or less"),
    ("2021: 0.9", "2021: -0.9", "s.yaml:12: levers.demand[1].series.2021: found -0.9, expected a strength from 0 to 10 "
                                "(1 = as the plan states it)"),
    ("members: 40", "member: 40", "s.yaml:4: member: unknown key; did you mean 'members'?"),
    ("members: 40", "members: many", "s.yaml:4: members: found 'many', expected a whole number"),
    ("members: 40", "members: 40.5", "s.yaml:4: members: found 40.5, expected a whole number"),
    ("members: 40", "members: 0", "s.yaml:4: members: found 0, expected 1 or more"),
    ("members: 40", "members: true", "s.yaml:4: members: found true, expected a whole number"),
    ("members: 40", "members:", "s.yaml:4: members: found nothing, expected a whole number"),
    ("name: small", "name: ../small", "s.yaml:1: name: found '../small', expected a name without spaces or any of "
                                      '/ \\ : * ? " < > |, not beginning with . or -'),
    ("name: small\n", "", "s.yaml:1: name: is missing"),
    ("hold: 0.8", "hold: yes", "s.yaml:9: levers.robot_subsidy[1].hold: found 'yes', expected a number"),
    ("shape: linear, years: 1", "shape: liner, years: 1", "s.yaml:9: levers.robot_subsidy[1].ramp.shape: found 'liner'"
                                                          ", expected 'step', 'linear' or 'smooth'"),
    ("shape: linear, years: 1", "shape: linear, year: 1", "s.yaml:9: levers.robot_subsidy[1].ramp.year: unknown key; "
                                                          "did you mean 'years'?"),
    ("shape: linear, years: 1", "shape: linear", "s.yaml:9: levers.robot_subsidy[1].ramp: a linear ramp needs `years` "
                                                 "above 0"),
    ("end: 2026", "end: 2020", "s.yaml:9: levers.robot_subsidy[1]: end 2020 is not after start 2023.5"),
    ("low: 0.5, high: 1", "low: 2, high: 1", "s.yaml:10: levers.robot_subsidy[2].delivery: low 2 is above high 1"),
    ("low: 0.5, high: 1", "low: 0.5, hi: 1", "s.yaml:10: levers.robot_subsidy[2].delivery.high: is missing"),
    ("{low: 0.5, high: 1}", "[0.5, 1]", "s.yaml:10: levers.robot_subsidy[2].delivery: found a list, expected a number "
                                        "or low and high or the name of a posterior column"),
    ("land: 0.3", "land: {start: 2020}", "s.yaml:11: levers.land: found a mapping, expected a number or "
                                         "a list of windows"),
    ("land: 0.3", "land:", "s.yaml:11: levers.land: found nothing, expected a number or a list of windows"),
    ("2021: 0.9", "next: 0.9", "s.yaml:12: levers.demand[1]: `series` has keys that are no years: 'next'"),
    ("2021: 0.9", "2020.0: 0.9", "s.yaml:12: levers.demand[1]: `series` gives a year twice"),
    ("2021: 0.9}", "2021: 0.9}, hold: 1", "s.yaml:12: levers.demand[1]: `series` says it all; leave out hold"),
    ("seed: 7", "seed: 7\nseed: 8", "s.yaml:6: seed: this key is given twice, first on line 5; keep one"),
    ("seed: 7", "seed: 007", "s.yaml:5: seed: 007 begins with 0; write 7 for the number or '007' for text"),
    ("seed: 7", "posterior: ../../../etc/passwd", None),
    ("seed: 7", "model: /etc/passwd", None),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line"), EDITS, ids=[new or old for old, new, _ in EDITS])
def test_one_clear_line(tmp_path, old, new, line):
    assert TEXT.count(old) == 1
    found = complaints(tmp_path, TEXT.replace(old, new))
    if line is None:
        assert len(found) == 1
        assert "expected a path relative to this file and inside" in found[0]
    elif "low: 0.5, hi" in new:
        assert line in found
    else:
        assert found[0] == line


def test_every_problem_at_once_in_the_order_of_the_file(tmp_path):
    text = TEXT.replace("members: 40", "members: x").replace("seed: 7", "sead: 7").replace("hold: 0.8", "hold: no")
    lines = complaints(tmp_path, text + "levers: {}\n")
    assert [line.split(": ")[0] for line in lines] == ["s.yaml:4", "s.yaml:5", "s.yaml:9", "s.yaml:13"]


def test_a_full_width_colon_is_pointed_at(tmp_path):
    line = complaints(tmp_path, "name: small\nsave:\n  variables：[gdp_real]\n")[0]
    assert line.endswith("for a key write ': ' and not the full-width '：'")


def test_empty_file_and_plain_text(tmp_path):
    assert complaints(tmp_path, "")[0] == "s.yaml:1: found nothing, expected a mapping (lines of 'key: value')"
    assert complaints(tmp_path, "hello\n")[0] == "s.yaml:1: found 'hello', expected a mapping (lines of 'key: value')"


def test_model_and_posterior_are_found_beside_the_scenario(tmp_path):
    folder = tmp_path / "scenarios" / "sweeps"
    folder.mkdir(parents=True)
    text = "name: a\nsave: {variables: [x]}\nmodel: ../../models/m.mdl\nposterior: ../../calibration/m.nc\n"
    (folder / "s.yaml").write_text(text)
    s = load_scenario(folder / "s.yaml")
    assert s.model == tmp_path.resolve() / "models" / "m.mdl"
    assert s.posterior == str(tmp_path.resolve() / "calibration" / "m.nc")


# ---- levers through time

QUARTERS = np.arange(2020, 2026.01, 0.25)


def at(window, *years):
    return lever_profile(window, np.array(years)).tolist()


def test_a_step_is_on_from_its_start_until_its_end():
    assert at(LeverWindow("x", "x", start=2021, hold=2, end=2023), 2020.9, 2021, 2022.9, 2023) == [0, 2, 2, 0]


def test_linear_up_hold_and_down():
    w = LeverWindow("x", "x", start=2021, ramp=("linear", 2), hold=1, end=2024, fade=("linear", 1))
    assert at(w, 2021, 2021.5, 2022, 2023, 2024, 2024.25, 2025, 2030) == [0, 0.25, 0.5, 1, 1, 0.75, 0, 0]


def test_a_window_that_ends_before_its_ramp_is_over_fades_from_what_it_has_reached():
    w = LeverWindow("x", "x", start=2023, ramp=("linear", 2), end=2024, fade=("linear", 1))
    assert at(w, 2023.5, 2024, 2024.5, 2025) == [0.25, 0.5, 0.25, 0]


def test_smooth_is_half_way_at_half_time_and_flat_at_both_ends():
    w = LeverWindow("x", "x", start=2020, ramp=("smooth", 4))
    assert at(w, 2020, 2022, 2024, 2025) == [0, 0.5, 1, 1]
    assert lever_profile(w, np.array([2020.001]))[0] < 1e-6


def test_a_series_is_straight_between_its_years_and_held_outside():
    assert at(LeverWindow("x", "x", points=((2020, 1), (2022, 0.5))), 2019, 2020, 2021, 2022, 2030) == [
        1,
        1,
        0.75,
        0.5,
        0.5,
    ]


def test_a_plain_number_holds_throughout(tmp_path):
    land = next(w for w in load(tmp_path, TEXT).levers if w.lever == "land[a]")
    assert lever_profile(land, QUARTERS).tolist() == [0.3] * QUARTERS.size


# ---- delivery over members


def test_delivery_of_a_member_does_not_depend_on_the_size_of_the_ensemble():
    w = LeverWindow("x", "x|plan|0", delivery=(0.6, 1.0))
    few, many = delivery(w, 3, 100, {}), delivery(w, 3, 4000, {})
    assert np.array_equal(few, many[:100])
    assert 0.6 <= many.min() < 0.61 < 0.99 < many.max() < 1.0
    assert many.mean() == pytest.approx(0.8, abs=0.01)  # four standard errors


def test_delivery_is_the_same_in_another_scenario_and_differs_by_seed_lever_and_plan(tmp_path):
    def draw(text, plan, seed=7):
        s = load(tmp_path, text)
        return delivery(next(w for w in s.levers if f"|{plan}|" in w.stream), seed, 50, {})

    alone = TEXT.replace(TEXT.splitlines()[8] + "\n", "")  # the first window is left out
    assert np.array_equal(draw(TEXT, "newind"), draw(alone, "newind"))
    assert not np.array_equal(draw(TEXT, "newind"), draw(TEXT, "newind", seed=8))
    streams = [w.stream for w in load(tmp_path, TEXT).levers if not w.lever.startswith("land")]
    assert len(set(streams)) == len(streams)


def test_the_elements_of_a_lever_share_their_delivery(tmp_path):
    s = load(tmp_path, TEXT.replace("land: 0.3", "land: [{start: 2020, delivery: {low: 0, high: 1}}]"))
    a, b = (delivery(w, 7, 20, {}) for w in s.levers if w.lever.startswith("land"))
    assert np.array_equal(a, b)


def test_delivery_by_number_and_by_posterior_column():
    column = {"delivery_newind": np.array([0.7, 0.9])}
    assert delivery(LeverWindow("x", "x", delivery=0.8), 1, 2, {}).tolist() == [0.8, 0.8]
    assert delivery(LeverWindow("x", "x", delivery="delivery_newind"), 1, 2, column).tolist() == [0.7, 0.9]
    with pytest.raises(ScenarioError, match=r"no column 'delivery_newin'; did you mean 'delivery_newind'\?"):
        delivery(LeverWindow("x", "x", delivery="delivery_newin"), 1, 2, column)
