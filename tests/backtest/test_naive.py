"""The naive forecasters against their closed forms, and in worlds where one of them is right."""

import numpy as np
import pytest
from scipy import stats

from huangpu.backtest import naive, student
from huangpu.backtest.types import History, to_scale, transform_of


def history(times, values, kind="growth_real", errors=0.0, name="s") -> History:
    times = np.asarray(times, dtype=float)
    return History(name, kind, times, np.asarray(values, dtype=float), np.full(len(times), errors))


def test_levels_are_scored_in_logs_and_rates_in_points():
    assert to_scale("level", np.e, 0.1 * np.e) == pytest.approx((1, 0.1))
    assert to_scale("share", 12.5, 0.3) == (12.5, 0.3)
    assert np.isnan(to_scale("count", 0, 1)[0])
    assert [transform_of(kind) for kind in ("cumulative", "growth_nominal", "change")] == ["log", "points", "points"]


@pytest.mark.parametrize("times", [[2000, 2000], [2001, 2000]])
def test_a_history_rises_in_time(times):
    with pytest.raises(ValueError, match="do not rise"):
        history(times, [1, 2])


T, X = np.array([2010.0, 2011, 2013, 2014]), np.array([1.0, 2.0, 2.5, 4.0])


def test_random_walk():
    fit = naive.random_walk(T, X)
    assert fit.mean(2020) == 4
    assert (fit.spread(2015), fit.spread(2020)) == (1, 6)
    assert (fit.squares, fit.freedom) == (pytest.approx(1 + 0.5**2 / 2 + 1.5**2), 3)


def test_drift():
    fit = naive.drift(T, X)
    assert fit.mean(2016) == pytest.approx(4 + 2 * 0.75)
    assert fit.spread(2016) == pytest.approx(2 + 2**2 / 4)
    assert (fit.squares, fit.freedom) == (pytest.approx(0.25**2 + 1 / 2 + 0.75**2), 2)


def test_trend_is_the_textbook_regression():
    fit = naive.trend(T, X)
    line = stats.linregress(T, X)
    error = np.sqrt(fit.squares / fit.freedom)
    assert fit.mean(2018) == pytest.approx(line.intercept + line.slope * 2018)
    assert error * np.sqrt(fit.spread(0.0) - 1) == pytest.approx(line.intercept_stderr)
    assert fit.freedom == 2


def test_mean():
    fit = naive.mean(T, X)
    assert (fit.mean(2030), fit.spread(2030)) == (X.mean(), 1.25)
    assert fit.squares / fit.freedom == pytest.approx(X.var(ddof=1))


def test_smoothing_over_a_gap():
    fit = naive.smoothing(T, X)
    second = 1.5 + 0.75 * (2.5 - 1.5)  # two halvings in two years
    assert fit.mean(2015) == second + 0.5 * (4 - second)
    assert (fit.spread(2015), fit.spread(2017)) == (1, 1.5)
    assert fit.squares == pytest.approx(1 + 1 / 1.25 + (4 - second) ** 2)


def test_nobody_forecasts_from_one_figure():
    known = naive.field([history(range(5), [0, 1, 0, 2, 1])])
    for name in naive.FORECASTERS:
        assert naive.predict(known, name, history([2010], [1.0]), 2011) is None
        assert naive.predict(known, name, history([2010, 2012], [1.0, 2.0]), 2013) is not None


def test_a_series_without_others_stands_on_its_own_degrees_of_freedom():
    alone = naive.field([])
    assert naive.predict(alone, "random walk", history([1, 2, 3], [1, 2, 1]), 4) is None
    said = naive.predict(alone, "random walk", history([1, 2, 3, 4], [1, 2, 1, 3]), 5)
    assert (said.mean, said.df, said.scale) == (3, 3, pytest.approx(np.sqrt(2)))


def test_a_short_series_borrows_the_variance_of_its_kind():
    wild = [history(range(20), 10 * np.resize([0, 1], 20), kind="share", name=f"w{i}") for i in range(3)]
    calm = [history(range(20), 0.1 * np.resize([0, 1], 20), name=f"c{i}") for i in range(3)]
    known = naive.field([*wild, *calm])
    short = {kind: history([0, 1], [0, 0], kind=kind) for kind in ("share", "growth_real", "change")}
    scale = {kind: naive.predict(known, "random walk", h, 2).scale for kind, h in short.items()}
    assert scale["share"] > 50 * scale["growth_real"]
    assert scale["growth_real"] < scale["change"] < scale["share"]  # no kind of its own: all in points
    assert naive.predict(known, "random walk", history([0, 1], [0, 0], kind="level"), 2) is None


def test_an_interval_is_not_narrower_than_the_report():
    known = naive.field([history(range(9), np.zeros(9), errors=0.3)])
    assert naive.predict(known, "mean", history(range(9), np.zeros(9), errors=0.3), 10).scale > 0.3


