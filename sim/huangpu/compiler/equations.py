"""One equation for one element -> expressions: names, subscripts, lookups, functions and macros.

What a function becomes is in the tables of `functions.py` and `dynamics.py`.
"""

from __future__ import annotations

import difflib
import functools
import itertools
import math
from dataclasses import replace

from huangpu.compiler import subscripts as ss
from huangpu.compiler.dynamics import DYNAMICS
from huangpu.compiler.fixed import fixed, loosest, settled_by, steady
from huangpu.compiler.functions import BUILTINS, TIME, call
from huangpu.compiler.making import Equation, Work, element_id
from huangpu.compiler.modes import moment
from huangpu.compiler.of_data import OF_DATA, Reader
from huangpu.compiler.syntax import NA, Apply, Definition, Element, Macro, Node, Points, Ref, Series, Text, Values
from huangpu.compiler.vectors import VECTORS
from huangpu.ir import Expr, Interpolate, ModelError, Name, Number, Table, Variable


def meaning(definition: Definition, number: int, at: Equation) -> tuple[str, Expr | None, Expr | None]:
    """Kind, equation and initial value: a stock or a frozen value where the function is all of the equation."""
    if definition.kind == "data" and isinstance(definition.node, Series | Points):
        made = table(part(definition.node, number), element_id(at._name("data"), at.elements), at)
        at.work.tables.append(made)
        return "auxiliary", Interpolate(made.id, moment(made.mode)), None
    constant = "auxiliary" if definition.fixed else "constant"
    match definition.node:
        case Values(values):
            sizes = [len(s) for s in ss.spread(definition.subscripts, at.work.known)]
            if len(values) != math.prod(sizes):
                raise ModelError(f"{len(values)} numbers for {math.prod(sizes)} elements.")
            return constant, Number(values[number]), None
        case Number():
            return constant, definition.node, None
        case Apply("negative", (Number(value),)):
            return constant, Number(-value), None
        case Apply("INTEG" | "INTEG NON NEGATIVE", (flow, initial)):
            return "stock", _expr(flow, at), _expr(initial, at)
        case Apply("INITIAL", (initial,)):
            return "frozen", None, _expr(initial, at)
        case Apply("active_initial", (equation, initial)):
            return "auxiliary", _expr(equation, at), _expr(initial, at)
    return "auxiliary", _expr(definition.node, at), None


def cut_off(definition: Definition) -> bool:
    """Whether it is a stock that never falls below 0."""
    return isinstance(definition.node, Apply) and definition.node.function == "INTEG NON NEGATIVE"


def part(node: Node, number: int) -> Node:
    """What of a series is meant for the element at this place of the left side."""
    return node.parts[number] if isinstance(node, Series) else node


def table(node: Node, id_: str, at: Equation, element: Element | None = None) -> Table:
    if not isinstance(node, Points):
        raise ModelError(f"{_title(node)} is not supported. Write the points into the model.")
    rises = [b > a for a, b in itertools.pairwise(node.xs)]  # where it does not, the lookup jumps
    if not all([*rises[:1], *rises[len(rises) - node.extrapolate :]]):
        raise ModelError("a lookup with the same x twice at an end. Move one of the points a little.")
    if any(a > b for a, b in itertools.pairwise(node.xs)):
        raise ModelError("a lookup whose x go back. Order its points.")
    if not all(map(math.isfinite, node.xs + node.ys)):
        raise ModelError("a lookup with a number that is not finite.")
    units, doc = (element.units, element.doc) if element else ("", "")
    return Table(id_, at.label, node.xs, node.ys, node.extrapolate, units, doc, node.mode)


def _title(node: Node) -> str:
    match node:
        case Apply(function):
            return function.replace("_", " ").upper()
        case Text(value):
            return f"the text '{value[:40]}'"
    return "an array of numbers" if isinstance(node, Values) else "this"


def _expr(node: Node, at: Equation) -> Expr:
    match node:
        case Number():
            return node
        case Ref():
            return _reference(node, at)
        case Apply():
            return _apply(node, at)
    raise ModelError(f"{_title(node)} where a value belongs.")


def _reference(node: Ref, at: Equation) -> Expr:
    work, key = at.work, node.key
    if not node.subscripts:
        if key in at.scope:
            return at.scope[key]
        if key in work.control:
            return Number(work.control[key])
        if key.removesuffix("_") == "time" and key not in work.elements:
            return TIME
        if at.inside and key.endswith("_") and key not in work.elements:  # `TIME STEP$` in a macro: the model's own
            return _reference(Ref(key[:-1]), replace(at, scope={}))
        if key not in work.elements and (key in work.known.elements or key in work.known.numbers):
            return Number(float(work.known.numbers[ss.bound(key, at.binding, work.known)]))
    if key in work.elements and work.elements[key].definitions[0].kind == "lookup":
        raise ModelError(f"the lookup {work.elements[key].label} without an argument. Write {key}(x).")
    return Name(element_id(key, tuple(ss.bound(s, at.binding, work.known) for s in node.subscripts)))


