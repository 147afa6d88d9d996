"""A layout as SVG text. Everything that comes from a model is escaped."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from html import escape

from huangpu.graph.blocks import CLOUD, LINE, VALVE, Point, Shape, Tube, text_width
from huangpu.graph.layout import Arrow, Layout
from huangpu.graph.picture import Picture

MARGIN = 24.0
SMALL = 11.0  # size of small text
STYLE = """\
text{font:12px Helvetica,Arial,"DejaVu Sans","Noto Sans CJK SC",sans-serif;fill:#1b1b1b;text-anchor:middle}
.title{font-size:15px;font-weight:bold;text-anchor:start}
.small{font-size:11px;fill:#555;text-anchor:start}
.shadow text{fill:#8a8a8a}
.stock{fill:#e8f0f8;stroke:#1f4e79;stroke-width:1.6}
.shadow .stock{fill:#f4f4f4;stroke:#aaa}
.lever{fill:#fdebd3;stroke:#c96a00;stroke-width:1.4}
.driver{fill:#efe6f7;stroke:#7a4ea3;stroke-width:1.4;stroke-dasharray:4 2}
.paper{fill:#fff}
.pipe{fill:none;stroke:#1f4e79;stroke-width:6}
.bore{fill:none;stroke:#fff;stroke-width:3.4}
.head,.valve{fill:#1f4e79}
.cloud{fill:#fff;stroke:#1f4e79;stroke-width:1.2}
.link{fill:none;stroke:#5a7d9a;stroke-width:1.1}
.initial{stroke-dasharray:5 3}
.delay{stroke:#5a7d9a;stroke-width:1.4}
.tip{fill:#5a7d9a}
.sign{font-weight:bold;fill:#1f4e79}
.minus{fill:#b3261e}"""


def draw(picture: Picture, layout: Layout, *, signs: bool) -> str:
    """The whole file; signs: polarity at the end of each link."""
    top = MARGIN + 30
    legend = list(_legend(picture, signs))
    width = max(layout.width + 2 * MARGIN, 420.0)
    lines = _listed(picture.listed, width)
    y_list = top + layout.height + 34
    y_legend = y_list + (len(lines) * 15 + 18 if lines else 0)
    height = y_legend + 26 * math.ceil(sum(w for w, _ in legend) / (width - 2 * MARGIN)) + 14
    title = escape(_clean(picture.name))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img">',
        f"<title>{title}</title>",
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7.4" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path class="tip" d="M0 0.8L8 4L0 7.2z"/></marker></defs>',
        f'<rect class="paper" width="{width:.0f}" height="{height:.0f}"/>',
        f'<text class="title" x="{MARGIN:.0f}" y="{MARGIN + 6:.0f}">{title}</text>',
        f'<g transform="translate({(width - layout.width) / 2:.1f} {top:.1f})">',
        *(line for tube in layout.tubes for line in _tube(tube)),
        *(line for arrow in layout.arrows for line in _arrow(arrow, signs)),
        *(line for shape in layout.shapes.values() for line in _shape(shape)),
        "</g>",
        *(
            f'<text class="small" x="{MARGIN:.0f}" y="{y_list + 15 * i:.0f}">{escape(t)}</text>'
            for i, t in enumerate(lines)
        ),
        *_laid(legend, y_legend, width),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _clean(text: str) -> str:
    """Text of one line with nothing that XML forbids."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _path(points: tuple[Point, ...]) -> str:
    """Cubic pieces; those that are straight are written as lines."""
    d = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for a, b, c, end in zip(points[::3], points[1::3], points[2::3], points[3::3], strict=False):
        if a == b and c == end:
            d += f"L{end[0]:.1f} {end[1]:.1f}"
        else:
            d += "C" + " ".join(f"{x:.1f} {y:.1f}" for x, y in (b, c, end))
    return d


def _group(shadow: bool) -> str:
    return '<g class="shadow">' if shadow else "<g>"


def _arrow(arrow: Arrow, signs: bool) -> Iterator[str]:
    dashed = " initial" if arrow.link.initial else ""
    yield f'<path class="link{dashed}" marker-end="url(#tip)" d="{_path(arrow.curve)}"/>'
    (x, y), (x0, y0) = arrow.curve[-1], arrow.curve[-2]
    if (x0, y0) == (x, y):
        x0, y0 = arrow.curve[-4]
    length = math.hypot(x - x0, y - y0) or 1.0
    ux, uy = (x - x0) / length, (y - y0) / length
    if arrow.link.delayed:
        for back in (11, 14):
            px, py = x - back * ux, y - back * uy
            yield (
                f'<path class="delay" d="M{px - 4 * uy:.1f} {py + 4 * ux:.1f}L{px + 4 * uy:.1f} {py - 4 * ux:.1f}"/>'
            )
    if signs:
        minus = " minus" if arrow.link.polarity == "-" else ""
        sign = {"-": "−"}.get(arrow.link.polarity, arrow.link.polarity)
        px, py = x - 10 * ux + 6 * abs(uy), y - 10 * uy + 4 - 8 * abs(ux)
        yield f'<text class="sign{minus}" x="{px:.1f}" y="{py:.1f}">{sign}</text>'


def _tube(tube: Tube) -> Iterator[str]:
    points = list(tube.points)
    if tube.arrow:  # the head stands before the stock
        (x0, y0), (x, y) = points[-2], points[-1]
        length = math.hypot(x - x0, y - y0) or 1.0
        ux, uy = (x - x0) / length, (y - y0) / length
        points[-1] = (x - 8 * ux, y - 8 * uy)
    line = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    yield _group(tube.shadow)
    yield f'<path class="pipe" d="{line}"/><path class="bore" d="{line}"/>'
    if tube.arrow:
        a, b = points[-1], (6 * -uy, 6 * ux)
        yield (
            f'<path class="head" d="M{x:.1f} {y:.1f}L{a[0] + b[0]:.1f} {a[1] + b[1]:.1f}L{a[0] - b[0]:.1f} '
            f'{a[1] - b[1]:.1f}z"/>'
        )
    yield from (_cloud(*place) for place in tube.clouds)
    yield "</g>"


def _cloud(x: float, y: float) -> str:
    w, h = CLOUD, CLOUD * 0.7
    return (
        f'<path class="cloud" d="M{x - w * 0.7:.1f} {y + h * 0.6:.1f}'
        f"a{w * 0.4:.1f} {h * 0.5:.1f} 0 0 1 {w * 0.1:.1f} {-h:.1f}a{w * 0.45:.1f} {h * 0.6:.1f} 0 0 1 {w * 0.75:.1f} "
        f'{-h * 0.25:.1f}a{w * 0.4:.1f} {h * 0.6:.1f} 0 0 1 {w * 0.55:.1f} {h * 1.25:.1f}z"/>'
    )


def _valve(x: float, y: float, upright: bool) -> str:
    a, b = (VALVE * 0.75, VALVE) if upright else (VALVE, VALVE * 0.75)
    corners = (
        f"M{x - a:.1f} {y - b:.1f}L{x + a:.1f} {y + b:.1f}L{x - a:.1f} {y + b:.1f}L{x + a:.1f} {y - b:.1f}z"
        if upright
        else f"M{x - a:.1f} {y - b:.1f}L{x + a:.1f} {y + b:.1f}L{x + a:.1f} {y - b:.1f}L{x - a:.1f} {y + b:.1f}z"
    )
    return f'<path class="valve" d="{corners}"/>'


def _shape(shape: Shape) -> Iterator[str]:
    item = shape.item
    yield f"{_group(item.shadow)}<title>{escape(_clean(item.hint))}</title>"
    x, y, w, h = shape.x - shape.width / 2, shape.y - shape.height / 2, shape.width, shape.height
    if item.kind in ("stock", "lever", "driver") and not (item.shadow and item.kind == "stock" and not shape.boxed):
        round_ = "" if item.kind == "stock" else f' rx="{min(h / 2, 12):.1f}"'
        yield f'<rect class="{item.kind}" x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}"{round_}/>'
    else:
        yield f'<rect class="paper" x="{x + 3:.1f}" y="{y + 3:.1f}" width="{w - 6:.1f}" height="{h - 6:.1f}"/>'
    if shape.valve:
        yield _valve(*shape.valve, shape.beside)
    first = shape.y - (len(shape.lines) - 1) * LINE / 2 + 4.3
    for i, line in enumerate(shape.lines):
        yield f'<text x="{shape.x:.1f}" y="{first + i * LINE:.1f}">{escape(_clean(line))}</text>'
    yield "</g>"


# -- below the picture ------------------------------------------------------------------------------------------------


def _listed(labels: tuple[str, ...], width: float) -> list[str]:
    """Lines of text with the labels in a row."""
    if not labels:
        return []
    characters = int((width - 2 * MARGIN) / text_width("x") * LINE / SMALL)
    return textwrap.wrap("Not drawn, constants and lookups: " + " · ".join(map(_clean, labels)), characters)


def _legend(picture: Picture, signs: bool) -> Iterator[tuple[float, str]]:
    """(width, drawing of 34 by 20 and text) of every sort of thing that is in the picture."""
    kinds = {item.kind for item in picture.items.values()}
    rows = [
        ("stock" in kinds, '<rect class="stock" x="3" y="-8" width="26" height="16"/>', "stock"),
        (
            bool(picture.pipes),
            f'<path class="pipe" d="M2 0L32 0"/><path class="bore" d="M2 0L32 0"/>{_valve(17, 0, False)}',
            "flow",
        ),
        (any(not (p.source and p.target) for p in picture.pipes), _cloud(16, 0), "outside the model"),
        ("lever" in kinds, '<rect class="lever" x="3" y="-8" width="26" height="16" rx="8"/>', "lever"),
        ("driver" in kinds, '<rect class="driver" x="3" y="-8" width="26" height="16" rx="8"/>', "driver"),
        (
            any(item.shadow for item in picture.items.values()),
            '<g class="shadow"><text x="16" y="4">&lt;a&gt;</text></g>',
            "from another view",
        ),
        (bool(picture.links), '<path class="link" marker-end="url(#tip)" d="M2 0L30 0"/>', "acts on"),
        (
            any(link.initial for link in picture.links.values()),
            '<path class="link initial" marker-end="url(#tip)" d="M2 0L30 0"/>',
            "sets at the start",
        ),
        (
            any(link.delayed for link in picture.links.values()),
            '<path class="link" marker-end="url(#tip)" d="M2 0L30 0"/><path class="delay" d="M17 -4L17 4M20 -4L20 4"/>',
            "acts with a delay",
        ),
        (signs, '<text class="sign" x="16" y="4">+</text>', "more leads to more"),
        (signs, '<text class="sign minus" x="16" y="4">−</text>', "more leads to less"),
        (signs, '<text class="sign" x="16" y="4">?</text>', "depends"),
    ]
    for there, drawing, text in rows:
        if there:
            yield (
                38 + text_width(text) + 16,
                f'{drawing}<text class="small" x="38" y="4">{text}</text>',
            )


def _laid(legend: list[tuple[float, str]], y: float, width: float) -> Iterator[str]:
    x = MARGIN
    for wide, drawing in legend:
        if x + wide > width - MARGIN / 2 and x > MARGIN:
            x, y = MARGIN, y + 24
        yield f'<g transform="translate({x:.1f} {y:.1f})">{drawing}</g>'
        x += wide
