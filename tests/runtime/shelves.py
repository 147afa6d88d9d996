"""Scenario files for tests of bases and changes: a folder of them, how they are read, what is said of them."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.runtime.test_scenario import PROGRAM

from huangpu.runtime.scenario import (
    ScenarioError,
    check,
    load_scenario,
)

DRIVEN = replace(
    PROGRAM, views={"Drivers": ("demand",)}, constants=tuple((r, 0.0 if r == 3 else v) for r, v in PROGRAM.constants)
)
FIVE = "{plan: five, start: 2016, ramp: {shape: linear, years: 1}, end: 2021, delivery: {low: 0.5, high: 1}}"
NEW = "{plan: new, start: 2024, hold: 0.8, end: 2028, fade: {shape: linear, years: 2}, delivery: delivery_new}"
SAVE = "save: {variables: [gdp_real]}\n"
BOTH = f"""\
name: both
title: Both plans
description: In succession.
members: 40
seed: 7
{SAVE}parameters: {{wear: 0.1, share: 0.2}}
levers:
  robot_subsidy:
    - {FIVE}
    - {NEW}
  land:
    - {FIVE}
"""


def write(folder: Path, **files: str) -> Path:
    """Files by name; the last one."""
    for name, text in files.items():
        path = folder / f"{name}.yaml"
        path.write_text(text if "name:" in text else f"name: {name}\n{text}", encoding="utf-8")
    return path


def load(folder, text, **files):
    return check(load_scenario(write(folder, **files, s=text)), DRIVEN)


def complaints(folder, text, **files) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load(folder, text, **files)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def streams(scenario) -> list[str]:
    return [w.stream for w in scenario.levers if "land[b]" not in w.lever]
