"""A graphical function -> the points of a lookup."""

from __future__ import annotations

import math
import re

from huangpu.compiler.syntax import Points
from huangpu.compiler.xmile_text import number
from huangpu.compiler.xmile_xml import Tag
from huangpu.ir import ModelError

MAX_POINTS = 10_000
BEFORE_ZERO = -1e-290  # the last x before a step at 0: nearer ones make a slope that no double holds
KINDS = ("continuous", "extrapolate", "discrete")


def points(graph: Tag) -> Points:
    """xs from `<xpts>` or spread over `<xscale>`; a discrete function holds each y up to the next x."""
    kind = graph.attributes.get("type", "continuous").strip().lower()
    if graph.attributes.get("discrete", "").strip().lower() == "true":  # as older files say it
        kind = "discrete"
    if kind not in KINDS:
        raise ModelError(f"a graphical function of the type '{kind}'. Possible are {', '.join(KINDS)}.")
    ys = _numbers(graph.first("ypts"))
    xs = _numbers(graph.first("xpts"))
    if not ys:
        raise ModelError("a graphical function without <ypts>. Give its points.")
    if not xs:
        xs = _spread(graph.first("xscale"), len(ys))
    if len(xs) != len(ys):
        raise ModelError(f"a graphical function with {len(xs)} x and {len(ys)} y. Give as many of each.")
    pairs = sorted(zip(xs, ys, strict=True), key=lambda pair: pair[0])
    if kind == "discrete":
        pairs = _steps(pairs)
    return Points(tuple(x for x, _ in pairs), tuple(y for _, y in pairs), kind == "extrapolate" and len(pairs) > 1)


def _numbers(tag: Tag | None) -> list[float]:
    if tag is None:
        return []
    separator = tag.attributes.get("sep", ",").strip()
    parts = tag.text.split(separator) if separator else tag.text.split()
    if len(parts) > MAX_POINTS:
        raise ModelError(f"more than {MAX_POINTS} points in a graphical function.")
    return [number(re.sub(r"\s+", "", part)) for part in parts if part.strip()]


def _spread(scale: Tag | None, count: int) -> list[float]:
    if scale is None:
        raise ModelError("a graphical function without <xpts> and <xscale>. Give one of them.")
    low, high = (number(scale.attributes.get(end, "").strip() or "none") for end in ("min", "max"))
    if count > 1 and not low < high:
        raise ModelError(f"a graphical function over x from {low:g} to {high:g}. Give a range that rises.")
    return [low + n * ((high - low) / max(count - 1, 1)) if n < count - 1 or not n else high for n in range(count)]


def _steps(pairs: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points that hold each y as far as the last number before the next x."""
    found = pairs[:1]
    for x, y in pairs[1:]:
        before = math.nextafter(x, -math.inf) if x else BEFORE_ZERO
        if y != found[-1][1] and before > found[-1][0]:
            found.append((before, found[-1][1]))
        found.append((x, y))
    return found
