"""`huangpu sweep` as people use it: files, messages, exit codes."""

import os
import resource
import signal
import subprocess
import sys
import time

import pytest
from tests.sweep import small

from huangpu.cli import main
from huangpu.sweep.manifest import JOURNAL, MANIFEST

RUN = [sys.executable, "-m", "huangpu", "sweep"]


@pytest.fixture
def file(tmp_path):
    return str(small.write_files(tmp_path, "{kind: sobol, n: 64}"))


def test_it_announces_runs_analyses_and_goes_on(file, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["sweep", file, "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("512 members of 3 factors and 3 outputs, 10 steps each")
    assert "512 members in" in said and "alarm: parameter 'idle' moves no output at all" in said
    made = {path.name for path in out.iterdir()}
    assert {"small.zarr", MANIFEST, JOURNAL, "summary.csv", "alarms.csv", "quarantined.csv", "indices.csv"} <= made
    assert main(["sweep", file, "--out", str(out)]) == 2
    assert "add --resume" in capsys.readouterr().err
    (out / "indices.csv").unlink()
    assert main(["sweep", file, "--out", str(out), "--resume"]) == 0
    assert "All 512 members were there" in capsys.readouterr().out
    assert (out / "indices.csv").exists()


def test_a_dry_run_says_what_it_would_cost(file, tmp_path, capsys):
    assert main(["sweep", file, "--out", str(tmp_path / "out"), "--dry-run", "--quiet"]) == 0
    assert "512 members" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_quiet_says_nothing(file, tmp_path, capsys):
    assert main(["sweep", file, "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert capsys.readouterr().out == ""


def test_a_damaged_block_is_named(file, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["sweep", file, "--out", str(out), "--quiet"]) == 0
    (out / "small.zarr" / "outputs" / "c" / "1" / "0").write_bytes(b"x")
    assert main(["sweep", file, "--out", str(out), "--quiet", "--resume"]) == 0
    assert "members 256 to 511 were damaged on disk and computed again" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--workers", "2", "--scheduler", "tcp://x:1"], "drop one"),
        (["--workers", "2", "--threads", "2"], "Drop one"),
        (["--workers", "0"], "greater than or equal to 1"),
        (["--out", "OUT/small.yaml"], "is a file"),
    ],
)
def test_options_that_do_not_go_together(file, tmp_path, capsys, more, said):
    assert main(["sweep", file, *(text.replace("OUT", str(tmp_path)) for text in more)]) == 2
    assert said in capsys.readouterr().err


def test_without_dask_it_says_what_to_install(file, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "huangpu.sweep.cluster", raising=False)
    monkeypatch.delattr("huangpu.sweep.cluster", raising=False)  # another test may have imported it
    assert main(["sweep", file, "--out", str(tmp_path / "out"), "--workers", "2", "--quiet"]) == 2
    assert "pip install 'huangpu[cluster]'" in capsys.readouterr().err


def test_a_disk_that_takes_no_more(tmp_path):
    """A limit of the system on the size of files, met by the first block of outputs: nothing of ours is patched."""
    file, out = str(small.write_files(tmp_path, "{kind: latin, n: 20000}")), tmp_path / "out"

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))

    done = subprocess.run(
        [*RUN, file, "--out", str(out), "--quiet"], capture_output=True, text=True, preexec_fn=limit, check=False
    )
    assert done.returncode == 2 and done.stdout == ""
    assert "writing failed (File too large)" in done.stderr and "0 of 10 chunks are kept" in done.stderr
    assert f"go on with: huangpu sweep {file} --out {out} --resume" in done.stderr
    assert main(["sweep", file, "--out", str(out), "--resume", "--quiet"]) == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_folder_that_is_read_only(file, tmp_path, capsys):
    (tmp_path / "out").mkdir(mode=0o500)
    assert main(["sweep", file, "--out", str(tmp_path / "out")]) == 2
    assert "cannot write" in capsys.readouterr().err


def test_a_store_that_became_read_only(file, tmp_path, capsys):
    """A file where a folder of blocks should be: not even root can write below it."""
    out = tmp_path / "out"
    assert main(["sweep", file, "--out", str(out), "--quiet"]) == 0
    block = out / "small.zarr" / "outputs" / "c" / "1"
    (block / "0").unlink()
    block.rmdir()
    block.write_text("")
    assert main(["sweep", file, "--out", str(out), "--quiet", "--resume"]) == 2
    said = capsys.readouterr().err
    assert "writing failed" in said and "1 of 2 chunks are kept" in said


def test_stopped_by_the_user(tmp_path):
    """Ctrl-C: finished chunks are kept, the command to go on is named, the exit code is what shells expect."""
    file, out = str(small.write_files(tmp_path, "{kind: latin, n: 2000000}")), tmp_path / "out"
    process = subprocess.Popen([*RUN, file, "--out", str(out), "--quiet"], stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not ((out / JOURNAL).exists() and small.lines(out)) and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert f"chunks are kept; go on with: huangpu sweep {file} --out {out} --resume" in said
    assert len(small.lines(out)) > 0
