"""Scenarios: a YAML file becomes a frozen `Scenario`, with every name, unit and year checked.

Two steps, because a file names its model: `load_scenario` reads the file and those it is based on and checks their
form, `check` compares the whole with the compiled model. Each gathers all problems and raises them together, one a
line: file, line, key, what was found, what is expected. `parse_scenario` is `load_scenario` for text that is no file
yet, `stored_scenario` for the text that a file of members keeps. `scenarios/README.md` describes the format for people,
`json_schema` for editors.

    validate   a file's data against its form           form
    resolve    a file and its bases, made one            merge, changes; parts and places remember who wrote what
    read       the whole -> Scenario                     data
    check      Scenario against the compiled model
    levers     windows through time and over members
    same       a note where a scenario changes nothing
"""

from huangpu.runtime.scenario.check import check
from huangpu.runtime.scenario.data import LeverWindow, Scenario, ScenarioError
from huangpu.runtime.scenario.form import json_schema
from huangpu.runtime.scenario.levers import delivery, lever_profile
from huangpu.runtime.scenario.read import load_scenario, parse_scenario, stored_scenario
from huangpu.runtime.scenario.same import unchanged

__all__ = [
    "LeverWindow",
    "Scenario",
    "ScenarioError",
    "check",
    "delivery",
    "json_schema",
    "lever_profile",
    "load_scenario",
    "parse_scenario",
    "stored_scenario",
    "unchanged",
]
