"""The benchmark runs, every part of it, on sizes that take seconds; rows have their form, files their place."""

import json
import subprocess
import sys
from dataclasses import asdict, fields
from pathlib import Path

import numpy as np
import pytest
from bench.clock import in_turns
from bench.generate import SECTOR, generate
from bench.rows import Row, Skip, figure, shorter
from bench.setting import SIR, Setting
from bench.side_by_side import largest_difference
from bench.workload import draw, kernel, workload

from bench import __main__ as command
from bench import goals, peers, plot, report
from huangpu.cli import main
from huangpu.compiler import compile_model

SMALL = {"rounds": 1, "slow_rounds": 1, "members": 16, "sizes": (1, 70), "equations": (250, 260), "pysd": ()}


@pytest.fixture
def setting(tmp_path, monkeypatch):
    monkeypatch.setenv("HUANGPU_CACHE", str(tmp_path / "cache"))
    notes = []
    return Setting(tmp_path, notes.append, **SMALL, most_in_memory=40_000, seconds=0.1)


def check(rows: list[Row]) -> dict[str, Row]:
    """Names are unique, values are numbers, and who is compared says with what."""
    named = {row.name: row for row in rows}
    assert len(named) == len(rows)
    for row in rows:
        assert np.isfinite(row.value)
        assert row.value > 0 or row.unit == "exponent of n"  # between two sizes so near it may be anything
        assert (row.ratio is None) or row.against
        assert row.iqr is None or row.iqr >= 0
    return named


@pytest.fixture
def sir_only(monkeypatch):
    """SIR stands for all models."""
    monkeypatch.setattr(Setting, "models", lambda self: iter([self.sir()]))


IN_PROCESS = {
    "single": {"sir.single_run"},
    "threads": set(),
    "peers": set(),
    "model": {"generated.equations_250.cost", "generated.equations_260.cost"},
}


@pytest.mark.parametrize("part", IN_PROCESS)
def test_parts_that_run_in_this_process(part, setting, sir_only):
    try:
        rows = list(command.MEASURES[part](setting))
    except Skip:
        rows = []
    assert set(check(rows)) >= IN_PROCESS[part]


def test_ensemble_size(setting, sir_only, monkeypatch):
    monkeypatch.setattr("bench.curves.OWN", SIR)
    named = check([row for row in command.MEASURES["size"](setting) if row.name.startswith("sir")])
    assert named["sir.members_70.threads_1"].value < named["sir.members_1.threads_1"].value


def test_the_ceiling(setting, sir_only):
    try:
        named = check(list(command.MEASURES["ceiling"](setting)))
    except Skip as why:
        pytest.skip(str(why))
    assert set(named) == {f"machine.{w}" for w in ("arithmetic", "division", "l1", "l2")} | {
        "sir.ceiling",
        "sir.of_ceiling",
    }
    assert "2 divisions" in named["sir.ceiling"].against


def test_compiling_in_fresh_processes(setting, monkeypatch):
    monkeypatch.setattr("bench.processes.OWN", SIR)
    named = check(list(command.MEASURES["compile"](setting)))
    assert {"generated.equations_250.compile", "generated.compile_growth", "own.compile", "own.read"} <= set(named)


def test_memory(setting, monkeypatch):
    monkeypatch.setattr("bench.processes.OWN", SIR)
    named = check(list(command.MEASURES["memory"](setting)))
    assert 1000 < named["own.memory"].value < 10_000  # 5 variables at 101 times are 4,040 bytes


def test_the_command_line(setting):
    named = check([row for row in command.MEASURES["command"](setting) if not row.name.endswith("imports")])
    assert {"command.cold", "command.warm", "command.warm.simulate"} <= set(named)


def test_world3_is_left_out_with_a_word(setting):
    with pytest.raises(Skip, match="give --world3"):
        list(command.MEASURES["vensim"](setting))


@pytest.mark.parametrize("name", ["simlin", "pysd"])
def test_other_simulators_agree(name, tmp_path):
    work = workload("sir", SIR, varied=("contact_rate", "duration"), saved=("infectious", "recovered"))
    values = draw(work, 2)
    try:
        theirs = getattr(peers, name)(work, tmp_path)(values)()
    except Skip as why:
        pytest.skip(str(why))
    assert largest_difference(kernel(work, values)(), theirs) < 1e-12


def test_what_is_not_installed_is_skipped_with_a_word():
    with pytest.raises(Skip, match="nothing is not installed: pip install"):
        peers._library("no_such_module", "nothing")


# ---- the whole command


def test_the_command_writes_rows(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(command, "quick", lambda folder, say, world3: Setting(folder, say, **SMALL))
    before = tree(command.HERE)
    assert command.main(["--quick", "--only", "model", "--json", str(tmp_path / "rows.json")]) == 0
    assert "generated.equations_250.cost" in capfd.readouterr().out
    written = json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))
    assert {"processor", "features", "gcc", "LLVM", "commit"} <= set(written["machine"])
    assert [set(row) for row in written["rows"]] == [{"name", "value", "unit", "against", "ratio", "iqr"}] * 2
    assert tree(command.HERE) == before


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts}


