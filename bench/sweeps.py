"""What a sweep of our own model costs beside its bare kernel, in memory and on disk, and what worker processes give.

The kernel gets the same members and saves the same: designing them, reading outputs, packing and writing is the rest.
"""

from __future__ import annotations

import itertools
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.clock import CPU, WALL, in_turns
from bench.memory_child import peak_bytes
from bench.processes import python
from bench.rows import Row, Skip, figure
from bench.setting import Setting, processors
from huangpu import runtime
from huangpu.sweep import Sweep, evaluate, load_sweep
from huangpu.sweep.evaluate import kernel_inputs
from huangpu.sweep.manifest import JOURNAL, read_journal, read_manifest
from huangpu.sweep.review import review
from huangpu.sweep.run import local, run
from huangpu.sweep.store import Store, chunk_size, open_store, pack

UNIT = "members/s"
CHUNK = 1024  # members, for memory: the same at both sizes
SWEEP = """
name: bench
base: all_plans
design: {kind: sobol, n: N, second_order: false}
vary: [long_run_demand_growth, competitiveness_elasticity, value_added_ratio, capital_output_ratio, capital_life,
  desired_research_intensity, obsolescence, emerging_rate, digital_rate, capital_adjustment_time, deferral_share,
  tariff_2025_depth, manufacturing_factor, construction_time]
outputs:
  variables: {gdp_real: [2025, 2028], capital_output_ratio: 2027}
  metrics: {gdp: [2025, 2027]}
  targets: [newind_2024_2027]
"""


def sweep(folder: Path, n: int) -> Sweep:
    """Of 16 n members: 14 parameters by their posterior marginals, 67 outputs. n 65,536 is a million."""
    path = folder / f"sweep_{n}.yaml"
    path.write_text(SWEEP.replace("N,", f"{n},"), encoding="utf-8")
    return load_sweep(path)


