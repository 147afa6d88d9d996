"""The boxes of the layout: a lone variable, or stocks joined by flows with their pipes, valves and clouds.

All lengths are in pixels, y goes down, places are measured from the block's upper left corner.
"""

from __future__ import annotations

import textwrap
import unicodedata
from dataclasses import dataclass, field, replace

import networkx as nx

from huangpu.graph.picture import Item, Picture, Pipe

LINE = 14.0  # height of a line of text
CHAR = 6.9  # width of a character of it, on the safe side
WRAP = 17  # characters in a line
VALVE = 9.0  # half its length
CLOUD = 13.0  # half its width
DROP = 84.0  # length of a pipe up or down
SIDES = {"above": -1, "below": 1}

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """An item in place: its text in a box around (x, y), and the valve of a flow.

    beside: its text stands to the right of its valve; boxed: a stock with pipes; upright: its sides with pipes that go
    up ("above") or down ("below").
    """

    item: Item
    lines: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float
    valve: Point | None = None
    beside: bool = False
    boxed: bool = False
    upright: tuple[str, ...] = ()

    def end(self, above: bool) -> Point:
        """Where links from above arrive, or those that go down begin: clear of upright pipes."""
        if above and self.valve and not self.beside:
            return self.x, self.valve[1] - VALVE
        y = self.y - self.height / 2 if above else self.y + self.height / 2
        return (self.x - self.width / 2 + 12 if self._piped(above) else self.x), y

    def room(self, above: bool) -> float:
        """Width for the ends of links."""
        return 16.0 if self._piped(above) else self.width

    def _piped(self, above: bool) -> bool:
        return ("above" if above else "below") in self.upright


@dataclass(frozen=True, slots=True)
class Tube:
    """A pipe along points; its ends that are in the open have clouds."""

    points: tuple[Point, ...]
    clouds: tuple[Point, ...]
    arrow: Point | None  # where it enters a stock, else None
    shadow: bool


@dataclass
class Block:
    """shapes by id of the item; `id` is that of the first one."""

    id: str
    width: float = 0.0
    height: float = 0.0
    shapes: dict[str, Shape] = field(default_factory=dict)
    tubes: list[Tube] = field(default_factory=list)


def text_width(text: str) -> float:
    return CHAR * sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def blocks(picture: Picture) -> dict[str, Block]:
    """All blocks by their id, in the order of the picture."""
    graph = nx.Graph()
    for pipe in picture.pipes:
        graph.add_edges_from((pipe.flow, stock) for stock in (pipe.source, pipe.target) if stock)
    found: dict[str, Block] = {}
    done: set[str] = set()
    for id_, item in picture.items.items():
        if id_ in done:
            continue
        part = nx.node_connected_component(graph, id_) if id_ in graph else {id_}
        done |= part
        inside = tuple(p for p in picture.pipes if p.flow in part)
        stocks = [i for i in picture.items if i in part and any(i in (p.source, p.target) for p in inside)]
        found[id_] = _chain(id_, stocks, inside, picture) if inside else _lone(item)
    return found


def _shape(item: Item, x: float = 0.0, y: float = 0.0) -> Shape:
    label = f"<{item.label}>" if item.shadow else item.label
    lines = _wrapped(label)
    frame = 20.0 if item.kind in ("stock", "lever", "driver") else 10.0
    width = max(map(text_width, lines)) + frame
    return Shape(item, lines, x, y, width, len(lines) * LINE + frame * 0.8)


def _wrapped(label: str) -> tuple[str, ...]:
    """Lines as few as can be, and about as long as one another."""
    lines = textwrap.wrap(label, WRAP) or [label]
    longest = min(WRAP, max(map(len, label.split()), default=WRAP))
    tight = (textwrap.wrap(label, width) for width in range(longest, WRAP))
    return tuple(next((t for t in tight if len(t) == len(lines)), lines))


def _lone(item: Item) -> Block:
    shape = _shape(item)
    block = Block(item.id, shape.width, shape.height)
    block.shapes[item.id] = replace(shape, x=shape.width / 2, y=shape.height / 2)
    return block


