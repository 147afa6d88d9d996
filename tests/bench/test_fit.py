"""What a fit pays, on small models: rates have their rows, PySD gives the same log posterior, an update is timed."""

import subprocess
from dataclasses import replace

import numpy as np
import pytest
from bench.rows import Row, Skip
from bench.setting import Setting

from bench import __main__ as command
from bench import fit, peers, processes, pysd_runs, report
from huangpu import files
from huangpu.calibration.posterior import LogPosterior, load_question
from huangpu.cli import main
from huangpu.compiler import compile_model
from huangpu.runtime.drivers import Schedule
from huangpu.runtime.ensemble import Runner, Saving, annual_means, points, step_times
from linear import Figure, write_tree
from toymodel import MODEL, SMALL, write_toy

OLD = [Figure("o1", 2012, 117.0), Figure("o2", 2014, 127.0)]


@pytest.fixture
def setting(tmp_path, monkeypatch):
    """The toy stands for our own model."""
    monkeypatch.setenv("HUANGPU_CACHE", str(tmp_path / "cache"))
    write_toy(tmp_path)
    monkeypatch.setattr(fit, "SCENARIO", tmp_path / "pushed.yaml")
    monkeypatch.setattr(fit, "FOLDER", tmp_path)
    monkeypatch.setattr(fit, "SETTINGS", replace(SMALL, burn=20, steps=200, thin=2))
    return Setting(tmp_path, print, rounds=2, slow_rounds=1, pysd=("own",))


def named(rows) -> dict[str, Row]:
    rows = list(rows)
    assert len({row.name for row in rows}) == len(rows)
    assert all(np.isfinite(row.value) and row.value > 0 for row in rows)
    return {row.name: row for row in rows}


@pytest.mark.parametrize("processors", [1, 2])
def test_evaluations_a_second(setting, monkeypatch, processors):
    monkeypatch.setattr(fit, "processors", lambda: processors)
    notes = []
    found = named(fit.measure(replace(setting, say=notes.append)))
    assert {"fit.log_posterior", "fit.log_posterior.run", "fit.log_posterior.likelihood"} <= set(found)
    assert "9 figures, 5 parameters, batches of 24" in found["fit.log_posterior"].against
    assert ("fit.log_posterior.two_threads" in found) == (processors == 2)
    assert any("there is one processor" in note for note in notes) == (processors == 1)
    ratio = found["fit.log_posterior.against_pysd"]
    assert ratio.ratio == pytest.approx(ratio.value / found["fit.peer.pysd"].value)
    assert ratio.ratio > 10  # thousands; a toy on a busy machine


def test_another_log_posterior_is_not_timed_but_said(setting, monkeypatch):
    monkeypatch.setattr(pysd_runs, "log_posterior", lambda *_: lambda u: np.array([1e9]))
    notes = []
    found = named(fit.measure(replace(setting, say=notes.append)))
    assert not any("pysd" in name for name in found)
    assert any("against PySD skipped: it gives other ones, by 1.0e+09" in note for note in notes)


def test_pysd_gives_the_same_log_posterior(setting):
    question = load_question(fit.SCENARIO, fit.FOLDER)
    u = 0.3 * np.random.default_rng(2).standard_normal((3, 5))
    theirs = pysd_runs.log_posterior(question, setting.folder / "toy.mdl", setting.folder)
    assert theirs(u) == pytest.approx(LogPosterior(question)(u), abs=1e-8)  # of some hundreds
    assert len(set(theirs(u))) == 3


SUBSCRIPTED = (
    MODEL.replace("{UTF-8}", "{UTF-8}\nRegion: north side, south\n\t~\t\n\t~\t\n\t|\n")
    .replace("Output= INTEG (Output*(Growth", "Output[Region]= INTEG (Output[Region]*(Growth[Region]")
    .replace("Growth= 0.05", "Growth[Region]= 0.05, 0.02")
)


