"""What must hold of the shipped model whatever its parameters: reality checks, conservation, convergence."""

import numpy as np
import pytest

from huangpu.compiler import compile_model
from huangpu.files import shipped
from huangpu.forecast import prepare
from huangpu.measurement import load_layer
from huangpu.runtime import inputs
from huangpu.runtime.ensemble import Inputs, Saving, annual_means, points, simulate, step_times

PATH = shipped("models/shanghai_industry.mdl")
PROGRAM = compile_model(PATH)
IDS = tuple(entry.id for entry in PROGRAM.rows)
CONSTANTS = tuple(PROGRAM.rows[row].id for row, _ in PROGRAM.constants)
LEVERS = tuple(PROGRAM.rows[row].id for row in PROGRAM.driven if "driver" not in PROGRAM.rows[row].id)


def elements(base):
    return tuple(id for id in IDS if id == base or id.startswith(base + "["))


def run(names, parameters=None, *, size=1, program=PROGRAM, driven=None):
    """(name, year, member): values at the start of each year, 2010 to 2035."""
    saving = Saving(tuple(names), *points(program, range(2010, 2036)))
    return simulate(program, Inputs(size, parameters or {}, driven or {}), [saving])[0]


def test_every_variable_has_a_unit_and_a_reason():
    bare = [entry.id for entry in PROGRAM.rows if not entry.hidden and not (entry.units and entry.doc)]
    assert bare == []


def test_finite_and_no_stock_below_zero_with_any_parameter_ten_times_larger_or_smaller():
    defaults = {PROGRAM.rows[row].id: value for row, value in PROGRAM.constants}
    calendar = {"producer_price_break", "first_deadline", "second_plan_start", "second_deadline", "third_deadline"}
    varied = [
        id
        for id, value in defaults.items()
        if value and id not in calendar | {"slowdown_start"} and not id.startswith("baseline_start")
    ]
    size = 2 * len(varied)
    parameters = {}
    for k, id in enumerate(varied):
        values = np.full(size, defaults[id])
        values[2 * k] *= 10
        values[2 * k + 1] /= 10
        parameters[id] = values
    stocks = tuple(entry.id for entry in PROGRAM.rows if entry.kind == "stock")
    free = {id for id in stocks if id.startswith(("expected_growth", "leading_log_scale"))}  # may be negative
    values = run(stocks, parameters, size=size)
    where = [varied[k // 2] for k in np.unique(np.nonzero(~np.isfinite(values))[2])]
    assert where == []
    lowest = values.min(axis=1)
    below = {
        (stocks[i], varied[k // 2]) for i, k in zip(*np.nonzero(lowest < -1e-9), strict=True) if stocks[i] not in free
    }
    # depletion faster than a step of Euler's method can follow: a delay ten times shorter than the shortest one
    fast = {"programme_time[industrial_fund]", "planned_horizon[industrial_fund]", "deferral_time", "construction_time"}
    assert {pair for pair in below if pair[1] not in fast} == set()


def test_capital_is_conserved():
    names = ("capital", "completion", "depreciation", "scrapping")
    ids = [id for name in names for id in elements(name)]
    levers = dict.fromkeys(LEVERS, np.ones((len(step_times(PROGRAM)), 1)))
    years = range(2010, 2035)
    flows = simulate(PROGRAM, Inputs(1, {}, levers), [Saving(tuple(ids), *annual_means(PROGRAM, years))])[0]
    stock = run(elements("capital"), driven=levers)
    n = len(elements("capital"))
    completion, depreciation, scrapping = flows[n : 2 * n], flows[2 * n : 3 * n], flows[3 * n :]
    assert np.diff(stock, axis=1) == pytest.approx(completion - depreciation - scrapping, rel=1e-9, abs=1e-7)


def test_no_demand_no_output_in_the_end():
    gone = np.full((len(step_times(PROGRAM)), 1), -50.0)
    output = run(elements("output"), driven={"demand_driver": gone})
    assert output[:, -1].max() < 1e-12


def test_dearer_robots_are_bought_less():
    price = np.array([40.0, 80.0])
    installed = run(elements("robot_installations"), {"robot_system_price_2010": price}, size=2)
    assert (installed[:, 5:16, 1] < installed[:, 5:16, 0]).all()


def test_more_investment_never_means_less_capital():
    driver = np.zeros((len(step_times(PROGRAM)), 2))
    driver[:, 1] = 0.2
    capital = run(elements("capital"), size=2, driven={"investment_driver": driver})
    assert (capital[:, 1:, 1] >= capital[:, 1:, 0]).all()


@pytest.mark.parametrize("lever", LEVERS)
def test_every_lever_moves_something(lever):
    """Among all the others at full strength: goals and programmes need each other."""
    driven = {other: np.ones((len(step_times(PROGRAM)), 2)) for other in LEVERS}
    driven[lever][:, 1] = 0.0
    if lever in ("goals_to_2020", "goals_to_2025"):  # a later plan asks for more
        driven["goals_to_2027"][:] = 0.0
    if lever == "goals_to_2020":
        driven["goals_to_2025"][:] = 0.0
    values = run(IDS, size=2, driven=driven)
    changed = {IDS[i].split("[")[0] for i in np.nonzero((values[..., 0] != values[..., 1]).any(axis=1))[0]}
    assert len(changed - {lever}) > 3


def test_key_industries_have_no_more_robots_than_all_industry():
    (key,), others = run(("robots[key_industries]",)), run(("robots[other_industries]",))
    density = run(("above_scale_robot_density", "robot_density[key_industries]"))
    assert (others >= 0).all() and (key > 0).all()
    assert (density[0] < density[1]).all()


def test_shares_stay_between_nothing_and_all():
    shares = run(("emerging_share", *elements("utilisation")))
    assert (shares[0] > 0).all() and (shares[0] < 1).all()
    assert (shares[1:] >= 0).all() and (shares[1:] <= 1.08).all()


def test_without_a_plan_a_programme_grows_no_faster_than_its_trend():
    stock, *_ = run(("programme_stock[smart_factories]",))
    pace = next(value for row, value in PROGRAM.constants if PROGRAM.rows[row].id == "baseline_pace[smart_factories]")
    assert np.diff(stock[:, 0]).max() <= pace


def test_halving_the_step_moves_no_reported_quantity_by_half_a_percent(tmp_path):
    """Rates in every year; stocks when targets are due: young programmes begin at nothing."""
    text = PATH.read_text(encoding="utf-8")
    assert text.count("\t0.03125\n") == 1
    half = tmp_path / PATH.name
    half.write_text(text.replace("\t0.03125\n", "\t0.015625\n"), encoding="utf-8")
    layer = load_layer(shipped("calibration/metrics.yaml"), shipped("calibration/observations.csv"), start=2010.0)
    annual, at, _ = layer.requirements()
    job = prepare(shipped("scenarios/all_plans.yaml"), members=8)
    found = []
    for program in (PROGRAM, compile_model(half)):
        given = inputs(program, job.scenario, job.members)
        years = Saving(annual, *annual_means(program, range(2011, 2028), final_time=2030.0))
        ends = Saving(at, *points(program, (2027, 2028), final_time=2030.0))
        found.append(simulate(program, given, [years, ends], final_time=2030.0))
    for coarse, fine in zip(*found, strict=True):
        assert coarse == pytest.approx(fine, rel=0.005)
