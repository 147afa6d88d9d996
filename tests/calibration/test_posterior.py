"""The whole path on a small model whose parameters are known: files in, members out."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from huangpu.calibration.learnt import read_diagnostics
from huangpu.calibration.posterior import LogPosterior, calibrate, load_question
from huangpu.compiler import compile_model
from huangpu.measurement import DataError
from huangpu.runtime.members import MembersError, read_members
from toymodel import METRICS, MODEL, PRIORS, SCENARIO, SMALL, TRUTH, write_toy


@pytest.fixture
def folder(tmp_path):
    write_toy(tmp_path)
    return tmp_path


def test_the_log_posterior_is_likelihood_and_prior(folder):
    question = load_question(folder / "pushed.yaml", folder)
    values = np.array([TRUTH[name] for name in question.priors.names])[:, None]
    u = question.priors.coordinates(values)
    assert (question.priors.values(u) - values) == pytest.approx(np.zeros((5, 1)), abs=1e-9)
    years = np.arange(2011, 2020)
    cov = 0.001**2 * np.minimum.outer(years - 2010, years - 2010) + np.diag(np.full(9, 0.005**2 + 1e-12))
    whitened = norm.logpdf(0) * 9 - 0.5 * np.linalg.slogdet(cov)[1]
    expected = whitened - 0.5 * (u**2).sum()
    assert LogPosterior(question)(u.T) == pytest.approx([expected], abs=1e-6)


def test_drivers_are_integrated_out_as_the_medians_of_the_priors_answer_to_them(folder):
    driver = "drivers:\n  push: {process: ar1, phi: 0.5, sigma: sigma.push, reason: luck}\nprocesses:\n"
    (folder / "metrics.yaml").write_text(METRICS.replace("processes:\n", driver), encoding="utf-8")
    sigma = "  sigma.push: {distribution: lognormal, median: 0.2, log_sd: 0.1, reason: a guess, source: judgement}\n"
    (folder / "priors.yaml").write_text(PRIORS + sigma, encoding="utf-8")
    question = load_question(folder / "pushed.yaml", folder)
    assert question.centre["growth"] == 0.05 and question.centre["sigma.push"] == pytest.approx(0.2)
    ends, corners = np.arange(2011, 2020), np.arange(2010.5, 2020)
    steps = np.arange(2010, 2019, 0.125)
    hats = np.array([np.interp(steps, [2010, *corners], row) for row in np.eye(len(corners) + 1)[1:]])
    moved = 0.1 * 0.125 * np.array([hats[:, steps < end].sum(axis=1) for end in ends])  # log output by a push of 1
    ages = np.subtract.outer(corners, corners)
    answers = moved @ np.where(ages >= 0, 0.5 ** np.maximum(ages, 0), 0.0)
    (block,) = question.layer.blocks
    assert block.answer[0] == pytest.approx(answers, rel=0.03, abs=2e-4)
    plain = replace(question, layer=load_question(undriven(folder), folder).layer)
    values = np.array([{**TRUTH, "sigma.push": 0.2}[name] for name in question.priors.names])[:, None]
    u = question.priors.coordinates(values).T
    walk = 0.001**2 * np.minimum.outer(ends - 2010, ends - 2010) + np.diag(np.full(9, 0.005**2 + 1e-12))
    driven = walk + 0.2**2 * block.answer[0] @ block.answer[0].T
    expected = 0.5 * (np.linalg.slogdet(walk)[1] - np.linalg.slogdet(driven)[1])  # the residuals are 0
    assert LogPosterior(question)(u) - LogPosterior(plain)(u) == pytest.approx([expected], abs=1e-3)


def undriven(folder):
    """The scenario again, once its folder's figures know no drivers."""
    (folder / "metrics.yaml").write_text(METRICS, encoding="utf-8")
    (folder / "priors.yaml").write_text(PRIORS, encoding="utf-8")
    return folder / "pushed.yaml"


def test_the_parameters_are_recovered(folder):
    found = calibrate(folder / "pushed.yaml", folder / "members.nc", SMALL, folder=folder, members=400)
    assert max(row.rhat for row in found.convergence) < 1.1
    assert found.failures == 0
    assert found.evaluations > 2 * 24 * (32 + 700)  # candidates and steps; the climb comes on top
    members = read_members(folder / "members.nc", compile_model(folder / "toy.mdl"))
    draws = members.parameters | members.columns
    for name in ("initial_output", "growth"):
        assert draws[name].mean() == pytest.approx(TRUTH[name], abs=2.5 * draws[name].std())
    assert draws["initial_output"].std() < 1.0  # the prior's is 25
    product = draws["push_effect"] * draws["delivery_p"]  # what the figures tell; each alone they do not
    assert product.mean() == pytest.approx(0.096, abs=2.5 * product.std())
    assert product.std() < 0.01 < draws["push_effect"].std()
    said = {row.parameter: row for row in read_diagnostics(folder / "diagnostics.csv")}
    assert tuple(said.values()) == found.learnt
    assert said["initial_output"].contraction > 0.99 and said["initial_output"].informed == "yes"
    assert said["sigma.output"].informed == "no"
    assert not list(folder.glob("*.unfinished"))


def test_the_file_says_what_made_it_and_comes_out_the_same_again(folder):
    tiny = replace(SMALL, burn=20, steps=40)
    once, again = folder / "once.nc", folder / "again.nc"
    for path, threads in ((once, 1), (again, 2)):
        calibrate(folder / "pushed.yaml", path, tiny, folder=folder, members=40, threads=threads)
    assert once.read_bytes() == again.read_bytes()
    program = compile_model(folder / "toy.mdl")
    members = read_members(once, program)
    assert set(members.parameters) == {"initial_output", "growth", "push_effect"}
    assert {"delivery_p", "sigma.output", "chain", "draw"} <= set(members.columns)
    assert members.attrs["model_hash"] == program.model_hash
    assert members.attrs["scenario"] == "pushed"
    assert json.loads(members.attrs["centre"]) == {
        "initial_output": 80.0, "growth": 0.05, "push_effect": 0.1, "delivery_p": 0.7, "sigma.output": 0.001
    }  # fmt: skip
    assert members.attrs["scenario_text"] == SCENARIO
    assert json.loads(members.attrs["row_ids"]) == [f"o{year}" for year in range(2010, 2019)]
    assert set(json.loads(members.attrs["files"])) == {"observations.csv", "metrics.yaml", "priors.yaml"}
    assert json.loads(members.attrs["settings"])["seed"] == 3
    assert not members.attrs["converged"]  # after so few steps
    (folder / "toy.mdl").write_text(MODEL.replace("Growth= 0.05", "Growth= 0.06"), encoding="utf-8")
    with pytest.raises(MembersError, match="another version of the model"):
        read_members(once, compile_model(folder / "toy.mdl"))


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("metrics.yaml", "variable: output", "variable: outptu", "no 'outptu'; did you mean 'output'?"),
        ("priors.yaml", "delivery_p:", "delivery_q:", "no prior of delivery_p, the delivery of lever push in pushed"),
        (
            "pushed.yaml",
            "levers:",
            "parameters: {growth: 0.1}\nlevers:",
            "parameters.growth: the scenario pushed fixes",
        ),
    ],
)
def test_files_that_do_not_fit_together(folder, file, old, new, message):
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(DataError) as error:
        load_question(folder / "pushed.yaml", folder)
    assert message in str(error.value)
