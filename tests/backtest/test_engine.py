"""From files to forecasts at an origin on a small model, and that nothing dated later reaches them."""

from dataclasses import replace

import numpy as np
import pytest
from tests.backtest.world import METRICS, SECOND, VINTAGES, history, write_rows

from huangpu.backtest.engine import Plan, backtest, known, members_of, predictions, read_inputs
from huangpu.backtest.held import held_rows, meetings
from huangpu.calibration.posterior import LogPosterior
from huangpu.calibration.sampling import Settings
from huangpu.files import shipped
from huangpu.measurement import one_thread

PLAN = Plan(Settings(seed=3, ensembles=2, walkers=24, burn=20, steps=20, thin=5), members=40)


def inputs(world):
    return read_inputs(world / "scenarios" / "both.yaml", world, world)


def said(world, out, origin=2014, plan=PLAN, **more):
    (found,) = backtest(inputs(world), [origin], plan, out, **more)
    return found


def later(rows, **changes):
    """The rows with those published after 2014 told otherwise."""
    return [row | changes if row["published"] > "2014-12-31" else row for row in rows]


def test_an_origin_forecasts_its_rows_and_targets(world, tmp_path):
    found = said(world, tmp_path / "out")
    asked = {"g15", "g16", "g17", "g18", "l15", "l17", "c15", "c16", "c17", "c18"}
    assert set(found.rows) == asked
    assert found.draws.shape == (10, 40) and np.isfinite(found.draws).all()
    assert [target.target_id for target in found.targets] == ["t.sales", "t.shops", "t.late"]
    assert found.left == (("r17", "no quantity for rain, all, level"),)
    assert found.fit["figures"] == 8 and found.fit["parameters"] == 8
    level = dict(zip(found.rows, np.exp(np.median(found.draws, axis=1)), strict=True))
    assert 90 < level["l15"] < 125 and 30 < level["c15"] < 42  # about where 97 and 25 in 2013 lead


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"value": "250", "se_abs": "7"}, id="figures"),
        pytest.param({"published": "2019-06-01"}, id="days"),
        pytest.param({"bound": ">"}, id="bounds"),
    ],
)
def test_figures_of_later_change_no_forecast(world, tmp_path, change):
    before = said(world, tmp_path / "before")
    write_rows(world, later(history(), **change))
    after = said(world, tmp_path / "after")
    assert after.rows == before.rows and after.targets == before.targets
    assert after.draws.tobytes() == before.draws.tobytes()


def test_rows_that_are_not_there_yet_change_no_other(world, tmp_path):
    before = said(world, tmp_path / "before")
    write_rows(world, [row for row in history() if row["published"] <= "2014-12-31" or row["row_id"] in ("g17", "c15")])
    after = said(world, tmp_path / "after")
    assert after.rows == ("g17", "c15")
    kept = [before.rows.index(id) for id in after.rows]
    assert after.draws.tobytes() == before.draws[kept].tobytes() and after.targets == before.targets


def test_plans_levers_and_shocks_of_later_change_no_forecast(world, tmp_path):
    before = said(world, tmp_path / "before")
    (world / "scenarios" / "second.yaml").write_text(
        SECOND.replace("hold: 0.8", "hold: 3") + "  push: [{plan: plan_2, start: 2015.1, hold: 2}]\n", encoding="utf-8"
    )
    (world / "scenarios" / "both.yaml").write_text(
        "name: both\nbase: [first.yaml, second.yaml]\nchanges:\n  - {plan: plan_1, end: 2015.5}\n"
        "drivers:\n  cycle: [{start: 2015.2, hold: -0.4}]\n",
        encoding="utf-8",
    )
    metrics = METRICS.replace("{2015: 4.0}", "{2015: 9.0, 2017: 25.0}")
    (world / "metrics.yaml").write_text(metrics, encoding="utf-8")
    priors = (world / "priors.yaml").read_text(encoding="utf-8")
    priors = priors.replace("median: 0.2, logit_sd: 0.3", "median: 0.6, logit_sd: 0.1")
    (world / "priors.yaml").write_text(priors, encoding="utf-8")
    after = said(world, tmp_path / "after")
    assert after.draws.tobytes() == before.draws.tobytes() and after.targets == before.targets


def test_what_was_known_does_change_it(world, tmp_path):
    before = said(world, tmp_path / "before")
    write_rows(world, [row | ({"value": "9"} if row["row_id"] == "g13" else {}) for row in history()])
    assert (said(world, tmp_path / "after").draws != before.draws).any()
    write_rows(world, history())
    (world / "vintages.yaml").write_text(VINTAGES.replace("2012-07-01", "2015-07-01"), encoding="utf-8")
    assert (said(world, tmp_path / "plan").draws != before.draws).any()


