"""Links between scalar variables -> links between whole variables.

A link of a stock's net flow acts on the stock with the sign of the net flow's slope; what only sets a value at the
start is marked so. Where elements of a subscripted variable differ in sign the whole has "?".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import networkx as nx

from huangpu.compiler import DRIVEN_VIEWS
from huangpu.ir import Call, Expr, FlatModel, Name, Number, Ordered, Table, Variable
from huangpu.structure.signs import Sample, join, minus, slopes, times

LEVERS, DRIVERS = DRIVEN_VIEWS
RANKS = ("stock", "auxiliary", "frozen", "constant")  # the kind of a variable whose elements differ
STORES = ("stock", "memory", "delayed")
IMPLICIT = "(net flow)"  # terms of a net flow that are no variables of their own


@dataclass(frozen=True, slots=True)
class Quantity:
    """A whole variable.

    kind        stock, flow, auxiliary, initial (computed once at the start), constant, lever, driver, lookup
    subscripts  names of its ranges as written
    views       where it is drawn, not as a shadow; a lookup that no view has is at home with its first user
    net_flow    of a stock: whether its net flow has terms that are no flows of their own, as in INTEG(-Stock / Life)
    """

    id: str
    label: str
    kind: str
    units: str = ""
    doc: str = ""
    subscripts: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    net_flow: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """What one whole variable does to another when it rises.

    polarity  "+" more than otherwise, "-" less, "?" depends or not known
    flow      "in" or "out" where the source is a flow of the target, a stock; else ""
    delayed   through a smooth, a delay or another hidden stock only
    initial   acts on the value at the start only
    circular  between elements that feed back on one another: an ageing chain's links from age to age do not
    """

    polarity: str
    flow: str = ""
    delayed: bool = False
    initial: bool = False
    circular: bool = False


@dataclass(frozen=True, slots=True)
class _Arc:
    """One scalar link as met on the way back from its target."""

    source: str
    sign: str
    initial: bool
    delayed: bool = False


def fold(ordered: Ordered, sample: Sample) -> tuple[list[Quantity], dict[tuple[str, str], Link]]:
    """The model's quantities in file order, lookups last, and the links between them by (source, target)."""
    model = ordered.model
    variables = {v.id: v for v in model.variables}
    tables = {t.id: _lookup_base(t, model) for t in model.tables}
    arcs = {v.id: _arcs(v, sample) for v in model.variables}
    knots = _knots(arcs)
    flows = _flows(model, variables)
    found: dict[tuple[str, str], list[tuple[_Arc, bool]]] = defaultdict(list)
    for v in model.variables:
        if v.hidden:
            continue
        for arc in _reached(v.id, arcs, variables):
            source = variables[arc.source].base if arc.source in variables else tables[arc.source]
            circular = not arc.initial and arc.source in knots and knots[arc.source] == knots.get(v.id)
            if source:
                found[source, v.base].append((arc, circular))
    links = {pair: _link(parts, flows.get(pair, "")) for pair, parts in found.items()}
    return _quantities(model, links, flows), links


def _arcs(v: Variable, sample: Sample) -> list[_Arc]:
    if v.kind == "draw":
        return [_Arc(v.equation.id, "?", False)] if isinstance(v.equation, Name) else []
    now = slopes(v.equation, sample) if v.equation is not None else {}
    start = slopes(v.initial, sample) if v.initial is not None else {}
    found = [_Arc(s, sign, False) for s, sign in now.items()] + [_Arc(s, sign, True) for s, sign in start.items()]
    return [*found, _Arc(v.steps, "?", False)] if v.steps else found


def _knots(arcs: dict[str, list[_Arc]]) -> dict[str, int]:
    """Number of the strongly connected part of each scalar variable that lies on a feedback loop."""
    graph = nx.DiGraph((arc.source, target) for target, found in arcs.items() for arc in found if not arc.initial)
    parts = enumerate(nx.strongly_connected_components(graph))
    return {id_: k for k, part in parts for id_ in part if len(part) > 1 or graph.has_edge(id_, id_)}


def _reached(target: str, arcs: dict[str, list[_Arc]], variables: dict[str, Variable]) -> Iterator[_Arc]:
    """All that acts on a variable, directly or through what is hidden in its equation."""
    seen: set[tuple[str, str, bool, bool]] = set()
    todo = [(target, "+", False, False)]
    while todo:
        at, sign, initial, delayed = todo.pop()
        for arc in arcs[at]:
            if arc.source == at != target:
                continue  # a smooth's own drain: what it settles to has the sign of its input
            state = (arc.source, times(sign, arc.sign), initial or arc.initial, delayed or _stores(at, arc, variables))
            if arc.source not in variables or not variables[arc.source].hidden:
                yield _Arc(*state)
            elif state not in seen:
                seen.add(state)
                todo.append(state)


