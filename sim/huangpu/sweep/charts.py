"""Pictures of what moves each output, as SVG: bars of indices, tornado, Morris' plane, growing samples."""

from __future__ import annotations

import re
import textwrap
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from huangpu.results.writing import whole
from huangpu.sweep.analysis import METHODS, Finding, Method
from huangpu.sweep.designs import Design
from huangpu.sweep.outputs import Output

BLUE, PALE, INK, GREY, ORANGE = "#2b6ca3", "#9fc3e0", "#222222", "#767676", "#c8500a"
LINES = (BLUE, ORANGE, "#3b8f5a", "#7a4ea3", "#b5473c", "#767676")
SHOWN, TRACED = 15, len(LINES)  # factors of a chart; lines of one
SMALL = 0.005  # of the largest: factors below it are not drawn
WIDTH, ROW, WRAP, TITLE = 8.0, 0.34, 44, 74  # inches, inches of a bar, letters of a line of a label and of the title
SAME = {
    "svg.hashsalt": "huangpu",
    "svg.fonttype": "none",
    "font.size": 9,
    "text.parse_math": False,
}  # the same picture is the same file
LEADS = {"ST": "Total share", "mu_star": "μ*", "pawn": "PAWN"}
SIGNS = {1: " (+)", -1: " (−)", 0: ""}


@dataclass(frozen=True)
class Page:
    """What is written around a picture: label and unit of the output, labels of the factors, how they were measured."""

    title: str
    unit: str
    labels: tuple[str, ...]
    method: Method


