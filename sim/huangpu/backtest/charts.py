"""Plots of a backtest: how often intervals held, and where in its forecast each figure fell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from huangpu.backtest import bootstrap
from huangpu.backtest.evaluate import MODEL, Line
from huangpu.backtest.summary import grouped, horizon_of, of
from huangpu.results.writing import whole

BLUE, PALE, GREY = "#2b6ca3", "#d3e2f0", "#767676"
LEVELS = np.arange(0.1, 1.0, 0.1)  # central intervals whose coverage is drawn
BINS = 10
STYLE = {"svg.hashsalt": "huangpu", "font.size": 9}  # the same file for the same numbers


def write_charts(lines: Sequence[Line], folder: Path) -> None:
    """coverage.svg and pit.svg."""
    figures = [line for line in lines if not line.held.bounded]
    with rc_context(STYLE):
        _save(_coverage(figures), folder / "coverage.svg")
        _save(_pit(figures), folder / "pit.svg")


def _save(figure: Figure, path: Path) -> None:
    with whole(path) as draft:
        figure.savefig(draft, format="svg", metadata={"Date": None})


def _canvas(columns: int, width: float) -> tuple[Figure, Sequence[Axes]]:
    figure = Figure(figsize=(width, 3.4), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots(1, columns, squeeze=False)[0]
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _coverage(lines: Sequence[Line]) -> Figure:
    """Share of figures inside central intervals of every width; and inside 90 % by origin and horizon."""
    figure, (left, *others) = _canvas(3, 10)
    pit = of(lines, MODEL).pit
    series, years = [line.held.series for line in lines], [line.held.year for line in lines]
    found = [bootstrap.mean((np.abs(2 * pit - 1) <= level) * 1.0, series, years) for level in LEVELS]
    left.fill_between(LEVELS, [f.low for f in found], [f.high for f in found], color=PALE, linewidth=0)
    left.plot(LEVELS, [f.estimate for f in found], color=BLUE, marker="o", markersize=3)
    left.plot([0, 1], [0, 1], color=GREY, linewidth=0.8)
    left.set(xlabel="width of the central interval", ylabel="share of figures inside", xlim=(0, 1), ylim=(0, 1))
    groups = {"origin": grouped(lines, lambda line: line.held.origin), "years ahead": grouped(lines, horizon_of)}
    for axis, (name, members) in zip(others, groups.items(), strict=True):
        _by_group(axis, name, members)
    return figure


def _by_group(axis: Axes, name: str, groups: dict) -> None:
    for position, members in enumerate(groups.values()):
        series, years = [line.held.series for line in members], [line.held.year for line in members]
        for part, level, colour, offset in (("inside_90", 0.9, BLUE, -0.1), ("inside_50", 0.5, GREY, 0.1)):
            found = bootstrap.mean(getattr(of(members, MODEL), part), series, years)
            axis.plot([position + offset] * 2, [found.low, found.high], color=colour, linewidth=1)
            axis.plot(position + offset, found.estimate, color=colour, marker="o", markersize=4)
            axis.axhline(level, color=colour, linewidth=0.6, linestyle=":")
    axis.set_xticks(range(len(groups)), [f"{key}\n{len(members)}" for key, members in groups.items()])
    axis.set(xlabel=f"{name} (number of figures)", ylim=(0, 1.03), ylabel="share inside 90 % and 50 %")


def _pit(lines: Sequence[Line]) -> Figure:
    """Histogram of where figures fell, 0 below and 1 above all draws: flat if forecasts are calibrated."""
    figure, (axis,) = _canvas(1, 5)
    pit = of(lines, MODEL).pit
    axis.hist(pit, bins=BINS, range=(0, 1), color=PALE, edgecolor=BLUE)
    axis.axhline(len(pit) / BINS, color=GREY, linewidth=0.8)
    axis.set(xlabel="share of the forecast below the figure", ylabel="figures", xlim=(0, 1))
    return figure
