"""Simulation-based calibration of a small model with drivers, walks, offsets, seasons, bounds and a lever."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from tests import modelfile

from huangpu.calibration import sbc
from huangpu.calibration.posterior import load_question
from huangpu.calibration.sampling import Settings
from huangpu.checks import replicates
from huangpu.checks.recovery import recovery
from huangpu.checks.replicates import fitted_worlds
from huangpu.cli import main
from huangpu.measurement import DataError, one_thread
from huangpu.measurement.observations import COLUMNS
from huangpu.measurement.rows import Row

VIEW = """V300  Do not put anything below this section - it will be ignored
*{view}
$192-192-192,0,Times New Roman|12||0-0-0|0-0-0|0-0-255|-1--1--1|-1--1--1|96,96,100,0
10,1,{name},140,80,60,19,8,3,0,0,0,0,0,0
"""
MODEL = """
Growth = 0.05 ~ 1/year ~ Own growth. |
Cycle = 0 ~ dmnl ~ A driver, neutral at 0. |
Push = 0 ~ dmnl ~ A lever. |
Push Effect = 0.1 ~ 1/year ~ Growth that a push of 1 adds. |
Trend = INTEG(Growth+Push Effect*Push, 0) ~ dmnl ~ Log of sales without the cycle. |
Sales = 100*EXP(Trend+Cycle) ~ yuan ~ What is sold. |
Shops = INTEG(Opening*Shops*EXP(Cycle), 20) ~ shop ~ Where it is sold. |
Opening = 0.1 ~ 1/year ~ Shops that open. |
"""
METRICS = """
shock_years: {2013: 4.0}
part_year: {level_relative: 0.05, growth_points: 0.5}
bound_reach: REACH
drivers:
  cycle: {process: ar1, phi: 0.5, sigma: sigma.cycle, shocks: true, reason: ups and downs}
processes:
  sales: {reason: drift}
  shops: {phi: 0.7, start: 2012, shocks: false, reason: drift that returns}
quantities:
  sales: {label: Sales, variable: sales, operator: annual_mean, transform: log, unit: yuan, discrepancy: {sales: 1}}
  shops: {label: Shops, variable: shops, operator: at_date, transform: log, unit: shop, discrepancy: {shops: 1}}
  a_shop: {label: Sales a shop, ratio: [sales, shops], unit: yuan}
series:
  - {quantity: sales, metric: sales, scope: all, kind: level, form: level}
  - {quantity: sales, metric: sales, scope: all, kind: growth_real, form: growth}
  - {quantity: shops, metric: shops, scope: all, kind: count, form: level}
offsets:
  - {quantities: [sales], basis: old, sd: 0.05, reason: older accounts}
"""
PRIORS = """
parameters:
  growth: {distribution: normal, mean: 0.05, sd: 0.03, reason: a guess, source: judgement}
  push_effect: {distribution: normal, mean: 0.1, sd: 0.1, reason: a guess, source: judgement}
  opening: {distribution: lognormal, median: 0.1, log_sd: 0.4, reason: a guess, source: judgement}
  delivery_p: {distribution: logitnormal, median: 0.7, logit_sd: 0.8, reason: a guess, source: judgement}
  sigma.cycle: {distribution: lognormal, median: 0.03, log_sd: 0.4, reason: a guess, source: judgement}
  sigma.sales: {distribution: lognormal, median: 0.02, log_sd: 0.4, reason: a guess, source: judgement}
  sigma.shops: {distribution: lognormal, median: 0.05, log_sd: 0.4, reason: a guess, source: judgement}
"""
SCENARIO = """
name: pushed
model: model.mdl
posterior: none
save: {variables: [sales]}
levers:
  push: [{plan: p, start: 2013, hold: 1, end: 2015, delivery: delivery_p}]