def throughput(setting: Setting) -> Iterator[Row]:
    """A whole sweep into a new store against the bare kernel: all processors by the wall, and one thread."""
    asked, count = sweep(setting.folder, setting.members), itertools.count()
    inputs = kernel_inputs(asked, asked.design.rows(0, asked.size), 0)
    folders = (setting.folder / f"throughput_{k}" for k in count)

    def rates(threads: int, clock) -> dict[str, np.ndarray]:
        calls = {
            "sweep": lambda: run(asked, next(folders), source=local(threads)),
            "kernel": lambda: runtime.simulate(
                asked.program, inputs, asked.reader.savings, final_time=asked.reader.end, threads=threads
            ),
        }
        return {name: asked.size / times for name, times in in_turns(calls, _rounds(setting), clock=clock).items()}

    what = f"{asked.size:,} members of {len(asked.factors)} factors and {len(asked.outputs)} outputs"
    against = f"the kernel alone, same members, same saved figures; {what}"
    found = rates(1, CPU)
    yield figure("sweep.one_thread", UNIT, found["sweep"], f"{against}, 1 thread, CPU seconds", found["kernel"])
    if processors() > 1:
        found = rates(processors(), WALL)
        words = f"{against}, {processors()} threads, by the wall"
        yield figure("sweep.rate", UNIT, found["sweep"], words, found["kernel"])
    store = setting.folder / "throughput_0"
    plain = 8 * (len(asked.factors) + len(asked.outputs)) + 1
    size = stored(store) / asked.size
    yield Row("sweep.bytes", size, "bytes/member", f"not compressed, {plain} bytes; {what}", plain / size)
    yield Row(
        "sweep.journal", (store / JOURNAL).stat().st_size / -(-asked.size // chunk_size(asked.size)), "bytes/chunk"
    )


def around(setting: Setting) -> Iterator[Row]:
    """What one process does for all members, whoever computes them: write, check before going on, review at the end."""
    asked = sweep(setting.folder, setting.members)
    folder = setting.folder / "around"
    run(asked, folder)
    held = Store(folder, read_manifest(folder))
    layout, done, data = held.manifest.layout, read_journal(folder), open_store(folder)
    packed = [pack(layout, number, evaluate(asked, *layout.span(number))) for number in range(min(4, layout.chunks))]
    calls = {
        "write": lambda: [held.add(each) for each in packed],
        "check": lambda: held.sound(done),
        "review": lambda: review(asked, data),
    }
    seconds = in_turns(calls, _rounds(setting), clock=WALL)
    members = {"write": layout.span(len(packed) - 1)[1], "check": asked.size, "review": asked.size}
    size = stored(folder) / asked.size
    for name, count in members.items():
        yield figure(f"sweep.{name}", UNIT, count / seconds[name], f"{size:.0f} bytes a member, by the wall")


def memory(setting: Setting) -> Iterator[Row]:
    """Peak resident memory of the whole process at two sizes: it must not grow with the members."""
    few, more = setting.members, 8 * setting.members
    peaks, cache = {}, setting.folder / "warm"
    for n in (few, few, more):  # the first compiles, which takes memory too
        done = python(["-m", "bench.sweeps", str(setting.folder), str(n), str(CHUNK)], cache)
        peaks[n] = json.loads(done.stdout)
    each = (peaks[more]["bytes"] - peaks[few]["bytes"]) / (peaks[more]["members"] - peaks[few]["members"])
    what = f"from {peaks[few]['members']:,} to {peaks[more]['members']:,} members"
    yield Row("sweep.memory", peaks[more]["bytes"] / 2**20, "MiB", f"whole process, {peaks[more]['members']:,} members")
    yield Row("sweep.memory.slope", each, "bytes/member", what)


def workers(setting: Setting) -> Iterator[Row]:
    """Two worker processes against one: clusters that stand already, in turns, by the wall."""
    if processors() == 1:
        raise Skip("two workers against one: there is one processor")
    try:
        from huangpu.sweep import cluster
    except ModuleNotFoundError:
        raise Skip("two workers against one: Dask is missing, pip install 'huangpu[cluster]'") from None
    asked, count = sweep(setting.folder, setting.members), itertools.count()
    folders = (setting.folder / f"workers_{k}" for k in count)
    with cluster.local_workers(1) as one, cluster.local_workers(2) as two:
        calls = {
            name: lambda source=source: run(asked, next(folders), source=source)
            for name, source in (
                ("threads", local(2)),
                ("1", cluster.computed_by(one)),
                ("2", cluster.computed_by(two)),
            )
        }
        seconds = in_turns(calls, _rounds(setting), clock=WALL)
    rates = {name: asked.size / times for name, times in seconds.items()}
    what = f"{asked.size:,} members, by the wall"
    yield figure("sweep.two_workers", UNIT, rates["2"], f"1 worker; {what}", rates["1"])
    yield figure("sweep.workers_for_threads", UNIT, rates["2"], f"2 threads of one process; {what}", rates["threads"])


def measure(setting: Setting) -> Iterator[Row]:
    for part in (throughput, around, memory, workers):
        try:
            yield from part(setting)
        except Skip as why:
            setting.say(str(why))


def _rounds(setting: Setting) -> int:
    return max(setting.rounds // 2, 3)  # one takes seconds


def stored(folder: Path) -> int:
    """Bytes of all blocks of a store."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and "/c/" in str(path))


def main(folder: str, n: str, chunk: str = "") -> None:
    """In a fresh process: a sweep, and its peak resident bytes. `python -m bench.sweeps DIR 65536` is a million."""
    asked = sweep(Path(folder), int(n))
    done = run(asked, Path(tempfile.mkdtemp(dir=folder)), chunk=int(chunk) if chunk else None)
    held = {"bytes": peak_bytes(), "seconds": round(done.seconds, 3), "stored": stored(done.folder)}
    print(json.dumps({"members": asked.size, **held}))


if __name__ == "__main__":
    main(*sys.argv[1:])