def test_bad_options(tmp_path, capsys):
    assert command.main(["--world3", str(tmp_path)]) == 2
    assert "there is no wrld3-03.mdl in it" in capsys.readouterr().err
    assert command.main(["--json", str(tmp_path / "no" / "rows.json")]) == 2
    assert "its folder does not exist" in capsys.readouterr().err


def test_huangpu_bench_runs_the_folder_of_a_checkout():
    done = subprocess.run(
        [sys.executable, "-m", "huangpu", "bench", "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "usage: huangpu bench" in done.stdout


def test_huangpu_bench_elsewhere_says_so(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("huangpu.files.root", lambda: tmp_path)
    assert main(["bench", "--quick"]) == 2
    assert "run it in a checkout" in capsys.readouterr().err


# ---- its parts


def test_generated_models_have_the_size_that_was_asked_for(tmp_path):
    path = tmp_path / "g.mdl"
    path.write_text(generate(40), encoding="utf-8")
    kinds = [row.kind for row in compile_model(path).rows]
    assert (kinds.count("stock"), kinds.count("auxiliary")) == (8, 32 + 1)  # and the wave that drives the first sector
    assert generate(40) == generate(40)
    with pytest.raises(ValueError, match=f"multiple of {SECTOR}"):
        generate(45)


def test_members_are_the_same_in_an_ensemble_of_any_size():
    work = workload("sir", SIR, varied=("contact_rate", "duration"), saved=("infectious",))
    assert (draw(work, 100)[:, :7] == draw(work, 7)).all()


def test_ratios_are_taken_round_by_round():
    fast, slow = [10.0, 20.0, 40.0], [5.0, 5.0, 10.0]
    assert figure("a", "1/s", fast, "slow", slow) == Row("a", 20.0, "1/s", "slow", 4.0, 15.0)
    assert shorter("a", "s", slow, "fast", fast) == Row("a", 5.0, "s", "fast", 4.0, 2.5)
    assert figure("a", "1/s", [3.0]).iqr is None


def test_calls_take_turns():
    order = []
    calls = {name: lambda name=name: order.append(name) for name in "abc"}
    seconds = in_turns(calls, 3, warm=False)
    assert "".join(order) == "abcbcacab"
    assert {name: values.shape for name, values in seconds.items()} == dict.fromkeys("abc", (3,))


ROWS = [
    Row("own.ensemble.against_c_simd", 5.0, "million member-steps/s", "C | the same", 1.5, 0.1),
    Row("world3.ensemble.against_c_simd", 15.0, "million member-steps/s", "C", 0.9, 0.1),
    Row("command.warm", 0.7, "s"),
]
ABOUT = {"processor": "a machine", "commit": "abc1234"}


def test_goals_say_what_is_reached():
    named = {row.name: row for row in ROWS}
    ours = {line[0]: line[3:5] for line in goals.table(named, world3=False)}
    assert ours["own ensemble against SIMD C printed from the same IR"] == ("1.5×", "stretch")
    assert ours["warm `huangpu run --no-plots`, 1,024 members"] == ("0.7 s", "yes")
    assert ours["own model, two threads against one"] == ("not measured", "-")
    theirs = {line[0]: line[3:5] for line in goals.table(named, world3=True)}
    assert theirs["World3 ensemble against SIMD C printed from the same IR"] == ("0.9×", "no")


def test_the_page_keeps_what_people_wrote(tmp_path):
    page = tmp_path / "README.md"
    page.write_text(f"before\n{report.BEGIN}\nof last year\n{report.END}\nafter\n", encoding="utf-8")
    report.write_readme(
        page, report.generated_part(ROWS, ABOUT, ["PySD skipped", "world3: some columns"], "huangpu bench")
    )
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{report.BEGIN}\n")
    assert text.endswith(f"{report.END}\nafter\n")
    assert "of last year" not in text
    assert "C / the same" in text
    general, optional = text.split("## World3 (optional)")
    assert "world3" not in general.lower()
    assert "- PySD skipped" in general
    assert "world3.ensemble" in optional
    assert "- world3: some columns" in optional
    page.write_text("no markers")
    with pytest.raises(ValueError, match="are missing"):
        report.write_readme(page, "part")


def test_the_shipped_page_has_its_markers():
    text = (command.HERE / "README.md").read_text(encoding="utf-8")
    assert text.count(report.BEGIN) == text.count(report.END) == 1


def test_the_picture(tmp_path):
    rows = [Row(f"own.members_{n}.threads_1", 1.0, "ns/member-step") for n in (1, 8)] + ROWS
    plot.draw(tmp_path / "figures.png", rows)
    assert (tmp_path / "figures.png").read_bytes().startswith(b"\x89PNG")


def test_history_has_a_row_a_figure_and_no_world3(tmp_path):
    path = tmp_path / "history.csv"
    report.record(path, ROWS, ABOUT)
    report.record(path, ROWS, ABOUT)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "commit,machine,figure,value,unit,against,ratio,iqr"
    assert len(lines) == 1 + 2 * 2
    assert lines[1] == "abc1234,a machine,own.ensemble.against_c_simd,5,million member-steps/s,C | the same,1.5,0.1"


def test_rows_have_six_columns():
    assert [f.name for f in fields(Row)] == ["name", "value", "unit", "against", "ratio", "iqr"]
    assert asdict(ROWS[2])["ratio"] is None
