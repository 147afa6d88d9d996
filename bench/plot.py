"""The figures that are curves, and the ratios: one picture."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from bench import goals
from bench.rows import Row

COLOURS = ("#1f5a94", "#d9822b", "#2d8659", "#8c4f9f")


def draw(path: Path, rows: Iterable[Row]) -> None:
    """Write a PNG: cost by ensemble size, cost by model size, compile time, ratios to other engines."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [row for row in rows if not row.name.startswith("world3")]
    figure, axes = pyplot.subplots(2, 2, figsize=(11, 8), layout="constrained")
    _curves(axes[0, 0], _by_size(rows, r"(\w+)\.members_(\d+)\.threads_(\d+)", "{0}, {2} thread(s)"))
    axes[0, 0].set(title="Cost against ensemble size", xlabel="members", ylabel="ns a member-step")
    _curves(axes[0, 1], _by_size(rows, r"(generated)\.equations_(\d+)\.(cost)", "generated models"))
    axes[0, 1].set(title="Cost against model size", xlabel="equations", ylabel="ns an equation, member and step")
    axes[0, 1].set(yscale="linear", ylim=(0, None))
    _curves(axes[1, 0], _by_size(rows, r"(generated)\.equations_(\d+)\.(compile|read)", "{2}"))
    axes[1, 0].set(title="Cold compile, after reading, and reading", xlabel="equations", ylabel="s")
    _ratios(axes[1, 1], [row for row in rows if ".ensemble.against_" in row.name and row.ratio])
    axes[1, 1].set(title="Ensemble rate against other engines, one thread", xlabel="times as fast")
    figure.savefig(path, dpi=110, metadata={"Software": None})
    pyplot.close(figure)


def _by_size(rows: Iterable[Row], pattern: str, title: str) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        match = re.fullmatch(pattern, row.name)
        if match:
            found.setdefault(title.format(*match.groups()), []).append((int(match[2]), row.value))
    return found


def _curves(axis, curves: dict[str, list[tuple[int, float]]]) -> None:
    for (title, points), colour in zip(curves.items(), COLOURS, strict=False):
        axis.loglog(*zip(*sorted(points), strict=True), marker="o", label=title, color=colour)
    axis.grid(alpha=0.3)
    if curves:
        axis.legend()


def _ratios(axis, rows: list[Row]) -> None:
    """A line from "as fast as" to each ratio."""
    names = [row.name.replace(".ensemble.against_", " / ") for row in rows][::-1]
    ratios = [row.ratio for row in rows][::-1]
    axis.hlines(names, 1.0, ratios, color=COLOURS[0])
    axis.plot(ratios, names, "o", color=COLOURS[0])
    for name, ratio in zip(names, ratios, strict=True):
        axis.annotate(goals.short(ratio), (max(ratio, 1.0), name), (8, 0), textcoords="offset points", va="center")
    axis.set_xscale("log")
    axis.axvline(1.0, color="black", linewidth=1)
    axis.margins(x=0.2)
