"""Feedback loops of a model, shortest first, and which way each one works.

A loop reinforces ("R") where the signs of its links multiply to +, balances ("B") where to -, and is "?" where a link's
sign is not known. Models have far more loops than anyone reads (World3: millions), so what is listed without asking
for more is a small set that covers every link: for each link the shortest loop through it, kept where it shows a link
that no shorter one has. These loops are independent (after R. Oliva, 2004, System Dynamics Review 20(4), 313-336).

All searches are bounded by a count of steps, not by a clock: the same model gives the same list everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import networkx as nx

from huangpu.structure import Structure
from huangpu.structure.signs import times

MAX_STEPS = 2_000_000  # links followed in one search: a second or two
MAX_COUNT = 10_000  # loops that are counted
KINDS = {"+": "R", "-": "B", "?": "?"}


@dataclass(frozen=True, slots=True)
class Loop:
    """Ids of the variables in causal order, the first stock first; the last acts on the first. kind: R, B or ?."""

    ids: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class Listing:
    """What a search found.

    loops   shortest first, those of one length in the order of the file
    found   how many there were, with those that are not listed
    cut     what ended the search before its end, for a person; "" where there are no more
    """

    loops: tuple[Loop, ...]
    found: int
    cut: str = ""


@dataclass
class _Budget:
    left: int = field(default_factory=lambda: MAX_STEPS)

    def spend(self, steps: int = 1) -> None:
        self.left -= steps
        if self.left < 0:
            raise _Spent


class _Spent(Exception):
    pass


def circular(structure: Structure) -> nx.DiGraph:
    """The links that lie on feedback loops, ids in file order."""
    graph = nx.DiGraph()
    graph.add_nodes_from(structure.graph)
    graph.add_edges_from(pair for pair in structure.graph.edges if structure.link(*pair).circular)
    return graph.subgraph(n for n in structure.graph if graph.degree(n)).copy()


def loop(structure: Structure, ids: tuple[str, ...]) -> Loop:
    """A loop of variables whose links exist."""
    sign = "+"
    for pair in pairwise((*ids, ids[0])):
        sign = times(sign, structure.link(*pair).polarity)
    first = next((i for i, id_ in enumerate(ids) if structure[id_].kind == "stock"), 0)
    return Loop((*ids[first:], *ids[:first]), KINDS[sign])


def independent_loops(structure: Structure, *, longest: int | None = None, limit: int | None = None) -> Listing:
    """The shortest loops that together show every link that is on a loop."""
    graph = circular(structure)
    budget, cut, found = _Budget(), "", {}
    try:
        for source in graph:
            for ids in _shortest_loops(graph, source, budget):
                found.setdefault(frozenset(pairwise((*ids, ids[0]))), ids)
    except _Spent:
        cut = f"links after {structure[source].label} were not looked at: the model is too large"
    covered: set[tuple[str, str]] = set()
    kept = []
    for links, ids in sorted(found.items(), key=lambda item: len(item[1])):
        if not links <= covered:
            covered |= links
            kept.append(ids)
    short = [ids for ids in kept if longest is None or len(ids) <= longest]
    if len(short) < len(kept):
        cut = "; ".join([f"{len(kept) - len(short):,} longer than {longest} left out", *filter(None, [cut])])
    return Listing(tuple(loop(structure, ids) for ids in short[:limit]), len(short), cut)


def _shortest_loops(graph: nx.DiGraph, source: str, budget: _Budget) -> Iterator[tuple[str, ...]]:
    """For each link into `source` a shortest loop through it, `source` first."""
    came: dict[str, str] = {}
    wave = [source]
    missing = set(graph.pred[source])
    while wave and missing:
        following = []
        for at in wave:
            budget.spend(len(graph.succ[at]))
            if at in missing:
                missing.remove(at)
                yield _back(at, source, came)
            for to in graph.succ[at]:
                if to not in came and to != source:
                    came[to] = at
                    following.append(to)
        wave = following


def _back(at: str, source: str, came: dict[str, str]) -> tuple[str, ...]:
    path = [at]
    while path[-1] != source:
        path.append(came[path[-1]])
    return tuple(path[::-1])


def every_loop(
    structure: Structure, *, through: str | None = None, longest: int | None = None, limit: int | None = None
) -> Listing:
    """All loops, or all through one variable (an id)."""
    graph = circular(structure)
    if through is not None and through not in graph:
        return Listing((), 0)
    budget, kept, found = _Budget(), [], 0
    knots = [part for part in nx.strongly_connected_components(graph) if through is None or through in part]
    most = max(map(len, knots), default=0)
    starts = {id_: rank for rank, id_ in enumerate(graph)} if through is None else {through: -1}
    length = 0
    try:
        for length in range(1, min(longest or most, most) + 1):
            for start in starts:
                for ids in _of_length(graph, start, length, starts, budget):
                    found += 1
                    if limit is None or len(kept) < limit:
                        kept.append(ids)
                    if found >= MAX_COUNT:
                        raise _Spent
    except _Spent:
        why = f"after {MAX_COUNT:,} loops" if found >= MAX_COUNT else f"after {MAX_STEPS:,} steps"
        return Listing(tuple(loop(structure, i) for i in kept), found, f"the search ended {why}, at length {length}")
    cut = f"longer ones than {longest} were not looked for" if longest and longest < most else ""
    return Listing(tuple(loop(structure, ids) for ids in kept), found, cut)


def _of_length(
    graph: nx.DiGraph, start: str, length: int, ranks: dict[str, int], budget: _Budget
) -> Iterator[tuple[str, ...]]:
    """Loops of exactly `length` variables from `start`, over variables that do not rank before it."""
    left = _distances(graph, start, length, ranks, budget)
    path, on_path = [start], {start}
    stack = [iter(graph.succ[start])]
    while stack:
        budget.spend()
        to = next(stack[-1], None)
        if to is None:
            stack.pop()
            on_path.discard(path.pop())
        elif len(path) == length:
            if to == start:
                yield tuple(path)
        elif to not in on_path and left.get(to, length) <= length - len(path):
            path.append(to)
            on_path.add(to)
            stack.append(iter(graph.succ[to]))


def _distances(graph: nx.DiGraph, start: str, length: int, ranks: dict[str, int], budget: _Budget) -> dict[str, int]:
    """Links from each variable to `start`, where fewer than `length`."""
    found, wave = {start: 0}, [start]
    for distance in range(1, length):
        following = []
        for at in wave:
            budget.spend(len(graph.pred[at]))
            for before in graph.pred[at]:
                if before not in found and ranks.get(before, 0) >= ranks[start]:
                    found[before] = distance
                    following.append(before)
        wave = following
    return found


# -- for people -------------------------------------------------------------------------------------------------------


def chain(structure: Structure, ids: tuple[str, ...]) -> str:
    """`A →+ B →- A`."""
    text = structure[ids[0]].label
    for source, target in pairwise((*ids, ids[0])):
        text += f" →{structure.link(source, target).polarity} {structure[target].label}"
    return text


def report(structure: Structure, listing: Listing, noun: str = "loop", where: str = "") -> str:
    """The list, one loop a line, and what was left out. `noun` and `where` say of what: loop, " through Capital"."""
    graph = circular(structure)
    knots = sorted((len(part) for part in nx.strongly_connected_components(graph)), reverse=True)
    lines = [
        f"{structure.name}: {len(structure.graph):,} variables, {structure.graph.number_of_edges():,} links; "
        f"{len(graph):,} variables lie on feedback loops, {knots[0] if knots else 0:,} in the largest knot "
        "(strongly connected component)"
    ]
    lines += [f"{o.kind} {len(o.ids):>3}  {chain(structure, o.ids)}" for o in listing.loops]
    shown, more = len(listing.loops), "more than " if listing.cut.startswith("the search") else ""
    what = f"{noun}{'s' * (listing.found != 1)}{where}"
    counts = ", ".join(f"{sum(o.kind == kind for o in listing.loops)} {kind}" for kind in KINDS.values())
    if shown == listing.found and not more:
        head = f"{shown or 'no'} {what}"
    else:
        head = f"the first {shown:,} of {more}{listing.found:,} {what}, shortest first"
    return "\n".join([*lines, "; ".join(filter(None, [f"{head} ({counts})" if shown else head, listing.cut]))])
