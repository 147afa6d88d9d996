"""Programmes: without a plan no more than their trend; within their pool; never fewer for a fuller delivery."""

import numpy as np
import pytest

from economy import LEVERS, MEDIANS, PATH, PROGRAM, TIMES, YEARS, draws, elements, held, planned, shaken, yearly
from huangpu.compiler import ordered_model
from huangpu.runtime.drivers import Schedule
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate

SIZE = 60
PARAMETERS = draws(SIZE, seed=51)
GOALS = tuple(lever for lever in LEVERS if lever.startswith("goals_"))
STOCK, STARTED = elements("programme_stock"), elements("programme_started")
DRIVES: dict[str, list[str]] = {}  # lever -> the stocks of its programmes
for variable in ordered_model(PATH).model.variables:
    if variable.base == "programme_lever":
        DRIVES.setdefault(variable.equation.id, []).append(f"programme_stock[{variable.elements[0]}]")
LEVELS = np.array([0.0, 0.25, 0.5, 0.75, 1.0, 1.25])
ENDS = (2021.0, 2026.0, 2028.0)  # of the plans
WORLDS = 20


def value(base: str, parameters=PARAMETERS) -> np.ndarray:
    """(programme, member): what the runs are given of a constant."""
    return np.array([np.broadcast_to(parameters.get(id, MEDIANS[id]), SIZE) for id in elements(base)])


def trend(parameters) -> np.ndarray:
    """(programme, step, member): all that would have been begun without a plan, were there no pool and no loss: the
    first round of a scheme, then a pace that grows to its mature value."""
    since = TIMES[None, :, None] - value("baseline_start", parameters)[:, None]
    mature = np.clip(since / value("maturity_time", parameters)[:, None], 0, 1)
    first = ((since >= 0) & (since < MEDIANS["first_round"])) / MEDIANS["first_round"]
    pace = value("baseline_pace", parameters)[:, None] * mature
    pace = pace + value("qualified_at_start", parameters)[:, None] * first
    begun = np.cumsum(pace, axis=1) - pace  # up to the start of each step
    return value("initial_programme_stock", parameters)[:, None] + PROGRAM.time_step * begun


def at_years(values: np.ndarray) -> np.ndarray:
    return values[:, [np.flatnonzero(year == TIMES)[0] for year in YEARS]]


def test_without_a_plan_a_programme_grows_no_faster_than_its_trend():
    started = yearly(STARTED, Inputs(SIZE, PARAMETERS))
    expected = at_years(trend(PARAMETERS))
    assert (started <= expected * (1 + 1e-12)).all()
    grown = np.diff(started, axis=1) - np.diff(expected, axis=1)
    assert (grown <= 1e-9 * expected[:, 1:]).all()


def test_without_a_plan_pool_and_loss_a_programme_is_its_trend():
    free = PARAMETERS | {id: np.zeros(SIZE) for id in elements("programme_attrition")}
    free |= {id: np.full(SIZE, 1e20) for id in elements("programme_pool")}
    expected = at_years(trend(free))
    started = yearly(STARTED, Inputs(SIZE, free))
    np.testing.assert_allclose(started, expected, rtol=1e-9)


def test_a_goal_that_no_lever_follows_does_nothing():
    plain = yearly(STOCK, Inputs(SIZE, PARAMETERS))
    asked = yearly(STOCK, Inputs(SIZE, PARAMETERS, {goal: held(10.0, SIZE) for goal in GOALS}))
    assert np.array_equal(plain, asked)


def test_a_lever_without_a_goal_does_nothing():
    plain = yearly(STOCK, Inputs(SIZE, PARAMETERS))
    pushed = yearly(STOCK, Inputs(SIZE, PARAMETERS, {id: held(10.0, SIZE) for id in LEVERS if id not in GOALS}))
    assert np.array_equal(plain, pushed)


def test_no_programme_outgrows_its_pool():
    started = yearly(STARTED, Inputs(SIZE, PARAMETERS, shaken(SIZE, 10.0, seed=52)))
    pool = value("programme_pool")[:, None]
    assert (started <= pool + PROGRAM.time_step * value("capacity_share")[:, None] * pool).all()  # a step too late


@pytest.mark.parametrize("lever", DRIVES)
def test_a_fuller_delivery_never_leaves_fewer_at_the_end_of_a_plan(lever):
    """Of any programme that the lever drives, under the four plans in succession, the other levers as they are."""
    size, own = WORLDS * len(LEVELS), DRIVES[lever]
    plans = planned(size, {id: np.repeat(values[:WORLDS], len(LEVELS)) for id, values in PARAMETERS.items()})
    schedule = plans.driven[lever]
    scaled = Schedule(schedule.profiles, schedule.weights / 0.75 * np.tile(LEVELS, WORLDS))
    given = Inputs(size, plans.parameters, {**plans.driven, lever: scaled})
    stocks = simulate(PROGRAM, given, [Saving(tuple(own), *points(PROGRAM, ENDS))])[0]
    by_level = stocks.reshape(len(own), len(ENDS), WORLDS, len(LEVELS))
    assert (np.diff(by_level, axis=-1) >= -1e-12 * by_level[..., 1:]).all()
    assert (by_level[:, -1, :, -1] > by_level[:, -1, :, 0]).mean() > 0.5  # elsewhere the goal is met anyway
