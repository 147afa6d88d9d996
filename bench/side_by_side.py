"""Ensembles against other engines, in one process, in turns: same model, same members, same saved figures.

Whoever gives other numbers is not timed but named. Rates are million member-steps a CPU second, one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from bench import c_peer, peers
from bench.clock import in_turns
from bench.rows import Row, Skip, figure
from bench.setting import Setting
from bench.workload import Workload, draw, kernel, workload

TOLERANCE = 1e-9  # of a variable's largest value
UNIT = "million member-steps/s"
SLOW_MEMBERS = {"simlin": 16, "ema": 8}  # members one after another; PySD gets one
C_PEERS = {
    "c_simd": "gcc -O3 SIMD C printed from the same IR",
    "c_plain": "gcc -O3 plain C printed from the same IR",
    "c_by_hand": "hand-written SIMD C, stocks in registers, time loop inside",
    "c_by_hand_scalar": "hand-written plain C, stocks in registers, time loop inside",
}
SLOW = {"simlin": "simlin", "pysd": "PySD", "ema": "EMA Workbench over PySD"}


def measure(setting: Setting) -> Iterator[Row]:
    for work in setting.models():
        yield from _against_c(work, setting)
        yield from _against_slow(work, setting)
    every = workload("sir", setting.sir().path, varied=setting.sir().varied, saved=setting.sir().saved, every=1 / 32)
    yield from _against_c(replace(every, name="sir_every_step"), setting)


def _against_c(work: Workload, setting: Setting) -> Iterator[Row]:
    values = draw(work, setting.members)
    ours = kernel(work, values)
    calls = {"huangpu": ours}
    by_hand = work.name.startswith("sir")
    for name in C_PEERS:
        lanes = 1 if name in ("c_plain", "c_by_hand_scalar") else None
        make = c_peer.by_hand if "by_hand" in name else c_peer.printed
        if make is c_peer.by_hand and not by_hand:
            continue
        try:
            call = make(work, setting.folder, lanes=lanes)(values)
            _check_same(ours(), call())
            calls[name] = call
        except Skip as why:
            setting.say(f"{work.name} against {C_PEERS[name]} skipped: {why}")
    yield from _rows(work, calls, C_PEERS, setting.members, in_turns(calls, setting.rounds))


def _check_same(ours: np.ndarray, theirs: np.ndarray) -> None:
    worst = largest_difference(ours, theirs)
    if not worst <= TOLERANCE:
        raise Skip(f"it gives other numbers, by up to {worst:.1e} of a variable's largest value")


def largest_difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Of (saved, times, members), relative to each variable's largest value; nan where either has one."""
    scale = np.abs(ours).max(axis=(1, 2), keepdims=True)
    return float(np.max(np.abs(ours - theirs) / np.where(scale > 0, scale, 1.0)))


def _against_slow(work: Workload, setting: Setting) -> Iterator[Row]:
    """Simulators that run one member after another; theirs are the first of our members."""
    values = draw(work, setting.members)
    for name, title in SLOW.items():
        if (name == "pysd" and work.name not in setting.pysd) or (name == "ema" and work.name != "sir"):
            continue
        members = min(SLOW_MEMBERS.get(name, 1), setting.members)
        try:
            theirs = getattr(peers, name)(work, setting.folder)(values[:, :members])
        except Skip as why:
            setting.say(f"{work.name} against {title} skipped: {why}")
            continue
        ours, last = kernel(work, values), {}
        calls = {
            "huangpu": lambda ours=ours, last=last: last.update(ours=ours()),
            name: lambda theirs=theirs, last=last: last.update(theirs=theirs()),
        }
        ours()
        seconds = in_turns(calls, setting.slow_rounds, warm=name == "simlin")
        apart = largest_difference(last["ours"][:, :, :members], last["theirs"])
        titles = {name: f"{title}, {members} of the members one after another (results within {apart:.0e})"}
        yield from _rows(work, calls, titles, setting.members, seconds, {name: members})


def _rows(
    work: Workload,
    calls: Mapping[str, Callable],
    titles: Mapping[str, str],
    members: int,
    seconds: Mapping[str, np.ndarray],
    fewer: Mapping[str, int] | None = None,
) -> Iterator[Row]:
    """Our rate against each peer's, and then the peer's own."""
    rates = {name: (fewer or {}).get(name, members) * work.steps / times / 1e6 for name, times in seconds.items()}
    for name in calls:
        if name != "huangpu":
            against = f"{titles[name]}; {work.what(members)}"
            yield figure(f"{work.name}.ensemble.against_{name}", UNIT, rates["huangpu"], against, rates[name])
            yield figure(f"{work.name}.peer.{name}", UNIT, rates[name])