# -- stocks and flows -------------------------------------------------------------------------------------------------


@dataclass
class _Column:
    """A stock with the pipes of its four sides."""

    stock: Shape
    left: Pipe | None = None
    right: Pipe | None = None
    above: list[Pipe] = field(default_factory=list)
    below: list[Pipe] = field(default_factory=list)
    onward: Pipe | None = None  # to or from the next column


def _chain(id_: str, stocks: list[str], pipes: tuple[Pipe, ...], picture: Picture) -> Block:
    columns = [_Column(_shape(picture.items[s])) for s in _in_line(stocks, pipes)]
    around = _attach(columns, pipes)
    texts = {p.flow: _shape(picture.items[p.flow]) for p in pipes}
    block, middle = Block(id_), _middle(columns, texts)
    x = 0.0
    for before, column in zip([None, *columns], columns, strict=False):
        x = _place(block, column, before, texts, x, middle)
    x = _finish(block, columns[-1], texts, x, middle)
    deep = max(s.y + s.height / 2 for s in block.shapes.values())
    deep = max([deep, *(p[1] + CLOUD for tube in block.tubes for p in tube.points)])
    for pipe in around:
        deep = _lane(block, pipe, texts[pipe.flow], deep)
    block.width, block.height = x, deep
    return block


def _in_line(stocks: list[str], pipes: tuple[Pipe, ...]) -> list[str]:
    """Stocks in the direction of their flows, as far as those have one."""
    graph = nx.DiGraph()
    graph.add_nodes_from(stocks)
    for pipe in pipes:
        if pipe.source and pipe.target and not nx.has_path(graph, pipe.target, pipe.source):
            graph.add_edge(pipe.source, pipe.target)
    return list(nx.lexicographical_topological_sort(graph, key=stocks.index))


def _attach(columns: list[_Column], pipes: tuple[Pipe, ...]) -> list[Pipe]:
    """Give each pipe its side; returns those that go around to a stock further off."""
    at = {column.stock.item.id: i for i, column in enumerate(columns)}
    around = []
    for pipe in (p for p in pipes if p.source and p.target):
        first, last = sorted((at[pipe.source], at[pipe.target]))
        if last - first == 1 and columns[first].onward is None:
            columns[first].onward = pipe
        else:
            around.append(pipe)
    for pipe in (p for p in pipes if not (p.source and p.target)):
        i = at[pipe.source or pipe.target]
        column, before = columns[i], columns[i - 1] if i else None
        if pipe.target and column.left is None and not (before and before.onward):
            column.left = pipe
        elif pipe.source and column.right is None and column.onward is None:
            column.right = pipe
        else:
            (column.above if pipe.target else column.below).append(pipe)
    return around


def _middle(columns: list[_Column], texts: dict[str, Shape]) -> float:
    """Height of the row of stocks."""
    tall = max(column.stock.height for column in columns) / 2
    return max(tall, VALVE) + (DROP + CLOUD if any(column.above for column in columns) else 0.0)


