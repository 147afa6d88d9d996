"""What a member of a sweep is: the model's own run with its factors' values, whoever computes it."""

import json

import numpy as np
import pytest
from tests.sweep.shelf import DRAWS, output, sweep

from huangpu.sweep import BEYOND, NOT_FINITE, cost, evaluate
from huangpu.sweep.designs import numbers

MEDIAN = {name: np.median(draws) for name, (_, _, draws) in DRAWS.items()}


def column(chunk, of, name):
    return chunk.outputs[:, [o.name for o in of.outputs].index(name)]


def test_members_are_the_models_own_runs(folder):
    s = sweep(folder)
    chunk = evaluate(s, 0, s.size)
    assert s.design.names == ("growth", "delivery_new", "push")
    growth, delivered, times = chunk.inputs.T
    for year in (2010, 2012, 2014):
        expected = output(year, growth=growth, delivery_new=delivered, new=times)
        np.testing.assert_allclose(column(chunk, s, f"output@{year}"), expected, rtol=1e-12)
    middle = output(2013.5, growth=growth, delivery_new=delivered, new=times)
    np.testing.assert_allclose(column(chunk, s, "value[south]@2013.5"), 0.75 * middle, rtol=1e-12)
    rise = column(chunk, s, "output@2014") / column(chunk, s, "output@2010")
    np.testing.assert_allclose(column(chunk, s, "rise"), rise, rtol=1e-12)


@pytest.mark.parametrize("kind", ["sobol, n: 16", "morris, trajectories: 30", "latin, n: 150", "posterior, n: 150"])
def test_bits_do_not_depend_on_slices_or_threads(folder, kind):
    s = sweep(folder, ("sobol, n: 16", kind))
    whole = evaluate(s, 0, s.size, threads=2)
    for start, stop in ((0, 1), (1, 70), (70, s.size), (s.size, s.size)):
        part = evaluate(s, start, stop, threads=1)
        for name in ("inputs", "outputs", "flags"):
            assert np.array_equal(getattr(part, name), getattr(whole, name)[start:stop])


def test_a_lever_scales_the_windows_of_its_plan_alone_or_all(folder):
    s = sweep(folder, (", plan: new", ""))
    chunk = evaluate(s, 0, s.size)
    growth, delivered, times = chunk.inputs.T
    expected = output(2014, growth=growth, delivery_new=delivered, new=times, old=times)
    np.testing.assert_allclose(column(chunk, s, "output@2014"), expected, rtol=1e-12)


def test_a_lever_without_windows_takes_its_strength(folder):
    s = sweep(folder, ("push: {low: 0, high: 2, plan: new}", "pull: {low: 0, high: 0.1}"))
    chunk = evaluate(s, 0, s.size)
    growth, delivered, pull = chunk.inputs.T
    assert s.factors[2].base == 0
    expected = output(2014, growth=growth, delivery_new=delivered, pull=pull)
    np.testing.assert_allclose(column(chunk, s, "output@2014"), expected, rtol=1e-12)


def test_a_parameter_that_the_scenario_sets_may_vary(folder):
    text = (folder / "case.yaml").read_text(encoding="utf-8")
    (folder / "case.yaml").write_text(text + "parameters: {growth: 0.09, push_effect: 0.2}\n", encoding="utf-8")
    s = sweep(folder)
    chunk = evaluate(s, 0, s.size)
    growth, delivered, times = chunk.inputs.T
    expected = output(2014, growth=growth, delivery_new=delivered, new=times, push_effect=0.2)
    np.testing.assert_allclose(column(chunk, s, "output@2014"), expected, rtol=1e-12)
    assert any("growth is 0.09 in the scenario and varies here" in note for note in s.notes)


def test_others_have_medians_or_joint_draws(folder):
    s = sweep(folder, ("sobol, n: 16", "latin, n: 100"), ("seed: 3", "seed: 3\nothers: posterior"))
    chunk = evaluate(s, 0, 100)
    growth, delivered, times = chunk.inputs.T
    mine = numbers(40, 3, 0, 100)
    assert sorted(mine[:40]) == list(range(40)) == sorted(mine[40:80])
    drawn = {name: DRAWS[name][2][mine] for name in ("push_effect", "initial_output")}
    expected = output(2014, growth=growth, delivery_new=delivered, new=times, **drawn)
    np.testing.assert_allclose(column(chunk, s, "output@2014"), expected, rtol=1e-12)


