"""Prior against posterior as one picture: a line a parameter, in standard deviations of its prior."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from huangpu.calibration.learnt import FIVE, NINETY_FIVE, Learnt

PRIOR, INFORMED, OTHER = "#e3e3e3", "#2b6ca3", "#9a9a9a"
LINE, HEAD, WIDTH = 0.16, 1.1, 8.0  # inches
SAME = {"svg.hashsalt": "huangpu", "svg.fonttype": "none"}  # the same picture is the same file


def write_chart(rows: Sequence[Learnt], path: Path) -> None:
    """As SVG, those that the figures say most about on top. OSError if it cannot be written."""
    ordered = sorted(rows, key=lambda r: (r.informed == "yes", r.contraction))
    height = HEAD + LINE * len(ordered)
    with matplotlib.rc_context(SAME):
        figure = Figure(figsize=(WIDTH, height))
        FigureCanvasSVG(figure)
        axes = figure.add_axes((0.46, 0.5 * HEAD / height, 0.51, 1 - HEAD / height))
        places = range(len(ordered))
        colours = [INFORMED if row.informed == "yes" else OTHER for row in ordered]
        axes.barh(places, NINETY_FIVE - FIVE, left=FIVE, height=0.8, color=PRIOR)
        axes.hlines(places, [row.z_5 for row in ordered], [row.z_95 for row in ordered], color=colours, linewidth=1.6)
        axes.scatter([row.z_median for row in ordered], places, s=9, color=colours, zorder=3)
        axes.set_yticks(places, [row.parameter for row in ordered], fontsize=6.5)
        axes.set_ylim(-0.8, len(ordered) - 0.2)
        axes.set_xlabel("standard deviations of the prior; grey: its 90 %, line and dot: posterior 90 % and median")
        axes.xaxis.label.set_size(7)
        axes.tick_params(axis="x", labelsize=7)
        axes.set_title("What the figures say about each parameter (blue: informed)", fontsize=9)
        figure.savefig(path, format="svg", metadata={"Date": None})
