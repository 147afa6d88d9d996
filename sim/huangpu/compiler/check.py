"""What a modeller should know of a model file before running it: unit errors, and notes on what is unused or bare."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from huangpu.compiler import written
from huangpu.compiler.subscripts import subscripts
from huangpu.compiler.syntax import Apply, Element, Node, Ref, Source, Values, at, key
from huangpu.compiler.units import CONTROL, Problem, Units, check_units
from huangpu.ir import ModelError, Number

OUTPUT_VIEWS = ("Outputs",)  # what is drawn there is meant to be looked at, as what is flagged :SUPPLEMENTARY
SHOWN = 120  # characters of an equation


@dataclass(frozen=True)
class Report:
    """What `check` finds. notes: what they are about -> one `Problem` each; `what` may be empty."""

    file: str
    units: Units
    notes: dict[str, tuple[Problem, ...]]
    refused: str = ""  # why the compiler does not take the file

    @property
    def clean(self) -> bool:
        return not self.units.problems

    @property
    def spotless(self) -> bool:
        return self.clean and not any(self.notes.values())


def check(source: Source) -> Report:
    """All of it at once. Wrong equations that the compiler refuses are for the compiler to name."""
    units = check_units(source)
    used = {name for user, names in written.uses(source).items() for name in names if name != user}
    shown = {name for view in OUTPUT_VIEWS for name in source.views.get(view, ())}
    unused = [e for e in source.elements if e.key not in used and e.key not in CONTROL]
    outputs = [e for e in unused if _kind(e) == "variable" and not e.output and e.key not in shown]
    gives = {name: f"the equation gives {unit}" if unit else "" for name, unit in units.missing.items()}
    notes = {
        "without a unit": tuple(_note(e, gives[e.key]) for e in source.elements if e.key in gives),
        "typed numbers that stand for a quantity, and lookups read at one": units.warnings,
        "without documentation": tuple(_note(e) for e in source.elements if not e.doc and e.key not in CONTROL),
        "constants never used": tuple(_note(e) for e in unused if _kind(e) == "constant" and not e.output),
        "lookups never read": tuple(_note(e) for e in unused if _kind(e) == "lookup"),
        "variables that feed nothing; flag outputs :SUPPLEMENTARY": tuple(map(_note, outputs)),
        "subscript ranges never used": tuple(_unused_ranges(source)),
    }
    return Report(source.file, units, notes)


def _kind(element: Element) -> str:
    first = element.definitions[0]
    if first.kind == "lookup":
        return "lookup"
    return "constant" if all(_literal(d.node) for d in element.definitions) else "variable"


def _literal(node: Node) -> bool:
    match node:
        case Number() | Values() | Apply("negative", (Number(),)) | Apply("GET DIRECT CONSTANTS"):
            return True
    return False


def _note(element: Element, what: str = "") -> Problem:
    return Problem(element.definitions[0].place, element.label, what)


def _unused_ranges(source: Source) -> Iterator[Problem]:
    """Ranges that nothing names, unless an element that is named belongs to no other."""
    try:
        elements = subscripts(source.ranges).elements
    except ModelError:  # the compiler says what is wrong with them
        return
    named = set(_named(source))
    holders = Counter(element for members in elements.values() for element in members)
    for r in source.ranges:
        if r.key not in named and not any(e in named and holders[e] == 1 for e in elements[r.key]):
            yield Problem(r.place, r.label, "")


def _named(source: Source) -> Iterator[str]:
    """Keys of ranges and elements that equations, or other ranges, name."""
    ranges = {r.key for r in source.ranges}
    for r in source.ranges:
        yield from (name for name in (*map(key, r.members), *r.maps, r.same_as) if name in ranges)
    for definition in (d for e in source.elements for d in e.definitions):
        yield from definition.subscripts
        for group in definition.excepts:
            yield from group
        for part in written.parts(definition.node):
            yield from (s.rstrip("!") for s in part.subscripts)
            if isinstance(part, Ref):
                yield part.key


def text(report: Report) -> str:
    """The report for a person, each problem with its place; the last line counts."""
    units = report.units
    blocks = [[line for problem in units.problems for line in _lines(problem)]]
    for title, notes in report.notes.items():
        blocks.append([f"{title} ({len(notes):,})", *(f"  {_line(note)}" for note in notes)] if notes else [])
    counts = [
        _count(units.equations, "equation"),
        _count(len(units.problems), "unit error"),
        _count(sum(map(len, report.notes.values())), "note"),
    ]
    if units.unknown:
        counts.append(f"{units.unknown} not checked, as something in them has no unit")
    blocks.append([f"{report.file}: {', '.join(counts)}"])
    return "\n\n".join("\n".join(block) for block in blocks if block)


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'s' * (number != 1)}"


def _lines(problem: Problem) -> list[str]:
    return [f"{at(problem.place)}: {_cut(problem.equation)}", f"  {problem.what}"]


def _line(note: Problem) -> str:
    return f"{at(note.place)}: {_cut(note.equation)}" + (f": {note.what}" if note.what else "")


def _cut(equation: str) -> str:
    return equation if len(equation) <= SHOWN else f"{equation[:SHOWN]}..."
