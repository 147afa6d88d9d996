"""A calibration that is killed goes on where it stood, to the same bits."""

import signal
import subprocess
import sys
import time
from dataclasses import astuple, replace

import numpy as np
import pytest

from huangpu.calibration.checkpoint import Checkpoint
from huangpu.calibration.posterior import calibrate
from huangpu.measurement import DataError
from toymodel import SMALL, write_toy

LONGER = replace(SMALL, burn=400, steps=800)
RUN = """
import sys
from pathlib import Path
from huangpu.calibration.posterior import calibrate
from huangpu.calibration.sampling import Settings
folder = Path(sys.argv[1])
settings = Settings(*map(int, sys.argv[2:]))
calibrate(folder / "pushed.yaml", folder / "killed.nc", settings, folder=folder, members=80, threads=2, resume=True)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")
    write_toy(folder)
    calibrate(folder / "pushed.yaml", folder / "whole.nc", LONGER, folder=folder, members=80)
    return folder


def diagnostics(folder):
    return (folder / "diagnostics.csv").read_bytes()


def test_kills_change_nothing(folder):
    """SIGKILL twice, each some stages later than the last; then to the end."""
    expected, said = (folder / "whole.nc").read_bytes(), diagnostics(folder)
    kept = folder / "killed.nc.unfinished"
    seen = set()
    for _ in range(2):
        before = stages(kept)
        process = subprocess.Popen([sys.executable, "-c", RUN, str(folder), *map(str, astuple(LONGER))])
        while process.poll() is None and len(stages(kept) - before) < 2:
            time.sleep(0.002)
        assert process.poll() is None, "it ended before it could be killed"
        process.send_signal(signal.SIGKILL)
        process.wait()
        seen |= stages(kept)
    assert not (folder / "killed.nc").exists() and len(seen) >= 3
    calibrate(folder / "pushed.yaml", folder / "killed.nc", LONGER, folder=folder, members=80, threads=1, resume=True)
    assert (folder / "killed.nc").read_bytes() == expected
    assert diagnostics(folder) == said
    assert not kept.exists()


def stages(kept):
    """(name, inode) of the files that are whole: each stage is a new file."""
    return {(path.name, path.stat().st_ino, path.stat().st_mtime_ns) for path in kept.glob("*.npz")}


def test_another_question_is_refused(folder):
    with pytest.raises(Interrupted):
        calibrate(folder / "pushed.yaml", folder / "other.nc", LONGER, folder=folder, members=80, progress=interrupt)
    kept = folder / "other.nc.unfinished"
    assert stages(kept)
    with pytest.raises(DataError, match=r"ensemble_0\.npz: was begun with other seed, settings; calibrate without"):
        calibrate(folder / "pushed.yaml", folder / "other.nc", replace(LONGER, seed=9), folder=folder, resume=True)
    (kept / "ensemble_0.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"ensemble_0\.npz: cannot be gone on from"):
        calibrate(folder / "pushed.yaml", folder / "other.nc", LONGER, folder=folder, members=80, resume=True)
    calibrate(folder / "pushed.yaml", folder / "other.nc", LONGER, folder=folder, members=80)
    assert (folder / "other.nc").read_bytes() == (folder / "whole.nc").read_bytes()


class Interrupted(Exception):
    pass


def interrupt(done, _):
    if done > 900:
        raise Interrupted


def test_a_file_of_python_objects_is_not_opened(tmp_path):
    np.savez(tmp_path / "ensemble_0.npz", blocks=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataError, match="cannot be gone on from"):
        Checkpoint(tmp_path, {}).load(0)
