"""World3 against the run that Vensim saved, column by column. Needs one's own copy of the files."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

import numpy as np

from bench.rows import Row, Skip
from bench.setting import WORLD3, Setting
from huangpu.compiler import compile_model
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate

CONTROL = ("initial time", "final time", "time step", "saveper")
SAVED = "wrld3-03.vensim-experiment.csv"


def measure(setting: Setting) -> Iterator[Row]:
    if setting.world3 is None:
        raise Skip("World3 against Vensim's saved run: give --world3 DIR")
    path = setting.world3 / SAVED
    if not path.is_file():
        raise Skip(f"World3 against Vensim's saved run: {path} is not there")
    with path.open(encoding="utf-8", newline="") as file:
        head, *lines = csv.reader(file)
    table = np.array(lines, dtype=float).T
    program = compile_model(setting.world3 / WORLD3)
    ids = {_plain(row.label): row.id for row in program.rows}
    columns = {name: ids[_plain(name)] for name in head[1:] if _plain(name) in ids}
    slot, weight = points(program, table[0])
    ours = simulate(program, Inputs(1), [Saving(tuple(columns.values()), slot, weight)])[0][:, :, 0]
    theirs = dict(zip(head, table, strict=True))
    apart = {name: _difference(values, theirs[name]) for name, values in zip(columns, ours, strict=True)}
    beyond = [name for name, value in apart.items() if not value <= 1e-6]
    setting.say(f"World3: of {len(apart)} columns these are beyond 1e-6: {', '.join(beyond) or 'none'}")
    missing = [n for n in head[1:] if not n.startswith("#") and n not in columns and _plain(n) not in CONTROL]
    if missing:
        setting.say(f"World3: not in our run: {', '.join(missing)}")
    what = f"Vensim's saved run, single precision, {len(apart)} columns"
    yield Row("world3.vensim.worst", max(apart.values()), "relative difference", what)
    yield Row("world3.vensim.within_1e-6", float(len(apart) - len(beyond)), "columns", what)


def _plain(name: str) -> str:
    return re.sub(r"\s+", " ", name.strip().strip('"').lower().replace("_", " "))


def _difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest, relative to the value at that time; to the column's largest where that is 0."""
    largest = np.abs(theirs).max()
    scale = np.where(theirs != 0, np.abs(theirs), largest if largest > 0 else 1.0)
    return float(np.max(np.abs(ours - theirs) / scale))