def _place(
    block: Block, column: _Column, before: _Column | None, texts: dict[str, Shape], x: float, middle: float
) -> float:
    """Put a stock and its pipes to the left, above and below; returns where the next thing may begin."""
    onward = before.onward if before else None
    if before and not onward:
        x = _finish(block, before, texts, x, middle) + 24.0
    if onward:
        lead = max(70.0, texts[onward.flow].width + 12)
    else:
        lead = 2 * CLOUD + 6 + max(60.0, texts[column.left.flow].width) if column.left else 0.0
    slots = {side: [2 * VALVE + 8 + texts[p.flow].width for p in getattr(column, side)] for side in SIDES}
    stands = {side: _stands(widths, column.stock.width) for side, widths in slots.items()}
    ends = [stands[side][-1] + slots[side][-1] for side in SIDES if slots[side]]
    spans = [sum(widths) / 2 for widths in slots.values() if len(widths) > 1]  # a stock lies along all its pipes
    half = max([column.stock.width / 2, *spans])
    room = 2 * max([half, *ends])
    centre = x + lead + room / 2
    upright = tuple(side for side in SIDES if slots[side])
    stock = replace(column.stock, boxed=True, upright=upright, x=centre, y=middle, width=2 * half)
    column.stock = stock
    block.shapes[stock.item.id] = stock
    edge = (centre - stock.width / 2, middle)
    if onward:
        ends = ((_right(before.stock), middle), edge)
        forward = onward.target == stock.item.id
        _across(block, onward, texts, ends if forward else ends[::-1], (x + lead / 2, middle))
    elif column.left:
        valve = (x + 2 * CLOUD + (lead - 2 * CLOUD) / 2, middle)
        _across(block, column.left, texts, ((x + CLOUD, middle), edge), valve)
    for side, sign in SIDES.items():
        for pipe, at in zip(getattr(column, side), stands[side], strict=True):
            _upright(block, pipe, texts, (centre + at, middle + sign * stock.height / 2), sign)
    return centre + room / 2


def _stands(widths: list[float], stock: float) -> list[float]:
    """Where upright pipes meet a stock of that width, from its middle: their texts stand to their right."""
    if len(widths) == 1:
        return [stock / 2 - 16]
    return [sum(widths[:i]) - sum(widths) / 2 + VALVE + 4 for i in range(len(widths))]


def _right(stock: Shape) -> float:
    return stock.x + stock.width / 2


def _finish(block: Block, column: _Column, texts: dict[str, Shape], x: float, middle: float) -> float:
    """The pipe to the right of a stock that none follows through."""
    if column.right is None:
        return x
    width = max(60.0, texts[column.right.flow].width)
    ends = ((_right(column.stock), middle), (x + width + 6 + CLOUD, middle))
    _across(block, column.right, texts, ends, (x + 6 + width / 2, middle))
    return x + width + 6 + 2 * CLOUD


def _across(block: Block, pipe: Pipe, texts: dict[str, Shape], ends: tuple[Point, Point], valve: Point) -> None:
    text = texts[pipe.flow]
    y = valve[1] + VALVE + 3 + text.height / 2
    block.shapes[pipe.flow] = replace(text, x=valve[0], y=y, valve=valve)
    _tube(block, pipe, ends, text.item.shadow)


def _upright(block: Block, pipe: Pipe, texts: dict[str, Shape], edge: Point, sign: int) -> None:
    text, (x, y) = texts[pipe.flow], edge
    far = (x, y + sign * DROP)
    valve = (x, y + sign * DROP * 0.48)
    block.shapes[pipe.flow] = replace(text, x=x + VALVE + 4 + text.width / 2, y=valve[1], valve=valve, beside=True)
    _tube(block, pipe, (edge, far) if pipe.source else (far, edge), text.item.shadow)


def _tube(block: Block, pipe: Pipe, points: tuple[Point, ...], shadow: bool) -> None:
    clouds = tuple(end for stock, end in ((pipe.source, points[0]), (pipe.target, points[-1])) if not stock)
    block.tubes.append(Tube(points, clouds, points[-1] if pipe.target else None, shadow))


def _lane(block: Block, pipe: Pipe, text: Shape, deep: float) -> float:
    """A pipe below everything, from one stock to another that is not next to it; returns how deep the block is now."""
    source, target = block.shapes[pipe.source], block.shapes[pipe.target]
    sign = 1 if target.x > source.x else -1
    a, b = (stock.x + way * (stock.width / 2 - 7) for stock, way in ((source, sign), (target, -sign)))
    y = deep + 12
    valve = ((a + b) / 2, y)
    block.shapes[pipe.flow] = replace(text, x=valve[0], y=y + VALVE + 3 + text.height / 2, valve=valve)
    points = ((a, source.y + source.height / 2), (a, y), (b, y), (b, target.y + target.height / 2))
    _tube(block, pipe, points, text.item.shadow)
    return y + VALVE + 3 + text.height
