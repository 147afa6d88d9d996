"""Every fitted row beside what the other rows foretell and what the model alone says, a panel a series.

Sheets hold the panels of quantities that drivers or shared processes join, and those of all others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from huangpu.checks.residuals import Line
from huangpu.measurement import Layer
from huangpu.results.writing import whole

BLUE, PALE, ORANGE, INK, RED = "#2b6ca3", "#a9c8e4", "#d98532", "#222222", "#b5473c"
ACROSS, DOWN = 5, 4
WIDTH, HEIGHT, DPI = 3.0, 2.3, 110  # inches of a panel
JOINED, APART = "economy", "others"
NOTE = (
    "Black: reported, arrow for a bound, red beyond three standard deviations. Blue: 50 and 90 % of what all other "
    "figures foretell, discrepancy and reporting error included. Orange: median and 90 % of the model alone."
)


def write_sheets(lines: Sequence[Line], layer: Layer, folder: Path) -> list[Path]:
    """<group>-<number>.png in `folder`; OSError if they cannot be written."""
    paths = []
    for group, panels in groups(lines, layer).items():
        each = ACROSS * DOWN
        pages = [panels[i : i + each] for i in range(0, len(panels), each)]
        for number, page in enumerate(pages, start=1):
            path = folder / f"{group}-{number}.png"
            with whole(path) as draft:
                _sheet(page, f"{group} {number} of {len(pages)}").savefig(draft, dpi=DPI, metadata={"Software": None})
            paths.append(path)
    return paths


def groups(lines: Sequence[Line], layer: Layer) -> dict[str, list[list[Line]]]:
    """Group -> its panels, each the rows of a metric, scope and kind in order of time."""
    joined = {name for block in layer.blocks if len(block.quantities) > 1 for name in block.quantities}
    panels: dict[tuple, list[Line]] = {}
    for line in sorted(lines, key=lambda line: (line.year, line.period)):
        panels.setdefault((line.metric, line.scope, line.kind), []).append(line)
    found: dict[str, list[list[Line]]] = {}
    for panel in sorted(panels.values(), key=lambda panel: (panel[0].metric, panel[0].scope, panel[0].kind)):
        found.setdefault(JOINED if panel[0].quantity in joined else APART, []).append(panel)
    return found


def _sheet(panels: Sequence[Sequence[Line]], title: str) -> Figure:
    across = min(ACROSS, len(panels))
    down = math.ceil(len(panels) / across)
    with matplotlib.rc_context({"font.size": 7}):
        figure = Figure(figsize=(max(across * WIDTH, 7), down * HEIGHT + 0.8))
        FigureCanvasAgg(figure)
        for k, panel in enumerate(panels):
            _panel(figure.add_subplot(down, across, k + 1), panel)
        height = figure.get_size_inches()[1]
        figure.suptitle(f"Fitted figures, {title}", fontsize=10)
        figure.text(0.01, 0.1 / height, NOTE, fontsize=6.5, wrap=True)
        figure.tight_layout(rect=(0, 0.35 / height, 1, 1))
    return figure


def _panel(axes: Axes, lines: Sequence[Line]) -> None:
    places = _places(lines)
    for x, line in zip(places, lines, strict=True):
        axes.vlines(x, line.low_90, line.high_90, color=PALE, linewidth=6)
        axes.vlines(x, line.low_50, line.high_50, color=BLUE, linewidth=6)
        axes.vlines(x + 0.28, line.alone_low_90, line.alone_high_90, color=ORANGE, linewidth=1)
        axes.plot(x + 0.28, line.alone_median, "_", color=ORANGE, markersize=5)
        marker = "^" if ">" in line.bound else "v" if "<" in line.bound else "o"
        axes.plot(x, line.reported, marker, color=RED if line.flagged else INK, markersize=3, zorder=3)
    axes.set_title(f"{lines[0].metric}, {lines[0].scope}\n{lines[0].kind}, {lines[0].unit}", fontsize=6.5)
    axes.set_xlim(min(places) - 0.7, max(places) + 0.9)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    axes.ticklabel_format(axis="x", useOffset=False, style="plain")
    axes.tick_params(labelsize=6)


def _places(lines: Sequence[Line]) -> list[float]:
    """Years, rows of one year side by side."""
    places, seen = [], {}
    for line in lines:
        seen[line.year] = seen.get(line.year, -1) + 1
        places.append(line.year + 0.3 * seen[line.year])
    return places
