"""Drivers in a run: how the reported figures answer to them, and the paths that members were drawn.

Both the fit and a forecast take the answers from here, at the same place, so that they mean the same drivers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from huangpu import runtime
from huangpu.measurement import DataError, Layer, Responses, read_run, residuals
from huangpu.measurement.drivers import driver_years, middles
from huangpu.program import Program
from huangpu.runtime.drivers import Schedule, straight
from huangpu.runtime.ensemble import step_times, years_and_points
from huangpu.runtime.members import Members
from huangpu.runtime.scenario import LeverWindow, Scenario
from huangpu.yamlfile import nearest

PUSH = 0.01  # by which a driver is moved up and down: a hundredth of demand or investment, a point of inflation
QUARTER = 0.25  # years between the points that stocks are read from; between them the transform goes straight


def horizon(program: Program, layer: Layer) -> float:
    """First point of the quarterly grid by which every figure has been met."""
    start = program.initial_time
    return min(program.final_time, start + QUARTER * np.ceil(round((layer.last_time() - start) / QUARTER, 9)))


def responses(program: Program, scenario: Scenario, layer: Layer, at: Mapping[str, float]) -> Responses:
    """How each row answers to each driver in each year, by central differences around one member under a scenario.

    at  name -> value of that member's parameters and deliveries; others have the model's own. One run: two members a
    driver and year. Raises DataError where the model has no such driver, or a figure that is not finite there.
    """
    drivers = tuple(layer.metrics.drivers)
    _check_drivers(program, layer)
    years = driver_years(layer.start, layer.last_time())
    if not drivers:
        return Responses(years, {})
    end, size = horizon(program, layer), 2 * len(drivers) * len(years)
    alike = {name: np.full(size, value) for name, value in at.items()}
    constants = {program.rows[row].id for row, _ in program.constants}
    members = Members(
        size,
        {name: values for name, values in alike.items() if name in constants},
        {name: values for name, values in alike.items() if name not in constants},
    )
    pushed = _pushed(len(drivers), len(years))
    paths = schedules(program, middles(years), dict(zip(drivers, pushed, strict=True)), end)
    needs = layer.requirements()
    calendar, times, savings = years_and_points(program, *needs, end, QUARTER)
    inputs = runtime.inputs(program, settled(replace(scenario, end=end)), members, paths)
    run = read_run(needs, calendar, times, runtime.simulate(program, inputs, savings, final_time=end))
    up, down = residuals(layer, run).reshape(len(layer.rows), len(drivers), len(years), 2).transpose(3, 1, 0, 2)
    answers = (down - up) / (2 * PUSH)
    _check_finite(layer, answers)
    return Responses(years, dict(zip(drivers, answers, strict=True)))


def schedules(
    program: Program, corners: np.ndarray, paths: Mapping[str, np.ndarray], end: float
) -> dict[str, Schedule]:
    """Driver -> its path (K, member) through the corners (K,), for a run to `end`; one that is always 0 is left out."""
    times = step_times(program, end)
    return {driver: straight(times, corners, values) for driver, values in paths.items() if values.any()}


def _pushed(drivers: int, years: int) -> np.ndarray:
    """(driver, year, member): member 2 (years k + j) has driver k up in year j, the next one has it down."""
    each = np.array([PUSH, -PUSH])
    return np.einsum("kl,ij,s->kiljs", np.eye(drivers), np.eye(years), each).reshape(drivers, years, -1)


def settled(scenario: Scenario) -> Scenario:
    """Deliveries that would be drawn a member stand at their mean, as in the fit."""
    return replace(scenario, levers=_at_mean(scenario.levers), drivers=_at_mean(scenario.drivers))


def _at_mean(windows: Iterable[LeverWindow]) -> tuple[LeverWindow, ...]:
    return tuple(replace(w, delivery=sum(w.delivery) / 2) if isinstance(w.delivery, tuple) else w for w in windows)


def _check_drivers(program: Program, layer: Layer) -> None:
    driven = [program.rows[row].id for row in program.driven]
    for name in layer.metrics.drivers:
        if name not in driven:
            raise DataError(
                f"{layer.metrics.path}: drivers.{name}: the model has no such lever or driver{nearest(name, driven)}"
            )


def _check_finite(layer: Layer, answers: np.ndarray) -> None:
    bad = np.flatnonzero(~np.isfinite(answers).all(axis=(0, 2)))
    if len(bad):
        row = layer.rows[bad[0]]
        raise DataError(
            f"{layer.metrics.path}: {row.quantity}, row {row.row_id}: the model's figure is not finite where "
            f"parameters have their prior medians ({len(bad)} rows in all), so its answer to the drivers is unknown"
        )
