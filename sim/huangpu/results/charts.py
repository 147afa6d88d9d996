"""Fan charts as PNG files. The only file that knows matplotlib; draws without a screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator

from huangpu.results.fans import Fan, Goal
from huangpu.results.figures import Figure
from huangpu.results.wording import scale, unit_text
from huangpu.results.writing import whole

BLUE, INK, GREY, ORANGE = "#2b6ca3", "#222222", "#767676", "#c8500a"
WIDE, NARROW = "#d3e2f0", "#9fc3e0"
SHAPES = "osD^vPXp"  # a marker a basis, the first for that of the bands
GOALS = {"<": "v", "<=": "v", "~=": "D", "between": "D"}  # others, at least: ^
COLUMNS = 5  # of the legend
HALO = [withStroke(linewidth=2.5, foreground="white")]
WIDTH, HEIGHT, DPI = 8.0, 5.2, 150  # inches


def write_charts(
    fans: Sequence[Fan], folder: Path, source: str, progress: Callable[[int, int], None] | None = None
) -> list[Path]:
    """One `<quantity>.png` a fan in `folder`; source is the line at the foot. Calls progress(done, of all)."""
    paths = []
    for fan in fans:
        path = folder / f"{fan.quantity}.png"
        with whole(path) as draft:
            draw(fan, source).savefig(draft, dpi=DPI, facecolor="white")
        paths.append(path)
        if progress:
            progress(len(paths), len(fans))
    return paths


def draw(fan: Fan, source: str) -> Canvas:
    """The chart of one fan: bands, median, reported figures, targets, and the words around them."""
    canvas = Canvas(figsize=(WIDTH, HEIGHT))
    FigureCanvasAgg(canvas)
    axes = canvas.add_axes((0, 0, 1, 1))  # placed when the words around it are known
    factor = scale(fan.unit)
    handles = [*_bands(axes, fan, factor), *_figures(axes, fan, factor)]
    handles += [_goal(axes, goal, factor) for goal in fan.goals][-1:]
    _frame(axes, fan)
    _words(canvas, axes, fan, source, handles)
    return canvas


def _bands(axes: Axes, fan: Fan, factor: float) -> list[Artist]:
    low, quarter, median, three, high = fan.bands * factor
    axes.fill_between(fan.years, low, high, color=WIDE, linewidth=0)
    axes.fill_between(fan.years, quarter, three, color=NARROW, linewidth=0)
    (line,) = axes.plot(fan.years, median, color=BLUE, linewidth=2, label="median")
    return [line, Patch(color=NARROW, label="50 %"), Patch(color=WIDE, label="90 %")]


def _figures(axes: Axes, fan: Fan, factor: float) -> list[Artist]:
    """Points with two standard errors each way: a shape a basis, grey where it is not that of the bands, hollow where
    not fitted to, small for a part year; a bound is an arrow. Returns what the legend needs."""
    others = [basis for basis in dict.fromkeys(f.basis for f in reversed(fan.figures)) if basis != fan.basis]
    shapes = dict(zip([fan.basis, *others], SHAPES * (1 + len(others) // len(SHAPES)), strict=False))
    for figure in fan.figures:
        colour = INK if figure.basis == fan.basis else GREY
        y, error = figure.value * factor, 2 * figure.error * factor
        if figure.bound[0] in "<>":
            _bound(axes, figure, y, colour)
            error = 0
        style = _point(shapes[figure.basis], colour, full=figure.used, small=figure.scaled)
        axes.errorbar(figure.x, y, error, elinewidth=1, capsize=0, zorder=4, **style)
    shown = {
        "reported, ± 2 s.e.": (any(f.used for f in fan.figures), _point("o", INK)),
        "not fitted to": (any(not f.used for f in fan.figures), _point("o", INK, full=False)),
        "part year, scaled": (any(f.scaled for f in fan.figures), _point("o", INK, small=True)),
        **{
            f"basis {basis.replace('_', ' ') or 'not named'}": (True, _point(shapes[basis], GREY))
            for basis in reversed(others)
        },
    }
    return [Line2D([], [], label=label, **style) for label, (wanted, style) in shown.items() if wanted]


def _point(marker: str, colour: str, *, full: bool = True, small: bool = False) -> dict:
    face = colour if full else "white"
    size = 3.4 if small else 5
    return {"color": colour, "markerfacecolor": face, "marker": marker, "markersize": size, "linestyle": ""}


def _bound(axes: Axes, figure: Figure, y: float, colour: str) -> None:
    up = 16 if figure.bound[0] == ">" else -16
    arrow = {"arrowstyle": "<-", "color": colour, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 2}
    axes.annotate("", xy=(figure.x, y), xytext=(0, up), textcoords="offset points", arrowprops=arrow)


def _goal(axes: Axes, goal: Goal, factor: float) -> Artist:
    """A hollow marker, so that a figure beneath it stays in sight, or a broken line over several years."""
    y = np.array(goal.y) * factor
    if goal.high is not None:
        axes.vlines(goal.x, y, goal.high * factor, color=ORANGE, linewidth=1.8, zorder=5)
    style = {"linestyle": (0, (4, 2)), "linewidth": 1.8}
    if len(goal.x) == 1:
        style = {"linestyle": "", "marker": GOALS.get(goal.operator, "^"), "markersize": 8.5, "markeredgewidth": 1.6}
        style["markerfacecolor"] = "none"
    (handle,) = axes.plot(goal.x, y, color=ORANGE, zorder=5, label="plan target", **style)
    words = {"color": ORANGE, "fontsize": 9, "path_effects": HALO, "zorder": 6, "ha": "right"}
    below = len(goal.x) > 1
    offset = {
        "xytext": (0, -7) if below else (-6, 6),
        "textcoords": "offset points",
        "va": "top" if below else "bottom",
    }
    axes.annotate(goal.label, (goal.x[-1], y[-1]), **offset, **words)
    return handle


def _frame(axes: Axes, fan: Fan) -> None:
    axes.set_xlim(fan.years[0] - 0.3, fan.years[-1] + 0.4)
    axes.autoscale_view(scalex=False)
    bottom, top = axes.get_ylim()
    lowest = axes.dataLim.y0
    axes.set_ylim(0 if 0 <= lowest < 0.4 * top else bottom, top + 0.06 * (top - bottom))
    if fan.figures:
        end = max(figure.x for figure in fan.figures) + 0.3
        axes.axvline(end, color=GREY, linewidth=0.8, linestyle=":", zorder=1)
        place = {"xycoords": ("data", "axes fraction"), "xytext": (3, -2), "textcoords": "offset points"}
        axes.annotate("figures end", (end, 1), va="top", color=GREY, fontsize=8, **place)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=9, length=3)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.6g}".replace("-", "−")))


def _words(canvas: Canvas, axes: Axes, fan: Fan, source: str, handles: list[Artist]) -> None:
    """Title, unit and odds above, legend and source below; the axes take the room between."""
    line = 0.034
    unit = unit_text(fan.unit)
    title = fan.title if unit.split()[-1] in fan.title else f"{fan.title}, {unit}"
    canvas.text(0.03, 0.955, title, fontsize=13, weight="bold", color=INK, va="center")
    for i, text in enumerate(fan.odds):
        canvas.text(0.03, 0.912 - line * i, text, fontsize=9.5 if len(text) < 95 else 8.5, color=ORANGE, va="center")
    top = 0.92 - line * len(fan.odds)
    bottom = 0.105 + line * ceil(len(handles) / COLUMNS)
    axes.set_position((0.085, bottom, 0.885, top - bottom))
    canvas.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(0.075, 0.03),
        ncols=COLUMNS,
        frameon=False,
        fontsize=8.2,
        handlelength=1.6,
        columnspacing=1.3,
    )
    canvas.text(0.03, 0.02, source, fontsize=7.5, color=GREY, va="center")
