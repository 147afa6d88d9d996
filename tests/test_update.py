"""Members weighed by new figures, against a linear Gaussian tree in which every answer is known."""

import json
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from tests.linear import ASKED, DUE, Figure, given, growth_given, write_figures, write_tree

from huangpu import files, forecast
from huangpu.cli import main
from huangpu.runtime.dataset import read_netcdf
from huangpu.runtime.members import MembersError
from huangpu.update import prepare, update, write
from huangpu.update.effects import change
from huangpu.update.report import no_news
from huangpu.update.weights import picked, weights_of

NORMAL = NormalDist()
OLD = [Figure("o1", 2012, 117.0), Figure("o2", 2014, 127.0)]
LOW = Figure("o3", 2015, 127.0)
NEXT = Figure("o4", 2016, 140.0)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """The tree with its scenario's path; what ships is what lies in it."""
    monkeypatch.setattr(files, "root", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    return write_tree(tmp_path, OLD)


def odds(figures):
    mean, matrix = given(figures, np.array([DUE]))
    return NORMAL.cdf((mean[1] - np.log(ASKED)) / np.sqrt(matrix[1, 1]))


def test_members_by_weight_are_those_of_a_new_fit(tree, tmp_path):
    write_figures(tmp_path, [*OLD, LOW])
    done = update(prepare(tree))
    growth = done.request.job.members.parameters["growth"]
    mean, spread = growth_given([*OLD, LOW])
    worth = done.weights.effective
    assert 500 < worth < len(growth)
    assert done.weights.share @ growth == pytest.approx(mean, abs=4 * spread / np.sqrt(worth))
    assert growth[done.draws].mean() == pytest.approx(mean, abs=4 * spread / np.sqrt(worth))
    assert growth[done.draws].std() == pytest.approx(spread, rel=4 / np.sqrt(2 * worth))
    assert done.weights.khat < 0.7 and not done.due


def test_odds_before_and_after_are_the_exact_ones(tree, tmp_path):
    write_figures(tmp_path, [*OLD, LOW, NEXT])
    (effect,) = update(prepare(tree)).effects
    error = effect.change.error
    assert effect.before.probability == pytest.approx(odds(OLD), abs=4 * effect.before.mc_error)
    assert effect.after.probability == pytest.approx(odds([*OLD, LOW, NEXT]), abs=0.03)
    assert effect.change.value == pytest.approx(odds([*OLD, LOW, NEXT]) - odds(OLD), abs=4 * error)
    assert effect.parts[0].value == pytest.approx(odds([*OLD, LOW]) - odds(OLD), abs=4 * effect.parts[0].error)
    assert sum(part.value for part in effect.parts) == pytest.approx(effect.change.value, abs=1e-12)
    assert effect.change.told and 0.002 < error < 0.02


def test_the_error_of_a_change_is_what_it_scatters_by(tree, tmp_path):
    write_figures(tmp_path, [*OLD, LOW])
    request = prepare(tree)
    found = []
    for seed in range(8):
        job = replace(request.job, scenario=replace(request.job.scenario, seed=seed))
        found += [effect.change for effect in update(replace(request, job=job)).effects]
    scatter = np.std([c.value for c in found], ddof=1)
    assert 0.2 < scatter / np.mean([c.error for c in found]) < 2  # the parameters' draws are the same, so rather less


def test_a_surprise_is_measured_against_what_was_known_before(tree, tmp_path):
    write_figures(tmp_path, [*OLD, LOW, NEXT])
    found = update(prepare(tree)).surprises
    for surprise, figure, known in ((found[0], LOW, OLD), (found[1], NEXT, [*OLD, LOW])):
        mean, matrix = given(known, np.array([figure.time]))
        expected = (np.log(figure.value) - mean[1]) / np.sqrt(matrix[1, 1] + figure.error**2)
        assert surprise.z == pytest.approx(expected, abs=0.03)
    assert found[0].text.endswith(" sd low") and found[0].observation.row_id == "o3"


def test_a_bound_is_weighed_by_its_chance(tree, tmp_path, capsys):
    bound = Figure("o3", 2015, 140.0, bound=">")
    write_figures(tmp_path, [*OLD, bound])
    done = update(prepare(tree))
    mean, matrix = given(OLD, np.array([bound.time]))
    chance = NORMAL.cdf((mean[1] - np.log(bound.value)) / np.sqrt(matrix[1, 1] + bound.error**2))
    assert done.surprises[0].chance == pytest.approx(chance, abs=0.02)
    assert done.effects[0].change.value > 0
    assert main(["update", str(tree)]) == 0
    said = f"2015 has a bound that had a chance of {100 * done.surprises[0].chance:.0f} % (o3 Sales)"
    assert said in " ".join(capsys.readouterr().out.split())


def test_a_bound_among_many_figures_has_its_own_chance(tree, tmp_path):
    """Of a step with more than one figure the others count as known, whatever they are."""
    more = [Figure(f"n{k:02}", 2015, 131.0 + k, 0.1) for k in range(10)]
    bound = Figure("n01", 2015, 140.0, bound=">")
    write_figures(tmp_path, [*OLD, *(bound if f.row_id == bound.row_id else f for f in more)])
    request = prepare(tree)
    assert "n01" in [o.row_id for o in request.news.steps[0].new] and len(request.news.steps[0].new) == 2
    found = {s.observation.row_id: s for s in update(request).surprises}
    mean, matrix = given([*OLD, more[0]], np.array([bound.time]))
    chance = NORMAL.cdf((mean[1] - np.log(bound.value)) / np.sqrt(matrix[1, 1] + bound.error**2))
    assert found["n01"].chance == pytest.approx(chance, abs=0.02)


def test_a_bound_in_place_of_a_figure_has_its_own_chance(tree, tmp_path):
    bound = replace(OLD[1], value=124.0, bound=">")
    write_figures(tmp_path, [OLD[0], bound])
    (found,) = update(prepare(tree)).surprises
    mean, matrix = given(OLD[:1], np.array([bound.time]))
    growth, spread = growth_given(OLD)  # the members have seen what the row said before
    walks = matrix[1, 1] - matrix[0, 1] ** 2 / matrix[0, 0]
    slope = matrix[0, 1] / matrix[0, 0]
    centre = mean[1] + slope * (growth - mean[0])
    chance = NORMAL.cdf((centre - np.log(bound.value)) / np.sqrt(walks + (slope * spread) ** 2 + bound.error**2))
    assert found.chance == pytest.approx(chance, abs=0.02)


def test_a_corrected_figure_takes_the_place_of_what_it_said(tree, tmp_path, capsys):
    corrected = replace(OLD[1], value=125.0)
    write_figures(tmp_path, [OLD[0], corrected])
    request = prepare(tree)
    assert request.news.replaced == (("o2", "it said 127"),) and [o.row_id for o in request.news.rows] == ["o2"]
    done = update(request)
    (effect,) = done.effects
    assert effect.before.probability == pytest.approx(odds(OLD), abs=4 * effect.before.mc_error)
    assert effect.after.probability == pytest.approx(odds([OLD[0], corrected]), abs=0.03)
    mean, spread = growth_given([OLD[0], corrected])
    growth = request.job.members.parameters["growth"]
    assert done.weights.share @ growth == pytest.approx(mean, abs=4 * spread / np.sqrt(done.weights.effective))
    write(done, tmp_path / "calibration" / "members.nc")
    assert not prepare(tree).news.rows  # what it says now is known


def test_the_same_bits_for_any_threads(tree, tmp_path):
    write_figures(tmp_path, [*OLD, LOW])
    one, two = (update(prepare(tree), threads=n) for n in (1, 2))
    assert np.array_equal(one.weights.share, two.weights.share) and np.array_equal(one.draws, two.draws)
    assert (one.effects, one.surprises) == (two.effects, two.surprises)


def test_without_news_nothing_is_computed(tree, tmp_path, capsys, monkeypatch):
    late = Figure("o9", 2018, 150.0, use="context")
    write_figures(tmp_path, [*OLD, late])
    monkeypatch.setattr(forecast, "simulate", lambda *_, **__: pytest.fail("simulated"))
    assert main(["update", str(tree)]) == 0
    out = capsys.readouterr().out
    assert "No new figure: the posterior has seen all 2 that enter." in out
    assert "o9 is new but does not enter: use is context" in out


def test_the_file_is_a_posterior_that_knows_the_new_rows(tree, tmp_path):
    write_figures(tmp_path, [*OLD, LOW])
    out = tmp_path / "new.nc"
    done = update(prepare(tree))
    write(done, out)
    before, after = read_netcdf(tmp_path / "calibration" / "members.nc"), read_netcdf(out)
    assert json.loads(after.attrs["row_ids"]) == ["o1", "o2", "o3"]
    assert json.loads(after.attrs["updated_rows"]) == ["o3"]
    assert after.attrs["updated_effective"] == pytest.approx(done.weights.effective / 4000)
    assert np.array_equal(after.variables["growth"].values, before.variables["growth"].values[done.draws])
    assert after.variables["growth"].attrs == before.variables["growth"].attrs
    text = tree.read_text().replace("members.nc", "../new.nc").replace("members: 50", "members: 4000")
    tree.write_text(text)
    job = forecast.prepare(tree)
    assert job.notes == () or not any("observations.csv" in note for note in job.notes)
    answer = forecast.score(job, forecast.simulate(job)).answer
    assert answer.scores[0].probability == done.answer.scores[0].probability
    again = prepare(tree)
    assert not again.news.rows and again.earlier == pytest.approx(done.effective)
    assert "seen all 3" in no_news(again.news)


def test_in_place_only_where_no_refit_is_due(tree, tmp_path, capsys):
    posterior = tmp_path / "calibration" / "members.nc"
    kept = posterior.read_bytes()
    write_figures(tmp_path, [*OLD, Figure("o3", 2015, 60.0, 0.005)])
    assert main(["update", str(tree), "--in-place"]) == 2
    out, err = capsys.readouterr()
    assert "A refit is due: run `huangpu calibrate`." in out and "left as it is" in err
    assert posterior.read_bytes() == kept
    write_figures(tmp_path, [*OLD, LOW])
    assert main(["update", str(tree), "--in-place"]) == 0
    assert posterior.read_bytes() != kept
    out = capsys.readouterr().out
    assert "Sales of all, 2020" in out and " sd low (o3 Sales)" in out
    assert main(["update", str(tree), "--in-place", "--out", "x.nc"]) == 2


def test_other_figures_may_be_given(tree, tmp_path):
    other = write_figures(tmp_path, [*OLD, NEXT], "other.csv")
    assert main(["update", str(tree), "--observations", str(other), "--out", "new/m.nc", "--quiet"]) == 0
    assert json.loads(read_netcdf(tmp_path / "new" / "m.nc").attrs["updated_rows"]) == ["o4"]


def test_a_row_that_is_gone_or_a_changed_prior_asks_for_a_refit(tree, tmp_path):
    write_figures(tmp_path, [OLD[0], LOW])
    (tmp_path / "calibration" / "priors.yaml").write_text("parameters: {} # other\n")
    request = prepare(tree)
    assert request.news.lost == (("o2", "no longer in the file"),)
    due = "\n".join(update(request).due)
    assert "row o2, which the posterior used" in due
    assert "calibration/priors.yaml has changed" in due and "observations.csv" not in due


def test_many_figures_are_taken_up_in_groups_by_publication(tree, tmp_path):
    more = [Figure(f"n{k}", 2015 + k % 4, 135.0 + 7 * (k % 4), 0.1) for k in range(11)]
    write_figures(tmp_path, [*OLD, *more])
    news = prepare(tree).news
    assert len(news.rows) == 11 and len(news.steps) == 8
    published = [o.published for o in news.rows]
    assert published == sorted(published)
    assert [len(step.layer.rows) for step in news.steps][-1] == 13


@pytest.mark.parametrize("text", ["{", '["o1", 2]', '{"o1": [1.0, "="]}', None])
def test_a_posterior_that_does_not_say_what_it_used(tree, tmp_path, text):
    from huangpu.runtime.dataset import write_netcdf

    path = tmp_path / "calibration" / "members.nc"
    table = read_netcdf(path)
    attrs = {name: value for name, value in table.attrs.items() if name != "figures"}
    write_netcdf(replace(table, attrs=attrs | ({} if text is None else {"figures": text})), path)
    with pytest.raises(MembersError, match="attribute 'figures'"):
        prepare(tree)


def test_only_a_fit_can_be_updated(tree):
    tree.write_text("\n".join("posterior: none" if "posterior" in t else t for t in tree.read_text().splitlines()))
    with pytest.raises(MembersError, match="expected members that were fitted"):
        prepare(tree)


# -- weights ----------------------------------------------------------------------------------------------------------


def test_weights_follow_the_density():
    x = np.random.default_rng(0).standard_normal(4000)
    found = weights_of(x - 1000.0)
    assert np.corrcoef(found.share, np.exp(x))[0, 1] > 0.99
    assert found.share.sum() == pytest.approx(1)
    assert found.effective == pytest.approx(4000 / np.e, rel=0.15)
    assert found.khat < 0.7 < weights_of(6 * x).khat


def test_weights_without_a_choice():
    assert weights_of(np.zeros(50)).effective == pytest.approx(50)
    lost = weights_of(np.array([-np.inf, *np.zeros(30), np.nan]))
    assert lost.share[0] == lost.share[-1] == 0 and lost.share.sum() == pytest.approx(1)
    assert weights_of(np.full(40, -np.inf)).khat == np.inf
    assert weights_of(np.array([0.0, 1.0])).khat == np.inf


def test_members_stay_where_they_are_and_are_copied_by_weight():
    assert np.array_equal(picked(np.full(1000, 1 / 1000)), np.arange(1000))
    share = np.random.default_rng(1).dirichlet(np.ones(1000))
    found = picked(share)
    copies = np.bincount(found, minlength=1000)
    assert np.abs(copies - 1000 * share).max() <= 1
    assert (found[copies > 0] == np.flatnonzero(copies)).all()


def test_nothing_changed_is_no_change():
    draws, met = np.arange(100), np.arange(100) % 2 == 0
    none = change((draws, met), (draws, met), [])
    assert (none.value, none.error, none.told) == (0.0, 0.0, False)
