"""The command line: one clear line and exit code 2 for bad input, before anything is computed or written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import huangpu
from huangpu import forecast
from huangpu.cli import main
from huangpu.files import shipped

GOOD = """\
name: small
save: {variables: [gdp_real]}
horizon: {end: 2028}
members: 20
seed: 1
posterior: none
levers:
  robot_subsidy: [{start: 2024, hold: 1, unit: dmnl}]
"""

PAYLOAD = """{UTF-8}
Effect = WITH LOOKUP(Time, ([(0,0)-(10,10),__import__('pathlib').Path('pwned').touch()],(0,0),(10,10)))
	~	dmnl
	~		|
Level = INTEG(Effect, 0) ~ dmnl ~ |
INITIAL TIME = 0 ~ year ~ |
FINAL TIME = 10 ~ year ~ |
TIME STEP = 1 ~ year ~ |
SAVEPER = 1 ~ year ~ |
\\\\\\---/// Sketch information - do not modify anything except names
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working folder with a good scenario in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HUANGPU_TRACEBACK", raising=False)
    (tmp_path / "s.yaml").write_text(GOOD)
    return tmp_path


@pytest.fixture
def nothing_runs(monkeypatch):
    def simulate(*_, **__):
        raise AssertionError("simulated although the input is bad")

    monkeypatch.setattr(forecast, "simulate", simulate)


