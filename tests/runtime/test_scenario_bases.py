"""Scenario files on other scenario files: what is taken over, and what cannot be."""

import time
from dataclasses import replace

import numpy as np
import pytest
from tests.runtime.shelves import BOTH, DRIVEN, FIVE, NEW, SAVE, complaints, load, streams, write

from huangpu.runtime.scenario import (
    ScenarioError,
    check,
    delivery,
    load_scenario,
    stored_scenario,
    unchanged,
)

# ---- what comes from a base


def test_a_file_over_its_base(shelf):
    s = load(shelf, "base: both.yaml\nmembers: 60\nparameters: {wear: 0.3}\nsave: {variables: [output], every: 0.5}\n")
    assert (s.name, s.title, s.description) == ("s", "s", "")  # these are the file's own
    assert (s.members, s.seed, s.save, s.save_every) == (60, 7, ("output",), 0.5)
    assert s.parameters == {"wear": 0.3, "share[a]": 0.2, "share[b]": 0.2}
    assert s.levers == check(load_scenario(shelf / "both.yaml"), DRIVEN).levers


def test_a_lever_given_here_replaces_the_bases_windows_and_an_empty_list_removes_them(shelf):
    s = load(shelf, f"base: both.yaml\nlevers: {{robot_subsidy: [{FIVE}], land: []}}\n")
    assert streams(s) == ["robot_subsidy|five|0"]
    assert streams(load(shelf, "base: both.yaml\nlevers: {land: 0.5}\n"))[-1] == "land||0"


def test_a_whole_array_replaces_the_elements_of_a_base(shelf):
    one = f"{SAVE}levers: {{'land[a]': [{FIVE}]}}\nparameters: {{'share[a]': 1}}\n"
    s = load(shelf, f"base: one.yaml\nlevers: {{land: [{NEW}]}}\nparameters: {{share: 3}}\n", one=one)
    assert [(w.lever, w.stream) for w in s.levers] == [("land[a]", "land|new|0"), ("land[b]", "land|new|0")]
    assert s.parameters == {"share[a]": 3, "share[b]": 3}
    (line,) = complaints(shelf, f"base: both.yaml\nlevers: {{'land[a]': [{NEW}]}}\n")
    assert line.startswith("s.yaml:3: levers.land[a]: the base gives `land` as a whole, which one element cannot")


def test_a_base_is_found_beside_its_file_and_its_paths_stay_where_they_were(shelf):
    (shelf / "sub").mkdir()
    write(shelf, both=BOTH + "model: ../models/m.mdl\nposterior: ../calibration/m.nc\n")
    s = load_scenario(write(shelf / "sub", s="base: ../both.yaml\n"))
    assert s.model == shelf.parent.resolve() / "models" / "m.mdl"
    assert s.posterior == str(shelf.parent.resolve() / "calibration" / "m.nc")
    assert "model: ../../models/m.mdl\n" in s.text
    assert str(shelf) not in s.text


def test_windows_of_several_bases_add_up_as_if_written_in_one_file(shelf):
    common = f"{SAVE}members: 40\nparameters: {{wear: 0.1}}\n"
    five = f"{common}levers: {{robot_subsidy: [{FIVE}], land: [{FIVE}]}}\n"
    new = f"{common}seed: 7\nlevers: {{robot_subsidy: [{NEW}]}}\nparameters: {{share: 0.2}}\n".replace(
        "parameters: {wear: 0.1}\n", ""
    )
    s = load(shelf, "base: [five.yaml, new.yaml]\n", five=five, new=new)
    both = check(load_scenario(shelf / "both.yaml"), DRIVEN)
    assert s.moves == both.moves
    assert (s.members, s.seed) == (40, 7)
    draws = [[delivery(w, 7, 30, {"delivery_new": np.ones(30)}) for w in each.levers] for each in (s, both)]
    assert np.array_equal(*draws)


def test_a_chain_and_a_window_of_one_plan_twice(shelf):
    more = f"base: both.yaml\nlevers: {{land: [{FIVE}, {FIVE}]}}\n"
    s = load(shelf, "base: more.yaml\nchanges: [{plan: new, remove: true}]\n", more=more)
    assert streams(s) == ["robot_subsidy|five|0", "land|five|0", "land|five|1"]


