"""A small model with a scenario and sweeps of it: runs in milliseconds, needs no posterior."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from huangpu.sweep import Sweep, load_sweep
from huangpu.sweep.manifest import JOURNAL
from huangpu.sweep.store import open_store
from modelfile import write

EQUATIONS = """
Stock = INTEG(Growth * Stock - Loss, Start) |
Growth = 0.03 | Start = 100 | Loss = 1 | Idle = 7 |
Depth = LN(Stock - 50) |
Idle twice = 2 * Idle |
"""
SCENARIO = """
name: plain
model: model.mdl
posterior: none
shocks: none
save: {variables: [stock]}
"""
HALVED = """
name: halved
base: plain.yaml
parameters: {idle: 3.5}
"""
SWEEP = """
name: small
base: BASE.yaml
design: DESIGN
vary:
  growth: {low: -0.1, high: 0.1}
  start: {low: 90, high: 110}
  idle: {low: 0, high: 10}
outputs:
  variables: {stock: [5, 10], depth: 10}
seed: 1
"""


def sweep(folder: Path, design: str = "{kind: latin, n: 1000}", base: str = "plain") -> Sweep:
    """A sweep of the model, all its files in the folder. About a third of the members end below 50, where `depth` is
    not a number; nothing depends on `idle`."""
    return load_sweep(write_files(folder, design, base))


def write_files(folder: Path, design: str = "{kind: latin, n: 1000}", base: str = "plain") -> Path:
    write(folder, EQUATIONS)
    (folder / "plain.yaml").write_text(SCENARIO)
    (folder / "halved.yaml").write_text(HALVED)
    path = folder / "small.yaml"
    path.write_text(SWEEP.replace("BASE", base).replace("DESIGN", design))
    return path


def arrays(folder: Path) -> dict[str, np.ndarray]:
    """inputs, outputs and flags of a folder of results."""
    return {name: values.values for name, values in open_store(folder).data_vars.items()}


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    """Whether two have the same bits."""
    return a.keys() == b.keys() and all(a[name].tobytes() == b[name].tobytes() for name in a)


def lines(folder: Path) -> list[str]:
    """Of the journal."""
    return (folder / JOURNAL).read_text().splitlines()
