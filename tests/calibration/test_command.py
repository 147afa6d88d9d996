"""`huangpu calibrate` and `huangpu posterior`, with a small model in place of the shipped one."""

from dataclasses import replace

import pytest

from huangpu import files
from huangpu.calibration import posterior
from huangpu.cli import main
from toymodel import SMALL, write_toy


@pytest.fixture
def toy(tmp_path, monkeypatch):
    write_toy(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(posterior, "SETTINGS", replace(SMALL, ensembles=4, walkers=100, burn=200, steps=300))
    monkeypatch.setattr(posterior, "shipped", lambda name: tmp_path if name == "calibration" else files.shipped(name))
    return tmp_path


def test_a_posterior_is_fitted_and_shown(toy, capsys):
    assert main(["calibrate", "--scenario", "pushed.yaml", "--out", "out/m.nc"]) == 0
    said = capsys.readouterr()
    assert "Converged: largest R-hat" in said.out and "of 400 walkers 0 never moved" in said.out
    assert "of 5 parameters" in said.out and said.err == ""
    assert sorted(path.name for path in (toy / "out").iterdir()) == ["diagnostics.csv", "m.nc"]
    assert main(["posterior", "out/diagnostics.csv", "--plot", "out/p.svg"]) == 0
    said = capsys.readouterr().out
    assert "initial_output" in said and "Not informed: sigma.output." in said
    assert (toy / "out" / "p.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_a_fit_that_has_not_converged_says_so_aloud(toy, capsys):
    short = ["--burn", "10", "--steps", "100", "--quiet"]
    assert main(["calibrate", "--scenario", "pushed.yaml", "--out", "m.nc", *short]) == 3
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("huangpu: m.nc: not converged, and marked so; use more --burn")


def test_resuming_another_question_is_refused(toy, capsys):
    def stop(*_):
        raise KeyboardInterrupt

    kept = toy / "m.nc.unfinished"
    with pytest.raises(KeyboardInterrupt):
        posterior.calibrate("pushed.yaml", "m.nc", posterior.SETTINGS, folder=toy, progress=after(600, stop))
    assert kept.is_dir()
    assert main(["calibrate", "--scenario", "pushed.yaml", "--out", "m.nc", "--resume", "--seed", "8", "--quiet"]) == 2
    assert "was begun with other seed, settings" in capsys.readouterr().err
    assert kept.is_dir()


def after(steps, stop):
    return lambda done, _: stop() if done > steps else None
