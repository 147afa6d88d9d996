"""Our own engine by itself: one run, cost against ensemble size and model size, two threads against one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bench import peers
from bench.clock import WALL, in_turns
from bench.rows import Row, Skip, figure, shorter
from bench.setting import OWN, Setting, processors
from bench.workload import draw, kernel, saving, workload
from huangpu.runtime.ensemble import Inputs, simulate

LONG = 30.0  # seconds: a point of the curve that would take longer is measured on all threads only
COST = "ns/member-step"


def single(setting: Setting) -> Iterator[Row]:
    """One member, from its inputs to its saved figures: what an interactive question pays."""
    for work in setting.models():
        save, values = [saving(work)], draw(work, 1)
        inputs = Inputs(1, dict(zip(work.varied, values[:, 0], strict=True)))
        calls = {"huangpu": lambda work=work, inputs=inputs, save=save: simulate(work.program, inputs, save, threads=1)}
        try:
            calls["simlin"] = peers.simlin(work, setting.folder)(values)
        except Skip as why:
            setting.say(f"{work.name}: one run against simlin skipped: {why}")
        seconds = in_turns(calls, setting.rounds, clock=WALL)
        ours, theirs = seconds["huangpu"] * 1e3, seconds.get("simlin")
        against = f"simlin; {work.what(1)}" if theirs is not None else ""
        others = None if theirs is None else theirs * 1e3
        yield shorter(f"{work.name}.single_run", "ms", ours, against, others)


def ensemble_size(setting: Setting) -> Iterator[Row]:
    """Cost of a member-step by number of members; only the last time is saved, so that a million fit in memory."""
    for whole in (setting.sir(), workload("own", OWN)):
        work = replace(whole, times=whole.times[-1:])
        for threads in _threads():
            base, each = None, 0.0
            for members in setting.sizes:
                if threads == 1 and processors() > 1 and each * members > LONG:
                    setting.say(f"{work.name}: {members:,} members on one thread skipped: over {LONG:.0f} s")
                    continue
                seconds = _repeat(kernel(work, draw(work, members), threads), setting)
                each = float(np.median(seconds)) / members
                cost = seconds / (members * work.steps) * 1e9
                name = f"{work.name}.members_{members}.threads_{threads}"
                if base is None:
                    base = cost
                    yield shorter(name, COST, cost)
                else:
                    same = (
                        f"same model ({work.name}), {len(work.saved)} variables saved at the end, {threads} thread(s)"
                    )
                    yield shorter(name, COST, cost, f"1 member; {same}", np.median(base))


def _threads() -> tuple[int, ...]:
    return (1,) if processors() == 1 else (1, 2)


def _repeat(call, setting: Setting) -> np.ndarray:
    """Seconds by the wall; fewer rounds where one takes long."""
    start = time.perf_counter()
    call()
    once = time.perf_counter() - start
    if once > setting.seconds:
        return np.array([once])
    rounds = int(np.clip(setting.seconds / max(once, 1e-9), 1, setting.rounds))
    return in_turns({"call": call}, rounds, clock=WALL, warm=False)["call"]


def two_threads(setting: Setting) -> Iterator[Row]:
    if processors() == 1:
        raise Skip("two threads against one: there is one processor")
    for work in setting.models():
        members = 8 * setting.members
        values = draw(work, members)
        calls = {str(threads): kernel(work, values, threads) for threads in (1, 2)}
        seconds = in_turns(calls, setting.rounds, clock=WALL)
        rates = {name: members * work.steps / times / 1e6 for name, times in seconds.items()}
        against = f"1 thread; {work.what(members, 2).replace(', 2 threads', '')}; by the wall"
        yield figure(f"{work.name}.two_threads", "million member-steps/s", rates["2"], against, rates["1"])


def model_size(setting: Setting) -> Iterator[Row]:
    """Cost of one equation of a generated model: flat while a block's rows stay in the caches."""
    base = None
    for equations in setting.equations:
        work = workload(f"generated_{equations}", setting.generated(equations))
        seconds = in_turns({"call": kernel(work, draw(work, setting.members))}, setting.rounds)["call"]
        cost = seconds / (setting.members * work.steps * equations) * 1e9
        against = (
            "" if base is None else f"{setting.equations[0]} equations; generated models, {setting.members:,} members"
        )
        yield shorter(f"generated.equations_{equations}.cost", "ns/equation", cost, against, base)
        base = float(np.median(cost)) if base is None else base
