"""Priors: their maps, their file, and what is said about mistakes in it."""

import numpy as np
import pytest
from scipy import stats

from huangpu.calibration.priors import DISTRIBUTIONS, read_priors
from huangpu.measurement import DataError
from huangpu.program import Entry, Program

TRUTH = {
    "normal": ((2.0, 0.5), stats.norm(2.0, 0.5)),
    "lognormal": ((3.0, 0.4), stats.lognorm(0.4, scale=3.0)),
    "uniform": ((-1.0, 4.0), stats.uniform(-1.0, 5.0)),
}


@pytest.mark.parametrize("name", TRUTH)
def test_maps_carry_normal_quantiles_to_the_distributions_own(name):
    numbers, truth = TRUTH[name]
    u = np.linspace(-4, 4, 41)
    x = DISTRIBUTIONS[name].to_value(u, *numbers)
    assert x == pytest.approx(truth.ppf(stats.norm.cdf(u)), rel=1e-9)


def test_logitnormal_is_normal_in_log_odds():
    u = np.linspace(-4, 4, 41)
    x = DISTRIBUTIONS["logitnormal"].to_value(u, 0.3, 0.5)
    assert np.log(x / (1 - x)) == pytest.approx(np.log(0.3 / 0.7) + 0.5 * u)
    assert x[20] == pytest.approx(0.3)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_maps_have_their_inverses(name):
    numbers = {"uniform": (-1.0, 4.0), "logitnormal": (0.3, 0.5)}.get(name, (2.0, 0.5))
    u = np.linspace(-5, 5, 21)
    row = DISTRIBUTIONS[name]
    assert row.to_normal(row.to_value(u, *numbers), *numbers) == pytest.approx(u, abs=1e-8)


def entry(id, elements=(), units=""):
    return Entry(id, id, "constant", id.split("[")[0], elements, units, "", False)


PROGRAM = Program(
    name="toy", hash="", model_hash="", method="euler",
    rows=(
        entry("growth", (), "1/year"), entry("level[a]", ("a",), "yuan"), entry("level[b]", ("b",), "yuan"),
        entry("life"),
    ),
    constants=((0, 0.1), (1, 1.0), (2, 2.0), (3, 9.0)),
    driven=(), tables=(), subscripts={}, dims={}, views={}, labels={},
    initial_time=0.0, final_time=1.0, time_step=1.0, saveper=1.0, kernel="", readable="",
)  # fmt: skip

GOOD = """
parameters:
  growth: {distribution: normal, mean: 0.03, sd: 0.02, unit: 1/year, reason: because, source: s001}
  "level[*]": {distribution: lognormal, median: {a: 6, b: 7}, log_sd: 0.2, reason: because, source: judgement}
  sigma.volume: {distribution: lognormal, median: 0.02, log_sd: 0.4, reason: because, source: judgement}
  delivery_plan: {distribution: uniform, low: 0.5, high: 1.0, reason: because, source: judgement}
"""


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "priors.yaml").write_text(text, encoding="utf-8")
        (tmp_path / "sources.csv").write_text("source_id,title\ns001,One\n", encoding="utf-8")
        return read_priors(tmp_path / "priors.yaml", PROGRAM, ["sigma.volume"], sources=tmp_path / "sources.csv")

    return read


def test_a_file_of_priors(read):
    priors = read(GOOD)
    assert priors.names == ("growth", "level[a]", "level[b]", "sigma.volume", "delivery_plan")
    assert priors.values(np.zeros((5, 1)))[:, 0] == pytest.approx([0.03, 6, 7, 0.02, 0.75])
    u = np.random.default_rng(0).standard_normal((5, 100))
    assert priors.coordinates(priors.values(u)) == pytest.approx(u, abs=1e-8)
    assert priors.items[0].source == "s001"
    assert [prior.unit for prior in priors.items] == ["1/year", "yuan", "yuan", "dmnl", "dmnl"]


@pytest.mark.parametrize("unit", ["1/year", "1 / Year", '"(1/year)"', "((1/year))"])
def test_units_are_compared_without_spaces_and_outer_parentheses(read, unit):
    assert read(GOOD.replace("unit: 1/year", f"unit: {unit}")).items[0].unit == "1/year"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  growth:", "  grwth:", "parameters.grwth: is no constant of the model, no sigma of"),
        ("  growth:", "  grwth:", "no delivery_...; did you mean 'growth'?"),
        ('"level[*]"', "level", "has elements; write 'level[*]' or one of them, such as 'level[a]'"),
        ("{a: 6, b: 7}", "{a: 6, c: 7}", "parameters.level[*].median: 'c' is no element here"),
        ("{a: 6, b: 7}", "{a: 6}", "parameters.level[*].median: 'b' has no number"),
        ("mean: 0.03, sd", "mean: 0.03, log_sd", "normal takes mean and sd, found mean, log_sd"),
        ("unit: 1/year", "unit: year", "parameters.growth.unit: found 'year', expected '1/year', the unit of growth"),
        ("unit: 1/year", "unit: (1)/(year)", "found '(1)/(year)', expected '1/year'"),
        ("unit: 1/year", "unit: dmnl", "found 'dmnl', expected '1/year'"),
        ("{a: 6, b: 7}", "5, unit: dmnl", "parameters.level[*].unit: found 'dmnl', expected 'yuan', the unit of level"),
        ("low: 0.5,", "unit: percent, low: 0.5,", "parameters.delivery_plan.unit: found 'percent', expected 'dmnl'"),
        ("sd: 0.02", "sd: -1", "the spread must be above 0, found 0.03 and -1"),
        ("low: 0.5, high: 1.0", "low: 1.5, high: 1.0", "low must be below high"),
        ("reason: because, source: s001", "source: s001", "parameters.growth.reason: field required"),
        ("source: s001", "source: s002", "'s002' is no source_id of sources.csv; did you mean 's001'?"),
        ("sigma.volume", "sigma.volum", "no prior of sigma.volume, a sigma of metrics.yaml"),
        ("distribution: normal", "distribution: gaussian", "parameters.growth.distribution"),
        ("delivery_plan", "level[b]", "'level[b]' is given twice; keep one"),
        ("mean: 0.03", "mean: a lot", "parameters.growth.mean"),
    ],
)  # fmt: skip
def test_mistakes_are_named(read, old, new, message):
    assert old in GOOD
    with pytest.raises(DataError) as error:
        read(GOOD.replace(old, new))
    assert "priors.yaml" in str(error.value)
    assert message in str(error.value)
