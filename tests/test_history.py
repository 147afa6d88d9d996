"""The model at its medians next to what was reported: errors that can be worked out by hand."""

import csv
import io

import numpy as np
import pytest
from rich.console import Console
from tests.results.conftest import make_questions, make_reading, make_target
from tests.results.test_figures import row

from huangpu.history import Line, compare, medians, names, print_history, write_history
from huangpu.measurement import Simulated, read_metrics
from huangpu.runtime.members import Members

METRICS = """
quantities:
  output: {label: Output, variable: output, operator: annual_mean, transform: log, unit: yuan_1e8, chart: true}
  workers: {label: Workers, variable: workers, operator: at_date, transform: log, unit: person}
  each: {label: Output a worker, ratio: [output, workers], unit: yuan_1e4_per_person}
  aside: {label: Aside, variable: output, operator: annual_mean, transform: log, unit: yuan_1e8}
series:
  - {quantity: output, metric: output, scope: all_city, kind: level, form: level, basis: new}
  - {quantity: workers, metric: workers, scope: all_city, kind: count, form: level}
  - {quantity: aside, metric: aside, scope: all_city, kind: level, form: level}
"""


@pytest.fixture
def metrics(tmp_path):
    (tmp_path / "metrics.yaml").write_text(METRICS, encoding="utf-8")
    return read_metrics(tmp_path / "metrics.yaml")


@pytest.fixture
def simulated():
    """Output 100 in 2015 and 10 more each year; workers 50 at the end of 2015, growing to 100 ten years later."""
    years, times = np.arange(2015, 2026), 2015 + 0.25 * np.arange(45)
    workers = 50 * 2 ** ((times - 2016) / 10)
    return Simulated(years, {"output": 100.0 + 10 * (years - 2015)[:, None]}, times, {"workers": workers[:, None]})


PAIRS = {"output": {("output", "all_city")}}


def line(metrics, simulated, *rows, fitted=(), pairs=PAIRS) -> Line:
    (found,) = compare(metrics, simulated, pairs, rows, fitted)
    return found


def test_errors_by_hand(metrics, simulated):
    found = line(metrics, simulated, row("a", 80, year=2015), row("b", 110 / 0.75, year=2016), fitted={"a", "c"})
    assert (found.rows, found.fitted, found.others) == (2, ("a",), ("b",))
    assert (found.mape, found.error) == pytest.approx((25, 0))  # 100 over 80, 110 over 146.7
    middle = np.sqrt(1.25 * 0.75)
    assert found.shape == pytest.approx(50 * (1.25 / middle - 1 + 1 - 0.75 / middle))


def test_a_basis_that_is_off_by_a_factor_has_no_error_without_its_level(metrics, simulated):
    rows = [row("a", 50, year=2015), row("b", 60, year=2017)]
    assert (line(metrics, simulated, *rows).error, line(metrics, simulated, *rows).shape) == pytest.approx((100, 0))
    assert line(metrics, simulated, rows[0]).shape is None


def test_each_basis_stands_alone(metrics, simulated):
    rows = [row("a", 100, year=2015, basis="new"), row("b", 50, year=2015, basis="old")]
    found = compare(metrics, simulated, PAIRS, rows, ())
    assert [(each.basis, each.error) for each in found] == [("new", pytest.approx(0)), ("old", pytest.approx(100))]


def test_stocks_are_met_on_their_day_and_ratios_from_their_parts(metrics, simulated):
    day = row("a", 50 * 2**0.25, year=2018, metric="workers", kind="count", unit="person", date=2018.5, months=None)
    assert line(metrics, simulated, day, pairs={"workers": {("workers", "all_city")}}).mape == pytest.approx(0)
    each = row("b", 2.0, year=2015, metric="each", unit="yuan_1e4_per_person")
    assert line(metrics, simulated, each, pairs={"each": {("each", "all_city")}}).mape == pytest.approx(0)


@pytest.mark.parametrize(
    "changes",
    [
        {"year": 2014},
        {"year": 2026},
        {"months": 6, "period": "H1"},
        {"kind": "growth_nominal"},
        {"scope": "above_scale"},
        {"unit": "person"},
        {"bound": ">"},
        {"span": ("cum", 2016, 2020)},
        {"date": 2016.0, "months": None},
        {"preferred": False},
        {"use": "context"},
        {"verification": "recalled"},
    ],
)
def test_what_is_not_compared(metrics, simulated, changes):
    assert compare(metrics, simulated, PAIRS, [row("a", 100, **{"year": 2015, **changes})], ()) == ()


def test_core_quantities_go_by_their_series_and_their_targets(metrics):
    target = make_target(metric="productivity", scope="above_scale", unit="yuan_1e4_per_person")
    asked = make_questions((target, make_reading(quantity="each")))
    assert names(metrics, asked) == {
        "output": {("output", "all_city")},
        "workers": {("workers", "all_city")},  # a part of what a core target is read from
        "each": {("productivity", "above_scale")},
    }


def test_the_member_in_the_middle():
    found = medians(Members(3, {"life": np.array([1.0, 5.0, 2.0])}, {"delivery": np.array([0.2, 0.4, 0.9])}))
    assert (found.size, found.parameters["life"], found.columns["delivery"]) == (1, [2.0], [0.4])


def test_the_table_and_the_file_hold_the_same(tmp_path):
    lines = [
        Line("output", "Output", "new", 2, 1.23, -0.5, 0.4, ("o1",), ("o2",)),
        Line("output", "Output", "", 1, 3, 3, None, (), ("o3",)),
    ]
    write_history(lines, tmp_path / "history.csv")
    with (tmp_path / "history.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["mape"], first["fitted"], first["others"], second["shape"]) == ("1.23", "o1", "o2", "")
    shown = io.StringIO()
    print_history(lines, Console(file=shown, width=100))
    text = " ".join(shown.getvalue().split())
    assert "Output new 2 1 1.2 % −0.5 % 0.4 % – 1 0 3.0 % +3.0 %" in text
