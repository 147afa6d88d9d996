"""The shipped model as its tests run it: many cases at once, as the members of one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from huangpu.calibration.priors import read_priors
from huangpu.compiler import compile_model
from huangpu.files import shipped
from huangpu.measurement import load_layer
from huangpu.program import Program
from huangpu.runtime import inputs
from huangpu.runtime.drivers import Schedule
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate, step_times
from huangpu.runtime.members import Members
from huangpu.runtime.scenario import check, load_scenario

PATH = shipped("models/shanghai_industry.mdl")
PROGRAM = compile_model(PATH)
TIMES = step_times(PROGRAM)
YEARS = range(int(PROGRAM.initial_time), int(PROGRAM.final_time) + 1)
IDS = tuple(entry.id for entry in PROGRAM.rows)
STOCKS = tuple(entry.id for entry in PROGRAM.rows if entry.kind == "stock")
DRIVEN = tuple(PROGRAM.rows[row].id for row in PROGRAM.driven)
DRIVERS = tuple(id for id in DRIVEN if id.endswith("_driver"))
LEVERS = tuple(id for id in DRIVEN if id not in DRIVERS)
LAYER = load_layer(shipped("calibration/metrics.yaml"), shipped("calibration/observations.csv"), start=TIMES[0])
PRIORS = read_priors(
    shipped("calibration/priors.yaml"), PROGRAM, LAYER.metrics.sigmas(), sources=shipped("calibration/sources.csv")
)
OWN = {PROGRAM.rows[row].id: value for row, value in PROGRAM.constants if PROGRAM.rows[row].id not in DRIVEN}
PLANS = check(load_scenario(shipped("scenarios/all_plans.yaml")), PROGRAM)
SPREAD = {"demand_driver": 0.05, "price_driver": 0.01, "investment_driver": 0.1, "export_driver": 0.1}

SIGNED = {  # stocks that may be below nothing, and why
    "expected_growth": "firms may expect demand to fall",
    "leading_log_scale": "a logarithm; the scale itself is its exponential",
}
SHARES = {  # variables that are parts of a whole
    "emerging_share": "of above-scale output",
    "industry_emerging_share": "of an industry's output",
    "industry_ceiling": "of an industry's output",
    "initial_industry_share": "of an industry's output",
    "emerging_services_share": "of services value added",
    "emerging_value_added_share_of_gdp": "of GDP",
    "producer_services_share": "of services value added",
    "producer_services_share_of_gdp": "of GDP",
    "renovation_share": "of industrial investment",
    "clean_share": "of industry's energy",
    "digital_adoption": "of firms",
    "waste_use": "of solid waste",
    "research_intensity": "research of output",
    "key_firm_research_intensity": "research of output",
    "talent_effect": "research that talent can carry, to a power",
    "shock_factor": "of demand",
    "slowdown": "of the growth before chains slow",
}


def elements(*bases: str) -> tuple[str, ...]:
    """Ids of all scalars of these variables; a name that is none is one's own mistake."""
    found = {base: tuple(entry.id for entry in PROGRAM.rows if base in (entry.base, entry.id)) for base in bases}
    assert all(found.values()), f"no such variable: {[base for base, ids in found.items() if not ids]}"
    return sum(found.values(), ())


def _parameters(u: np.ndarray) -> dict[str, np.ndarray]:
    drawn = dict(zip(PRIORS.names, PRIORS.values(u), strict=True))
    return {id: values for id, values in drawn.items() if id in OWN}


def draws(size: int, seed: int = 0) -> dict[str, np.ndarray]:
    """id -> (size,): every estimated constant of the model, drawn from its prior."""
    return _parameters(np.random.default_rng(seed).standard_normal((len(PRIORS.names), size)))


MEDIANS = OWN | {id: float(value[0]) for id, value in _parameters(np.zeros((len(PRIORS.names), 1))).items()}


def held(value: float | np.ndarray, size: int, *, since: float = TIMES[0]) -> Schedule:
    """A driven constant at `value`, a number or one a member, from a year on; nothing before."""
    return Schedule((since <= TIMES)[None, :] * 1.0, np.broadcast_to(value, (1, size)))


def shaken(size: int, strongest: float, seed: int = 0) -> dict[str, Schedule]:
    """Levers that jump every year, absent in one of three or between 0 and `strongest`; drivers that walk at random,
    the standard deviation of a year as in `SPREAD`."""
    rng = np.random.default_rng(seed)
    of_year = ((TIMES - YEARS[0]).astype(int)[None, :] == np.arange(len(YEARS))[:, None]) * 1.0
    ramps = np.array([np.interp(TIMES, YEARS, unit) for unit in np.eye(len(YEARS))])
    shape = (len(YEARS), size)
    levers = {id: Schedule(of_year, rng.uniform(0, strongest, shape) * (rng.random(shape) < 2 / 3)) for id in LEVERS}
    return levers | {
        id: Schedule(ramps, sd * np.cumsum(rng.standard_normal(shape), axis=0)) for id, sd in SPREAD.items()
    }


def planned(size: int, parameters: Mapping[str, np.ndarray] | None = None, *, program: Program = PROGRAM) -> Inputs:
    """All four plans in succession up to the model's end, three quarters of each carried out."""
    shares = {window.delivery for window in PLANS.levers if isinstance(window.delivery, str)}
    members = Members(size, parameters or {}, {name: np.full(size, 0.75) for name in shares})
    return inputs(program, replace(PLANS, end=program.final_time), members)


def every_step(names: Iterable[str]) -> Saving:
    return Saving(tuple(names), *points(PROGRAM, TIMES))


def every_year(names: Iterable[str]) -> Saving:
    return Saving(tuple(names), *points(PROGRAM, YEARS))


def over_all_steps(names: Iterable[str]) -> Saving:
    """The sum over all steps: finite where the value is finite in every step."""
    return Saving(tuple(names), np.zeros(len(TIMES), dtype=np.int64), np.ones(len(TIMES)))


def yearly(names: Iterable[str], given: Inputs) -> np.ndarray:
    """(name, year, member): values at the start of each year."""
    return simulate(PROGRAM, given, [every_year(names)])[0]