def tree(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def refused(capsys, *arguments) -> str:
    """The one line of a command that ends with exit code 2 and changes nothing in the working folder."""
    before = tree(Path.cwd())
    code = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    assert code == 2, err
    assert out == ""
    assert err.endswith("\n")
    assert err.count("\n") == 1, err
    assert tree(Path.cwd()) == before
    return err.strip()


EDITS = [
    ("robot_subsidy", "robot_subsidi", "s.yaml:8: levers.robot_subsidi: the model has no lever 'robot_subsidi'; "
                                       "did you mean 'robot_subsidy'?"),
    ("unit: dmnl", "unit: percent", "s.yaml:8: levers.robot_subsidy[1].unit: found 'percent', expected 'dmnl'"),
    ("start: 2024", "start: 2204", "s.yaml:8: levers.robot_subsidy[1].start: found 2204, expected a year of the model, "
                                   "2010 to 2035"),
    ("end: 2028", "end: 2099", "s.yaml:3: horizon.end: found 2099, expected a year after 2010 up to 2035"),
    ("members: 20", "memebrs: 20", "s.yaml:4: memebrs: unknown key; did you mean 'members'?"),
    ("seed: 1", "members: 30", "s.yaml:5: members: this key is given twice, first on line 4; keep one"),
    ("gdp_real", "gdp_reel", "s.yaml:2: save.variables[1]: the model has no variable 'gdp_reel'; "
                             "did you mean 'gdp_real'?"),
    ("posterior: none", "posterior: none.nc", "none.nc: there is no such file of members"),
    ("seed: 1", "model: m.mdl", "m.mdl"),
    ("end: 2028", "end: 2020", "s.yaml:3: horizon.end: found 2020, expected 20"),
    ("hold: 1,", "delivery: mine,", "s.yaml:8: levers.robot_subsidy[1].delivery: found 'mine', which is no column of "
                                    "the posterior (none)"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line"), EDITS, ids=[new for _, new, _ in EDITS])
def test_a_wrong_scenario(here, capsys, nothing_runs, old, new, line):
    (here / "s.yaml").write_text(GOOD.replace(old, new, 1))
    assert line in refused(capsys, "run", "s.yaml", "--no-plots")


def test_several_problems_are_one_line_each(here, capsys, nothing_runs):
    (here / "s.yaml").write_text(GOOD.replace("members", "memebrs").replace("seed: 1", "seed: one"))
    assert main(["run", "s.yaml"]) == 2
    assert [line.split(": ")[1] for line in capsys.readouterr().err.splitlines()] == ["memebrs", "seed"]


def test_a_folder_in_place_of_a_scenario(here, capsys, nothing_runs):
    (here / "folder").mkdir()
    assert refused(capsys, "run", "folder") == "huangpu: folder: is a folder, expected a YAML file"


def test_a_scenario_that_is_not_there(here, capsys, nothing_runs):
    assert "r.yaml: no such file; did you mean 's.yaml'?" in refused(capsys, "run", "r.yaml")


def test_a_file_in_place_of_the_results_folder(here, capsys, nothing_runs):
    (here / "taken").write_text("precious")
    assert "taken: is a file; results need a folder" in refused(capsys, "run", "s.yaml", "--out", "taken")
    line = refused(capsys, "run", "s.yaml", "--out", "taken/below")
    assert "taken/below: lies under taken, which is a file" in line
    assert (here / "taken").read_text() == "precious"


def test_a_folder_where_a_result_should_go(here, capsys, nothing_runs):
    (here / "out" / "run.nc").mkdir(parents=True)
    assert "out/run.nc: is a folder" in refused(capsys, "run", "s.yaml", "--out", "out")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_results_folder_without_permission(here, capsys, nothing_runs):
    (here / "locked").mkdir(mode=0o500)
    assert "cannot write to locked" in refused(capsys, "run", "s.yaml", "--out", "locked/below")


def test_a_results_folder_that_cannot_be_made(here, capsys, nothing_runs, monkeypatch):
    """As above for any user: what the system says when it refuses, e.g. a read-only disk, becomes one line."""

    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("huangpu.files.Path.mkdir", refuse)
    line = refused(capsys, "run", "s.yaml", "--out", "elsewhere")
    assert "elsewhere: cannot be written to (Read-only file system)" in line


@pytest.mark.parametrize("command", [["show", "m.mdl"], ["run", "s.yaml", "--model", "m.mdl"]], ids=["show", "run"])
def test_a_model_with_a_payload_in_a_lookup_range(here, capsys, nothing_runs, command):
    (here / "m.mdl").write_text(PAYLOAD)
    line = refused(capsys, *command)
    assert line.startswith("huangpu: m.mdl")
    assert not (here / "pwned").exists()


def test_a_model_without_what_the_figures_are_read_from(here, capsys, nothing_runs):
    (here / "m.mdl").write_text(PAYLOAD.replace("__import__('pathlib').Path('pwned').touch()", "(0,0)"))
    (here / "s.yaml").write_text("name: a\nsave: {variables: [level]}\nmembers: 2\nposterior: none\n", encoding="utf-8")
    assert "no target can be scored" in refused(capsys, "run", "s.yaml", "--model", "m.mdl")


def test_calibrate_checks_before_it_computes(here, capsys, monkeypatch):
    def calibrate(*_, **__):
        raise AssertionError("calibrated although the input is bad")

    monkeypatch.setattr("huangpu.calibration.posterior.calibrate", calibrate)
    (here / "folder").mkdir()
    (here / "taken").write_text("")
    assert "is a folder, but results" in refused(capsys, "calibrate", "--out", "folder")
    assert "is a file; results need a folder" in refused(capsys, "calibrate", "--out", "taken/members.nc")
    assert "--steps must be a multiple of" in refused(capsys, "calibrate", "--steps", "7")
    assert "--steps must be at least" in refused(capsys, "calibrate", "--steps", "10")


def test_wrong_options(here, capsys, nothing_runs):
    assert "No such option: --member" in refused(capsys, "run", "s.yaml", "--member", "3")
    assert "members" in refused(capsys, "run", "s.yaml", "--members", "0")
    assert "Missing argument" in refused(capsys, "run")
    assert "No such command 'rnu'" in refused(capsys, "rnu", "s.yaml")


def test_messages_are_sentences_of_their_own(here, capsys, nothing_runs):
    for arguments in (["run", "s.yaml", "--members", "0"], ["run"], ["rnu"], ["calibrate", "--steps", "7"]):
        line = refused(capsys, *arguments)
        assert line.endswith(". See huangpu --help.")
        assert ".. See" not in line


def test_where_no_member_is_finite_the_answer_is_written_and_refused(here, capsys):
    (here / "s.yaml").write_text(GOOD + "drivers: {demand_driver: -1e200}\n")
    assert main(["run", "s.yaml", "--no-plots", "--quiet"]) == 2
    line = capsys.readouterr().err.strip()
    assert line.startswith("huangpu: s.yaml: 20 of 20 members are not finite in ")
    assert "gross_output_all_city" in line
    assert "\n" not in line
    assert tree(here / "results" / "runs" / "small") == ["run.nc", "scorecard.csv"]


def test_a_posterior_that_names_other_files_is_refused(here, capsys, nothing_runs):
    import netCDF4

    with netCDF4.Dataset(here / "mine.nc", "w") as file:
        file.createDimension("member", 2)
        file.createVariable("capital_life", "f8", ("member",))[:] = 12.0
        file.files = json.dumps({"../../secret": ""})
    (here / "s.yaml").write_text(GOOD.replace("posterior: none", "posterior: mine.nc"))
    assert "the posterior's attribute 'files' is not a JSON table" in refused(capsys, "run", "s.yaml")


def test_our_own_fault_is_one_line_and_exit_code_1(here, capsys, monkeypatch):
    def broken(*_, **__):
        raise KeyError("inside\nout")

    monkeypatch.setattr(forecast, "prepare", broken)
    assert main(["run", "s.yaml"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "internal error, our fault: KeyError" in err
    monkeypatch.setenv("HUANGPU_TRACEBACK", "1")
    with pytest.raises(KeyError):
        main(["run", "s.yaml"])


def test_stopped_by_the_user(here, capsys, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(forecast, "prepare", stop)
    assert main(["run", "s.yaml"]) == 130
    assert "stopped" in capsys.readouterr().err


def test_escapes_in_a_file_do_not_reach_the_terminal(here, capsys, nothing_runs):
    (here / "s.yaml").write_text(GOOD + '  "\\e[31mred": 1\n')
    assert "\x1b" not in refused(capsys, "run", "s.yaml")


# ---- and what works


def test_run_prints_the_scorecard_and_writes_the_results(here, capsys):
    assert main(["run", "s.yaml", "--no-plots", "--timing"]) == 0
    out, err = capsys.readouterr()
    assert "20 members, seed 1" in out
    for stage in ("imports", "load", "simulate", "score", "write"):
        assert stage in err
    folder = here / "results" / "runs" / "small"
    assert tree(folder) == ["run.nc", "scorecard.csv"]
    rows = (folder / "scorecard.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) >= 1 + 226
    assert rows[0].startswith("target_id,status,metric,operator,threshold,unit,median,p05,p95,probability,mc_error")


def test_another_plan_is_printed_when_asked_for(here, capsys):
    assert main(["run", "s.yaml", "--no-plots", "--members", "5", "--plan", "all"]) == 0
    out = capsys.readouterr().out
    plans = ["fyp13_2016_2020", "brand_2018_2020", "mfg_2023_2025", "newind_2024_2027"]
    assert [line for line in out.splitlines() if line.startswith("Plan ")] == [f"Plan {plan}" for plan in plans]
    assert main(["run", "s.yaml", "--no-plots", "--members", "5", "--plan", "mfg_2023_2025"]) == 0
    text = capsys.readouterr().out
    assert "Robot density" not in text  # the plan of 2027 is not shown


def test_an_unknown_plan_is_refused(here, capsys, nothing_runs):
    assert "no plan 'mfg' in results/targets.csv; expected fyp13" in refused(capsys, "run", "s.yaml", "--plan", "mfg")


def test_run_is_the_same_twice_and_with_other_threads(here, capsys):
    for name, threads in (("a", 1), ("b", 2)):
        assert main(["run", "s.yaml", "--no-plots", "--quiet", "--out", name, "--threads", str(threads)]) == 0
    assert (here / "a" / "scorecard.csv").read_bytes() == (here / "b" / "scorecard.csv").read_bytes()
    assert capsys.readouterr().out == ""


def test_members_and_seed_of_the_command_line_win(here, capsys):
    assert main(["run", "s.yaml", "--no-plots", "--members", "5", "--seed", "9"]) == 0
    assert "5 members, seed 9" in capsys.readouterr().out


def test_what_was_computed_is_shown_when_it_cannot_be_written(here, capsys, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "results/runs/small/scorecard.csv")

    monkeypatch.setattr(forecast, "write", full)
    assert main(["run", "s.yaml"]) == 2
    out, err = capsys.readouterr()
    assert "20 members" in out
    assert "scorecard.csv: writing failed (No space left on device)" in err


def test_the_shipped_scenario_is_found_from_any_folder(here, capsys, monkeypatch):
    seen = []

    def prepare(path, **_):
        seen.append(path)
        raise KeyboardInterrupt

    monkeypatch.setattr(forecast, "prepare", prepare)
    main(["run", "scenarios/all_plans.yaml"])
    assert seen == [shipped("scenarios/all_plans.yaml")]
    assert "taking the shipped one" in capsys.readouterr().err


def test_show_prints_python(capsys):
    assert main(["show", str(shipped("models/shanghai_industry.mdl"))]) == 0
    compile(capsys.readouterr().out, "model", "exec")


def test_schema_prints_json(capsys):
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Huangpu scenario"


def test_without_a_command_it_helps(capsys):
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for command in ("run", "calibrate", "figures", "show", "schema"):
        assert f"  {command} " in out
    assert "..." not in out.partition("Commands:")[2]


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"huangpu {huangpu.__version__}\n"


def test_a_reader_that_stops_early_is_no_error():
    command = f"{sys.executable} -c 'import sys; from huangpu.cli import main; sys.exit(main([\"schema\"]))'"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command} | head -1"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "{\n", "")


def test_starting_loads_nothing_heavy():
    heavy = "('numpy', 'xarray', 'pandas', 'pysd', 'numba', 'pydantic')"
    code = f"import sys, huangpu.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
