"""What the sweep part of the benchmark measures, on a model that takes milliseconds."""

import json
import subprocess

import numpy as np
import pytest
from bench.setting import Setting
from tests.sweep import small

from bench import sweeps


@pytest.fixture
def setting(tmp_path, monkeypatch):
    monkeypatch.setattr(
        sweeps, "sweep", lambda folder, n: small.sweep(folder, f"{{kind: sobol, n: {n}, second_order: false}}")
    )
    return Setting(tmp_path, print, rounds=1, slow_rounds=1, members=64)


def test_a_sweep_is_held_against_the_kernel_and_its_store_against_what_it_holds(setting):
    found = {row.name: row for row in sweeps.throughput(setting)}
    assert {"sweep.one_thread", "sweep.bytes", "sweep.journal"} <= set(found)
    assert all(np.isfinite(row.value) and row.value > 0 for row in found.values())
    assert 0 < found["sweep.one_thread"].ratio < 1, "the kernel alone is a part of a sweep"
    assert found["sweep.bytes"].ratio == pytest.approx((8 * 6 + 1) / found["sweep.bytes"].value)


def test_what_one_process_does_for_all_members_is_timed(setting):
    assert [row.name for row in sweeps.around(setting) if row.value > 0] == [
        f"sweep.{name}" for name in ("write", "check", "review")
    ]


def test_memory_is_that_of_a_fresh_process_at_two_sizes(setting, monkeypatch, capsys):
    asked = []

    def python(arguments, cache):
        asked.append(int(arguments[3]))
        sweeps.main(*arguments[2:])
        return subprocess.CompletedProcess(arguments, 0, stdout=capsys.readouterr().out)

    monkeypatch.setattr(sweeps, "python", python)
    whole, slope = sweeps.memory(setting)
    assert asked == [64, 64, 512] and whole.value > 10 and np.isfinite(slope.value)


def test_the_process_of_its_own_says_what_it_took(setting, capsys):
    sweeps.main(str(setting.folder), "64")
    said = json.loads(capsys.readouterr().out)
    assert said["members"] == 320 and said["stored"] > 320 * 8 and said["bytes"] > 1e7 and said["seconds"] > 0
