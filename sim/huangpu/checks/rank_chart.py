"""A study of worlds as pictures: distributions of ranks against their bands, and truths against what the fit finds."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from huangpu.checks.ranks import POINTS, of_one, one_band
from huangpu.checks.recovery import Recovery
from huangpu.results.writing import whole

SAME = {"svg.hashsalt": "huangpu", "svg.fonttype": "none", "font.size": 8}  # the same picture is the same file
BLUE, GREY, PALE, RED = "#2b6ca3", "#9a9a9a", "#e3e3e3", "#b5473c"
ACROSS, SIZE = 3, 2.9  # panels in a row, inches of one
SHOWN = 24  # of the parameters that are best informed


def write_ranks(found: Recovery, path: Path) -> None:
    """A panel a group: each quantity's share of ranks below a point, less what it would be, and that of all of them."""
    with matplotlib.rc_context(SAME):
        figure, panels = _page(len(found.groups))
        for axes, (name, group) in zip(panels, found.groups.items(), strict=False):
            _band(axes, *one_band(len(found.places)), color=PALE)
            for k, line in enumerate(found.lines):
                if line.group == name:
                    own = of_one(found.places[np.isfinite(found.places[:, k]), k]).difference
                    late = {"color": RED, "linewidth": 1.0} if line.uneven else {"color": GREY, "linewidth": 0.4}
                    axes.plot(_ends(POINTS, 0, 1), _ends(own, 0, 0), **late)
            for edge in (group.band.low, group.band.high):
                axes.plot(_ends(POINTS, 0, 1), _ends(edge, 0, 0), color=BLUE, linewidth=0.8, linestyle="--")
            axes.plot(_ends(POINTS, 0, 1), _ends(group.band.difference, 0, 0), color=BLUE, linewidth=1.8)
            axes.set_title(f"{name} ({group.quantities})", fontsize=9)
            axes.set_xlabel("place of the truth among the draws")
        panels[0].set_ylabel("share below, less uniform")
        figure.text(
            0.01,
            0.01,
            f"{len(found.places)} worlds. Grey: one quantity, within the pale band in 95 % of cases if its ranks are "
            "uniform;\nred: they are not, corrected for their number. Blue: a group; broken: 95 %, a world a witness.",
            fontsize=7,
        )
        _save(figure, path)


def write_recovery(found: Recovery, path: Path) -> None:
    """A panel a parameter, the best informed first: truth against posterior mean and standard deviation, in standard
    deviations of the prior."""
    best = sorted((line.contraction, k) for k, line in enumerate(found.lines) if line.contraction > 0)[::-1][:SHOWN]
    with matplotlib.rc_context(SAME):
        figure, panels = _page(len(best), across=6, size=1.75)
        for axes, (contraction, k) in zip(panels, best, strict=False):
            truth, mean, sd = (a[:, k] for a in (found.truth, found.mean, found.sd))
            axes.plot([-3, 3], [-3, 3], color=GREY, linewidth=0.8)
            axes.errorbar(truth, mean, sd, fmt=".", color=BLUE, markersize=3, elinewidth=0.5)
            axes.set_xlim(-3.2, 3.2)
            axes.set_ylim(-3.2, 3.2)
            axes.set_title(found.lines[k].name.replace("[", "\n["), fontsize=6)
            axes.text(-3, 2.4, f"{100 * contraction:.0f} % learnt", fontsize=6)
            axes.tick_params(labelsize=6)
        figure.text(0.01, 0.01, "Across: truth. Up: posterior mean ± sd, both in sd of the prior.", fontsize=7)
        _save(figure, path)


def _page(panels: int, across: int = ACROSS, size: float = SIZE) -> tuple[Figure, list[Axes]]:
    rows = -(-panels // across)
    figure = Figure(figsize=(across * size, rows * size + 0.4))
    FigureCanvasSVG(figure)
    made = [figure.add_subplot(rows, across, k + 1) for k in range(panels)]
    return figure, made


def _save(figure: Figure, path: Path) -> None:
    height = figure.get_size_inches()[1]
    figure.tight_layout(rect=(0, 0.3 / height, 1, 1))
    with whole(path) as draft:
        figure.savefig(draft, format="svg", metadata={"Date": None})


def _band(axes: Axes, low: np.ndarray, high: np.ndarray, color: str) -> None:
    axes.fill_between(_ends(POINTS, 0, 1), _ends(low, 0, 0), _ends(high, 0, 0), color=color, linewidth=0)


def _ends(inner: np.ndarray, first: float, last: float) -> np.ndarray:
    return np.concatenate([[first], inner, [last]])