def write_charts(
    findings: Sequence[Finding],
    design: Design,
    outputs: Sequence[Output],
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """<picture>-<output>.svg in `folder`: the picture of the design and, where the sample has parts, their lines."""
    paths = []
    slugs, labels = _slugs(outputs), tuple(factor.label for factor in design.factors)
    for k, (finding, output) in enumerate(zip(findings, outputs, strict=True), start=1):
        page = Page(output.label, output.units, labels, METHODS[design.kind])
        for picture, draw in _pictures(design, finding).items():
            path = folder / f"{picture}-{slugs[output.name]}.svg"
            with matplotlib.rc_context(SAME), warnings.catch_warnings(), whole(path) as draft:
                warnings.filterwarnings("ignore", "Glyph .* missing")  # letters come from the viewer's font
                draw(finding, page).savefig(draft, format="svg", metadata={"Date": None})
            paths.append(path)
        if progress:
            progress(k, len(findings))
    return paths


def _slugs(outputs: Sequence[Output]) -> dict[str, str]:
    """Output -> part of a file name, each once."""
    slugs: dict[str, str] = {}
    for name in (output.name for output in outputs):
        slug = re.sub(r"[^a-z0-9_.]+", "-", name.lower()).strip("-.")[:80] or "output"
        slugs[name] = slug if slug not in slugs.values() else f"{slug}-{len(slugs) + 1}"
    return slugs


def _pictures(design: Design, finding: Finding) -> dict[str, Callable[..., Figure]]:
    if np.isnan(finding.indices.values[METHODS[design.kind].lead]).all():
        return {}
    own: dict[str, Callable[..., Figure]]
    match design.kind:
        case "sobol" | "fast":
            own = {design.kind: shares}
        case "morris":
            own = {"morris": plane}
        case "one_at_a_time" | "factorial":
            own = {"tornado": tornado}
        case _:
            own = {"given": given}
    return own | ({"convergence": growing} if len(finding.steps) > 1 else {})


def _first(finding: Finding, page: Page, count: int = SHOWN, least: float = SMALL) -> list[int]:
    """The largest factors by the leading measure, largest first, but for those that would not be seen."""
    values = np.nan_to_num(finding.indices.values[page.method.lead], nan=-np.inf)
    order = np.argsort(-values, kind="stable")
    return [int(k) for k in order[:count] if values[k] > least * values[order[0]] or k == order[0]]


def shares(finding: Finding, page: Page) -> Figure:
    """Total order as wide bars, first order inside them, each with its interval."""
    rows = _first(finding, page)
    figure, axes, places = _bars(len(rows), page.title, "What it is uncertain about: shares of its variance")
    values, half = finding.indices.values, finding.indices.half
    for measure, colour, height, shift, words in (
        ("ST", PALE, 0.72, 0.16, "total, with interactions"),
        ("S1", BLUE, 0.36, -0.16, "alone"),
    ):
        width = [max(values[measure][k], 0) for k in rows]
        axes.barh(places, width, height=height, color=colour, label=words)
        _whiskers(axes, values[measure][rows], half[measure][rows], places + shift, INK if measure == "ST" else ORANGE)
    _label(axes, rows, page.labels)
    axes.set_xlim(0, max(1.0, axes.get_xlim()[1]) if values["ST"][rows[0]] > 0.45 else None)
    axes.set_xlabel("share of the variance; lines: 95 % intervals")
    _foot(figure, axes, finding, page, len(rows))
    return figure


def given(finding: Finding, page: Page) -> Figure:
    """PAWN as bars, delta as points, the floor as a line; the sign of the rank correlation after the name."""
    rows = _first(finding, page)
    figure, axes, places = _bars(len(rows), page.title, "What moves its distribution")
    values, half = finding.indices.values, finding.indices.half
    axes.barh(places, values["pawn"][rows], height=0.62, color=PALE, label="PAWN")
    _whiskers(axes, values["pawn"][rows], half["pawn"][rows], places + 0.13, INK)
    if np.isfinite(values["delta"][rows]).any():
        axes.plot(values["delta"][rows], places - 0.13, "D", color=BLUE, markersize=4, label="delta")
        _whiskers(axes, values["delta"][rows], half["delta"][rows], places - 0.13, BLUE)
    floor = values["pawn_floor"][0]
    axes.axvline(floor, color=ORANGE, linewidth=1, linestyle=(0, (4, 2)), label="PAWN of no effect, 19 in 20 below")
    clear = np.abs(values["rank"]) > half["rank"]
    signs = [SIGNS[int(np.sign(values["rank"][k]) * clear[k])] for k in rows]
    _label(axes, rows, page.labels, signs)
    axes.set_xlim(left=0)
    axes.set_xlabel("index; lines: 95 % intervals; (+), (−): sign of the rank correlation")
    _foot(figure, axes, finding, page, len(rows))
    return figure


def tornado(finding: Finding, page: Page) -> Figure:
    """What the output gains with each factor at its lowest and at its highest value."""
    rows = _first(finding, page)
    figure, axes, places = _bars(len(rows), page.title, "How far it moves with a factor at the ends of its range")
    values = finding.indices.values
    axes.barh(places + 0.16, values["low"][rows], height=0.32, color=ORANGE, label="lowest value of the factor")
    axes.barh(places - 0.16, values["high"][rows], height=0.32, color=BLUE, label="highest value")
    axes.axvline(0, color=INK, linewidth=0.8)
    _label(axes, rows, page.labels)
    axes.set_xlabel(_with_unit("change", page))
    _foot(figure, axes, finding, page, len(rows))
    return figure


def plane(finding: Finding, page: Page) -> Figure:
    """Morris' plane: strength against interaction or curvature; the first factors carry numbers, named beside it."""
    rows = _first(finding, page, least=10 * SMALL)  # numbers of smaller ones would lie on one another
    values, half = finding.indices.values, finding.indices.half
    figure = _figure(5.2, page.title, "Elementary effects over the factors' whole ranges")
    axes = figure.add_axes((0.1, 0.15, 0.46, 0.69))
    _plain(axes)
    strength, spread = values["mu_star"], values["sigma"]
    axes.plot(strength, spread, "o", color=PALE, markersize=4, zorder=2)
    axes.errorbar(strength[rows], spread[rows], xerr=half["mu_star"][rows], fmt="o", color=BLUE, elinewidth=0.8, ms=5)
    for place, k in enumerate(rows, start=1):
        at = (strength[k], spread[k])
        axes.annotate(f"{place}", at, xytext=(4, 4), textcoords="offset points", fontsize=8, annotation_clip=False)
    right, top = 1.12 * np.nanmax((strength + half["mu_star"])[rows]), 1.15 * np.nanmax(spread)
    axes.set_xlim(0, right or 1)
    axes.set_ylim(0, top if top > 1e-9 * right else right or 1)
    for share in (0.1, 0.5, 1.0):
        axes.plot([0, right], [0, share * right], color=GREY, linewidth=0.6, linestyle=":", zorder=1)
    axes.set_xlabel(_with_unit("μ*, mean size of the effect", page))
    axes.set_ylabel("σ, its spread, same unit")
    lines = [
        f"{place}  {textwrap.shorten(page.labels[k], 46, placeholder='…')}" for place, k in enumerate(rows, start=1)
    ]
    figure.text(0.59, 0.83, "\n".join(lines), fontsize=8, va="top", linespacing=1.55, color=INK)
    words = "Lines: 95 % intervals of μ*. Dotted: σ = μ*, 0.5 μ*, 0.1 μ*; below the lowest nearly linear."
    figure.text(0.03, 0.045, words, fontsize=7.5, color=GREY)
    _source(figure, finding, page, len(rows))
    return figure


def growing(finding: Finding, page: Page) -> Figure:
    """The leading measure of the first factors on growing parts of the sample, with its interval."""
    figure = _figure(4.6, page.title, f"{LEADS[page.method.lead]} on growing parts of the sample")
    axes = figure.add_axes((0.09, 0.17, 0.5, 0.66))
    _plain(axes)
    members = np.array([step.members for step in finding.steps])
    rows = _first(finding, page, TRACED)
    for colour, k in zip(LINES, rows, strict=False):
        values = np.array([step.values[k] for step in finding.steps])
        half = np.nan_to_num([step.half[k] for step in finding.steps])
        axes.fill_between(members, values - half, values + half, color=colour, alpha=0.13, linewidth=0)
        label = "\n".join(textwrap.wrap(page.labels[k], WRAP)[:2])
        axes.plot(members, values, "o-", color=colour, linewidth=1.5, markersize=3.5, label=label)
    axes.set_xscale("log", base=2)
    axes.set_xticks(members, [f"{count:,}" for count in members])
    last = finding.steps[-1]
    highest = max([*(step.values[k] for step in finding.steps for k in rows), (last.values + last.half)[rows[0]]])
    axes.set_ylim(0, 1.1 * highest)  # bands of the smallest part may go far beyond what an index can be
    axes.set_xlabel("members used; bands: 95 % intervals")
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.02), frameon=False, fontsize=8, labelspacing=0.9)
    words = "\n".join(textwrap.wrap(finding.verdict.text, 44))
    figure.text(0.62, 0.17, words, fontsize=8, color=ORANGE, va="bottom")
    _source(figure, finding, page, len(rows))
    return figure