def test_a_draw_depends_on_its_own_row_alone(world):
    """Also between the points at which processes are drawn, and whatever else is asked for."""
    given = inputs(world)
    vintage = known(given, 2014)
    held, _ = meetings(held_rows(given.observations, 2014), vintage.layer)
    random = np.random.default_rng(0)
    u = random.standard_normal((16, len(vintage.question.priors.names)))
    members = members_of(vintage, u, np.zeros(16, int), np.arange(16))
    all_draws, targets = predictions(given, vintage, members, held)
    few, same = predictions(given, vintage, members, held[3:5], threads=1)
    assert few.tobytes() == all_draws[3:5].tobytes() and same == targets


def test_an_origin_is_kept_and_taken_again_only_for_the_same_question(world, tmp_path):
    first = said(world, tmp_path / "out")
    again = said(world, tmp_path / "out", resume=True)
    assert again.fit == first.fit  # its seconds too: nothing was computed
    assert (
        again.draws.tobytes() == first.draws.tobytes() and again.targets == first.targets and again.left == first.left
    )
    other = said(world, tmp_path / "out", resume=True, plan=replace(PLAN, members=20))
    assert other.draws.shape[1] == 20
    write_rows(world, [row | ({"value": "9"} if row["row_id"] == "g13" else {}) for row in history()])
    assert (said(world, tmp_path / "out", resume=True).draws != first.draws).any()


def test_a_file_cut_short_is_no_result(world, tmp_path):
    first = said(world, tmp_path / "out")
    path = tmp_path / "out" / "2014.npz"
    path.write_bytes(path.read_bytes()[:200])
    assert said(world, tmp_path / "out", resume=True).draws.tobytes() == first.draws.tobytes()


def test_finished_origins_outlive_one_that_fails(world, tmp_path):
    running = backtest(inputs(world), [2014, 2016], PLAN, tmp_path / "out")
    assert next(running).origin == 2014
    running.close()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["2014.npz"]


def test_a_fit_that_was_cut_off_is_gone_on_with(world, tmp_path):
    whole = said(world, tmp_path / "whole")

    def stop(done, _):
        if done >= 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        said(world, tmp_path / "out", progress=stop, threads=1)
    (left,) = (tmp_path / "out").iterdir()
    assert left.name.startswith("2014.") and left.name.endswith(".unfinished")
    after = said(world, tmp_path / "out", resume=True)
    assert after.draws.tobytes() == whole.draws.tobytes() and after.fit["evaluations"] < whole.fit["evaluations"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["2014.npz"]


def test_wide_priors_are_those_that_rest_on_later_figures(world):
    given = inputs(world)
    assert {row.name: row.known for row in given.dated} | {"sigma.cycle": None} == {
        "initial_output": None,
        "growth": 2013,
        "push_effect": None,
        "crash_depth": 2015,
        "pace": 2016,
        "delivery_first": 2013,
        "delivery_second": None,
        "sigma.cycle": None,
        "sigma.sales": None,
        "sigma.shops": None,
    }
    plain, wide = (known(given, 2014, wide=wide).question.priors.items for wide in (False, True))
    changed = {a.name: (a.numbers, b.numbers) for a, b in zip(plain, wide, strict=True) if a != b}
    assert changed == {"pace": ((4.0, 0.3), (4.0, 0.6))}


# ---- the shipped model


def test_the_shipped_origin_sees_nothing_of_later():
    """The sampler knows nothing but the log posterior, so equal densities, and equal forecasts of equal members, are
    equal results; a refit would take minutes."""
    origin, day = 2017, "2017-12-31"
    given = read_inputs(shipped("scenarios/all_plans.yaml"), shipped("calibration"), shipped("results"))
    told = tuple(replace(o, value=0.9 * o.value, se=3 * o.se) if o.published > day else o for o in given.observations)
    metrics = replace(given.metrics, shock_years={**given.metrics.shock_years, 2024: 9.0})
    outcomes = {id: replace(o, met="no", value=1.0) for id, o in given.questions.outcomes.items()}
    other = replace(given, observations=told, metrics=metrics, questions=replace(given.questions, outcomes=outcomes))
    found = []
    for each in (given, other):
        vintage = known(each, origin)
        u = 0.3 * np.random.default_rng(1).standard_normal((16, len(vintage.question.priors.names)))
        held, _ = meetings(held_rows(each.observations, origin), vintage.layer)
        members = members_of(vintage, u, np.zeros(16, int), np.arange(16))
        with one_thread():
            density = LogPosterior(vintage.question)(u)
        draws, targets = predictions(each, vintage, members, held)
        found.append((density.tobytes(), draws.tobytes(), targets, [m.observation.row_id for m in held]))
    assert len(found[0][3]) > 100 and np.isfinite(np.frombuffer(found[0][0])).any()
    assert found[0] == found[1]