def _apply(node: Apply, at: Equation) -> Expr:
    work, function = at.work, node.function
    if function in at.tables:
        _count(node, 1)
        return Interpolate(at.tables[function], _expr(node.args[0], at))
    if function in work.macros:
        return _macro(work.macros[function], node, at)
    if function in work.elements:
        id_ = element_id(function, tuple(ss.bound(s, at.binding, work.known) for s in node.subscripts))
        return _lookup(function, id_, node, at)
    match node:
        case Apply("WITH LOOKUP", (x, points)):
            made = table(points, element_id(at._name("lookup"), at.elements), at)
            work.tables.append(made)
            return Interpolate(made.id, _expr(x, at))
        case Apply(otherwise, (Ref(lookup, subs), x)) if otherwise in OTHERWISE and lookup in work.elements:
            return _otherwise(otherwise, Apply(lookup, (x,), subs), at)
        case Apply("elmcount", (Ref(name, ()),)) if name in work.known.elements:
            return Number(float(len(work.known.elements[name])))
        case Apply("=" | "<>", (Number(value), x) | (x, Number(value))) if value == NA:
            return _missing(x, at, function)
        case Apply("get_time_value", (Number(0.0), offset, Number(0.0))):
            return call("add", TIME, _expr(offset, at))
    if function in DYNAMICS:
        return _dynamic(node, at)
    if function in OF_DATA:
        return _of_data(node, at)
    if function in VECTORS:
        _count(node, VECTORS[function].arity)
        return VECTORS[function].build(node, at, functools.partial(_moved, at))
    if function not in BUILTINS:
        raise ModelError(_unsupported(node, work))
    builtin = BUILTINS[function]
    _count(node, builtin.arity)
    values = [_expr(arg, at) for arg in node.args]
    if builtin.shared:
        values = [at.share(value, f"{function}_{n}") for n, value in enumerate(values, start=1)]
    return builtin.build(*([work.step] if builtin.stepped else []), *values)


def _missing(x: Node, at: Equation, operator: str) -> Expr:
    """`x = :NA:`: whether there is no value. Data without one are nan, and no number equals nan, itself included."""
    value = at.share(_expr(x, at), "value")
    if operator == "=":
        return call("or", call("eq", value, Number(NA)), call("ne", value, value))
    return call("and", call("ne", value, Number(NA)), call("eq", value, value))


def _moved(at: Equation, node: Node, moved: dict[str, str] | None = None) -> Expr:
    """An argument, with ranges standing for other elements than those of the left side."""
    return _expr(node, replace(at, binding=at.binding | moved) if moved else at)


def _count(node: Apply, arity: int) -> None:
    if len(node.args) != arity:
        raise ModelError(f"{_title(node)} takes {arity} argument{'s' * (arity != 1)}, not {len(node.args)}.")


def _unsupported(node: Apply, work: Work) -> str:
    if node.function.startswith("GET DIRECT"):
        return f"{_title(node)} inside an equation or a macro. Give it a variable of its own."
    names = [*BUILTINS, *DYNAMICS, *OF_DATA, *VECTORS, *(e.key for e in work.elements.values()), *work.macros]
    near = difflib.get_close_matches(node.function, names, n=1, cutoff=0.85)
    hint = f" Did you mean {near[0].replace('_', ' ').upper()}?" if near else " Rewrite the equation without it."
    return f"the function {_title(node)} is not supported.{hint}"


def _lookup(function: str, id_: str, node: Apply, at: Equation) -> Expr:
    element = at.work.elements[function]
    if element.definitions[0].kind != "lookup":
        raise ModelError(f"{element.label} is no lookup, but is called as one.")
    _count(node, 1)
    return Interpolate(id_, _expr(node.args[0], at))


OTHERWISE = {"lookup_extrapolate": "extrapolate", "lookup_forward": "look_forward", "lookup_backward": "hold_backward"}


def _otherwise(function: str, node: Apply, at: Equation) -> Expr:
    """LOOKUP EXTRAPOLATE, FORWARD, BACKWARD: a copy of the lookup that goes on beyond its ends, or moves in steps."""
    elements = tuple(ss.bound(s, at.binding, at.work.known) for s in node.subscripts)
    mode = OTHERWISE[function]
    suffix = "extrapolated" if mode == "extrapolate" else mode
    copy = element_id(f"{node.function}_{suffix}", elements)
    if not any(t.id == copy for t in at.work.tables):
        points = _points(node.function, elements, "lookup", at.work)
        if points:
            lookup = at.work.elements[node.function]
            points = replace(points, extrapolate=True) if mode == "extrapolate" else replace(points, mode=mode)
            at.work.tables.append(table(points, copy, at, lookup))
    return _lookup(node.function, copy, node, at)


def _points(key: str, elements: tuple[str, ...], kind: str, work: Work) -> Points | None:
    """The points of one element of a lookup or of data."""
    for definition in work.elements[key].definitions if key in work.elements else ():
        for number, found in ss.left(definition, work.known):
            points = part(definition.node, number)
            if found == elements and definition.kind == kind and isinstance(points, Points):
                return points
    return None


