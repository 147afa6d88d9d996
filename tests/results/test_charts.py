"""Charts: what is on them, that they exist, and that they are not blank."""

import math

import numpy as np
import pytest
from matplotlib.image import imread
from tests.results.conftest import AFTER, make_questions, make_reading, make_target
from tests.results.test_figures import row

from huangpu.measurement import Predictions
from huangpu.measurement.metrics import Metrics, PartYear, Quantity, Series
from huangpu.results import charts
from huangpu.results.fans import fans
from huangpu.results.scorecard import scorecard


def world(operator: str = ">=", statistic: str = "level", value: float = 160.0, **changes):
    """(predictions, answer, metrics): one quantity of 2010 to 2028 that grows from 50 to about 140."""
    noise = np.random.default_rng(0).normal(size=(19, 400)).cumsum(axis=0)
    values = np.linspace(50, 140, 19)[:, None] + noise
    predictions = Predictions(np.arange(2010, 2029), {"output": values}, {"output": {"units": "yuan_1e8"}})
    target = make_target(operator, value, metric="output", unit="yuan_1e8", **changes)
    older = make_target(id="t.old", plan="mfg_2023_2025", value=130.0, metric="output", unit="yuan_1e8", year=2025)
    default, other = (
        make_reading(statistic, "output", value),
        make_reading(statistic, "output", 2 * value, name="other"),
    )
    asked = make_questions(
        (older, make_reading("level", "output", 130.0, first=2025, last=2025)), (target, (default, other))
    )
    answer = scorecard(predictions, asked, {"output": ("a",)}, AFTER)
    series = Series(quantity="output", metric="output", scope="all_city", kind="level", form="level")
    quantity = Quantity(
        label="Output", unit="yuan_1e8", variable="output", operator="annual_mean", transform="log", chart=True
    )
    metrics = Metrics("metrics.yaml", {}, PartYear(), math.inf, {}, {}, {"output": quantity}, (series,), ())
    return predictions, answer, metrics


ROWS = (
    row("a", 60, year=2013),
    row("b", 75, year=2016, basis="census2018"),
    row("c", 48, year=2020, period="H1", months=6),
    row("d", 110, year=2022, bound=">"),
)


def test_what_a_fan_holds():
    (fan,) = fans(*world(), ROWS, {"a", "b"})
    assert fan.title == "Output"
    assert fan.bands.shape == (5, 19)
    assert (np.diff(fan.bands, axis=0) >= 0).all()
    assert [(f.row_id, f.used) for f in fan.figures] == [("a", True), ("b", True), ("c", False), ("d", False)]
    assert [(goal.x, goal.y) for goal in fan.goals] == [((2025,), (130,)), ((2027,), (160,))]
    assert len(fan.odds) == 1  # neither the older plan nor the other reading
    assert fan.odds[0].startswith("2027: ≥ 16 bn yuan, probability <")


@pytest.mark.parametrize(
    ("operator", "statistic", "value", "path"),
    [
        ("cumulative>=", "cumulative", 400.0, [100] * 4),
        ("per_year>=", "every_year", 90.0, [90] * 4),
        ("rate_per_year>=", "mean_growth", 10.0, [1, 1.1, 1.21, 1.331, 1.4641]),
        ("multiply>=", "multiple", 2.0, [2]),
    ],
)
def test_targets_on_several_years_become_paths(operator, statistic, value, path):
    predictions, answer, metrics = world(operator, statistic, value, horizon="2024-2027")
    (fan,) = fans(predictions, answer, metrics, ROWS, set())
    goal = fan.goals[-1]
    start = fan.bands[2][2023 - 2010] if statistic in ("mean_growth", "multiple") else 1
    assert np.array(goal.y) / start == pytest.approx(np.array(path))
    assert goal.x[-1] == 2027


def test_a_programme_is_drawn_only_when_asked_for():
    predictions, answer, metrics = world(modelled_as="programme")
    assert len(fans(predictions, answer, metrics, ROWS, set())) == 1
    plain = metrics.quantities["output"].model_copy(update={"chart": False})
    quiet = Metrics("metrics.yaml", {}, PartYear(), math.inf, {}, {}, {"output": plain}, metrics.series, ())
    assert fans(predictions, answer, quiet, ROWS, set()) == []


def test_charts_exist_and_are_not_blank(tmp_path):
    done = []
    drawn = fans(*world(), ROWS, {"a", "b"})
    (path,) = charts.write_charts(drawn, tmp_path / "out", "a source", lambda i, n: done.append((i, n)))
    assert path.name == "output.png"
    assert [p.name for p in path.parent.iterdir()] == ["output.png"]
    image = imread(path)[..., :3]
    assert image.shape[:2] == (780, 1200)
    ink = (np.abs(image - 1).sum(axis=2) > 0.05).mean()
    assert 0.05 < ink < 0.9
    assert done == [(1, 1)]


@pytest.mark.parametrize("rows", [(), ROWS[3:]])
def test_charts_do_without_figures_and_with_bad_members(tmp_path, rows):
    predictions, answer, metrics = world()
    predictions.values["output"][3, :] = np.nan
    predictions.values["output"][-1, 7] = np.inf
    (path,) = charts.write_charts(fans(predictions, answer, metrics, rows, set()), tmp_path, "a source")
    assert path.stat().st_size > 10_000


def test_the_same_chart_twice_is_the_same_file(tmp_path):
    drawn = fans(*world(), ROWS, {"a"})
    (first,) = charts.write_charts(drawn, tmp_path / "1", "a source")
    (second,) = charts.write_charts(drawn, tmp_path / "2", "a source")
    assert first.read_bytes() == second.read_bytes()


def test_words_stay_on_the_canvas():
    bases = ("census2008", "census2013", "acc2017", "census2018", "census2023", "all_municipal_levels")
    rows = [row(f"b{i}", 60 + 5 * i, year=2010 + 2 * i, basis=basis) for i, basis in enumerate(bases)]
    (fan,) = fans(*world(), [*rows, *ROWS], {"b1", "a"})
    canvas = charts.draw(fan, "Scenario all_plans, 4,000 members, seed 20240101; model shanghai_industry 0123abcd")
    renderer = canvas.canvas.get_renderer()
    for words in (*canvas.texts, *canvas.legends):
        box = words.get_window_extent(renderer)
        assert (box.x0 >= 0, box.x1 <= canvas.bbox.width, box.y1 <= canvas.bbox.height) == (True, True, True), words