"""
QUICK = Settings(seed=4, ensembles=1, walkers=16, burn=18, steps=36, thin=6)


def rows():
    sales = {"metric": "sales", "kind": "level", "unit": "yuan", "months": 12, "period": "FY", "basis": "new"}
    growth = sales | {"kind": "growth_real", "unit": "percent", "se_abs": 0.5}
    shops = {"metric": "shops", "kind": "count", "unit": "shop", "period": "as_of"}
    half = {"months": 6, "period": "H1"}
    given = [sales | {"year": year, "value": 100 + 6 * (year - 2010), "se_abs": 1.0} for year in (2012, 2015, 2017)]
    given += [sales | {"year": 2011, "value": 99, "se_abs": 2, "basis": "old"}]
    given += [sales | half | {"year": 2018, "value": 75, "se_abs": 1.0}]
    given += [growth | {"year": year, "value": 6} for year in (2012, 2014)]
    given += [growth | half | {"year": 2016, "value": 5}]
    given += [
        shops | {"year": y, "date": f"{y}-12-31", "value": 20 + 3 * (y - 2010), "se_abs": 0.5} for y in (2011, 2014)
    ]
    given += [shops | {"year": 2016, "date": "2016-06-30", "value": 40, "se_abs": 3, "bound": ">"}]
    given += [shops | {"year": 2018, "date": "2018-06-30", "value": 60, "se_abs": 4, "bound": "<="}]
    return given


@pytest.fixture(scope="module")
def question_of(tmp_path_factory):
    def build(reach="2"):
        folder = tmp_path_factory.mktemp("toy")
        divider = "\\\\\\---/// Sketch information - do not modify anything except names\n"
        views = divider.join(VIEW.format(view=v, name=n) for v, n in (("Drivers", "Cycle"), ("Levers", "Push")))
        modelfile.write(folder, MODEL, start=2010, end=2025, dt=0.25, sketch=views + "///---\\\\\\\n")
        texts = {"metrics.yaml": METRICS.replace("REACH", reach), "priors.yaml": PRIORS, "pushed.yaml": SCENARIO,
                 "sources.csv": "source_id,title\ns,Source\n"}  # fmt: skip
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        blank = dict.fromkeys(COLUMNS, "") | {
            "scope": "all", "bound": "=", "verification": "quoted", "preferred": "1", "use": "calibrate",
            "published": "2020-01-01",
        }  # fmt: skip
        with (folder / "observations.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, COLUMNS)
            table.writeheader()
            table.writerows(blank | row | {"row_id": f"o{i}"} for i, row in enumerate(rows()))
        return load_question(folder / "pushed.yaml", folder)

    return build


@pytest.fixture(scope="module")
def question(question_of):
    return question_of()


def test_all_rows_enter(question):
    assert len(question.layer.rows) == len(rows())
    assert sum(row.season > 0 for row in question.layer.rows) == 2
    (block,) = question.layer.blocks
    assert block.exact == len(rows()) - 2 and block.offsets and block.drivers


def test_ranks_are_uniform(question, tmp_path):
    """Two hundred worlds, fitted as reality is. With this seed no p-value is small once corrected; code that is wrong
    has small ones with any seed, as the test below sees."""
    study, done = fitted_worlds(question, QUICK, 200, tmp_path)
    found = recovery(study, done)
    assert found.worst.p_holm > 0.05, found.worst
    for group in found.groups.values():
        for percent, (share, error) in group.coverage.items():
            assert share == pytest.approx(percent / 100, abs=3 * error)
    lines = {line.name: line for line in found.lines}
    assert {"growth", "sigma.cycle", "delivery_p", "log_likelihood", "figure.sales", "figure.a_shop"} <= set(lines)
    assert lines["growth"].group == "informed parameters" and lines["delivery_p"].group == "deliveries"
    assert lines["growth"].contraction > 0.5 and lines["growth"].correlation > 0.7
    assert lines["delivery_p"].contraction < 0.5


def test_a_wrong_likelihood_is_seen(question, tmp_path, monkeypatch):
    """Figures that are four times as far off as they say."""
    right, noise = sbc.as_reported, np.random.default_rng(0)
    wrong = lambda row, figure: right(row, figure + 4 * row.se * noise.standard_normal())  # noqa: E731
    monkeypatch.setattr(sbc, "as_reported", wrong)
    study, done = fitted_worlds(question, QUICK, 60, tmp_path, threads=1)
    found = recovery(study, done)
    assert found.worst.p_holm < 0.001
    assert found.groups["sizes"].band.p < 0.001
    assert found.groups["informed parameters"].coverage[90][0] < 0.8


def test_what_a_world_reports_is_what_its_future_follows_from(question):
    """A forecast at the truth, told what was drawn, gives the world's own figures; those of another seed do not."""
    study = sbc.study(question, QUICK)
    with one_thread():
        world = sbc.draw_world(study, 7)
        other = sbc.draw_world(study, 8)
    assert world.figures["a_shop"] == pytest.approx(world.figures["sales"] / world.figures["shops"])
    assert world.figures["sales"] != other.figures["sales"]
    shipped, given = ({row.row_id: row for row in layer.rows} for layer in (question.layer, world.layer))
    for id, row in given.items():
        assert replace(row, y=0, bound="") == replace(shipped[id], y=0, bound="")
    years = [row.terms[0][1] for row in given.values() if row.quantity == "sales" and row.form == "level"]
    assert max(years) < study.end - 1  # the figures ahead are of a year that no row is of