def _stores(id_: str, arc: _Arc, variables: dict[str, Variable]) -> bool:
    return variables[id_].hidden and variables[id_].kind in STORES and not arc.initial


def _link(parts: list[tuple[_Arc, bool]], flow: str) -> Link:
    arcs = [arc for arc, _ in parts if not arc.initial] or [arc for arc, _ in parts]
    sign = join(*(arc.sign for arc in arcs))
    return Link(
        polarity="?" if sign == "0" else sign,
        flow=flow,
        delayed=all(arc.delayed for arc in arcs),
        initial=arcs[0].initial,
        circular=any(circular for _, circular in parts),
    )


# -- flows ------------------------------------------------------------------------------------------------------------


def _flows(model: FlatModel, variables: dict[str, Variable]) -> dict[tuple[str, str], str]:
    """(flow, stock) -> "in" or "out"; (IMPLICIT, stock) -> "" where terms of the net flow are no variables."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for v in model.variables:
        if v.kind != "stock" or v.hidden:
            continue
        for term, sign in _terms(v.equation, "+"):
            flow = variables[term.id] if isinstance(term, Name) else None
            if flow is None or flow.hidden or flow.kind == "stock":
                if not isinstance(term, Number) or term.value != 0:
                    found[IMPLICIT, v.base].add("")
            else:
                found[flow.base, v.base].add("in" if sign == "+" else "out")
    return {pair: min(signs) if len(signs) == 1 else "" for pair, signs in found.items()}


def _terms(expr: Expr, sign: str) -> Iterator[tuple[Expr, str]]:
    """The terms of a sum with their signs; a number times a term is that term."""
    match expr:
        case Call("add", (a, b)):
            yield from _terms(a, sign)
            yield from _terms(b, sign)
        case Call("sub", (a, b)):
            yield from _terms(a, sign)
            yield from _terms(b, minus(sign))
        case Call("neg", (a,)):
            yield from _terms(a, minus(sign))
        case Call("mul", (Number(value), a)) | Call("mul", (a, Number(value))) if value > 0:
            yield from _terms(a, sign)
        case _:
            yield expr, sign


# -- quantities -------------------------------------------------------------------------------------------------------


def _quantities(model: FlatModel, links: dict, flows: dict) -> list[Quantity]:
    groups: dict[str, list[Variable]] = defaultdict(list)
    for v in model.variables:
        if not v.hidden:
            groups[v.base].append(v)
    filling = {flow for (flow, _), way in flows.items() if way}
    found = {base: _variable(group, model, base in filling, flows) for base, group in groups.items()}
    for table in model.tables:
        base = _lookup_base(table, model)
        if base and base not in found:
            found[base] = _lookup(base, table, model, found, links)
    return list(found.values())


def _variable(group: list[Variable], model: FlatModel, flow: bool, flows: dict) -> Quantity:
    first = group[0]
    kind = min((v.kind for v in group), key=RANKS.index)
    views = tuple(view for view, ids in model.views.items() if first.base in ids)
    if kind == "constant":
        kind = "lever" if LEVERS in views else "driver" if DRIVERS in views else kind
    elif kind == "auxiliary" and flow:
        kind = "flow"
    return Quantity(
        id=first.base,
        label=_whole(first.label, first.elements, model),
        kind="initial" if kind == "frozen" else kind,
        units=first.units,
        doc=first.doc,
        subscripts=_subscripts(first.base, model),
        views=views,
        net_flow=(IMPLICIT, first.base) in flows,
    )


def _lookup(base: str, table: Table, model: FlatModel, found: dict[str, Quantity], links: dict) -> Quantity:
    users = [found[target] for source, target in links if source == base]
    drawn = tuple(view for view, ids in model.views.items() if base in ids)
    subscripts = _subscripts(base, model)
    elements = table.id.partition("[")[2].removesuffix("]").split(",") if subscripts else ()
    return Quantity(
        id=base,
        label=_whole(table.label, tuple(elements), model),
        kind="lookup",
        units=table.units,
        doc=table.doc,
        subscripts=subscripts,
        views=drawn or (users[0].views if users else ()),
    )


def _lookup_base(table: Table, model: FlatModel) -> str:
    """The lookup of the file that a table is, or is a copy of; "" for points written inside an equation."""
    base = table.id.partition("[")[0]
    for name in (base, base.removesuffix("_extrapolated")):
        if name in model.dims:
            return name
    return ""


def _whole(label: str, elements: tuple[str, ...], model: FlatModel) -> str:
    return label.removesuffix(f"[{','.join(model.labels.get(e, e) for e in elements)}]") if elements else label


def _subscripts(base: str, model: FlatModel) -> tuple[str, ...]:
    return tuple(model.labels.get(range_, range_) for range_ in model.dims.get(base, ()))