def _of_data(node: Apply, at: Equation) -> Expr:
    """A function that asks a series of data: of the element that its first argument means."""
    row, asked = OF_DATA[node.function], node.args[0] if node.args else None
    _count(node, row.arity)
    key, subscripts = (asked.key, asked.subscripts) if isinstance(asked, Ref) else ("", ())
    elements = tuple(ss.bound(s, at.binding, at.work.known) for s in subscripts)
    points = _points(key, elements, "data", at.work)
    if points is None:
        raise ModelError(f"{_title(node)} of something else than a data variable. Give it one that reads a file.")

    def read(mode: str, x: Expr) -> Expr:
        base = f"{key}_{mode}"
        while base in at.work.elements:
            base += "_"
        copy = element_id(base, elements)
        if not any(t.id == copy for t in at.work.tables):
            at.work.tables.append(table(replace(points, mode=mode), copy, at))
        return Interpolate(copy, x)

    reader = Reader(points.xs[0], points.xs[-1], at.definition.mode, read)
    return row.build(reader, *(_expr(arg, at) for arg in node.args[1:]))


def _dynamic(node: Apply, at: Equation) -> Expr:
    row = DYNAMICS[node.function]
    _count(node, row.arity)
    if any(s.endswith("!") for s in at.binding):
        raise ModelError(f"{_title(node)} inside a vector function. Give it a variable of its own.")
    args = node.args[:-1] if row.ordered else node.args
    once = {id(arg): arg for arg in args}  # SMOOTH's input is its initial value too: expanded once
    made = {key: _expr(arg, at) for key, arg in once.items()}
    values = [made[id(arg)] for arg in args]
    if row.ordered:
        order = _order(node, at)
        return row.build(at, *values, order, **_ordered(node, at, order))
    return row.build(at, *values)


def _order(node: Apply, at: Equation) -> int:
    """The order of a smooth or a delay, fixed in the file as it decides the number of stocks."""
    order = fixed(node.args[-1], at.work.elements)
    if order is None or order != int(order) or not 1 <= order <= 1000:
        loose = loosest(node.args[-1], at.work.elements)
        which = f"; {at.work.elements[loose].label} is not" if loose in at.work.elements else ""
        raise ModelError(
            f"the order of {_title(node)} must be a whole number from 1 to 1000, fixed in the model{which}."
        )
    at.work.settled |= settled_by(node.args[-1], at.work.elements)
    return int(order)


def _ordered(node: Apply, at: Equation, order: int) -> dict[str, bool]:
    """What more a delay with an order is told: whether its time changes, whether it is short for the order."""
    if node.function == "SMOOTH":
        return {}
    time = fixed(node.args[1], at.work.elements)
    short = time is not None and order * at.work.control.get("time_step", 0.0) > time
    if node.function == "DELAY N":
        return {"short": short, "moving": not steady(node.args[1], at.work.elements)}
    return {"short": short}


def _macro(macro: Macro, node: Apply, at: Equation) -> Expr:
    """A macro's equations as hidden variables of the calling one; its value is the one named like the macro."""
    _count(node, len(macro.params))
    if len(at.work.variables) > ss.MAX_VARIABLES:
        raise ModelError(f"more than {ss.MAX_VARIABLES} variables, those of macros included.")
    if macro.key in at.inside:
        raise ModelError(f"the macro {_title(node)} calls itself.")
    if macro.value not in {e.key for e in macro.elements}:
        raise ModelError(f"the macro {_title(node)} has no equation for its value, {macro.value}.")
    own = {e.key: element_id(at._name(f"{macro.key}_{e.key}"), at.elements) for e in macro.elements}
    tables = {e.key: own[e.key] for e in macro.elements if e.definitions[0].kind == "lookup"}
    scope: dict[str, Expr] = {key: Name(id_) for key, id_ in own.items() if key not in tables}
    for param, arg in zip(macro.params, node.args, strict=True):
        scope[param] = at.share(_expr(arg, at), f"{macro.key}_{param}")
    for element in macro.elements:
        definition = element.definitions[0]
        base = own[element.key].partition("[")[0]
        inner = Equation(
            at.work,
            base,
            element.label,
            at.elements,
            at.binding,
            definition,
            scope,
            {},
            (*at.inside, macro.key),
            tables,
        )
        if len(element.definitions) > 1 or definition.subscripts or definition.kind == "data":
            raise ModelError(f"subscripts or data defined inside the macro {_title(node)} are not supported.")
        if element.key in tables:
            at.work.tables.append(table(definition.node, own[element.key], inner, element))
            continue
        kind, equation, initial = meaning(definition, 0, inner)
        at.work.dims[base] = at.work.dims.get(at.base, ())
        at.work.variables.append(
            Variable(
                id=own[element.key],
                label=f"{at.label} ({element.label})",
                kind="auxiliary" if kind == "constant" else kind,
                equation=equation,
                initial=initial,
                base=base,
                elements=at.elements,
                units=element.units,
                doc=element.doc,
                text=definition.text,
                place=definition.place,
                hidden=True,
                non_negative=cut_off(definition),
            )
        )
    return Name(own[macro.value])
