"""Nothing is made from nothing and nothing is lost: every stock moves by its flows, and wholes are their parts."""

import numpy as np
import pytest

from economy import (
    OWN,
    PATH,
    PROGRAM,
    STOCKS,
    TIMES,
    YEARS,
    draws,
    elements,
    every_step,
    every_year,
    held,
    shaken,
    yearly,
)
from huangpu.compiler import ordered_model
from huangpu.ir import Call, Expr, Name
from huangpu.runtime.ensemble import Inputs, Saving, annual_means, simulate

SIZE = 6
# What fills and what drains everything that can be counted or owned, as an economist would say it.
LEDGER = {
    "capital_under_construction": ({"planned_investment"}, {"completion"}),
    "capital": ({"completion"}, {"depreciation", "scrapping"}),
    "deferred_demand": ({"deferring"}, {"catching_up"}),
    "industrial_land": ({"land_supply"}, {"land_conversion"}),
    "employment": ({"net_hiring"}, set()),
    "robots": ({"robot_installations"}, {"robot_retirement"}),
    "cumulative_robots": ({"all_robot_installations"}, set()),
    "research_in_progress": ({"research"}, {"research_completion"}),
    "knowledge": ({"knowledge_gain"}, {"knowledge_loss"}),
    "programme_pipeline": ({"programme_starts"}, {"programme_completion"}),
    "programme_stock": ({"programme_completion"}, {"programme_loss"}),
}


def flows(equation: Expr, sign: int = 1) -> list[tuple[int, str]]:
    """(sign, id) of the variables that a net flow adds up; an error of the model where it does anything else."""
    match equation:
        case Name(id):
            return [(sign, id)]
        case Call("neg", (one,)):
            return flows(one, -sign)
        case Call("add" | "sub" as op, (first, second)):
            return flows(first, sign) + flows(second, sign if op == "add" else -sign)
    raise AssertionError(f"a flow without a name: {equation}")


@pytest.fixture(scope="module")
def written() -> dict[str, list[tuple[int, str]]]:
    """id of a stock -> its flows, as the model file writes them."""
    return {v.id: flows(v.equation) for v in ordered_model(PATH).model.variables if v.kind == "stock"}


def test_every_stock_is_moved_by_named_flows_alone_and_by_exactly_what_they_carry(written):
    """Each step, under random parameters, levers and drivers; to the rounding of the stock itself."""
    assert set(written) == set(STOCKS)
    names = list(dict.fromkeys([*written, *(id for parts in written.values() for _, id in parts)]))
    given = Inputs(SIZE, draws(SIZE, seed=1), shaken(SIZE, 1.0, seed=1))
    values = dict(zip(names, simulate(PROGRAM, given, [every_step(names)])[0], strict=True))
    for id, parts in written.items():
        net = sum(sign * values[flow][:-1] for sign, flow in parts)
        expected = values[id][:-1] + PROGRAM.time_step * net
        np.testing.assert_allclose(values[id][1:], expected, rtol=4e-16, atol=1e-300, err_msg=id)


@pytest.mark.parametrize("stock", LEDGER)
def test_what_fills_and_drains_a_thing_is_what_the_ledger_says(stock, written):
    found = {(sign, id.split("[")[0]) for id in elements(stock) for sign, id in written[id]}
    fills, drains = LEDGER[stock]
    assert found == {(1, id) for id in fills} | {(-1, id) for id in drains}


