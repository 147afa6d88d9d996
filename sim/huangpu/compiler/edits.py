"""What a run may give in place of a model's own, where that makes another program: applied before the model is ordered.

Values of constants, points of lookups and paths of driven constants are data of a run and need no other program; here
is the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from huangpu.compiler.syntax import Definition, Element, Source
from huangpu.ir import FlatModel, ModelError, Name, Number, Place, Table, Variable


@dataclass(frozen=True)
class Edits:
    """numbers  (key, value) of control variables and of constants that shape the program: they become these numbers
    given    ids of auxiliaries and frozen values that become constants, whose values a run gives
    driven   ids of constants (or of what `given` makes one) that a run drives, besides those driven anyway
    started  ids of stocks and frozen values that start from a constant of their own, `start_id`
    knots    (id, number) of lookups that are given with another number of points
    """

    numbers: tuple[tuple[str, float], ...] = ()
    given: tuple[str, ...] = ()
    driven: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    knots: tuple[tuple[str, int], ...] = ()


NONE = Edits()


def start_id(id_: str) -> str:
    """Id of the constant that a stock starts from; brackets like these are in no model's ids."""
    return f"(given start of){id_}"


def numbered(source: Source, edits: Edits) -> Source:
    """The file with numbers in place of equations."""
    numbers = dict(edits.numbers)
    known = {e.key for e in source.elements}
    elements = [_number(e, numbers[e.key]) if e.key in numbers else e for e in source.elements]
    for key in numbers.keys() - known:
        missing = Definition((), (), "equation", False, Number(0.0), "", Place(source.file))
        elements.append(_number(Element(key, key.replace("_", " ").upper(), (missing,)), numbers[key]))
    return replace(source, elements=tuple(elements))


def _number(element: Element, value: float) -> Element:
    text = f"{element.label} = {value!r}"
    definition = Definition((), (), "equation", False, Number(value), text, element.definitions[0].place)
    return replace(element, definitions=(definition,))


def edited(model: FlatModel, edits: Edits) -> FlatModel:
    """The model with new constants, and with lookups of other lengths (their points are the run's to give)."""
    known = {v.id for v in model.variables}
    for id_ in (*edits.given, *edits.started):
        if id_ not in known:
            raise ModelError(f"{model.name}: there is no {id_}.")
    variables: list[Variable] = []
    for v in model.variables:
        if v.id in edits.given:
            v = replace(v, kind="constant", equation=Number(0.0), initial=None)
        if v.id in edits.started:
            start = replace(v, id=start_id(v.id), label=f"{v.label} (at the start)", base=start_id(v.base))
            variables.append(replace(start, kind="constant", equation=Number(0.0), initial=None, hidden=True))
            v = replace(v, initial=Name(start.id))
        variables.append(v)
    knots = dict(edits.knots)
    tables = tuple(_lengthened(t, knots[t.id]) if t.id in knots else t for t in model.tables)
    dims = model.dims | {start_id(base): dims for base, dims in model.dims.items() if edits.started}
    return replace(model, variables=tuple(variables), tables=tables, dims=dims)


def _lengthened(table: Table, knots: int) -> Table:
    return replace(table, xs=tuple(map(float, range(knots))), ys=(0.0,) * knots)
