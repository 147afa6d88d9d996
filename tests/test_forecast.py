"""Members' drivers, from what a run with neutral ones misses to the run with them in it, on a small model."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from tests import modelfile

from huangpu import forecast, measurement
from huangpu.compiler import compile_model
from huangpu.measurement import DataError, load_layer, residuals
from huangpu.measurement.drivers import middles
from huangpu.measurement.observations import COLUMNS
from huangpu.response import responses, schedules
from huangpu.runtime.members import Members, MembersError
from huangpu.runtime.scenario import check, load_scenario

VIEW = """V300  Do not put anything below this section - it will be ignored
*{view}
$192-192-192,0,Times New Roman|12||0-0-0|0-0-0|0-0-255|-1--1--1|-1--1--1|96,96,100,0
10,1,{name},140,80,60,19,8,3,0,0,0,0,0,0
"""
END = "///---\\\\\\\n"
MODEL = """
Volume = INTEG(Volume*(Growth+Push), Initial Volume) ~ yuan ~ Made when nothing disturbs. |
Initial Volume = 100 ~ yuan ~ At the start. |
Growth = 0.05 ~ 1/year ~ Own growth. |
Push = 0 ~ 1/year ~ A lever. |
Cycle = 0 ~ dmnl ~ A driver, neutral at 0. |
Sales = Volume*EXP(Cycle) ~ yuan ~ What is sold. |
Stores = INTEG(Sales-Stores*Use, Volume) ~ yuan ~ What the past has left. |
Use = 1 ~ 1/year ~ Part that goes in a year. |
"""
METRICS = """
drivers:
  cycle: {process: ar1, phi: 0.5, sigma: sigma.cycle, reason: ups and downs}
processes:
  sales: {reason: drift}
quantities:
  sales: {label: Sales, variable: sales, operator: at_date, transform: log, unit: yuan, discrepancy: {sales: 1}}
  stores: {label: Stores, variable: stores, operator: at_date, transform: log, unit: yuan}
series:
  - {quantity: sales, metric: sales, scope: all, kind: level, form: level}
  - {quantity: stores, metric: stores, scope: all, kind: level, form: level}
