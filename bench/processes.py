"""What is measured from outside, in fresh processes: compiling, the command line, memory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench import c_printer
from bench.clock import WALL, in_turns
from bench.gcc import HERE, build
from bench.rows import Row, Skip, shorter
from bench.setting import OWN, Setting
from bench.workload import workload
from huangpu.compiler import compile_model, ordered_model
from huangpu.runtime.members import read_members
from huangpu.update.news import used_rows

ROOT = HERE.parent
SCENARIO = "scenarios/all_plans.yaml"
OBSERVATIONS, POSTERIOR = "calibration/observations.csv", "calibration/posterior/members.nc"
STAGES = ("imports", "load", "simulate", "score", "write")


def python(arguments: list[str], cache: Path) -> subprocess.CompletedProcess:
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"HUANGPU_CACHE": str(cache), "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise Skip(f"`{' '.join(arguments[:4])}` failed: {last[0]}")
    return done


def compiling(setting: Setting) -> Iterator[Row]:
    """Cold, in a fresh process: seconds after the model file is read, import of the code generator included.

    What was compiled once only is kept for the measures that come after.
    """
    after: dict[int, float] = {}
    for equations in setting.equations:
        found = _compile(setting.generated(equations), setting.slow_rounds if equations <= 250 else 1, setting)
        times = found["print"] + found["machine_code"]
        after[equations] = float(np.median(times))
        yield shorter(f"generated.equations_{equations}.compile", "s", times)
        yield shorter(f"generated.equations_{equations}.read", "s", found["read"])
    first, last = next((n for n in after if n >= 250), None), max(after)
    if first is not None and last > first:
        grows = np.log(after[last] / after[first]) / np.log(last / first)
        yield Row("generated.compile_growth", float(grows), "exponent of n", f"from {first} to {last:,} equations")
    found = _compile(OWN, setting.slow_rounds, setting)
    times = found["print"] + found["machine_code"]
    try:
        seconds, against = _gcc_seconds(setting), "gcc -O3 of the C printed from the same IR"
        yield shorter("own.compile", "s", times, f"{against}; same model (own)", seconds)
    except Skip as why:
        setting.say(f"compile time against gcc skipped: {why}")
        yield shorter("own.compile", "s", times)
    yield shorter("own.read", "s", found["read"])


def _compile(path: Path, rounds: int, setting: Setting) -> dict[str, np.ndarray]:
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=setting.folder) as empty:
            cache = Path(empty) if rounds > 1 else Path(os.environ["HUANGPU_CACHE"])
            found.append(json.loads(python(["-m", "bench.compile_child", str(path)], cache).stdout))
    return {name: np.array([f[name] for f in found]) for name in found[0]}


def _gcc_seconds(setting: Setting) -> float:
    source = setting.folder / "compile.c"
    source.write_text(c_printer.emit(ordered_model(OWN)), encoding="utf-8")
    start = time.perf_counter()
    build(source, setting.folder / "compile.so")
    return time.perf_counter() - start


def command_line(setting: Setting) -> Iterator[Row]:
    """`huangpu run`, from starting the process to its end: cold (nothing compiled yet) and warm."""
    what = f"huangpu run {SCENARIO} --no-plots --members {setting.members}"
    out = setting.folder / "run"
    arguments = ["-m", "huangpu", *what.split()[1:], "--quiet", "--timing", "--out", str(out)]
    arguments[3] = str(ROOT / SCENARIO)
    warm = setting.folder / "warm"
    _command(arguments, warm)
    for name, rounds, cache in (("cold", setting.slow_rounds, None), ("warm", setting.rounds, warm)):
        walls, stages = [], []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory(dir=setting.folder) as empty:
                wall, split = _command(arguments, cache or Path(empty))
            walls.append(wall)
            stages.append(split)
        yield shorter(f"command.{name}", "s", walls, "" if name == "cold" else f"`{what}`, by the wall")
        for stage in stages[0]:
            yield shorter(f"command.{name}.{stage}", "s", [split.get(stage, 0.0) for split in stages])


def update(setting: Setting) -> Iterator[Row]:
    """`huangpu update` with one new figure: the last one that the posterior has seen, under another id."""
    lines = (ROOT / OBSERVATIONS).read_text(encoding="utf-8-sig").splitlines(keepends=True)
    members = read_members(ROOT / POSTERIOR, compile_model(OWN))
    seen = used_rows(members)
    last = max(k for k, line in enumerate(lines) if line.partition(",")[0] in seen)
    lines[last] = f"new_{lines[last]}"
    figures, out, warm = (setting.folder / name for name in ("observations.csv", "updated.nc", "warm"))
    figures.write_text("".join(lines), encoding="utf-8")
    arguments = ["-m", "huangpu", "update", str(ROOT / SCENARIO), "--quiet"]
    arguments += ["--observations", str(figures), "--out", str(out)]
    python(arguments, warm)
    if not out.exists():
        raise Skip("`huangpu update` took up nothing: has the posterior been fitted to other figures?")
    walls = in_turns({"update": lambda: python(arguments, warm)}, setting.slow_rounds, clock=WALL, warm=False)
    what = f"`huangpu update {SCENARIO}`, one new figure, {members.size:,} members, by the wall"
    yield shorter("command.update", "s", walls["update"], what)


def _command(arguments: list[str], cache: Path) -> tuple[float, dict[str, float]]:
    start = time.perf_counter()
    done = python(arguments, cache)
    wall = time.perf_counter() - start
    found = dict(re.findall(r"(\w+) ([\d.]+) s", done.stderr))
    return wall, {stage: float(found[stage]) for stage in STAGES if stage in found}


def memory(setting: Setting) -> Iterator[Row]:
    """Peak resident memory a member: the slope between two ensembles that both need more than the libraries do."""
    work, cache = workload("own", OWN), setting.folder / "memory"
    few, large = setting.members, setting.most_in_memory
    _, process, half, whole = (
        float(python(["-m", "bench.memory_child", str(OWN), str(members), "2"], cache).stdout)
        for members in (few, few, large // 2, large)  # the first compiles, which takes memory too
    )
    each = (whole - half) / (large - large // 2)
    if each <= 0:
        raise Skip("memory a member: too few members to tell")
    kept = 8 * (len(work.saved) * len(work.times) + len(work.varied))
    against = f"the member's own inputs and saved figures, {kept:,} bytes; {work.what(large, 2)}"
    yield Row("own.memory", each, "bytes/member", against, kept / each)
    yield Row("own.memory.process", process / 2**20, "MiB", f"whole process, {few:,} members")
