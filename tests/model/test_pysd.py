"""The shipped model runs unchanged in PySD, with the same numbers: with neutral drivers, and with levers in motion.

The first steps only, as PySD takes minutes for the whole horizon. `PYTHONPATH=tests python tests/model/test_pysd.py`
runs all of it and prints the largest difference.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest

from economy import DRIVEN, IDS, PATH, PROGRAM, SPREAD, TIMES
from huangpu.compiler.syntax import key
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate, step_times

END = 2011.0
CONTROL = ("initial_time", "final_time", "time_step", "saveper")


def read(folder: Path):
    """PySD's translation of a copy of the file; it writes beside the model that it is given."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pysd

        return pysd.read_vensim(str(shutil.copy(PATH, folder / "economy.mdl")))


def in_motion() -> dict[str, np.ndarray]:
    """id -> (step,): levers come, hold and go, each at its own pace; drivers swing; goals stand throughout."""
    t = (TIMES - TIMES[0]) / 2.5
    levers = [id for id in DRIVEN if id not in SPREAD]
    series = {id: np.clip(np.sin(t * (1 + k / len(levers))), 0, 1) for k, id in enumerate(levers)}
    series |= {id: np.ones_like(t) for id in levers if id.startswith("goals_")}
    return series | {id: sd * np.sin(7 * t) for id, sd in SPREAD.items()}


def by_pysd(model, end: float, series: dict[str, np.ndarray]):
    """PySD's table, a row a step; a series is given as PySD takes it, one over time for a constant of the model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pandas as pd

        names = {entry.id: entry.label for entry in PROGRAM.rows}
        params = {names[id]: pd.Series(values, index=TIMES) for id, values in series.items()}
        return model.run(params=params, final_time=end, saveper=PROGRAM.time_step, reload=True)


def differences(model, end: float, series: dict[str, np.ndarray]) -> dict[str, float]:
    """Label of every variable -> largest relative difference between PySD and the kernel, of values above 1e-3."""
    table = by_pysd(model, end, series)
    steps = step_times(PROGRAM, end)
    driven = {id: np.ascontiguousarray(values[: len(steps), None]) for id, values in series.items()}
    saving = Saving(IDS, *points(PROGRAM, steps, final_time=end))
    ours = simulate(PROGRAM, Inputs(1, {}, driven), [saving], final_time=end)[0][:, :, 0]
    labels = {same(entry.label): values for entry, values in zip(PROGRAM.rows, ours, strict=True)}
    theirs = {same(name): np.asarray(table[name], float) for name in table.columns if key(name) not in CONTROL}
    assert set(theirs) == set(labels)
    return {name: float((np.abs(v - labels[name]) / np.maximum(np.abs(v), 1e-3)).max()) for name, v in theirs.items()}


def same(label: str) -> str:
    """Names compare as Vensim compares them."""
    return key(label.replace("[", " sub ").replace(",", " and "))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return read(tmp_path_factory.mktemp("pysd"))


@pytest.mark.parametrize("series", [{}, in_motion()], ids=["neutral", "levers-in-motion"])
def test_pysd_gives_the_same_numbers_for_every_variable_in_every_step(model, series):
    found = differences(model, END, series)
    assert {name: much for name, much in found.items() if not much < 1e-9} == {}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        translated = read(Path(folder))
        for title, series in {"neutral": {}, "levers in motion": in_motion()}.items():
            found = differences(translated, float(sys.argv[1]) if sys.argv[1:] else PROGRAM.final_time, series)
            worst = max(found, key=found.__getitem__)
            print(f"{title}: {len(found)} variables, largest relative difference {found[worst]:.1e} ({worst})")
