"""What a run may give in place of a model's own, where that makes another program: applied before the model is ordered.

Values of constants, points of lookups and paths of driven constants are data of a run and need no other program; here
is the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from huangpu.compiler.syntax import Definition, Element, Source
from huangpu.ir import Call, FlatModel, ModelError, Name, Number, Place, Table, Variable


@dataclass(frozen=True)
class Edits:
    """numbers  (key, value) of control variables and of constants that shape the program: they become these numbers
    given    ids of auxiliaries and frozen values that become constants, whose values a run gives
    driven   ids of constants (or of what `given` makes one) that a run drives, besides those driven anyway
    started  ids of stocks and frozen values that start from a constant of their own, `start_id`
    watched  whether what goes into fixed delays is a variable of its own, `into_id`
    knots    (id, number) of lookups that are given with another number of points
    """

    numbers: tuple[tuple[str, float], ...] = ()
    given: tuple[str, ...] = ()
    driven: tuple[str, ...] = ()
    started: tuple[str, ...] = ()
    watched: bool = False
    knots: tuple[tuple[str, int], ...] = ()


NONE = Edits()


def start_id(id_: str) -> str:
    """Id of the constant that a stock starts from; brackets like these are in no model's ids."""
    return f"(given start of){id_}"


def into_id(id_: str) -> str:
    """Id of what goes into a fixed delay."""
    return f"(into){id_}"


def past_ids(id_: str) -> tuple[str, str]:
    """Ids of two driven constants: what comes out of a fixed delay that went in before the run, and 1 while it does."""
    return f"(past of){id_}", f"(still past){id_}"


def behind_id(id_: str) -> str:
    """Id of a fixed delay behind what it held before the run."""
    return f"(behind){id_}"


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
        if v.id in edits.started and v.kind == "delayed":
            more, v = _continued(v)
            variables += more
        elif v.id in edits.started:
            start = replace(v, id=start_id(v.id), label=f"{v.label} (at the start)", base=start_id(v.base))
            variables.append(replace(start, kind="constant", equation=Number(0.0), initial=None, hidden=True))
            v = replace(v, initial=Name(start.id))
        variables.append(v)
    variables = [w for v in variables for w in _watched(v)] if edits.watched else variables
    knots = dict(edits.knots)
    tables = tuple(_lengthened(t, knots[t.id]) if t.id in knots else t for t in model.tables)
    return replace(model, variables=tuple(variables), tables=tables)


def _continued(v: Variable) -> tuple[list[Variable], Variable]:
    """A fixed delay that goes on from a state: first what it held, then what it takes in, which waits behind that."""
    given = replace(v, kind="constant", equation=Number(0.0), initial=None, steps="", longest=0, hidden=True)
    past, still, start = (replace(given, id=id_, base=id_) for id_ in (*past_ids(v.id), start_id(v.id)))
    behind = replace(v, id=behind_id(v.id), base=behind_id(v.base), initial=Name(start.id), hidden=True)
    out = Call("if", (Name(still.id), Name(past.id), Name(behind.id)))
    return [past, still, start, behind], replace(v, kind="auxiliary", equation=out, initial=None, steps="", longest=0)


def _watched(v: Variable) -> tuple[Variable, ...]:
    if v.kind != "delayed":
        return (v,)
    id_ = into_id(v.id.removeprefix(behind_id("")))
    into = replace(v, id=id_, base=id_, kind="auxiliary", initial=None, steps="", longest=0, hidden=True)
    return into, replace(v, equation=Name(id_))


def _lengthened(table: Table, knots: int) -> Table:
    return replace(table, xs=tuple(map(float, range(knots))), ys=(0.0,) * knots)
