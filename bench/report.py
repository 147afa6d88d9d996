"""Rows -> JSON, tables in README.md, history.csv."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bench import goals
from bench.rows import Row

BEGIN, END = "<!-- written by make bench: begin -->", "<!-- written by make bench: end -->"
COLUMNS = ("commit", "machine", "figure", "value", "unit", "against", "ratio", "iqr")
HEAD = ("figure", "value", "IQR", "unit", "ratio", "against")


def write_json(path: Path, rows: Iterable[Row], machine: Mapping[str, str]) -> None:
    """{"machine": {...}, "rows": [{name, value, unit, against, ratio, iqr}, ...]}"""
    content = {"machine": dict(machine), "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def line(row: Row) -> str:
    """A row for the terminal."""
    spread = "" if row.iqr is None else f" ± {goals.short(row.iqr)}"
    ratio = "" if row.ratio is None else f"  {goals.short(row.ratio)}×"
    against = f"\n        against {row.against}" if row.ratio is not None else f"  {row.against}".rstrip()
    return f"{row.name:44} {goals.short(row.value)}{spread} {row.unit}{ratio}{against}"


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    cells = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "/") for cell in cell_line) + " |" for cell_line in cells)


def generated_part(rows: Sequence[Row], machine: Mapping[str, str], notes: Sequence[str], command: str) -> str:
    """What stands between the markers of README.md. World3 has a part of its own, at the end."""
    named = {row.name: row for row in rows}
    ours = [row for row in rows if not row.name.startswith("world3")]
    theirs = [row for row in rows if row.name.startswith("world3")]
    parts = [
        f"Command: `{command}`",
        markdown(("machine", ""), machine.items()),
        "## Goals",
        markdown(goals.HEAD, goals.table(named, world3=False)),
        "That a member's bits depend on no block, vector width, thread or neighbour is for `make test`.",
        "![Cost and compile time](figures.png)",
        "## All figures",
        markdown(HEAD, map(_cells, ours)),
    ]
    here, there = _split(notes)
    if here:
        parts += ["Notes:", here]
    if theirs:
        parts += [
            "## World3 (optional)",
            "These need one's own copy of World3 (`--world3 DIR`), which is not part of this project.",
            markdown(goals.HEAD, goals.table(named, world3=True)),
            markdown(HEAD, map(_cells, theirs)),
            *([there] if there else []),
        ]
    return "\n\n".join(parts)


def _split(notes: Sequence[str]) -> tuple[str, str]:
    """The notes as lists, those on World3 apart."""
    lists: tuple[list[str], list[str]] = ([], [])
    for note in notes:
        lists[note.lower().startswith("world3")].append(f"- {note}")
    return "\n".join(lists[0]), "\n".join(lists[1])


def _cells(row: Row) -> tuple[str, ...]:
    spread = "" if row.iqr is None else goals.short(row.iqr)
    ratio = "" if row.ratio is None else f"{goals.short(row.ratio)}×"
    return row.name, goals.short(row.value), spread, row.unit, ratio, row.against


def write_readme(path: Path, part: str) -> None:
    """Put the part between the markers, which must be there."""
    text = path.read_text(encoding="utf-8")
    before, found, rest = text.partition(BEGIN)
    _, closed, after = rest.partition(END)
    if not found or not closed:
        raise ValueError(f"{path}: the lines '{BEGIN}' and '{END}' are missing")
    path.write_text(f"{before}{BEGIN}\n\n{part}\n\n{END}{after}", encoding="utf-8")


def record(path: Path, rows: Iterable[Row], machine: Mapping[str, str]) -> None:
    """Append to the history; World3 stays out, others cannot repeat it without its file."""
    new = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(COLUMNS)
        for row in rows:
            if not row.name.startswith("world3"):
                cells = asdict(row)
                values = (f"{cells['value']:.6g}", row.unit, row.against, *map(_optional, (row.ratio, row.iqr)))
                writer.writerow((machine["commit"], machine["processor"], row.name, *values))


def recorded(path: Path, prefix: str) -> list[Row]:
    """The last rows in the history whose names begin so, none where there is no history; they say which commit's."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        lines = {line["figure"]: line for line in csv.DictReader(file) if line["figure"].startswith(prefix)}
    return [
        Row(name, float(line["value"]), line["unit"], f"{line['against']}; measured at commit {line['commit']}")
        for name, line in lines.items()
    ]


def _optional(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
