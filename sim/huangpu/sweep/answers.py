"""What an analysis found as files: one netCDF with all of it, and tables for people."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from huangpu.results.wording import scale, unit_text
from huangpu.results.writing import whole
from huangpu.runtime.dataset import Array, Table, write_netcdf
from huangpu.sweep.analysis import METHODS, Finding
from huangpu.sweep.designs import Design
from huangpu.sweep.indices import LEVEL
from huangpu.sweep.outputs import Output

PAIRS = 50  # of an output in pairs.csv, the largest; all are in indices.nc

LONG_NAMES = {
    "S1": "first-order share of the variance",
    "ST": "total share of the variance, with all interactions",
    "S2": "share of the variance of the pair alone",
    "mu_star": "mean absolute elementary effect, for the factor's whole range",
    "mu": "mean elementary effect, for the factor's whole range",
    "sigma": "standard deviation of elementary effects: interaction or curvature",
    "pawn": "PAWN index, median over slices",
    "pawn_floor": "PAWN index that 19 in 20 factors without effect stay below",
    "delta": "delta index of Borgonovo",
    "rank": "Spearman's rank correlation",
    "swing": "largest less smallest output over the factor's values",
    "low": "change of the output at the factor's lowest value",
    "high": "change of the output at the factor's highest value",
}
OWN_UNIT = {"mu_star", "mu", "sigma", "swing", "low", "high"}  # others have none


def table(findings: Sequence[Finding], design: Design, outputs: Sequence[Output], attrs: Mapping[str, object]) -> Table:
    """Measures by factor and output, their half widths, pairs, growing parts of the sample, and how far to trust it."""
    variables: dict[str, Array] = {}
    first = findings[0].indices
    for measure in first.values:
        about = {"long_name": LONG_NAMES[measure], "units": "of the output" if measure in OWN_UNIT else "1"}
        variables[measure] = Array(("factor", "output"), _stack([f.indices.values[measure] for f in findings]), about)
        if measure in first.half:
            half = [f.indices.half[measure] for f in findings]
            words = f"half width of the {100 * LEVEL:.0f} % interval of {measure}"
            variables[f"{measure}_half"] = Array(("factor", "output"), _stack(half), about | {"long_name": words})
    for measure in dict.fromkeys(name for f in findings for name in f.indices.pairs):
        about = {"long_name": LONG_NAMES[measure], "units": "1"}
        for name, parts in (
            (measure, [f.indices.pairs.get(measure) for f in findings]),
            (f"{measure}_half", [f.indices.pairs_half.get(measure) for f in findings]),
        ):
            none = np.full((len(design.factors), len(design.factors)), np.nan)
            stacked = _stack([none if part is None else part for part in parts])
            variables[name] = Array(("factor", "factor_2", "output"), stacked, about)
    variables |= _parts(findings, len(design.factors)) | _trust(findings)
    ids = np.array(design.names)
    coords = {
        "factor": Array(("factor",), ids),
        "factor_2": Array(("factor_2",), ids),
        "factor_label": Array(("factor",), np.array([factor.label for factor in design.factors])),
        "output": Array(("output",), np.array([output.name for output in outputs])),
        "output_label": Array(("output",), np.array([output.label for output in outputs])),
        "output_units": Array(("output",), np.array([output.units or "1" for output in outputs])),
    }
    more = {"design": design.kind, "seed": design.seed, "level": LEVEL, "leading_measure": METHODS[design.kind].lead}
    return Table(variables, coords, {**attrs, **more})


def _stack(parts: Iterable[np.ndarray]) -> np.ndarray:
    return np.stack(list(parts), axis=-1)


def _parts(findings: Sequence[Finding], factors: int) -> dict[str, Array]:
    """The leading measure on growing parts; an output with fewer of them has nan in the first."""
    count = max(len(f.steps) for f in findings)
    values, half = (np.full((count, factors, len(findings)), np.nan) for _ in range(2))
    members = np.zeros((count, len(findings)), dtype=np.int64)
    for k, finding in enumerate(findings):
        for place, step in enumerate(finding.steps, start=count - len(finding.steps)):
            values[place, :, k], half[place, :, k], members[place, k] = step.values, step.half, step.members
    dims = ("part", "factor", "output")
    return {
        "convergence": Array(dims, values, {"long_name": "leading measure on growing parts of the sample"}),
        "convergence_half": Array(dims, half, {"long_name": "half width of its interval"}),
        "convergence_members": Array(("part", "output"), members, {"long_name": "members of the part"}),
    }


def _trust(findings: Sequence[Finding]) -> dict[str, Array]:
    def per_output(values: Sequence, long_name: str) -> Array:
        return Array(("output",), np.array(values), {"long_name": long_name})

    return {
        "members_used": per_output([f.members for f in findings], "members that the analysis read"),
        "blocks": per_output([f.indices.blocks for f in findings], "groups, trajectories, curves or members used"),
        "dropped": per_output([f.indices.dropped for f in findings], "of these, left out as not finite"),
        "relative_width": per_output([f.verdict.width for f in findings], "half interval of the largest index over it"),
        "members_needed": per_output([f.verdict.needed or 0 for f in findings], "members to converge; 0: no more"),
        "verdict": per_output([said(f) for f in findings], "how far to trust the indices"),
    }


def worded(finding: Finding, output: Output, design: Design) -> tuple[Finding, Output]:
    """Both with amounts as people write them, bn yuan for yuan_1e8: for a terminal and for pictures, not for files."""
    times, found = scale(output.units), finding.indices

    def scaled(measures: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: values * times if name in OWN_UNIT else values for name, values in measures.items()}

    steps = finding.steps
    if METHODS[design.kind].lead in OWN_UNIT:
        steps = tuple(replace(step, values=step.values * times, half=step.half * times) for step in steps)
    indices = replace(found, values=scaled(found.values), half=scaled(found.half))
    return replace(finding, indices=indices, steps=steps), replace(output, units=unit_text(output.units))


def said(finding: Finding) -> str:
    """The verdict in words, after what is to be known of the values."""
    return "; ".join(text for text in (finding.indices.note, finding.verdict.text) if text)


def write_answers(
    findings: Sequence[Finding], design: Design, outputs: Sequence[Output], attrs: Mapping[str, object], folder: Path
) -> list[Path]:
    """indices.nc, indices.csv, convergence.csv, verdicts.csv and, of a design with second order, pairs.csv."""
    write_netcdf(table(findings, design, outputs, attrs), folder / "indices.nc")
    tables = {
        "indices.csv": (("output", "measure", "factor", "value", "low", "high"), _rows(findings, design, outputs)),
        "convergence.csv": (
            ("output", "measure", "factor", "members", "value", "low", "high"),
            _convergence(findings, design, outputs),
        ),
        "verdicts.csv": (
            ("output", "label", "unit", "members", "of", "blocks", "dropped", "width", "needed", "verdict"),
            _verdicts(findings, outputs),
        ),
    }
    if any(f.indices.pairs for f in findings):
        header = ("output", "measure", "factor", "factor_2", "value", "low", "high")
        tables["pairs.csv"] = (header, _pairs(findings, design, outputs))
    for name, (header, rows) in tables.items():
        with whole(folder / name) as draft, draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
    return [folder / name for name in ("indices.nc", *tables)]


def _rows(findings: Sequence[Finding], design: Design, outputs: Sequence[Output]) -> Iterator[list[str]]:
    for finding, output in zip(findings, outputs, strict=True):
        for measure, values in finding.indices.values.items():
            half = finding.indices.half.get(measure, np.full(len(values), np.nan))
            for factor, value, width in zip(design.names, values, half, strict=True):
                yield [output.name, measure, factor, *_interval(value, width)]


def _convergence(findings: Sequence[Finding], design: Design, outputs: Sequence[Output]) -> Iterator[list[str]]:
    for finding, output in zip(findings, outputs, strict=True):
        for step in finding.steps:
            for factor, value, width in zip(design.names, step.values, step.half, strict=True):
                yield [output.name, METHODS[design.kind].lead, factor, str(step.members), *_interval(value, width)]


def _verdicts(findings: Sequence[Finding], outputs: Sequence[Output]) -> Iterator[list[str]]:
    for finding, output in zip(findings, outputs, strict=True):
        found, verdict = finding.indices, finding.verdict
        counts = (finding.members, finding.of, found.blocks, found.dropped)
        needed = "" if verdict.needed is None else str(verdict.needed)
        yield [
            *(output.name, output.label, output.units),
            *map(str, counts),
            *(_number(verdict.width), needed, said(finding)),
        ]


def _pairs(findings: Sequence[Finding], design: Design, outputs: Sequence[Output]) -> Iterator[list[str]]:
    ids = design.names
    for finding, output in zip(findings, outputs, strict=True):
        for measure, values in finding.indices.pairs.items():
            size = np.nan_to_num(np.abs(values), nan=-1.0).ravel()
            for place in np.argsort(-size, kind="stable")[: min(PAIRS, np.count_nonzero(size >= 0))]:
                j, k = divmod(int(place), len(ids))
                half = finding.indices.pairs_half[measure][j, k]
                yield [output.name, measure, ids[j], ids[k], *_interval(values[j, k], half)]


def _interval(value: float, half: float) -> list[str]:
    return [_number(value), _number(value - half), _number(value + half)]


def _number(value: float) -> str:
    """Empty where there is none."""
    return "" if np.isnan(value) else f"{value:.8g}"
