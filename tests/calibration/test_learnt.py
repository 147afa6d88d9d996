"""Prior against posterior: what is said of a parameter that figures inform, and of one that they do not."""

import io
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console
from scipy.stats import lognorm

from huangpu.calibration.chart import write_chart
from huangpu.calibration.diagnostics import Convergence
from huangpu.calibration.learnt import learnt, read_diagnostics, write_diagnostics
from huangpu.calibration.priors import Prior, Priors
from huangpu.calibration.report import informed_text, print_learnt
from huangpu.calibration.sampling import Chains
from huangpu.measurement import DataError

NAMES = ("pace[robots]", "shifted", "free")


@pytest.fixture(scope="module")
def rows():
    """Draws whose spread is halved, whose median is moved by 0.5, and which are the prior's."""
    priors = Priors(
        (
            Prior("pace[robots]", "lognormal", (80.0, 0.3), "robot", "", ""),
            Prior("shifted", "normal", (1.0, 2.0), "1/year", "", ""),
            Prior("free", "uniform", (0.0, 10.0), "dmnl", "", ""),
        )
    )
    u = np.random.default_rng(1).standard_normal((4, 50, 20, 3)) * [0.5, 1, 1] + [0, 0.5, 0]
    found = [Convergence(name, 1.002, 900.0, 800.0) for name in NAMES]
    return learnt(priors, Chains(u, np.zeros((4, 50, 20)), 1.0), found)


def test_each_parameter_in_its_own_unit(rows):
    pace, shifted, free = rows
    assert [row.parameter for row in rows] == list(NAMES)
    prior = lognorm(0.3, scale=80)
    assert (pace.prior_median, pace.prior_sd) == pytest.approx((80, prior.std()), rel=1e-5)
    assert (pace.prior_5, pace.prior_95) == pytest.approx(prior.ppf([0.05, 0.95]), rel=1e-5)
    assert (pace.posterior_5, pace.posterior_95) == pytest.approx(lognorm(0.15, scale=80).ppf([0.05, 0.95]), rel=0.03)
    assert shifted.posterior_median == pytest.approx(2.0, abs=0.15)
    assert free.prior_sd == pytest.approx(10 / np.sqrt(12), rel=1e-3)
    assert (free.ess_bulk, free.ess_tail, free.rhat) == (900, 800, 1.002)


def test_what_the_figures_inform(rows):
    assert [row.informed for row in rows] == ["yes", "yes", "no"]
    assert [row.contraction for row in rows] == pytest.approx([0.75, 0, 0], abs=0.06)
    assert informed_text(rows).startswith("The figures inform 2 of 3 parameters")


def test_the_table_names_every_parameter_and_those_not_informed(rows):
    console = Console(width=200, record=True, file=io.StringIO())
    print_learnt(rows, console)
    text = console.export_text()
    for name in NAMES:
        assert name in text
    assert "80 (48.8 to 131)" in text
    assert "Not informed: free." in text


def test_the_file_comes_back(rows, tmp_path):
    path = tmp_path / "diagnostics.csv"
    write_diagnostics(rows, path)
    assert read_diagnostics(path) == rows
    assert [p.name for p in tmp_path.iterdir()] == ["diagnostics.csv"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("prior_median", "median", "line 1: expected the columns parameter, unit, prior_median"),
        ("80.0", "many", "line 2: prior_median: expected a number, found 'many'"),
    ],
)
def test_a_file_of_another_kind(rows, tmp_path, old, new, message):
    path = tmp_path / "diagnostics.csv"
    write_diagnostics(rows, path)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(DataError) as error:
        read_diagnostics(path)
    assert message in str(error.value)


def test_no_file(tmp_path):
    with pytest.raises(DataError, match=r"No such file or directory.*huangpu calibrate writes it"):
        read_diagnostics(tmp_path / "diagnostics.csv")


def test_the_chart_has_a_line_for_every_parameter_and_is_the_same_each_time(rows, tmp_path):
    for name in ("once.svg", "again.svg"):
        write_chart(rows, tmp_path / name)
    once = (tmp_path / "once.svg").read_bytes()
    assert once == (tmp_path / "again.svg").read_bytes()
    words = {"".join(e.itertext()) for e in ElementTree.fromstring(once).iter("{http://www.w3.org/2000/svg}text")}
    assert set(NAMES) <= words
    write_chart([replace(row, parameter="a < b & c") for row in rows], tmp_path / "odd.svg")
    ElementTree.parse(tmp_path / "odd.svg")