def test_the_text_is_whole_by_itself(shelf, tmp_path):
    s = load(shelf, "base: both.yaml\ntitle: 半 '08'\nshocks: none\nchanges: [{plan: new, delay: 1.5}]\n")
    again = check(stored_scenario(s.text, "kept"), DRIVEN)
    assert replace(again, posterior="default") == s
    assert again.text == s.text == load_scenario(shelf / "s.yaml").text
    assert load_scenario(shelf / "both.yaml").text == BOTH  # as written where nothing is below
    assert "base" not in s.text
    with pytest.raises(ScenarioError, match="kept:2: base: a kept scenario is whole by itself"):
        stored_scenario(f"name: x\nbase: {shelf}/both.yaml\n", "kept")


# ---- what cannot be a base


def test_what_is_wrong_with_a_base_is_said_in_its_own_file_and_line(shelf):
    bad = BOTH.replace("members: 40", "members: many").replace("hold: 0.8", "hold: high")
    lines = complaints(shelf, "base: bad.yaml\nseed: x\n", bad=bad)
    assert [line.split(": ")[0] for line in lines] == ["s.yaml:3", "bad.yaml:4", "bad.yaml:11"]
    bad = BOTH.replace("land:", "lend:").replace("start: 2024", "start: 1999").replace("[gdp_real]", "[gdp]")
    lines = complaints(shelf, "base: bad.yaml\nparameters: {wear: {value: 1, unit: kg}}\n", bad=bad)
    assert [line.split(": ")[:2] for line in lines] == [
        ["bad.yaml:6", "save.variables[1]"],
        ["bad.yaml:11", "levers.robot_subsidy[2].start"],
        ["bad.yaml:12", "levers.lend"],
        ["s.yaml:3", "parameters.wear.unit"],
    ]


def test_a_window_of_several_bases_is_found_where_it_was_written(shelf):
    new = f"{SAVE}levers:\n  robot_subsidy:\n    - {NEW.replace('2028', '2099')}\n"
    five = f"{SAVE}levers: {{robot_subsidy: [{FIVE}]}}\n"
    lines = complaints(shelf, "base: [five.yaml, new.yaml]\n", five=five, new=new)
    assert lines == ["new.yaml:5: levers.robot_subsidy[1].end: found 2099, expected a year of the model, 2010 to 2035"]


def test_bases_that_do_not_agree(shelf):
    other = BOTH.replace("members: 40", "members: 50").replace("wear: 0.1", "wear: 0.2")
    other = other.replace(f"land:\n    - {FIVE}", "land: 0.5")
    lines = complaints(shelf, "base: [both.yaml, other.yaml]\n", other=other)
    files = f"{shelf}/both.yaml and {shelf}/other.yaml".replace(f"{shelf}/", "")
    assert lines == [
        f"s.yaml:2: base: `members` is not the same in {files}; give it in this file",
        f"s.yaml:2: base: `parameters.wear` is not the same in {files}; give it in this file",
        "s.yaml:2: base: `levers.land` is windows in both.yaml and a number in other.yaml; give it in this file",
    ]
    own = "base: [both.yaml, other.yaml]\nmembers: 60\nparameters: {wear: 1}\nlevers: {land: 1}\n"
    s = load(shelf, own, other=other)
    assert (s.members, s.parameters["wear"]) == (60, 1)
    assert streams(s).count("robot_subsidy|five|0") == 1


@pytest.mark.parametrize("base", ["[both.yaml, both.yaml]", "[both.yaml, on_both.yaml]", "[on_both.yaml, too.yaml]"])
def test_windows_that_come_through_two_bases_do_not_count_twice(shelf, base):
    on = "base: both.yaml\nchanges: [{plan: new, remove: true}]\n"
    lines = complaints(shelf, f"base: {base}\n", on_both=on, too=on)
    assert all("comes from both.yaml through both " in line for line in lines)
    assert {line.split("`")[1] for line in lines} == {"levers.robot_subsidy", "levers.land"}