"""
SCENARIO = """
name: plain
model: model.mdl
posterior: none
members: 64
seed: 5
horizon: {end: 2020}
save: {variables: [cycle, sales, volume]}
"""
SIZE = 64
DATES = ["2011-07-02", "2012-12-31", "2014-07-02"]


@pytest.fixture
def folder(tmp_path):
    divider = "\\\\\\---/// Sketch information - do not modify anything except names\n"
    views = divider.join(VIEW.format(view=v, name=n) for v, n in (("Drivers", "Cycle"), ("Levers", "Push")))
    modelfile.write(tmp_path, MODEL, start=2010, end=2030, dt=0.125, sketch=views + END)
    (tmp_path / "metrics.yaml").write_text(METRICS, encoding="utf-8")
    rows(tmp_path, [("sales", DATES[0], 115.0, 1.0), ("sales", DATES[2], 112.0, 1.0)])
    return tmp_path


def rows(folder, given):
    blank = dict.fromkeys(COLUMNS, "") | {
        "scope": "all", "kind": "level", "unit": "yuan", "bound": "=", "period": "as_of",
        "verification": "quoted", "preferred": "1", "use": "calibrate", "published": "2020-01-01", "source_id": "s",
    }  # fmt: skip
    with (folder / "observations.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        for i, (metric, date, value, se) in enumerate(given):
            cells = {"row_id": f"o{i}", "metric": metric, "year": date[:4], "date": date, "value": value, "se_abs": se}
            table.writerow(blank | cells)


def job(folder, scenario="", *, size=SIZE, cycle=0.05, sales=0.01, history=None):
    """What `prepare` would make of these files, with members that differ in their growth."""
    (folder / "plain.yaml").write_text(SCENARIO + scenario, encoding="utf-8")
    program = compile_model(folder / "model.mdl")
    layer = load_layer(folder / "metrics.yaml", folder / "observations.csv", start=program.initial_time)
    columns = {"sigma.cycle": np.full(size, cycle), "sigma.sales": np.full(size, sales)}
    growth = 0.05 + 0.01 * np.random.default_rng(1).standard_normal(SIZE)[:size]
    members = Members(size, {"growth": growth}, columns, attrs={"centre": '{"growth": 0.05}'})
    found = replace(check(load_scenario(folder / "plain.yaml"), program), posterior="a file")
    past = None if history is None else replace(found, levers=(), drivers=(), parameters={}, end=2015.0)
    return forecast.Job(found, program, members, layer, None, past, ())


def sales_of(simulation):
    return simulation.run.variables["sales"].values


def hat(at, corner):
    """A path that is 1 at the middle of a year, straight to 0 half a year or a year away, and held after the last."""
    return np.interp(at, [2010.0, *np.arange(2010.5, 2016)], (np.array([0, *np.arange(2010.5, 2016)]) == corner) * 1.0)


def test_a_figure_answers_to_a_driver_as_the_model_says(folder):
    rows(folder, [("sales", date, 100.0, 1.0) for date in DATES] + [("stores", DATES[2], 100.0, 1.0)])
    made = job(folder)
    found = responses(made.program, made.scenario, made.layer, {"growth": 0.05})
    assert found.years.tolist() == [*range(2010, 2016)]
    dates = np.array([row.terms[0][1] for row in made.layer.rows])
    expected = np.array([[hat(d, c) for c in middles(found.years)] for d in dates[:3]])
    assert found.of["cycle"][:3] == pytest.approx(expected, abs=3e-3)  # read off between points a quarter apart
    stores = found.of["cycle"][3]
    assert 0 < stores[0] < stores[1] < stores[2] < stores[3]  # what is in store remembers, and forgets


def test_members_meet_the_past_by_their_drivers(folder):
    """With a small walk the driven run itself, before any discrepancy, is where the figures are."""
    neutral, driven = (forecast.simulate(job(folder, s, sales=1e-4)) for s in ("shocks: none\n", ""))
    layer = job(folder).layer
    missed, left = (residuals(layer, s.simulated) for s in (neutral, driven))
    assert np.abs(missed[1]).mean() > 0.08
    assert np.abs(left).max() < 4 * max(row.se for row in layer.rows) + 0.005


def test_paths_run_through_the_model_and_add_to_the_scenarios_own(folder):
    own = "drivers: {cycle: [{start: 2016, hold: -0.2}]}\n"
    plain, both = (forecast.simulate(job(folder, s, history=True)) for s in ("", own))
    cycle = plain.run.variables["cycle"].values
    times = plain.run.coords["time"].values
    corners, paths = plain.paths.corners, plain.paths.of["cycle"]
    expected = np.array([np.interp(times, [2010.0, *corners], [0.0, *path]) for path in paths.T]).T
    assert cycle == pytest.approx(expected, abs=1e-12)
    assert np.array_equal(both.paths.of["cycle"], paths)
    assert both.run.variables["cycle"].values - cycle == pytest.approx(
        np.broadcast_to(np.where(times >= 2016, -0.2, 0.0)[:, None], cycle.shape), abs=1e-12
    )


def test_scenarios_are_compared_under_the_same_paths(folder):
    plain = forecast.simulate(job(folder))
    pushed = forecast.simulate(job(folder, "levers: {push: [{start: 2013, hold: 0.1}]}\n", history=True))
    assert np.array_equal(pushed.paths.of["cycle"], plain.paths.of["cycle"])
    for name in ("sales", "stores"):
        assert np.array_equal(pushed.past.points[name], plain.simulated.points[name][: len(pushed.past.times)])
    years = np.maximum(plain.run.coords["time"].values - 2013, 0)
    assert np.log(sales_of(pushed) / sales_of(plain)) == pytest.approx(
        np.broadcast_to(0.1 * years[:, None], (len(years), SIZE)), rel=0.02
    )


@pytest.mark.parametrize(("scenario", "cycle"), [("", 0.0), ("shocks: none\n", 0.05)])
def test_drivers_without_size_or_that_are_not_drawn_stay_neutral(folder, scenario, cycle):
    found = forecast.simulate(job(folder, scenario, cycle=cycle))
    never = replace(job(folder), layer=load_layer(undriven(folder), folder / "observations.csv", start=2010.0))
    expected = forecast.simulate(never)
    assert found.paths is None
    assert np.array_equal(sales_of(found), sales_of(expected))
    given = {"sigma.sales": np.full(SIZE, 0.01)}
    with_and_without = [
        measurement.predict(made.layer, simulation.simulated, given, 5).values["sales"]
        for made, simulation in ((job(folder), found), (never, expected))
    ]
    assert np.array_equal(*with_and_without)


def undriven(folder):
    path = folder / "without.yaml"
    path.write_text(METRICS[METRICS.index("processes:") :], encoding="utf-8")
    return path


def test_the_future_spreads_as_the_process_says(folder):
    found = forecast.simulate(job(folder, cycle=0.02, size=SIZE)).paths
    spread = found.of["cycle"].std(axis=1)
    assert spread[1] < 0.6 * spread[-1]  # 2011 is known to about a hundredth
    assert spread[-1] == pytest.approx(0.02 / np.sqrt(1 - 0.25), rel=0.3)


def test_the_same_bits_for_any_threads_and_the_same_members_in_any_number(folder):
    one, two = (forecast.simulate(job(folder), threads=n) for n in (1, 2))
    assert np.array_equal(sales_of(one), sales_of(two))
    few = forecast.simulate(job(folder, size=20))
    assert np.allclose(sales_of(few), sales_of(one)[:, :20], rtol=1e-11, atol=0)


def test_a_constant_that_rests_elsewhere_keeps_what_it_had(folder):
    plain, raised = (forecast.simulate(job(folder, s, history=True)) for s in ("", "parameters: {cycle: 0.3}\n"))
    assert raised.run.variables["cycle"].values - plain.run.variables["cycle"].values == pytest.approx(0.3, abs=1e-12)


def test_a_path_that_is_0_drives_nothing(folder):
    made = job(folder)
    corners = np.array([2010.5, 2011.5])
    assert schedules(made.program, corners, {"cycle": np.zeros((2, SIZE))}, 2020.0) == {}


def test_what_drivers_need_is_asked_for_by_name(folder):
    made = job(folder)
    (folder / "metrics.yaml").write_text(METRICS.replace("  cycle: {process", "  cycel: {process"), encoding="utf-8")
    with pytest.raises(DataError, match=r"drivers\.cycel: the model has no such lever or driver; did you mean 'cycle'"):
        responses(made.program, made.scenario, job(folder).layer, {})
    for centre in ("{", '{"growth": "much"}', '{"growth": NaN}', "[" * 10_000):
        broken = replace(made, members=replace(made.members, attrs={"centre": centre}))
        with pytest.raises(MembersError, match="attribute 'centre'"):
            forecast.simulate(broken)
    with pytest.raises(DataError, match="row o0: the model's figure is not finite"):
        responses(made.program, made.scenario, made.layer, {"initial_volume": -1.0})
