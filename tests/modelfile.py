"""Model files written for a test: equations in, a .mdl file with control variables out."""

from __future__ import annotations

import re
from pathlib import Path

from huangpu.compiler import ordered_model, python

CONTROL = """
INITIAL TIME = {start} ~ year ~ |
FINAL TIME = {end} ~ year ~ |
TIME STEP = {dt} ~ year ~ |
SAVEPER = TIME STEP ~ year ~ |
"""
POPULATION = """
Birth Rate = 0.1 ~ 1/year ~ |
Births = Population * Birth Rate ~ person/year ~ |
Population = INTEG(Births - Deaths, 100) ~ person ~ |
Deaths = Population / Life Time ~ person/year ~ |
Life Time = Base Life * Effect(Time / Scale) ~ year ~ |
Base Life = 50 ~ year ~ |
Scale = 10 ~ year ~ |
Effect((0,1),(1,2)) ~ dmnl ~ |
Region : North, South ~ ~ |
Share[Region] = 0.25, 0.75 ~ dmnl ~ |
Part[Region] = Population * Share[Region] ~ person ~ |
"""
SKETCH = "\\\\\\---/// Sketch information - do not modify anything except names\n"


def write(folder: Path, equations: str, *, start=0, end=10, dt=1, sketch: str = "", name: str = "model.mdl") -> Path:
    """A .mdl file; where an equation has no units and documentation (`x = 1 |`) they are added."""
    full = "".join((e if "~" in e else f"{e} ~ ~ ") + "|\n" for e in equations.strip().split("|") if e.strip())
    path = folder / name
    control = CONTROL.format(start=start, end=end, dt=dt)
    path.write_text("{UTF-8}\n" + full + control + SKETCH + sketch, encoding="utf-8")
    return path


def run(path: Path, **more) -> dict:
    """Every variable at every step, by the readable text."""
    return python.run(python.emit(ordered_model(path)), **more)[1]


def matches(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None