def test_a_figure_that_is_known_is_not_forecast():
    with pytest.raises(ValueError, match="not after its last figure"):
        naive.predict(naive.field([]), "mean", history(T, X), 2014)


def worlds(name: str, series: int, years: int, rng: np.random.Generator) -> np.ndarray:
    """(series, year) of the process for which a forecaster is right."""
    noise = rng.normal(size=(series, years))
    match name:
        case "random walk":
            return noise.cumsum(axis=1)
        case "random walk with drift":
            return (noise + rng.normal(0, 3, size=(series, 1))).cumsum(axis=1)
        case "trend":
            return noise + rng.normal(0, 3, size=(series, 1)) * np.arange(years)
        case "mean":
            return noise + rng.normal(0, 3, size=(series, 1))
    # the innovations form of ETS(A,N,N): the level takes up half of each surprise
    return noise + np.hstack([np.zeros((series, 1)), 0.5 * noise.cumsum(axis=1)[:, :-1]])


@pytest.mark.parametrize("right", naive.FORECASTERS)
def test_in_its_own_world_a_forecaster_is_calibrated_and_wins(right):
    """Pits from 600 short series: 0.9 +- 0.04 is more than three binomial standard errors, ks at 0.1 %."""
    rng = np.random.default_rng(1)
    known_years, ahead = 10, 3
    world = worlds(right, 600, known_years + ahead, rng)
    histories = [history(range(known_years), row[:known_years]) for row in world]
    known = naive.field(histories)
    crps, pit = {}, []
    for name in naive.FORECASTERS:
        said = [naive.predict(known, name, h, known_years + ahead - 1) for h in histories]
        crps[name] = np.mean([student.crps(s, x) for s, x in zip(said, world[:, -1], strict=True)])
        if name == right:
            pit = np.array([student.below(s, x) for s, x in zip(said, world[:, -1], strict=True)])
    assert min(crps, key=crps.get) == right
    assert np.mean(abs(2 * pit - 1) <= 0.9) == pytest.approx(0.9, abs=0.04)
    assert stats.kstest(pit, "uniform").pvalue > 0.001


@pytest.mark.parametrize("figures", [2, 3])
def test_two_or_three_figures_with_gaps_are_enough_for_honest_intervals(figures):
    """Where the variances of series differ as the shrinkage has it."""
    rng = np.random.default_rng(2)
    pits = []
    histories, later = [], []
    for i in range(500):
        times = np.sort(rng.choice(10, figures, replace=False)) + 2000.0
        spread = np.sqrt(naive.PRIOR / rng.chisquare(naive.PRIOR))
        walk = spread * rng.normal(size=16).cumsum()
        histories.append(history(times, walk[(times - 2000).astype(int)], name=f"s{i}"))
        later.append(walk[-1])
    known = naive.field(histories)
    for h, x in zip(histories, later, strict=True):
        pits.append(student.below(naive.predict(known, "random walk", h, 2015), x))
    assert np.mean(abs(2 * np.array(pits) - 1) <= 0.9) == pytest.approx(0.9, abs=0.04)
    assert stats.kstest(pits, "uniform").pvalue > 0.001


def test_rescaling_gives_past_one_step_forecasts_the_coverage_they_claim():
    """A random walk says too much spread of white noise three years on, and is put right by its past errors."""
    rng = np.random.default_rng(3)
    histories = [history(range(15), row, name=str(i)) for i, row in enumerate(worlds("mean", 40, 15, rng))]
    known = naive.field(histories)
    for name in naive.FORECASTERS:
        inside = []
        for h in histories:
            for count in range(naive.FIGURES, len(h)):
                said = naive.predict(known, name, h.before(count), h.times[count], rescaled=True)
                inside.append(abs(2 * student.below(said, h.values[count]) - 1) <= 0.9)
        assert np.mean(inside) == pytest.approx(0.9, abs=2 / len(inside))


def test_without_enough_past_there_is_no_rescaling():
    few = [history(range(4), [0, 1, 0, 3])]
    known = naive.field(few)
    assert known.factors == {}
    assert naive.predict(known, "mean", few[0], 5) == naive.predict(known, "mean", few[0], 5, rescaled=True)


def test_the_spread_of_yearly_change():
    rng = np.random.default_rng(4)
    histories = [history(range(40), 2 * rng.normal(size=40).cumsum() + np.arange(40)) for _ in range(20)]
    known = naive.field(histories)
    assert naive.spread(known, "growth_real", histories[0]) == pytest.approx(2, rel=0.3)
    assert naive.spread(known, "growth_real", None) == pytest.approx(2, rel=0.1)
    assert naive.spread(known, "share", history([2010], [1])) == naive.spread(known, "growth_real", None)
    assert naive.spread(known, "level", None) is None


def test_what_comes_later_changes_nothing():
    short = [history(T, X, name=str(i)) for i in range(3)]
    longer = [history([*T, 2030], [*X, 9e9], name=str(i)).before(4) for i in range(3)]
    assert naive.field(short) == naive.field(longer)
