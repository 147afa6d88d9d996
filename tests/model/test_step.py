"""Half the step, the same answers: rates in every year, stocks whenever one was reported or a target is due."""

from dataclasses import replace

import numpy as np
import pytest

from economy import LAYER, MEDIANS, PATH, PLANS, PROGRAM, SPREAD, YEARS
from huangpu.compiler import compile_model
from huangpu.files import shipped
from huangpu.measurement.metrics import ANNUAL
from huangpu.program import Program
from huangpu.results.questions import read_questions
from huangpu.runtime import inputs
from huangpu.runtime.drivers import straight
from huangpu.runtime.ensemble import Saving, annual_means, part_means, points, simulate, step_times
from huangpu.runtime.members import Members

TOLERANCE = 0.005
SIZE = 9  # neutral drivers, and eight paths of them
NEEDS = LAYER.requirements()
DT = PROGRAM.time_step
SPANS = ("cumulative", "every_year")  # statistics that every year from the first to the last counts in
# Rates that follow a lever as it ramps: to the step a ramp is a staircase, which counts in the mean of a year that has
# one. They are held to the tolerance in the years and sums that are reported or asked for, but for one year of a ramp.
FOLLOWING = (
    "energy_freed",
    "oxygen_demand_freed",
    "sulphur_freed",
    "land_freed_in_mu",
    "programme_starts[foundation_tasks]",
)
RAMPING = {("programme_starts[foundation_tasks]", 2023): 0.01}
# Stocks of programmes that had just begun, or that a plan was speeding up: Euler's method is late by about half a
# step, six days, in which they move by more than the tolerance.
YOUNG = {
    ("programme_stock[benchmark_factories]", 2023.0),
    ("programme_stock[national_sme_clusters]", 2023.0),
    ("programme_stock[industrial_fund]", 2024.5625),
    ("programme_stock[national_sme_clusters]", 2024.71875),
    ("programme_stock[star_firms]", 2025.0),
}


def asked_for() -> list[tuple[str, str, tuple[int, ...]]]:
    """(quantity, statistic, years) of every reported figure and of every reading of a target."""
    units = {name: quantity.unit for name, quantity in LAYER.metrics.quantities.items()}
    readings = [r for rs in read_questions(shipped("results"), units).readings.values() for r in rs]
    return [
        (name, r.statistic, tuple(range(r.first, r.last + 1)) if r.statistic in SPANS else (r.first, r.last))
        for r in readings
        for name in r.quantities
    ]


def stocks_asked_for() -> set[tuple[str, float]]:
    """(variable, time to a step) of every stock that a figure reports or, at the end of a year, a target asks for."""
    quantities = LAYER.metrics.quantities
    asked = [(name, year + 1.0) for name, _, years in asked_for() for year in years]
    asked += [(row.quantity, time) for row in LAYER.rows for _, time in row.terms]
    plain = [(quantities[name], time) for name, time in asked if not quantities[name].derived]
    return {(q.variable, round(time / DT) * DT) for q, time in plain if q.operator != ANNUAL}


def run(program: Program) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
    """Annual means, points, the same a coarse step later, means over parts of years: [variable, time, member]."""
    rng = np.random.default_rng(61)
    grid = step_times(program)
    paths = {id: sd / 2 * rng.standard_normal((len(YEARS) - 1, SIZE)) for id, sd in SPREAD.items()}
    drawn = {id: straight(grid, np.array(YEARS[1:], float), path * (np.arange(SIZE) > 0)) for id, path in paths.items()}
    parameters = {id: np.full(SIZE, value) for id, value in MEDIANS.items()}
    deliveries = {window.delivery: np.full(SIZE, 0.75) for window in PLANS.levers if isinstance(window.delivery, str)}
    given = inputs(program, replace(PLANS, end=program.final_time), Members(SIZE, parameters, deliveries), drawn)
    savings = [
        Saving(NEEDS.annual, *annual_means(program, YEARS[:-1])),
        Saving(NEEDS.points, *points(program, TIMES)),
        Saving(NEEDS.points, *points(program, TIMES + DT)),
        *(Saving(names, *part_means(program, years, months)) for months, (years, names) in NEEDS.parts.items()),
    ]
    annual, at, later, *parts = simulate(program, given, savings)
    return annual, at, later, parts


REPORTED = stocks_asked_for()
TIMES = np.array(sorted({time for _, time in REPORTED if time < PROGRAM.final_time}))


@pytest.fixture(scope="module")
def halved(tmp_path_factory):
    text = PATH.read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.strip() == f"{DT:g}"]
    path = tmp_path_factory.mktemp("half") / PATH.name
    path.write_text(text.replace(f"\n{line}\n", f"\n\t{DT / 2:g}\n"), encoding="utf-8")
    fine = compile_model(path)
    assert fine.time_step == DT / 2
    return run(PROGRAM), run(fine)


def moved(coarse: np.ndarray, fine: np.ndarray) -> np.ndarray:
    """Largest change of any member relative to the finer run, (variable, time); 0 where both are nothing."""
    return (np.abs(coarse - fine) / np.where(fine == 0, np.inf, np.abs(fine))).max(axis=-1) + (
        (fine == 0) & (coarse != 0)
    ).any(axis=-1)


def beyond(names, times, change: np.ndarray) -> dict[tuple[str, float], float]:
    return {(names[i], times[j]): change[i, j] for i, j in zip(*np.nonzero(change > TOLERANCE), strict=True)}


def test_every_years_rates_hold(halved):
    coarse, fine = (run[0] for run in halved)
    found = beyond(NEEDS.annual, YEARS, moved(coarse, fine))
    assert {at for at in found if at[0] not in FOLLOWING} == set()


def test_rates_that_follow_a_lever_hold_where_they_are_reported_or_asked_for(halved):
    coarse, fine = (run[0] for run in halved)
    change = beyond(NEEDS.annual, YEARS, moved(coarse, fine))
    quantities = LAYER.metrics.quantities
    variable = {name: q.variable for name, q in quantities.items() if not q.derived and q.variable in FOLLOWING}
    rows = [(row.quantity, "level", (int(year),)) for row in LAYER.rows for _, year in row.terms]
    wanted = [entry for entry in (*asked_for(), *rows) if entry[0] in variable]
    assert {variable[name] for name, _, _ in wanted} == set(FOLLOWING)
    for name, statistic, years in wanted:
        if statistic == "cumulative":
            i, columns = NEEDS.annual.index(variable[name]), [YEARS.index(year) for year in years]
            np.testing.assert_allclose(
                *(v[i, columns].sum(axis=0) for v in (coarse, fine)), rtol=TOLERANCE, err_msg=name
            )
        else:
            over = {(variable[name], year): change.get((variable[name], year), 0.0) for year in years}
            assert {at: much for at, much in over.items() if much > RAMPING.get(at, TOLERANCE)} == {}


def test_parts_of_years_hold(halved):
    for (years, names), coarse, fine in zip(NEEDS.parts.values(), *(run[3] for run in halved), strict=True):
        assert beyond(names, years, moved(coarse, fine)) == {}


def test_stocks_hold_when_they_were_reported_or_a_target_is_due(halved):
    (_, coarse, _, _), (_, fine, later, _) = halved
    found = {at for at in beyond(NEEDS.points, TIMES.tolist(), moved(coarse, fine)) if at in REPORTED}
    assert found <= YOUNG
    for name, time in YOUNG:
        i, j = NEEDS.points.index(name), TIMES.tolist().index(time)
        assert (np.abs(coarse[i, j] - fine[i, j]) <= 0.5 * np.abs(later[i, j] - fine[i, j])).all(), (name, time)