def test_the_others_of_a_trajectory_are_one_draw(folder):
    changes = ("sobol, n: 16", "morris, trajectories: 50"), ("seed: 3", "seed: 3\nothers: posterior")
    s = sweep(folder, *changes)
    starts = column(evaluate(s, 0, s.size), s, "output@2010").reshape(50, 4)
    assert (starts == starts[:, :1]).all() and len(set(starts[:40, 0])) == 40


def test_joint_draws_of_the_posterior(folder):
    s = sweep(folder, ("sobol, n: 16", "posterior"), ("vary: [growth, delivery_new]\n", ""))
    assert s.size == 40 and s.design.names == ("growth", "push_effect", "initial_output", "delivery_new", "push")
    chunk = evaluate(s, 0, 40)
    for k, name in enumerate(s.design.names[:4]):
        assert np.array_equal(chunk.inputs[:, k], DRAWS[name][2])
    assert sorted((chunk.inputs[:, 4] / 2 * 40).astype(int)) == list(range(40))  # a Latin hypercube
    values = dict(zip(s.design.names[:4], chunk.inputs.T[:4], strict=True))
    expected = output(2014, **values, new=chunk.inputs[:, 4])
    np.testing.assert_allclose(column(chunk, s, "output@2014"), expected, rtol=1e-12)


def test_flags_say_what_is_not_finite_and_what_is_beyond_the_posterior(folder):
    wide = "vary: {growth: {low: -0.1, high: 0.2}}"
    changes = ("vary: [growth, delivery_new]", wide), ("output @ 2014 / output @ 2010", "ln(growth) @ 2010")
    s = sweep(folder, *changes)
    chunk = evaluate(s, 0, s.size)
    growth, draws = chunk.inputs[:, 0], DRAWS["growth"][2]
    beyond = (growth < draws.min()) | (growth > draws.max())
    assert np.array_equal(chunk.flags, NOT_FINITE * (growth < 0) + BEYOND * beyond)
    assert 0 < beyond.sum() < s.size and np.isnan(column(chunk, s, "rise")).any()


def test_the_run_goes_no_further_than_the_outputs_need(folder):
    s = sweep(folder, ("output: [2010, 2012, 2014], value: 2013.5", "output: 2011"), ("@ 2014", "@ 2012.5"))
    assert s.reader.end == 2012.5


def test_a_model_without_posterior_has_its_own_constants(folder):
    text = (folder / "case.yaml").read_text(encoding="utf-8")
    (folder / "case.yaml").write_text(text.replace("members.nc", "none"), encoding="utf-8")
    vary = "vary: {growth: {low: 0, high: 0.1}, delivery_new: {low: 0, high: 1}}"
    s = sweep(folder, ("vary: [growth, delivery_new]", vary))
    chunk = evaluate(s, 0, s.size)
    growth, delivered, times = chunk.inputs.T
    own = {"push_effect": 0.1, "initial_output": 80.0}
    expected = output(2014, growth=growth, delivery_new=delivered, new=times, **own)
    np.testing.assert_allclose(column(chunk, s, "output@2014"), expected, rtol=1e-12)
    assert not chunk.flags.any()


def test_the_identity_is_of_what_determines_the_values(folder):
    s = sweep(folder)
    same = sweep(folder, ("name: small", "name: other\ntitle: T\nquestion: Q"))
    assert same.identity == s.identity and json.loads(s.identity)["sweep"]["seed"] == 3
    others = [
        sweep(folder, ("seed: 3", "seed: 4")),
        sweep(folder, ("n: 16", "n: 32")),
        sweep(folder, ("@ 2010", "@ 2011")),
    ]
    text = (folder / "case.yaml").read_text(encoding="utf-8")
    (folder / "case.yaml").write_text(text.replace("hold: 2", "hold: 3"), encoding="utf-8")
    others.append(sweep(folder))
    assert len({s.identity, *(other.identity for other in others)}) == 5


def test_the_cost_is_said_before(folder):
    s = sweep(folder)
    said = cost(s)
    assert (said.members, said.factors, said.outputs, said.steps) == (16 * 8, 3, 6, 16)
    assert said.bytes == 128 * (8 * 9 + 1) and said.seconds > 0
    assert said.line().startswith("128 members of 3 factors and 6 outputs, 16 steps each")
