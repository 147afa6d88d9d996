"""Where everything of a picture stands, and the paths of its links. Pixels, y down."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import fmean

from huangpu.graph.blocks import Block, Point, Shape, Tube, blocks
from huangpu.graph.layers import Rows, Wire, arrange
from huangpu.graph.picture import Picture
from huangpu.structure import Link

WIDEST = 1120.0  # a row, where its boxes allow
GAP, MORE, MOST = 40.0, 3.0, 110.0  # between rows: at least, for each link, at most
LANDING = 16.0  # straight end of a link
PORT = 15.0  # between links that reach the same text

Curve = tuple[Point, ...]  # a start, then three points for each cubic Bézier piece


@dataclass(frozen=True, slots=True)
class Arrow:
    source: str
    target: str
    link: Link
    curve: Curve


@dataclass(frozen=True)
class Layout:
    width: float
    height: float
    shapes: dict[str, Shape]
    tubes: tuple[Tube, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class _Band:
    """A row: its boxes lie between top and bottom."""

    top: float
    bottom: float


def layout(picture: Picture) -> Layout:
    parts = blocks(picture)
    owner = {id_: block.id for block in parts.values() for id_ in block.shapes}
    inner = {pair: _inside(parts[owner[pair[0]]], *pair) for pair in picture.links if owner[pair[0]] == owner[pair[1]]}
    for block in parts.values():
        _make_room(block, [c for pair, c in inner.items() if owner[pair[0]] == block.id])
    wires = {
        pair: Wire(owner[pair[0]], owner[pair[1]], *(_offset(parts[owner[id_]], id_) for id_ in pair))
        for pair in picture.links
        if pair not in inner
    }
    rows = arrange(
        {id_: block.width for id_, block in parts.items()}, [(w, pair[0]) for pair, w in wires.items()], WIDEST
    )
    bands = _bands(parts, rows, list(wires.values()))
    shapes, tubes, moved = {}, [], {}
    for block in parts.values():
        band = bands[rows.rows[block.id]]
        dx = rows.x["box", block.id] - block.width / 2
        dy = (band.top + band.bottom - block.height) / 2
        shapes |= {id_: _shifted(shape, dx, dy) for id_, shape in block.shapes.items()}
        tubes += [_shifted_tube(tube, dx, dy) for tube in block.tubes]
        moved[block.id] = (dx, dy)
    curves = _wired(wires, rows, bands, shapes)
    for pair in inner:
        block = parts[owner[pair[0]]]
        dx, dy = moved[block.id]
        curves[pair] = tuple((x + dx, y + dy) for x, y in _inside(block, *pair))
    arrows = tuple(Arrow(*pair, link, curves[pair]) for pair, link in picture.links.items())
    width = max((rows.x["box", b.id] + b.width / 2 for b in parts.values()), default=0.0)
    width = max([width, *(x for curve in curves.values() for x, _ in curve)])
    return Layout(width, bands[-1].bottom if bands else 0.0, shapes, tuple(tubes), arrows)


def _offset(block: Block, id_: str) -> float:
    return block.shapes[id_].x - block.width / 2


def _bands(parts: dict[str, Block], rows: Rows, wires: list[Wire]) -> list[_Band]:
    """The rows from the top, further apart where many links turn."""
    tall: dict[int, float] = defaultdict(float)
    for block in parts.values():
        row = rows.rows[block.id]
        tall[row] = max(tall[row], block.height)
    crossing: dict[int, int] = defaultdict(int)
    for wire in wires:
        ends = sorted((rows.rows[wire.source], rows.rows[wire.target]))
        for row in range(*ends):
            crossing[row] += 1
    bands, y = [], 0.0
    for row in range(len(tall)):
        bands.append(_Band(y, y + tall[row]))
        y += tall[row] + min(MOST, GAP + MORE * crossing[row]) + LANDING
    return bands


def _shifted(shape: Shape, dx: float, dy: float) -> Shape:
    valve = shape.valve and (shape.valve[0] + dx, shape.valve[1] + dy)
    return replace(shape, x=shape.x + dx, y=shape.y + dy, valve=valve)


def _shifted_tube(tube: Tube, dx: float, dy: float) -> Tube:
    def move(points: tuple[Point, ...]) -> tuple[Point, ...]:
        return tuple((x + dx, y + dy) for x, y in points)

    return replace(
        tube, points=move(tube.points), clouds=move(tube.clouds), arrow=tube.arrow and move((tube.arrow,))[0]
    )


# -- links ------------------------------------------------------------------------------------------------------------


def _wired(
    wires: dict[tuple[str, str], Wire], rows: Rows, bands: list[_Band], shapes: dict[str, Shape]
) -> dict[tuple[str, str], Curve]:
    """Curves of links between blocks: straight through rows, bent between them."""
    lanes = {pair: rows.lanes(wire, pair[0]) for pair, wire in wires.items()}
    down = {pair: rows.rows[wire.target] > rows.rows[wire.source] for pair, wire in wires.items()}
    ports = _ports(wires, lanes, down, shapes)
    return {
        pair: _path(
            _moved(shapes[pair[0]].end(not down[pair]), ports[pair[0], not down[pair], None]),
            lanes[pair],
            _moved(shapes[pair[1]].end(down[pair]), ports[pair[1], down[pair], pair[0]]),
            (bands[rows.rows[wire.source]], bands[rows.rows[wire.target]]),
            bands,
        )
        for pair, wire in wires.items()
    }


def _ports(
    wires: dict[tuple[str, str], Wire],
    lanes: dict[tuple[str, str], list[tuple[int, float]]],
    down: dict[tuple[str, str], bool],
    shapes: dict[str, Shape],
) -> dict[tuple[str, bool, str | None], float]:
    """How far from the middle links end, by (item, above, source), and begin, by (item, above, None).

    What leaves an item on one side leaves it in one place; links on one side stand in the order they come from.
    """
    ends: dict[tuple[str, bool], dict[str | None, list[float]]] = defaultdict(lambda: defaultdict(list))
    for source, target in wires:
        way, between = down[source, target], lanes[source, target]
        ends[source, not way][None].append(between[0][1] if between else shapes[target].x)
        ends[target, way][source].append(between[-1][1] if between else shapes[source].x)
    ports = {}
    for (id_, above), found in ends.items():
        apart = min(PORT, 0.75 * shapes[id_].room(above) / len(found))
        for i, source in enumerate(sorted(found, key=lambda s: fmean(found[s]))):
            ports[id_, above, source] = (i - (len(found) - 1) / 2) * apart
    return ports


def _moved(point: Point, dx: float) -> Point:
    return point[0] + dx, point[1]


def _path(
    start: Point,
    lanes: list[tuple[int, float]],
    end: Point,
    ends: tuple[_Band, _Band],
    bands: list[_Band],
) -> Curve:
    down = end[1] > start[1]
    x, y = end
    stops = [start, (start[0], ends[0].bottom if down else ends[0].top)]
    for row, lane in lanes:
        inner = [(lane, bands[row].top - LANDING), (lane, bands[row].bottom)]
        stops += inner if down else [(lane, bands[row].bottom + LANDING), (lane, bands[row].top)]
    stops += [(x, ends[1].top - LANDING if down else ends[1].bottom + LANDING), (x, y)]
    curve = [stops[0]]
    for i, (a, b) in enumerate(pairwise(stops)):
        straight = i % 2 == 0
        turn = (a[1] + b[1]) / 2
        curve += [a, b, b] if straight else [(a[0], turn), (b[0], turn), b]
    return tuple(curve)


def _inside(block: Block, source: str, target: str) -> Curve:
    """An arc between two shapes of one block, in its own coordinates: above the pipes, or to a text beside a pipe."""
    a, b = block.shapes[source], block.shapes[target]
    if b.beside:
        side = 1 if b.y > a.y else -1
        if a.boxed and abs(b.x - a.x) < a.width / 2:
            start, end = (b.x, a.y + side * a.height / 2), (b.x, b.y - side * b.height / 2)
            return start, start, end, end
        start = (a.x + a.width / 2 - 5, a.y + side * a.height / 2)
        end = (b.x + b.width / 2 - 2, b.y)
        out = max(start[0], end[0]) + 26
        return start, (start[0] + 6, start[1] + side * 14), (out, b.y - side * 16), end
    toward = 1 if b.x > a.x else -1
    start, end = a.end(True), b.end(True)
    if a.valve is None:
        start = (start[0] + toward * a.width * 0.3, start[1])
    if b.valve is None:
        end = (end[0] - toward * b.width * 0.3, end[1])
    top = min(start[1], end[1]) - 18 - min(60.0, 0.16 * abs(end[0] - start[0]))
    return start, (start[0] + toward * 6, top), (end[0] - toward * 6, top), end


def _make_room(block: Block, curves: list[Curve]) -> None:
    """Move a block's shapes so that the arcs inside it lie within its height."""
    top = min((0.75 * min(p[1] for p in c) + 0.25 * max(c[0][1], c[-1][1]) for c in curves), default=0.0)
    right = max((x for c in curves for x, _ in c), default=0.0)
    block.width = max(block.width, right)
    if top < 0:
        block.shapes = {id_: _shifted(shape, 0.0, -top) for id_, shape in block.shapes.items()}
        block.tubes = [_shifted_tube(tube, 0.0, -top) for tube in block.tubes]
        block.height -= top