def test_linear_worlds_have_the_law_of_the_fit(question):
    """The rows of many of them, less what the truth says, are spread as the covariance that the likelihood uses."""
    study = sbc.study(question, QUICK, linear=True)
    known = {"growth": 0.05, "push_effect": 0.1, "opening": 0.1, "delivery_p": 0.7, "sigma.cycle": 0.03,
             "sigma.sales": 0.02, "sigma.shops": 0.05}  # fmt: skip
    fixed = {name: np.array([value]) for name, value in known.items()}
    seen = np.array(
        [(sbc._beside(study, fixed, seed) + sbc._linearly(study, fixed, sbc._luck(study, seed)[0]))[:, 0]
         for seed in range(1500)]
    )  # fmt: skip
    (block,) = question.layer.blocks
    sigma = np.array([known[name] for name in block.sigmas])
    expected = block.fixed + np.einsum("s,sij->ij", sigma**2, block.unit)
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    found = np.cov(seen[:, block.rows].T)
    assert np.abs((found - expected) / scale).max() < 0.15  # four standard errors of a covariance from 1500 worlds


@pytest.mark.parametrize(("bound", "figure", "y"), [(">", 3.7, 3.0), (">", 2.9, 1.0), ("<", 3.7, 5.0), ("<", 2.5, 3.0)])
def test_a_bound_is_said_of_the_stretch_that_the_figure_lies_in(bound, figure, y):
    row = Row("r", "q", "", "level", 1.0, 0.5, 0.0, bound, 2.0, ((1.0, 2015.0),), 12)
    assert sbc.as_reported(row, figure).y == y


def test_a_bound_without_end_says_on_which_side_the_figure_lies():
    row = Row("r", "q", "", "level", 1.0, 0.5, 0.0, ">", np.inf, ((1.0, 2015.0),), 12)
    assert [(sbc.as_reported(row, f).bound, sbc.as_reported(row, f).y) for f in (0.5, 1.5)] == [("<", 1.0), (">", 1.0)]


def test_a_study_goes_on_where_it_stopped_with_the_same_bits(question, tmp_path):
    tiny = replace(QUICK, burn=6, steps=12)
    _, whole = fitted_worlds(question, tiny, 3, tmp_path / "whole", threads=2)
    fitted_worlds(question, tiny, 1, tmp_path / "parts", threads=1)
    _, parts = fitted_worlds(question, tiny, 3, tmp_path / "parts", threads=1)
    for a, b in zip(whole, parts, strict=True):
        assert all(np.array_equal(x, y, equal_nan=True) for x, y in zip(vars_of(a), vars_of(b), strict=True))
    with pytest.raises(DataError, match=r"another study \(settings differ\)"):
        fitted_worlds(question, replace(tiny, seed=5), 1, tmp_path / "parts")
    (tmp_path / "parts" / "replicates" / "0001.npz").write_bytes(b"PK nothing")
    with pytest.raises(DataError, match=r"0001.npz: cannot be read"):
        fitted_worlds(question, tiny, 3, tmp_path / "parts")


def vars_of(replicate):
    return [np.asarray(value) for value in vars(replicate).values()]


def test_priors_that_the_model_does_not_survive_are_named(question, monkeypatch):
    study = sbc.study(question, QUICK)
    monkeypatch.setattr(sbc, "_world", lambda *_: None)
    with pytest.raises(DataError, match="none of 20 draws from the priors gives a finite figure"):
        sbc.draw_world(study, 0)


def test_the_command_writes_what_a_study_says(question, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("huangpu.calibration.posterior.load_question", lambda _: question)
    monkeypatch.setattr(replicates, "SETTINGS", replace(QUICK, burn=6, steps=12))
    first, again = tmp_path / "first", tmp_path / "again"
    assert main(["sbc", "--replicates", "5", "--out", str(first)]) == 0
    out = capsys.readouterr().out
    assert "5 worlds, 12 quantities" in out and "figures ahead" in out and "p below 0.05, not corrected" in out
    assert main(["sbc", "--replicates", "5", "--out", str(again), "--threads", "1", "--quiet"]) == 0
    names = ("table.csv", "summary.json", "ranks.svg", "recovery.svg")
    assert all((first / name).read_bytes() == (again / name).read_bytes() for name in names)
    summary = json.loads((first / "summary.json").read_text(encoding="utf-8"))
    assert summary["worlds"] == 5 and summary["groups"]["informed parameters"]["quantities"] == 3
    monkeypatch.setattr(replicates, "SETTINGS", QUICK)
    assert main(["sbc", "--replicates", "5", "--out", str(first)]) == 2
    assert "keeps worlds of another study (settings differ)" in capsys.readouterr().err
