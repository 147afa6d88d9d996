"""A small model with a posterior and a scenario, sweeps over it, and what its variables are by hand."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import modelfile
from huangpu.compiler import compile_model
from huangpu.runtime.scenario import ScenarioError
from huangpu.sweep import Sweep, load_sweep

EQUATIONS = """
Part: north, south ~ ~ |
Output = INTEG(Output*(Growth + Push Effect*Push + Pull), Initial Output) ~ yuan ~ What is made. |
Initial Output = 80 ~ yuan ~ At the start. |
Growth = 0.05 ~ 1/year ~ Own growth. |
Push Effect = 0.1 ~ 1/year ~ Growth that a push of 1 adds. |
Share[Part] = 0.25, 0.75 ~ dmnl ~ Of each part. |
Value[Part] = Output*Share[Part] ~ yuan ~ Of each part. |
Push = 0 ~ dmnl ~ A lever. |
Pull = 0 ~ 1/year ~ Another lever. |
"""
SKETCH = """V300  Do not put anything below this section - it will be ignored
*Levers
$192-192-192,0,Times New Roman|12||0-0-0|0-0-0|0-0-255|-1--1--1|-1--1--1|96,96,100,0
10,1,Push,140,80,60,19,8,3,0,0,0,0,0,0
10,2,Pull,140,180,60,19,8,3,0,0,0,0,0,0
///---\\\\\\
"""
SCENARIO = """
name: case
model: model.mdl
posterior: members.nc
horizon: {end: 2014}
save: {variables: [output]}
levers:
  push:
    - {plan: old, start: 2010, end: 2011, delivery: 0.5}
    - {plan: new, start: 2012, hold: 2, delivery: delivery_new}
"""
SWEEP = """
name: small
base: case.yaml
design: {kind: sobol, n: 16}
vary: [growth, delivery_new]
levers: {push: {low: 0, high: 2, plan: new}}
outputs:
  variables: {output: [2010, 2012, 2014], value: 2013.5}
  expressions: {rise: "output @ 2014 / output @ 2010"}
seed: 3
"""
STEP = 0.25
RNG = np.random.default_rng(1)
DRAWS = {
    "growth": ("parameter", "normal 0.05 0.01", RNG.normal(0.05, 0.01, 40)),
    "push_effect": ("parameter", "lognormal 0.1 0.2", np.exp(RNG.normal(np.log(0.1), 0.2, 40))),
    "initial_output": ("parameter", "lognormal 80 0.1", 80 * np.exp(RNG.normal(0, 0.1, 40))),
    "delivery_new": ("delivery", "logitnormal 0.75 0.8", RNG.uniform(0.4, 0.9, 40)),
}


def make(folder: Path) -> Path:
    """All the files but the sweep; the folder."""
    path = modelfile.write(folder, EQUATIONS, start=2010, end=2015, dt=STEP, sketch=SKETCH)
    data = {name: ("member", draws, {"kind": kind, "prior": prior}) for name, (kind, prior, draws) in DRAWS.items()}
    made = xr.Dataset(data, attrs={"model_hash": compile_model(path).model_hash})
    made.to_netcdf(folder / "members.nc", engine="netcdf4")
    (folder / "case.yaml").write_text(SCENARIO, encoding="utf-8")
    return folder


def sweep(folder: Path, *changes: tuple[str, str], text: str = SWEEP) -> Sweep:
    """The sweep with parts of its text replaced."""
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "small.yaml").write_text(text, encoding="utf-8")
    return load_sweep(folder / "small.yaml")


def complaints(folder: Path, *changes: tuple[str, str], text: str = SWEEP) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        sweep(folder, *changes, text=text)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def output(year, *, growth, push_effect=None, initial_output=None, delivery_new=None, new=1.0, old=1.0, pull=0.0):
    """The model's output at the beginning of a year, by its own Euler steps; what is not given is at its median."""
    effect, start, delivered = (
        np.median(DRAWS[name][2]) if value is None else value
        for name, value in (
            ("push_effect", push_effect),
            ("initial_output", initial_output),
            ("delivery_new", delivery_new),
        )
    )
    value = start
    for k in range(round((year - 2010) / STEP)):
        time = 2010 + k * STEP
        push = 0.5 * old * (time < 2011) + 2 * delivered * new * (time >= 2012)
        value = value * (1 + STEP * (growth + effect * push + pull))
    return value
