"""Leave-one-out residuals against a linear Gaussian tree in which every answer is known."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm
from tests.linear import Figure, given, write_figures, write_tree

from huangpu import files, forecast
from huangpu.checks.report import residual_verdict
from huangpu.checks.residuals import by_metric, compare, residuals
from huangpu.checks.sheets import groups
from huangpu.cli import main
from huangpu.measurement import load_layer, read_observations

FIGURES = [
    Figure("o1", 2012, 117.0),
    Figure("o2", 2014, 127.0),
    Figure("o3", 2015, 150.0, error=0.01),
    Figure("o4", 2017, 146.0, error=0.05),
]


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "root", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shipped(tree, figures):
    """What ships is the tree with these figures and the posterior that they give."""
    write_tree(tree, figures)
    for made, place in (("models/model.mdl", forecast.MODEL), ("calibration/members.nc", forecast.POSTERIOR)):
        (tree / place).parent.mkdir(exist_ok=True)
        (tree / place).write_bytes((tree / made).read_bytes())


def loo(figures, i):
    """(mean, sd) of the log of a figure given the others: growth, driver, walk and errors all integrated out."""
    mean, matrix = given([f for f in figures if f is not figures[i]], np.array([figures[i].time]))
    return mean[1], np.sqrt(matrix[1, 1] + figures[i].error ** 2)


def test_each_figure_is_foretold_from_the_others(tree):
    """Exact but for the draws, the driver's points a quarter apart, and the weights that take a row back."""
    shipped(tree, FIGURES)
    _, lines = residuals()
    assert [line.row_id for line in lines] == ["o1", "o2", "o3", "o4"]
    for i, line in enumerate(lines):
        mean, sd = loo(FIGURES, i)
        assert line.z == pytest.approx((np.log(FIGURES[i].value) - mean) / sd, abs=0.12)
        assert np.log(line.median) == pytest.approx(mean, abs=0.1 * sd)
        assert np.log([line.low_90, line.high_90]) == pytest.approx(
            mean + np.array([-1, 1]) * 1.645 * sd, abs=0.25 * sd
        )
        assert line.low_90 < line.low_50 < line.median < line.high_50 < line.high_90
        assert line.khat < 0.7 and np.isnan(line.probability)


def test_a_figure_that_is_off_is_flagged_and_its_own_weight_does_not_hide_it(tree):
    far = [*FIGURES[:2], replace(FIGURES[2], value=190.0), FIGURES[3]]
    shipped(tree, far)
    _, lines = residuals()
    mean, sd = loo(far, 2)
    exact = (np.log(190.0) - mean) / sd
    assert exact > 4
    assert lines[2].flagged and lines[2].z > 3.5
    (metric,) = by_metric(lines)
    assert (metric.rows, metric.bounds, metric.row_id) == (4, 0, "o3")
    assert metric.largest == lines[2].z and metric.flagged == sum(line.flagged for line in lines)
    assert metric.z_rms == pytest.approx(np.sqrt(np.mean([line.z**2 for line in lines])))
    assert "o3 (+" in residual_verdict(lines)[0]


@pytest.mark.parametrize(("value", "flagged"), [(150.0, False), (230.0, True)])
def test_a_bound_has_a_probability_and_exact_rows_do_not_hear_it(tree, value, flagged):
    """One member of a known run, only walks: everything by hand."""
    write_tree(tree, FIGURES)
    path = write_figures(tree, [*FIGURES, Figure("o5", 2018, value, bound=">")])
    layer = load_layer(tree / "calibration" / "metrics.yaml", path, start=2010.0)
    rows = layer.rows
    missed = np.array([[row.y - np.log(100) - 0.05 * (row.terms[0][1] - 2010)] for row in rows])
    lines = compare(layer, read_observations(path), missed, {"sigma.sales": np.array([0.03])})
    times, se = (np.array(each) for each in zip(*((row.terms[0][1], row.se) for row in rows), strict=True))
    matrix = 0.03**2 * np.minimum.outer(times - 2010, times - 2010) + np.diag(se**2)
    weights = np.linalg.solve(matrix[:4, :4], matrix[:4, 4])
    mean, sd = weights @ missed[:4, 0], np.sqrt(matrix[4, 4] - weights @ matrix[:4, 4])
    assert lines[4].probability == pytest.approx(norm.sf((missed[4, 0] - mean) / sd), rel=1e-6)
    assert np.isnan(lines[4].z) and lines[4].flagged == flagged
    others = [0, 2, 3]
    weights = np.linalg.solve(matrix[np.ix_(others, others)], matrix[others, 1])
    mean, sd = weights @ missed[others, 0], np.sqrt(matrix[1, 1] - weights @ matrix[others, 1])
    assert lines[1].z == pytest.approx((missed[1, 0] - mean) / sd, rel=1e-6)
    assert [(m.rows, m.bounds) for m in by_metric(lines)] == [(5, 1)]


def test_rows_that_the_posterior_has_not_seen_are_left_aside(tree):
    shipped(tree, FIGURES)
    write_figures(tree, [*FIGURES, Figure("o6", 2019, 160.0)])
    assert len(residuals()[1]) == 4


def test_the_command_writes_tables_and_charts_that_are_the_same_again(tree, capsys):
    shipped(tree, FIGURES)
    assert main(["residuals", "--out", "first"]) == 0
    assert "4 rows, each foretold from all others" in capsys.readouterr().out
    assert main(["residuals", "--out", "again", "--quiet", "--threads", "1"]) == 0
    names = sorted(path.name for path in (tree / "first").iterdir())
    assert names == ["metrics.csv", "others-1.png", "residuals.csv"]
    for name in names:
        assert (tree / "first" / name).read_bytes() == (tree / "again" / name).read_bytes()
    with (tree / "first" / "residuals.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[0]["reported"]) == 117.0 and rows[0]["probability"] == ""


def test_panels_are_series_in_order_of_time(tree):
    shipped(tree, FIGURES)
    layer, lines = residuals()
    (panels,) = groups(lines[::-1], layer).values()
    assert [[line.year for line in panel] for panel in panels] == [[2012, 2014, 2015, 2017]]
