"""`huangpu backtest`: the files that it leaves, and what it refuses before it computes."""

import json
from dataclasses import replace

import pytest

from huangpu import files
from huangpu.backtest import engine
from huangpu.backtest.report import FILES
from huangpu.calibration.sampling import Settings
from huangpu.cli import main

SMALL = Settings(seed=3, ensembles=2, walkers=24, burn=20, steps=20, thin=5)


@pytest.fixture
def here(world, monkeypatch):
    places = {"scenarios/all_plans.yaml": world / "scenarios" / "both.yaml", "calibration/backtest": world / "kept"}
    monkeypatch.setattr(files, "shipped", lambda name: places.get(name.replace("\\", "/"), world))
    monkeypatch.setattr(engine, "QUICK", replace(engine.QUICK, settings=SMALL, members=40))
    monkeypatch.chdir(world)
    return world


def test_it_leaves_tables_a_summary_and_plots(here, capsys):
    assert main(["backtest", "--quick", "--out", "out"]) == 0
    assert {path.name for path in (here / "out").iterdir()} == {*FILES, "origins"}
    assert {path.name for path in (here / "out" / "origins").iterdir()} == {"2014.npz", "2016.npz"}
    found = json.loads((here / "out" / "summary.json").read_text(encoding="utf-8"))
    assert list(found["by_origin"]) == ["2014", "2016"]
    assert found["made_from"]["plan"]["members"] == 40 and "priors.yaml" in found["made_from"]["files"]
    told = capsys.readouterr()
    assert told.out.startswith("# Backtest") and "end of 2014: 8 figures fitted" in told.err


def test_what_is_finished_is_not_done_again(here, capsys, monkeypatch):
    assert main(["backtest", "--quick", "--out", "out", "--origin", "2014", "--quiet"]) == 0
    kept = (here / "out" / "origins" / "2014.npz").stat().st_mtime_ns
    assert main(["backtest", "--quick", "--out", "out", "--resume", "--quiet"]) == 0
    assert (here / "out" / "origins" / "2014.npz").stat().st_mtime_ns == kept
    found = json.loads((here / "out" / "summary.json").read_text(encoding="utf-8"))
    assert list(found["by_origin"]) == ["2014", "2016"]


def test_a_trial_does_not_touch_the_shipped_results(here):
    assert main(["backtest", "--quick", "--quiet"]) == 0
    assert not (here / "kept").exists() and (here / "results/runs/backtest/summary.json").is_file()


def test_an_origin_that_is_none_is_refused(here, capsys):
    assert main(["backtest", "--origin", "2013"]) == 2
    assert "2013 is none of 2014, 2016 (calibration/vintages.yaml)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("observations.csv", "2015-03-15", "15/03/2015", "row_id g14: published: found '15/03/2015', expected a day"),
        ("outcomes.csv", "2017-03-15", "March 2017", "outcomes.csv:2: t.sales: published: found 'March 2017'"),
        ("vintages.yaml", "2012-07-01", "2012-7-1", "found '2012-7-1', expected a day, YYYY-MM-DD"),
        ("vintages.yaml", '"2016-07-01"', '""', "found '', expected a day, YYYY-MM-DD"),
    ],
)  # fmt: skip
def test_a_day_that_is_none_is_refused(here, capsys, file, old, new, said):
    """Days compare as texts: one written otherwise would be known at once, or never."""
    text = (here / file).read_text(encoding="utf-8")
    assert old in text
    (here / file).write_text(text.replace(old, new), encoding="utf-8")
    assert main(["backtest", "--out", "out"]) == 2
    assert said in capsys.readouterr().err


def test_bad_files_are_refused_before_anything_is_computed(here, capsys):
    (here / "vintages.yaml").write_text("origins: [2014]\ndue: 2018\nplan: {}\n", encoding="utf-8")
    assert main(["backtest", "--out", "out"]) == 2
    assert "vintages.yaml:3: plan: no such key; did you mean 'plans'?" in capsys.readouterr().err
    assert not (here / "out").exists()
