"""What brings the spread: on a model that is linear in logs, where the parts are known and add up."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console
from tests.test_forecast import folder, job  # noqa: F401

from huangpu import forecast
from huangpu.results import Questions, Reading, Target
from huangpu.results.probability import Threshold
from huangpu.runtime.members import Members
from huangpu.runtime.scenario import ScenarioError
from huangpu.variance import SOURCES, print_shares, shares, without, write_shares

MANY = 2000
LEVERS = "levers: {push: [{start: 2016, hold: 0.05, delivery: delivery_push}]}\n"


@pytest.fixture
def made(folder):  # noqa: F811
    """Growth, the delivery of a push from 2016 on, a cycle and a walk; the target is the sales of 2018's end."""
    found = job(folder, LEVERS, history=True)
    random = np.random.default_rng(2)
    growth, delivery = 0.05 + 0.01 * random.standard_normal(MANY), random.random(MANY)
    columns = {"sigma.cycle": np.full(MANY, 0.03), "sigma.sales": np.full(MANY, 0.02), "delivery_push": delivery}
    members = Members(MANY, {"growth": growth}, columns, attrs=found.members.attrs)
    target = Target("t", "plan", "sales", "all", "Sales", ">=", 150.0, None, "yuan", 2018, None, "2018", "output", "x")
    reading = Reading("t", "level", "sales", "level", 2018, 2018, Threshold(150.0))
    scenario = replace(found.scenario, members=MANY)
    return replace(found, scenario=scenario, members=members, questions=Questions((target,), {"t": (reading,)}, {}))


def test_parts_add_up_where_sources_do(made):
    found = {row.source: row for row in shares(made)}
    assert list(found) == list(SOURCES)
    alone, lost = (np.array([getattr(row, part) for row in found.values()]) for part in ("alone", "lost"))
    assert alone.sum() == pytest.approx(1, abs=0.1)
    assert lost.sum() == pytest.approx(1, abs=0.15)
    assert lost == pytest.approx(alone, abs=0.08)
    assert found["definitions"].alone == pytest.approx(0, abs=1e-12)
    assert min(found[s].alone for s in ("parameters", "delivery", "shocks", "discrepancy")) > 0.05
    pushed = (3 * 0.05) ** 2 * np.var(made.members.columns["delivery_push"])
    assert found["delivery"].alone * found["delivery"].sd ** 2 == pytest.approx(pushed, rel=0.02)


def test_with_nothing_off_it_is_the_forecast_itself_and_with_all_off_members_are_one(made):
    plain, same, still = (sales(each) for each in (made, without(made, ()), without(made, SOURCES)))
    assert np.array_equal(plain, same)
    assert np.ptp(still, axis=1).max() < 1e-9 * still.max()


def sales(job):
    return forecast.score(job, forecast.simulate(job)).predictions.values["sales"]


def test_a_row_says_what_the_probability_becomes(made):
    rows = shares(made)
    numbers = sales(without(made, {"shocks"}))[8]
    row = next(row for row in rows if row.source == "shocks")
    assert row.probability_without == np.mean(numbers >= 150)
    assert row.probability == np.mean(sales(made)[8] >= 150)
    assert row.lost == pytest.approx(1 - np.log(numbers).var() / row.sd**2)


def test_the_model_itself_has_no_spread_to_take_apart(made):
    with pytest.raises(ScenarioError, match="posterior: none has no spread"):
        shares(replace(made, scenario=replace(made.scenario, posterior="none")))


def test_table_and_file(made, tmp_path, capsys):
    rows = shares(made)
    write_shares(rows, tmp_path / "variance.csv")
    with (tmp_path / "variance.csv").open(encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [line["source"] for line in table] == list(SOURCES)
    assert float(table[1]["alone"]) == pytest.approx(rows[1].alone, rel=1e-5)
    print_shares(rows, ("plan",), "A title", Console(width=120))
    text = capsys.readouterr().out
    assert "Sales" in text and "shocks to come" in text
    print_shares(rows, ("another plan",), "A title", Console(width=120))
    assert "Sales" not in capsys.readouterr().out