def _figure(height: float, title: str, question: str) -> Figure:
    figure = Figure(figsize=(WIDTH, height))
    FigureCanvasSVG(figure)
    title = textwrap.shorten(title, 2 * TITLE, placeholder="…")
    size = 12 * min(
        1.0, TITLE / len(title)
    )  # of a long one smaller letters: its end says the year and whether it is met
    figure.text(0.03, 1 - 0.28 / height, title, fontsize=size, weight="bold")
    figure.text(0.03, 1 - 0.5 / height, question, fontsize=9, color=GREY)
    return figure


def _bars(count: int, title: str, question: str) -> tuple[Figure, Axes, np.ndarray]:
    """A figure for so many bars, room on the left for names; places from top to bottom."""
    height = 1.4 + ROW * max(count, 3)
    figure = _figure(height, title, question)
    axes = figure.add_axes((0.37, 0.75 / height, 0.59, 1 - 1.4 / height))
    _plain(axes)
    axes.set_ylim(-0.6, max(count, 3) - 0.4)
    axes.grid(axis="y", visible=False)
    return figure, axes, np.arange(max(count, 3) - 1, max(count, 3) - 1 - count, -1, dtype=float)


def _plain(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)
    axes.grid(color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=8, length=3)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}".replace("-", "−")))


def _label(axes: Axes, rows: Sequence[int], labels: Sequence[str], after: Sequence[str] | None = None) -> None:
    top = round(axes.get_ylim()[1] - 0.6)
    texts = []
    for place, k in enumerate(rows):
        lines = textwrap.wrap(labels[k] + (after[place] if after else ""), WRAP)
        texts.append("\n".join(lines if len(lines) <= 2 else [lines[0], f"{lines[1][: WRAP - 1]}…"]))
    axes.set_yticks([top - place for place in range(len(rows))], texts, fontsize=8)


def _whiskers(axes: Axes, values: np.ndarray, half: np.ndarray, places: np.ndarray, colour: str) -> None:
    axes.hlines(
        places, np.maximum(values - half, 0), np.maximum(values + half, 0), color=colour, linewidth=1.1, zorder=4
    )


def _with_unit(words: str, page: Page) -> str:
    return f"{words}, {page.unit}" if page.unit else words


def _foot(figure: Figure, axes: Axes, finding: Finding, page: Page, drawn: int) -> None:
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, fontsize=8, handlelength=1.4, borderpad=0
    )
    _source(figure, finding, page, drawn)


def _source(figure: Figure, finding: Finding, page: Page, drawn: int) -> None:
    words = f"{finding.members:,} members" + (f" of {finding.of:,}" if finding.members < finding.of else "")
    if finding.indices.dropped:
        words += f", {finding.indices.dropped:,} {page.method.called} left out as not finite"
    if len(page.labels) > drawn:
        words += f"; {len(page.labels) - drawn} smaller factors not shown"
    figure.text(0.03, 0.1 / figure.get_size_inches()[1], words, fontsize=7.5, color=GREY)