LOST = {
    "base: bath.yaml": "base: 'bath.yaml': no such file; did you mean 'both.yaml'?",
    "base: .": "base: found '.', expected a scenario file, .yaml",
    "base: folder.yaml": "base: 'folder.yaml': is a folder, expected a YAML file",
    "base: secret.txt": "base: found 'secret.txt', expected a scenario file, .yaml",
    "base: /etc/passwd": "base: found '/etc/passwd', expected a path relative to this file and inside project/",
    "base: ../../outside.yaml": "base: found '../../outside.yaml', expected a path relative to this file and inside "
    "project/",
    "base: link.yaml": "base: found 'link.yaml', expected a path relative to this file and inside project/",
    'base: "a\\0.yaml"': "base: found 'a?.yaml', expected a path relative to this file and inside project/",
    "base: s.yaml": "base: a scenario cannot be its own base: s.yaml -> s.yaml; name another base",
    "base:": "base: found nothing, expected a file name or a list of file names",
    "base: 3": "base: found 3, expected a file name or a list of file names",
    "base: []": "base: found a list, expected at least one entry",
    "base: [3]": "base[1]: found 3, expected text",
    "base: [both.yaml, bath.yaml]": "base[2]: 'bath.yaml': no such file; did you mean 'both.yaml'?",
    "base: both.yaml\nlevers: {lend: []}": "levers.lend: the base gives nothing of it that could be removed; did you "
    "mean 'land'?",
    "seed: 1": "save: is missing",
}


@pytest.mark.parametrize("text", LOST)
def test_what_cannot_be_a_base(shelf, text):
    (shelf / "folder.yaml").mkdir()
    (shelf / "secret.txt").write_text("name: secret\n")
    (shelf.parents[1] / "outside.yaml").write_text(BOTH)
    (shelf / "link.yaml").symlink_to(shelf.parents[1] / "outside.yaml")
    lines = complaints(shelf, text + "\n")
    assert len(lines) == 1
    assert lines[0].split(": ", 1)[1].replace("\0", "?") == LOST[text]


def test_a_loop_is_printed_as_a_chain(shelf):
    lines = complaints(shelf, "base: a.yaml\n", a="base: b.yaml\n", b="base: a.yaml\n")
    assert lines == ["b.yaml:2: base: a scenario cannot be its own base: a.yaml -> b.yaml -> a.yaml; name another base"]


def test_chains_are_bounded(shelf):
    files = {f"c{k}": f"base: c{k + 1}.yaml\n" for k in range(30)}
    lines = complaints(shelf, "base: c0.yaml\n", **files)
    assert lines == ["c8.yaml:2: base: bases go more than 10 files deep; write some of them out"]
    files["c8"] = SAVE
    assert load(shelf, "base: c0.yaml\n", **files).save == ("gdp_real",)


def test_layers_of_files_that_all_name_the_next_layer_end_soon(shelf):
    """Six files in each of eight layers: six to the seventh ways down, each file is read once."""
    files = {
        f"l{layer}_{k}": f"base: [{', '.join(f'l{layer + 1}_{j}.yaml' for j in range(6))}]\n"
        for layer in range(7)
        for k in range(6)
    }
    files |= {f"l7_{k}": SAVE for k in range(6)}
    started = time.perf_counter()
    assert load(shelf, "base: l0_0.yaml\n", **files).save == ("gdp_real",)
    files |= {f"l0_{k}": files["l0_0"] for k in range(6, 20)}
    lines = complaints(shelf, f"base: [{', '.join(f'l0_{k}.yaml' for k in range(20))}]\n", **files)
    assert lines[0].endswith("bases go more than 50 files in all; write some of them out")
    assert time.perf_counter() - started < 5


HUGE = {
    "levers nobody knows": "levers:\n" + "".join(f"  lever_{k}: []\n" for k in range(1900)),
    "too many levers": "levers:\n" + "".join(f"  lever_{k}: 1\n" for k in range(40_000)),
    "keys nobody knows": "".join(f"key_{k}: 1\n" for k in range(40_000)),
    "parameters nobody knows": "parameters:\n" + "".join(f"  p_{k}: 1\n" for k in range(40_000)),
    "windows": "levers:\n  land:\n" + "    - {start: 2020}\n" * 40_000,
    "changes": "changes:\n" + "- {plan: five, delay: 0.1}\n" * 30_000,
    "dead changes": "changes:\n" + "- {plan: five, levers: [" + "a, " * 300 + "b], remove: true}\n" * 150,
    "bases": "base:\n" + "- both.yaml\n" * 50_000,
}


@pytest.mark.parametrize("what", HUGE)
def test_huge_lists_are_refused_in_seconds_and_in_few_lines(shelf, what):
    text = HUGE[what] if "base:" in HUGE[what] else "base: both.yaml\n" + HUGE[what]
    started = time.perf_counter()
    assert 1 <= len(complaints(shelf, text)) <= 51
    assert time.perf_counter() - started < 20