@pytest.mark.parametrize("stock", LEDGER)
def test_the_books_balance_over_the_whole_run(stock):
    """Stock at the end less stock at the start is all that came less all that went; saved apart, as yearly totals."""
    fills, drains = LEDGER[stock]
    given = Inputs(SIZE, draws(SIZE, seed=2), shaken(SIZE, 1.0, seed=2))
    own, years = elements(stock), annual_means(PROGRAM, YEARS[:-1])
    savings = [Saving(elements(name), *years) for name in (*fills, *drains)]
    stocks, *totals = simulate(PROGRAM, given, [every_year(own), *savings])
    came = sum((total.sum(axis=1) for total in totals[: len(fills)]), np.zeros((len(own), SIZE)))
    went = sum((total.sum(axis=1) for total in totals[len(fills) :]), np.zeros((len(own), SIZE)))
    scale = np.abs(stocks).max() + came.max() + went.max()
    np.testing.assert_allclose(stocks[:, -1] - stocks[:, 0], came - went, rtol=1e-9, atol=1e-12 * scale)


def test_without_investment_capital_is_only_what_was_begun_before_and_wears_out():
    given = Inputs(SIZE, draws(SIZE, seed=3), {"investment_driver": held(-800.0, SIZE)})
    capital, projects = np.split(yearly(elements("capital", "capital_under_construction"), given), 2)
    assert (np.diff(projects, axis=1) < 0).all()
    assert (np.diff(capital + projects, axis=1) < 0).all()
    assert (capital[:, -1] < 0.5 * capital[:, 0]).all()


def test_without_imitation_robots_only_wear_out():
    given = Inputs(SIZE, draws(SIZE, seed=4) | {"diffusion_rate": np.zeros(SIZE)}, shaken(SIZE, 1.0, seed=4))
    robots = yearly(elements("robots"), given)
    assert (np.diff(robots, axis=1) <= 1e-12 * robots[:, :-1]).all()  # a retired robot is replaced at most


def test_a_programme_that_nobody_begins_has_nothing():
    closed = {id: np.zeros(SIZE) for id in elements("baseline_pace", "qualified_at_start", "programme_effort")}
    closed |= {id: np.full(SIZE, OWN[id]) for id in elements("initial_programme_stock")}
    given = Inputs(SIZE, draws(SIZE, seed=5) | closed, shaken(SIZE, 1.0, seed=5))
    pipeline, stock = np.split(yearly(elements("programme_pipeline", "programme_stock"), given), 2)
    assert (pipeline == 0).all()
    rate = np.array([OWN[id] for id in elements("programme_attrition")])[:, None]
    left = stock[:, 0] * (1 - PROGRAM.time_step * rate) ** (len(TIMES) - 1)
    np.testing.assert_allclose(stock[:, -1], left, rtol=1e-9)


def test_workers_are_let_go_and_nobody_is_hired_when_nothing_is_made():
    given = Inputs(SIZE, draws(SIZE, seed=6), {"demand_driver": held(-800.0, SIZE)})
    workers = yearly(elements("employment"), given)
    assert (np.diff(workers, axis=1) < 0).all() and (workers > 0).all()


WHOLES = {
    "above_scale_output": ("output",),
    "total_employment": ("scope_employment",),
    "investment_real": ("planned_investment",),
    "all_robot_installations": ("robot_installations",),
    "industrial_energy": ("energy_use",),
    "emerging_output": ("emerging_output_by_industry",),
    "three_leading_scale": ("leading_scale",),
    "total_investment": ("industrial_investment", "other_investment"),
    "secondary_value_added": ("industrial_value_added", "construction_value_added"),
    "gdp_real": ("industrial_value_added", "construction_value_added", "services_value_added"),
    "gdp_nominal": ("secondary_value_added_nominal", "services_value_added_nominal"),
    "energy_freed": ("freed_energy",),
    "programme_started": ("programme_stock", "programme_pipeline"),
}


@pytest.mark.parametrize("whole", WHOLES)
def test_a_whole_is_the_sum_of_its_parts(whole):
    given = Inputs(SIZE, draws(SIZE, seed=7), shaken(SIZE, 1.0, seed=7))
    parts = yearly(elements(*WHOLES[whole]), given).sum(axis=0)
    np.testing.assert_allclose(yearly(elements(whole), given).sum(axis=0), parts, rtol=1e-12)