def test_pysd_is_given_elements_and_levers_and_saves_means_and_points(tmp_path):
    """One element of a constant is drawn, the other keeps the model's value."""
    path = tmp_path / "regions.mdl"
    path.write_text(SUBSCRIPTED, encoding="utf-8")
    program = compile_model(path)
    end, names = 2014.0, ("output[south]", "output[north_side]")
    years, times = (
        points(program, [2010.5, 2014.0], final_time=end),
        annual_means(program, [2011, 2013], final_time=end),
    )
    savings = [Saving(names, *times), Saving(names[:1], *years)]
    grid = step_times(program, end)
    push = Schedule(np.array([grid > 2011, grid > 2013], dtype=float), np.array([[0.5, 1.0], [0.25, -1.0]]))
    parameters, values = ("growth[south]", "push_effect"), np.array([[0.01, 0.04], [0.1, 0.3]])
    theirs = pysd_runs.runner(program, peers.read_by_pysd("regions", path, tmp_path), savings, parameters, end)
    ours = Runner(program, savings, parameters=parameters, final_time=end)
    for mine, other in zip(ours.run(values, {"push": push}), theirs(values, {"push": push}), strict=True):
        assert other == pytest.approx(mine, rel=1e-12)
        assert len(np.unique(mine)) == mine.size


def test_a_whole_calibration(setting):
    found = named(fit.calibration(setting))
    assert set(found) == {f"calibration.{name}" for name in ("time", "rate", "ess_bulk", "ess_tail")}
    assert "2 ensembles of 24 walkers, 20 + 200 steps" in found["calibration.time"].against
    assert "load before" in found["calibration.time"].against
    assert "the smallest of 5 parameters" in found["calibration.ess_bulk"].against


def test_a_whole_calibration_runs_when_asked_for(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "MEASURES", {"fit": lambda job: iter([Row("fit.log_posterior", 1.0, "1/s")])})
    monkeypatch.setattr(command, "DEAR", {"calibrate": lambda job: iter([Row("calibration.time", 2.0, "s")])})
    assert command.main(["--quick"]) == 0
    assert "calibration.time" not in capsys.readouterr().out
    assert command.main(["--quick", "--calibrate"]) == 0
    assert "calibration.time" in capsys.readouterr().out


def test_the_page_shows_the_calibration_that_was_recorded_last(tmp_path):
    path = tmp_path / "history.csv"
    assert report.recorded(path, fit.CALIBRATION) == []
    for commit, seconds in (("aaa", 300.0), ("bbb", 200.0)):
        rows = [
            Row("calibration.time", seconds, "s", "4 ensembles; 2026-01-01, load before 0.1"),
            Row("other", 1.0, "s"),
        ]
        report.record(path, rows, {"commit": commit, "processor": "a machine"})
    text = "4 ensembles; 2026-01-01, load before 0.1; measured at commit bbb"
    assert report.recorded(path, fit.CALIBRATION) == [Row("calibration.time", 200.0, "s", text)]


# ---- huangpu update


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A small model stands for ours, and commands run in this process."""
    write_tree(tmp_path, OLD, members=400)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files, "root", lambda: tmp_path)
    monkeypatch.setattr(processes, "ROOT", tmp_path)
    monkeypatch.setattr(processes, "OWN", next((tmp_path / "models").glob("*.mdl")))
    monkeypatch.setattr(processes, "SCENARIO", "scenarios/plain.yaml")
    monkeypatch.setattr(processes, "POSTERIOR", "calibration/members.nc")

    def python(arguments, cache):
        assert main(arguments[2:]) == 0
        return subprocess.CompletedProcess(arguments, 0)

    monkeypatch.setattr(processes, "python", python)
    (tmp_path / "made").mkdir()
    return Setting(tmp_path / "made", print, rounds=1, slow_rounds=1)


def test_an_update_takes_up_one_figure(tree):
    found = named(processes.update(tree))
    assert "one new figure, 400 members" in found["command.update"].against
    text = (tree.folder / "observations.csv").read_text(encoding="utf-8")
    assert "\nnew_o2," in text and "\no1," in text


def test_an_update_that_takes_up_nothing_is_not_timed(tree, monkeypatch):
    monkeypatch.setattr(processes, "python", lambda arguments, cache: None)
    with pytest.raises(Skip, match="took up nothing"):
        list(processes.update(tree))