def test_files_are_bounded_together(shelf):
    filler = "# " + "x" * 400_000 + "\n"
    lines = complaints(shelf, "base: [a.yaml, b.yaml, c.yaml]\n", **{k: filler + SAVE for k in "abc"})
    assert lines == ["s.yaml:2: base[3]: 'c.yaml': makes the scenario 1,200,162 characters long with its bases, "
                     "expected at most 1,000,000"]  # fmt: skip


# ---- drivers and shocks


def test_drivers_stand_apart_from_levers_and_take_any_sign(shelf):
    drivers = "drivers: {demand: [{start: 2025, ramp: {shape: linear, years: 1}, hold: -0.1, end: 2027}]}\n"
    s = load(shelf, f"base: both.yaml\n{drivers}")
    assert [(w.lever, w.hold) for w in s.drivers] == [("demand", -0.1)]
    assert len(s.windows) == len(s.levers) + 1
    s = load(
        shelf, "base: t.yaml\ndrivers: {demand: [{series: {2025: 0, 2026: -400}}]}\n", t=f"base: both.yaml\n{drivers}"
    )
    assert [w.points for w in s.drivers] == [((2025, 0), (2026, -400))]
    assert load(shelf, "base: t.yaml\ndrivers: {demand: []}\n", t=f"base: both.yaml\n{drivers}").drivers == ()


def test_a_driver_is_no_lever_and_a_lever_no_driver(shelf):
    lines = complaints(shelf, f"{SAVE}levers: {{demand: 1}}\ndrivers: {{land: 1, wear: 1, gdp_real: 1, demond: 1}}\n")
    assert lines == [
        "s.yaml:3: levers.demand: is a driver of the model, expected a lever; give it under `drivers`",
        "s.yaml:4: drivers.land: is a lever of the model, expected a driver; give it under `levers`",
        "s.yaml:4: drivers.wear: is a constant of the model, expected a driver; give it under `parameters`",
        "s.yaml:4: drivers.gdp_real: is a stock of the model, expected a driver",
        "s.yaml:4: drivers.demond: the model has no driver 'demond'; did you mean 'demand'?",
    ]


def test_drivers_of_two_bases_add_up(shelf):
    slump = SAVE + "drivers: {demand: [{start: 2025, hold: -0.1}]}\n"
    s = load(shelf, "base: [one.yaml, two.yaml]\n", one=slump, two=slump.replace("-0.1", "-0.2"))
    assert [w.hold for w in s.drivers] == [-0.1, -0.2]


def test_shocks_are_drawn_unless_the_scenario_says_none(shelf):
    assert load(shelf, SAVE).shocks
    assert not load(shelf, "base: calm.yaml\n", calm=SAVE + "shocks: none\n").shocks
    assert load(shelf, "base: calm.yaml\nshocks: drawn\n", calm=SAVE + "shocks: none\n").shocks
    lines = complaints(shelf, SAVE + "shocks: no\n")
    assert lines == ["s.yaml:3: shocks: found 'no', expected 'drawn' or 'none'"]


# ---- the alarm


@pytest.mark.parametrize(
    ("text", "noted"),
    [
        ("title: Mine", True),
        ("changes: [{plan: new, scale: 1}]", True),
        ("save: {variables: [output]}", True),
        ("parameters: {wear: 0.1}", True),
        ("parameters: {wear: 0.2}", False),
        ("changes: [{plan: new, delay: 0.5}]", False),
        ("changes: [{plan: new, scale: 0.5}]", False),
        ("levers: {land: []}", False),
        ("shocks: none", False),
        ("seed: 8", False),
        ("drivers: {demand: [{start: 2030, hold: 1}]}", False),
        ("drivers: {demand: [{start: 2030, hold: 1}]}\nhorizon: {end: 2029}", True),
        ("drivers: {demand: [{start: 2025, hold: 0}]}", True),
        ("drivers: {demand: [{start: 2025, hold: 1, delivery: 0}]}", True),
    ],
)
def test_a_scenario_that_moves_nothing_otherwise_than_its_base_is_noted(shelf, text, noted):
    notes = list(unchanged(load(shelf, f"base: both.yaml\n{text}\n"), DRIVEN))
    assert len(notes) == noted
    assert not notes or notes[0].startswith(f"{shelf}/s.yaml moves nothing that its base {shelf}/both.yaml does not")


def test_a_base_that_is_no_scenario_of_this_model_is_mended(shelf):
    bad = BOTH.replace("land:", "lend:")
    text = "base: bad.yaml\nlevers: {lend: []}\n"
    assert list(unchanged(load(shelf, text, bad=bad), DRIVEN)) == []
