"""Boxes in rows, links from row to row (after K. Sugiyama and others, 1981, IEEE Trans. SMC 11(2), 109-125).

Boxes are ranked so that most links go down, ordered within rows so that few cross, and shifted so that links run
straight. A link that passes a row has a gap of its own there, shared by all links that come from the same box the same
way; so links never cross boxes. Everything follows from the order in which boxes and links are given.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

SPACE = 22.0  # between boxes of a row
LANE = 7.0  # half the width kept for a link that passes a row
SWEEPS = 24
PULL = {("box", "box"): 1.0, ("box", "lane"): 2.0, ("lane", "box"): 2.0, ("lane", "lane"): 12.0}  # to be straight

Node = tuple  # ("box", id), or ("lane", source, direction, row) where links pass a row


@dataclass(frozen=True, slots=True)
class Wire:
    """A link between two boxes; the offsets are of its ends from the middles of the boxes."""

    source: str
    target: str
    start: float = 0.0
    end: float = 0.0


@dataclass(frozen=True)
class Rows:
    """rows: row of each box; x: middle of each box and lane; passes: rows that a wire passes, from its source on."""

    rows: dict[str, int]
    x: dict[Node, float]

    def lanes(self, wire: Wire, key: object) -> list[tuple[int, float]]:
        """(row, x) of the gaps that a wire uses, from its source on; `key` as given to `arrange`."""
        down = self.rows[wire.target] > self.rows[wire.source]
        return [(row, self.x[_lane(key, down, row)]) for row in _between(self.rows, wire)]


def arrange(widths: dict[str, float], wires: list[tuple[Wire, object]], widest: float) -> Rows:
    """Rows and positions. Wires come with a key: those of one key and direction share their lanes."""
    rows = _rows(widths, [wire for wire, _ in wires], widest)
    order, near = _nodes(widths, rows, wires)
    _untangle(order, near)
    half = {node: widths[node[1]] / 2 + SPACE / 2 if node[0] == "box" else LANE for row in order for node in row}
    return Rows(rows, _positions(order, near, half))


def _lane(key: object, down: bool, row: int) -> Node:
    return ("lane", key, down, row)


def _between(rows: dict[str, int], wire: Wire) -> range:
    a, b = rows[wire.source], rows[wire.target]
    return range(a + 1, b) if b > a else range(a - 1, b, -1)


# -- rows -------------------------------------------------------------------------------------------------------------


def _rows(widths: dict[str, float], wires: list[Wire], widest: float) -> dict[str, int]:
    before, after = defaultdict(set), defaultdict(set)
    rank = {id_: i for i, id_ in enumerate(_sequence(list(widths), wires))}
    for wire in wires:
        if wire.source != wire.target:
            a, b = sorted((wire.source, wire.target), key=rank.__getitem__)
            after[a].add(b)
            before[b].add(a)
    rows: dict[str, int] = {}
    for id_ in sorted(widths, key=rank.__getitem__):
        rows[id_] = max((rows[b] + 1 for b in before[id_]), default=0)
    for _ in range(3):  # what has more links below than above moves down towards them
        for id_ in sorted(widths, key=rank.__getitem__, reverse=True):
            if len(after[id_]) > len(before[id_]):
                rows[id_] = min(rows[b] for b in after[id_]) - 1
    return _narrowed(rows, widths, before, widest)


def _sequence(ids: list[str], wires: list[Wire]) -> list[str]:
    """An order with few wires going back (P. Eades, X. Lin, W. Smyth, 1993, Inf. Process. Lett. 47(6), 319-323)."""
    out, into = defaultdict(list), defaultdict(list)
    for wire in wires:
        if wire.source != wire.target:
            out[wire.source].append(wire.target)
            into[wire.target].append(wire.source)
    left, first, last = dict.fromkeys(ids), [], []
    while left:
        n_out = {i: sum(o in left for o in out[i]) for i in left}
        n_in = {i: sum(o in left for o in into[i]) for i in left}
        sinks = [i for i in left if not n_out[i] and n_in[i]]
        sources = [i for i in left if not n_in[i]]
        if sinks:
            last.append(sinks[-1])
        elif sources:
            first.append(sources[0])
        else:
            first.append(max(left, key=lambda i: n_out[i] - n_in[i]))
        del left[last[-1] if sinks else first[-1]]
    return first + last[::-1]


def _narrowed(
    rows: dict[str, int], widths: dict[str, float], before: dict[str, set[str]], widest: float
) -> dict[str, int]:
    """Rows broken in two, and again, until each is narrow enough; what nothing in the picture acts on stays above."""
    row = 0
    while row <= max(rows.values(), default=0):
        inside = sorted((i for i in rows if rows[i] == row), key=lambda i: bool(before[i]))
        total, stay = 0.0, 0
        for id_ in inside:
            total += widths[id_] + SPACE
            stay += total <= widest
        if 0 < stay < len(inside):
            moved = set(inside[stay:])
            rows = {i: r + (r > row or i in moved) for i, r in rows.items()}
        row += 1
    return {i: sorted(set(rows.values())).index(r) for i, r in rows.items()}


# -- order within rows ------------------------------------------------------------------------------------------------


def _nodes(
    widths: dict[str, float], rows: dict[str, int], wires: list[tuple[Wire, object]]
) -> tuple[list[list[Node]], dict[Node, list[tuple[Node, float, float]]]]:
    """Nodes by row, and for each node its neighbours in rows beside it with the offsets (own, other) of the link."""
    order: list[dict[Node, None]] = [{} for _ in range(max(rows.values(), default=-1) + 1)]
    near: dict[Node, dict[tuple[Node, float, float], None]] = defaultdict(dict)
    for id_ in widths:
        order[rows[id_]]["box", id_] = None
    for wire, key in wires:
        if rows[wire.source] == rows[wire.target]:
            continue
        down = rows[wire.target] > rows[wire.source]
        lanes = [_lane(key, down, row) for row in _between(rows, wire)]
        chain = [(("box", wire.source), wire.start), *((n, 0.0) for n in lanes), (("box", wire.target), wire.end)]
        for node in lanes:
            order[node[3]][node] = None
        for (a, at_a), (b, at_b) in pairwise(chain):
            near[a][b, at_a, at_b] = None
            near[b][a, at_b, at_a] = None
    return [list(row) for row in order], {node: list(found) for node, found in near.items()}


def _untangle(order: list[list[Node]], near: dict) -> None:
    """Sort each row by the middle of its neighbours in the row above, then below, and so on; keep the best."""
    place = {node: (r, i) for r, row in enumerate(order) for i, node in enumerate(row)}
    best, fewest = [list(row) for row in order], _crossings(order, near, place)
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for r in range(len(order)) if down else reversed(range(len(order))):
            beside = r - 1 if down else r + 1
            middle = {}
            for i, node in enumerate(order[r]):
                there = [place[n][1] + at / 1e4 for n, _, at in near.get(node, ()) if place[n][0] == beside]
                middle[node] = fmean(there) if there else float(i)
            order[r].sort(key=middle.__getitem__)
            place.update({node: (r, i) for i, node in enumerate(order[r])})
        crossings = _crossings(order, near, place)
        if crossings < fewest:
            best, fewest = [list(row) for row in order], crossings
    order[:] = best


def _crossings(order: list[list[Node]], near: dict, place: dict) -> int:
    total = 0
    for r, row in enumerate(order):
        ends = [
            (i + own / 1e4, place[n][1] + at / 1e4)
            for i, node in enumerate(row)
            for n, own, at in near.get(node, ())
            if place[n][0] == r + 1
        ]
        total += sum((a - c) * (b - d) < 0 for k, (a, b) in enumerate(ends) for c, d in ends[:k])
    return total


# -- positions --------------------------------------------------------------------------------------------------------


def _positions(order: list[list[Node]], near: dict, half: dict[Node, float]) -> dict[Node, float]:
    """Middles of all nodes: each as near to its neighbours as the others of its row allow."""
    x: dict[Node, float] = {}
    for row in order:
        at = -sum(half[n] for n in row)
        for node in row:
            x[node] = at + half[node]
            at += 2 * half[node]
    for sweep in range(6 * SWEEPS):
        for row in order if sweep % 2 == 0 else order[::-1]:
            wanted, weight = [], []
            for node in row:
                there = [(x[n] + at - own, PULL[node[0], n[0]]) for n, own, at in near.get(node, ())]
                weight.append(sum(pull for _, pull in there) or 0.1)
                wanted.append(sum(at * pull for at, pull in there) / weight[-1] if there else x[node])
            x.update(zip(row, _spaced(wanted, weight, [half[n] for n in row]), strict=True))
    left = min((x[n] - half[n] for row in order for n in row), default=0.0)
    return {node: value - left for node, value in x.items()}


def _spaced(wanted: list[float], weight: list[float], half: list[float]) -> list[float]:
    """Nearest places (weighted least squares) that keep the order and the room: pools of neighbours that touch."""
    pools: list[list] = []  # [weighted sum of wanted less offset, weight, first index]
    offsets, at = [], 0.0
    for i, h in enumerate(half):
        at += h + (half[i - 1] if i else 0.0)
        offsets.append(at)
        pools.append([(wanted[i] - at) * weight[i], weight[i], i])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, heavy, _ = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += heavy
    ends = [*(p[2] for p in pools[1:]), len(half)]
    return [
        total / heavy + offsets[i]
        for (total, heavy, first), end in zip(pools, ends, strict=True)
        for i in range(first, end)
    ]
