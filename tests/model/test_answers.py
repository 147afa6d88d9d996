"""Does the economy answer as it should: reality checks that must hold for every draw from the priors."""

import numpy as np
import pytest

from economy import LEVERS, OWN, PROGRAM, YEARS, draws, elements, every_year, held, planned, yearly
from huangpu.runtime.ensemble import Inputs, simulate

SIZE = 100
PARAMETERS = draws(SIZE, seed=31)
ALL = {lever: held(1.0, SIZE) for lever in LEVERS}


def pair(names, changed, world=None):
    """(name, year, member) without and with what is changed, in the same world."""
    absent = {id: held(0.0, SIZE) for id in changed}
    return (yearly(names, Inputs(SIZE, PARAMETERS, (world or {}) | driven)) for driven in (absent, changed))


@pytest.mark.parametrize("world", [{}, ALL], ids=["no-policy", "all-levers"])
@pytest.mark.parametrize("size", [0.01, 0.1, 0.5])
def test_more_investment_never_lowers_the_capital_of_any_industry(size, world):
    before, after = pair(elements("capital"), {"investment_driver": held(size, SIZE)}, world)
    assert (after[:, 1:] >= before[:, 1:]).all()
    assert (after[:, -1].sum(axis=0) > before[:, -1].sum(axis=0)).all()


def test_more_investment_from_a_year_on_leaves_what_was_before_as_it_was():
    before, after = pair(elements("capital"), {"investment_driver": held(0.2, SIZE, since=2020)})
    assert (after[:, :11] == before[:, :11]).all()
    # an industry may lose a millionth to others in the first year: they compete for finance and workers
    assert (after[:, 11:] >= before[:, 11:] * (1 - 1e-5)).all()
    assert (after[:, 12:].sum(axis=0) > before[:, 12:].sum(axis=0)).all()


FOR_INVESTMENT = (
    "investment_support",
    "technological_renovation",
    "industrial_finance",
    "cost_reduction",
    "land_and_space",
)


@pytest.mark.parametrize("world", [{}, ALL], ids=["no-policy", "all-levers"])
@pytest.mark.parametrize("lever", FOR_INVESTMENT)
def test_support_of_investment_never_lowers_capital(lever, world):
    """All of it; a single industry may find less space where another takes it first."""
    before, after = (values.sum(axis=0) for values in pair(elements("capital"), {lever: held(1.0, SIZE)}, world))
    assert (after[1:] >= before[1:]).all() and (after[-1] > before[-1]).mean() > 0.5


@pytest.mark.parametrize("since", [2010, 2024])
def test_no_demand_no_output_in_the_end(since):
    names = elements("output", "planned_investment", "energy_use", "deferred_demand", "value_added")
    values = yearly(names, Inputs(SIZE, PARAMETERS, {"demand_driver": held(-800.0, SIZE, since=since)}))
    start = values[:, since - YEARS[0]].clip(min=1.0)
    assert (values[:, -1] < 1e-6 * start).all()


def test_no_demand_ends_industry_and_not_the_rest_of_the_economy():
    gone = {"demand_driver": held(-800.0, SIZE, since=2024)}
    industry, services, gdp = yearly(
        elements("industrial_value_added", "services_value_added", "gdp_real"), Inputs(SIZE, PARAMETERS, gone)
    )
    assert (industry[-1] < 1e-6 * industry[14]).all()
    assert (services[-1] > 0).all() and (gdp[-1] < gdp[14]).all()


def test_without_exports_demand_falls_by_their_share_at_once_and_stays_lower():
    names = elements("demand")
    share = np.array([OWN[id] for id in elements("export_share")])[:, None]
    before, after = pair(names, {"export_driver": held(-800.0, SIZE)})
    np.testing.assert_allclose(after[:, 0], (1 - share) * before[:, 0], rtol=1e-12)
    assert (after < before).all()


@pytest.mark.parametrize("world", [{}, ALL], ids=["no-policy", "all-levers"])
def test_robots_twice_as_dear_are_bought_less(world):
    """Fewer have been bought by any year, and fewer stand in both populations. In the years near saturation a year's
    purchases may be higher, as what was not bought before is made up."""
    names = elements("cumulative_robots", "robots", "all_robot_installations")
    price = np.repeat(40.0, SIZE)
    cheap, dear = (
        yearly(names, Inputs(SIZE, PARAMETERS | {"robot_system_price_2010": factor * price}, world))
        for factor in (1, 2)
    )
    assert (dear[:3, 1:] < cheap[:3, 1:]).all()
    bought = {year: (dear[3, year - YEARS[0]] < cheap[3, year - YEARS[0]]).mean() for year in (2010, 2015, 2020)}
    assert bought[2010] == bought[2015] == 1.0 and bought[2020] > 0.9


def test_a_subsidy_of_robots_answers_against_their_price():
    before, after = pair(elements("payback", "robots"), {"robot_subsidy": held(1.0, SIZE)}, ALL)
    assert (after[0] < before[0]).all() and (after[1:, 1:] > before[1:, 1:]).all()


def test_dearer_labour_brings_robots():
    names = elements("robot_density")
    slow, fast = (
        yearly(names, Inputs(SIZE, PARAMETERS | {"wage_growth": np.repeat(growth, SIZE)})) for growth in (0.05, 0.09)
    )
    assert (fast[:, 2:] > slow[:, 2:]).all()


def test_higher_prices_change_what_is_in_current_prices_and_little_else():
    """Only labour's share of cost ties volumes to prices."""
    names = elements("above_scale_output_nominal", "above_scale_output", "services_value_added")
    before, after = pair(names, {"price_driver": held(0.02, SIZE)})
    ratio = after[:, -1] / before[:, -1]
    assert (ratio[0] > 1.4).all() and (np.abs(ratio[1] - 1) < 0.1).all() and (np.abs(ratio[2] - 1) < 0.02).all()


def test_a_shock_of_demand_is_felt_at_once_and_partly_made_up():
    """The quarter of 2022 against the same model without it."""
    names = ("above_scale_output", "employment[electronics]")
    calm = PARAMETERS | {"shock_2022_depth": np.zeros(SIZE)}
    (hit,), (spared,) = (
        simulate(PROGRAM, planned(SIZE, parameters), [every_year(names)]) for parameters in (PARAMETERS, calm)
    )
    assert (hit[:, :13] == spared[:, :13]).all()
    assert (hit[1, 13] < spared[1, 13]).all()
    assert (np.abs(hit[0, -1] / spared[0, -1] - 1) < 0.02).all()


def test_drivers_add_to_plans():
    """A driver on top of a plan acts as alone: no lever switches it off."""
    plans = planned(SIZE, PARAMETERS)
    moved = dict(plans.driven) | {"demand_driver": held(0.1, SIZE)}
    before, after = (
        yearly(("above_scale_output",), Inputs(SIZE, plans.parameters, driven)) for driven in (plans.driven, moved)
    )
    assert (after[:, 1:] > before[:, 1:]).all()
