"""What a finished sweep says: its indices as files and pictures, and the first factors of each output in a terminal."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from huangpu.sweep.analysis import CHANCE, METHODS, Finding, Method, analyse
from huangpu.sweep.answers import OWN_UNIT, said, worded, write_answers
from huangpu.sweep.charts import write_charts
from huangpu.sweep.designs import Design
from huangpu.sweep.indices import CONSTANT, LEVEL
from huangpu.sweep.outputs import Output
from huangpu.sweep.plan import Sweep

if TYPE_CHECKING:
    import xarray as xr

SHOWN = 5  # factors of an output
FULL, NAMED = 12, 3  # outputs beyond which each has but a row, with so many factors at most
SMALL = 0.01  # of the largest: factors below it are not named there
LEAST = 0.001  # of the largest: factors below it are chance or nothing, and stand in no table
HEADS = {
    "ST": "Total share",
    "S1": "Alone",
    "mu_star": "μ*",
    "sigma": "σ",
    "pawn": "PAWN",
    "delta": "Delta",
    "rank": "Rank corr.",
    "swing": "Swing",
    "low": "At lowest",
    "high": "At highest",
}
# leading measure -> what stands beside it in the table
BESIDE = {"ST": ("S1",), "mu_star": ("sigma",), "pawn": ("delta", "rank"), "swing": ("low", "high")}
WORDS = {
    "ST": "Total share: of the output's variance, with all interactions; alone: first order.",
    "mu_star": "μ*: mean size of the effect of a factor over its whole range; σ: how much it depends on the others.",
    "pawn": "PAWN and delta: how far a factor moves the output's whole distribution; a correlated factor counts for "
    "what it brings through others. Rank correlation has a sign.",
    "swing": "Swing: largest less smallest output over the factor's values.",
}


def report(
    sweep: Sweep, data: xr.Dataset, folder: Path, progress: Callable[[int, int], None] | None = None
) -> list[RenderableType]:
    """Analyse a finished sweep, write indices, tables and pictures into `folder`; returns what the terminal shows."""
    steps = 2 * len(sweep.outputs)  # each is analysed, then drawn

    def report_step(done: int, of: int, before: int = 0) -> None:
        if progress:
            progress(before + done, steps)

    findings = analyse(data, sweep.design, report_step)
    attrs = {
        "title": sweep.title,
        "sweep": sweep.name,
        "identity_sha256": hashlib.sha256(sweep.identity.encode()).hexdigest(),
        "notes": "\n".join(sweep.notes),
    }
    write_answers(findings, sweep.design, sweep.outputs, attrs, folder)
    findings, outputs = zip(
        *(worded(f, o, sweep.design) for f, o in zip(findings, sweep.outputs, strict=True)), strict=True
    )
    write_charts(findings, sweep.design, outputs, folder, partial(report_step, before=len(outputs)))
    return shown(findings, sweep.design, outputs, sweep.notes)


def shown(
    findings: Sequence[Finding], design: Design, outputs: Sequence[Output], notes: Sequence[str]
) -> list[RenderableType]:
    """A block an output: its name and unit, its first factors, and how far to trust them. Then what to know of all."""
    lead, labels = METHODS[design.kind].lead, [factor.label for factor in design.factors]
    told = [(finding, output) for finding, output in zip(findings, outputs, strict=True) if not _flat(finding)]
    flat = [output.label for finding, output in zip(findings, outputs, strict=True) if _flat(finding)]
    lines: list[RenderableType] = []
    if len(told) > FULL:
        lines += [_overview(told, METHODS[design.kind], labels), Text()]
    for finding, output in told if len(told) <= FULL else ():
        heading = Text(output.label, style="bold")
        heading.append(f"  {output.units}" if output.units else "", style="not bold dim")
        lines.append(heading)
        if not np.isnan(finding.indices.values[lead]).all():
            lines.append(Padding(_table(finding, lead, labels), (0, 0, 0, 2)))
        lines += [*_trust(finding, METHODS[design.kind]), Text()]
    if flat:
        lines += [Text(f"The same for every member, so without indices: {'; '.join(flat)}", style="yellow"), Text()]
    wide = any(np.isfinite(finding.indices.half[lead]).any() for finding, _ in told)
    lines.append(Text(WORDS[lead] + (f" ± is half the {100 * LEVEL:.0f} % interval." if wide else ""), style="dim"))
    floors = [finding.indices.values["pawn_floor"][0] for finding, _ in told if "pawn_floor" in finding.indices.values]
    if np.isfinite(floors).any():
        text = f"PAWN below {np.nanmax(floors):.3f} may be chance: 19 in 20 factors without any effect stay below it."
        lines.append(Text(text, style="dim"))
    return lines + [Text(note, style="dim") for note in notes]


def _flat(finding: Finding) -> bool:
    return finding.indices.note == CONSTANT


def _overview(told: Sequence[tuple[Finding, Output]], method: Method, labels: Sequence[str]) -> Table:
    """A row an output: its first factors with the leading measure, and what there is to say of its members."""
    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    table.add_column("Output", ratio=3)
    table.add_column(f"First factors: {HEADS[method.lead]}", ratio=4)
    rows = []
    for finding, output in told:
        values, half = finding.indices.values[method.lead], finding.indices.half[method.lead]
        ranked = _ranked(finding, method.lead)
        named = [k for k in ranked[:NAMED] if k == ranked[0] or values[k] > SMALL * values[ranked[0]]]
        first = [f"{_cell(method.lead, values[k], half[k])}  {labels[k]}" for k in named]
        verdict = finding.verdict
        words = [f"about {verdict.needed:,} needed"] if verdict.needed else ["converged"] if verdict.stable else []
        words += [CHANCE] if verdict.text == CHANCE else []
        if finding.indices.dropped:
            words.append(f"{finding.indices.dropped:,} {method.called} not finite")
        words += [finding.indices.note] if not first else []
        style = "green" if words == ["converged"] else "yellow"
        label = Text(output.label)
        label.append(f"  {output.units}" if method.lead in OWN_UNIT else "", style="dim")
        rows.append((label, Text("\n".join(first)), Text("\n".join(words), style=style)))
    judged = any(row[-1].plain for row in rows)
    if judged:
        table.add_column("Members", justify="right", ratio=2)
    for row in rows:
        table.add_row(*(row if judged else row[:-1]))
    return table


def _ranked(finding: Finding, lead: str) -> list[int]:
    """Factors that have the leading measure, from the largest down."""
    values = finding.indices.values[lead]
    return [int(k) for k in np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable") if np.isfinite(values[k])]


def _table(finding: Finding, lead: str, labels: Sequence[str]) -> Table:
    found = finding.indices
    table = Table(box=None, pad_edge=False, show_header=True, header_style="dim", expand=True)
    table.add_column("Factor", ratio=1)
    for measure in (lead, *BESIDE[lead]):
        table.add_column(HEADS[measure], justify="right", no_wrap=True, min_width=13)
    ranked = _ranked(finding, lead)[:SHOWN]
    largest = found.values[lead][ranked[0]]
    for k in (k for k in ranked if k == ranked[0] or found.values[lead][k] >= LEAST * largest):
        cells = (_cell(m, found.values[m][k], found.half[m][k]) for m in (lead, *BESIDE[lead]))
        table.add_row(Text(labels[k]), *cells)
    return table


def _cell(measure: str, value: float, half: float) -> str:
    """`0.412 ± 0.031` of a share or an index, three figures of what is in the output's unit."""
    if np.isnan(value):
        return ""
    write = _short if measure in OWN_UNIT else "{:.3f}".format
    text = write(value + 0.0 if abs(value) >= 5e-4 or measure in OWN_UNIT else 0.0)
    text += f" ± {write(half)}" if np.isfinite(half) else ""
    return text.replace("-", "−")


def _short(value: float) -> str:
    """About three figures: 1,234 or 12.3 or 0.00123."""
    digits = 2 - int(np.floor(np.log10(abs(value)))) if abs(value) > 1e-9 else 0
    return f"{value:,.{min(max(digits, 0), 9)}f}"


def _trust(finding: Finding, method: Method) -> list[RenderableType]:
    """How many members were used and left out, and the verdict; what asks for attention is yellow."""
    lines: list[RenderableType] = []
    words = said(finding)
    if words:
        fine = finding.verdict.needed is None and not np.isnan(finding.indices.values[method.lead]).all()
        lines.append(Padding(Text(words, style="green" if fine else "yellow"), (0, 0, 0, 2)))
    if finding.indices.dropped and not np.isnan(finding.indices.values[method.lead]).all():
        whole = finding.indices.blocks + finding.indices.dropped
        text = f"{finding.indices.dropped:,} of {whole:,} {method.called} left out: not finite"
        lines.append(Padding(Text(text, style="yellow"), (0, 0, 0, 2)))
    if finding.members < finding.of:
        text = f"from {finding.members:,} of {finding.of:,} members"
        lines.append(Padding(Text(text, style="dim"), (0, 0, 0, 2)))
    return lines
