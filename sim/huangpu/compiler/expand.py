"""The model as written -> `FlatModel`: one scalar variable an element, functions with a memory as stocks.

Equations are unrolled element by element (see `ir.py` for why). Here are the left sides: which elements each equation
defines; `equations.py` has the right sides.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Iterator

from huangpu.compiler import subscripts as ss
from huangpu.compiler.control import CONTROL, control, title
from huangpu.compiler.equations import Equation, Work, cut_off, element_id, meaning, part, table
from huangpu.compiler.syntax import Apply, Definition, Element, Node, Source, at, problem_list
from huangpu.ir import Control, FlatModel, ModelError, Place, Variable

MAX_DEPTH = 120  # operators inside operators; keeps every later pass far from Python's own limit

Plan = dict[tuple[str, ...], tuple[Definition, int]]  # elements -> their equation, position in an array of literals


def expand(source: Source) -> FlatModel:
    """All problems found are raised at once, each with file, line and variable."""
    problems: list[str] = []
    known = ss.subscripts(source.ranges, source.renamed)
    work = Work(known, _elements(source, problems), {m.key: m for m in source.macros})
    for name in CONTROL:
        place = work.elements[name].definitions[0].place if name in work.elements else Place(source.file)
        with _noting(problems, place, title(name)):
            control(name, work)
    for element in work.elements.values() if not problems else ():
        if element.key in CONTROL:
            work.controls.append(Control(element.key, element.label, element.units, len(work.variables)))
        if element.key not in work.control:
            _expand_element(element, work, problems)
    if problems:
        raise ModelError(problem_list(problems))
    bases = {v.base for v in work.variables}
    return FlatModel(
        name=source.name,
        variables=tuple(work.variables),
        tables=tuple(work.tables),
        subscripts=work.known.elements,
        dims=work.dims,
        views={view: tuple(k for k in keys if k in bases) for view, keys in source.views.items()},
        **{name: work.control.get(name, math.nan) for name in CONTROL},
        labels=work.known.labels,
        settled=tuple(sorted(work.settled - set(CONTROL))),
        controls=tuple(work.controls),
        loose=tuple(work.loose),
    )


@contextlib.contextmanager
def _noting(problems: list[str], place: Place, label: str) -> Iterator[None]:
    """Notes a ModelError with its place and goes on after the block, so that other problems are found as well."""
    try:
        yield
    except ModelError as error:
        problems.append(f"{at(place)}: {label}: {error}")
    except RecursionError:
        problems.append(f"{at(place)}: {label}: nested too deeply. Split it into several equations.")


def _elements(source: Source, problems: list[str]) -> dict[str, Element]:
    found: dict[str, Element] = {}
    for element in source.elements:
        with _noting(problems, element.definitions[0].place, element.label):
            if element.key in found:
                other = found[element.key].label
                raise ModelError(f"the same name as {other} but for signs and spaces. Rename one of them.")
            if not element.key.strip("_"):
                raise ModelError("a name without a letter or digit. Rename it.")
        found[element.key] = element
    return found


def _expand_element(element: Element, work: Work, problems: list[str]) -> None:
    """All variables (or lookup tables) of an element of the file."""
    before = len(problems)
    plan = _plan(element, work, problems)
    if len(problems) == before:
        with _noting(problems, element.definitions[0].place, element.label):
            work.dims[element.key] = _dims(element, plan, work)
            if len(work.variables) + len(plan) > ss.MAX_VARIABLES:
                raise ModelError(f"more than {ss.MAX_VARIABLES} elements in all. Use fewer or smaller ranges.")
    for elements, (definition, number) in plan.items() if len(problems) == before else ():
        with _noting(problems, definition.place, element.label):
            _define(element, definition, number, elements, work)


def _plan(element: Element, work: Work, problems: list[str]) -> Plan:
    plan: Plan = {}
    for definition in element.definitions:
        with _noting(problems, definition.place, element.label):
            if len(definition.subscripts) != len(element.definitions[0].subscripts):
                raise ModelError("its equations differ in the number of subscripts.")
            if _depth(definition.node) > MAX_DEPTH:
                raise ModelError(f"more than {MAX_DEPTH} operations in one another. Split it into several equations.")
            for number, elements in ss.left(definition, work.known):
                if elements in plan:
                    line = plan[elements][0].place.line
                    raise ModelError(f"{element_id(element.key, elements)} is defined twice, on line {line} as well.")
                plan[elements] = (definition, number)
    return plan


def _dims(element: Element, plan: Plan, work: Work) -> tuple[str, ...]:
    """The range of each subscript: the smallest that holds all elements that are defined."""
    written = zip(*(d.subscripts for d in element.definitions), strict=True)
    return tuple(
        ss.covering([elements[i] for elements in plan], list(names), work.known) for i, names in enumerate(written)
    )


def _depth(node: Node) -> int:
    deepest, stack = 0, [(node, 1)]
    while stack:
        node, depth = stack.pop()
        deepest = max(deepest, depth)
        if isinstance(node, Apply) and depth <= MAX_DEPTH:
            stack.extend(zip(node.args, itertools.repeat(depth + 1)))
    return deepest


def _define(element: Element, definition: Definition, number: int, elements: tuple[str, ...], work: Work) -> None:
    """One scalar variable or one table."""
    binding = dict(zip(definition.subscripts, elements, strict=True))
    names = ",".join(work.known.labels[e] for e in elements)
    label = f"{element.label}[{names}]" if elements else element.label
    at = Equation(work, element.key, label, elements, binding, definition)
    id_ = element_id(element.key, elements)
    if definition.kind == "lookup":
        work.tables.append(table(part(definition.node, number), id_, at, element))
        return
    kind, equation, initial = meaning(definition, number, at)
    work.variables.append(
        Variable(
            id=id_,
            label=label,
            kind=kind,
            equation=equation,
            initial=initial,
            base=element.key,
            elements=elements,
            units=element.units,
            doc=element.doc,
            text=definition.text,
            place=definition.place,
            non_negative=cut_off(definition),
        )
    )
