"""What is drawn: the variables of a view, those of other views that act on them, pipes and links."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from huangpu.ir import ModelError
from huangpu.structure import Link, Structure

MANY = 14  # variables; in a larger picture constants and lookups are listed, not drawn
MOST = 160  # variables in one picture
MOST_LINKS = 400
QUIET = ("constant", "lookup")


@dataclass(frozen=True, slots=True)
class Item:
    """A variable in the picture. shadow: it is at home in another view."""

    id: str
    label: str
    kind: str
    shadow: bool
    hint: str


@dataclass(frozen=True, slots=True)
class Pipe:
    """A flow from one stock to another; "" where the picture has a cloud."""

    flow: str
    source: str
    target: str


@dataclass(frozen=True)
class Picture:
    """items in file order; links by (source, target), without those that pipes show; listed: labels not drawn."""

    name: str
    items: dict[str, Item]
    pipes: tuple[Pipe, ...]
    links: dict[tuple[str, str], Link]
    listed: tuple[str, ...]


def picture(structure: Structure, view: str | None = None, *, causal: bool = False, constants: bool = False) -> Picture:
    """The picture of one view, or of the whole model.

    causal: links only, flows act on stocks as other variables do; constants: drawn in any case. `ModelError` where
    there is no such view, or too much for one picture.
    """
    home = list(structure.graph) if view is None else list(structure.views[_view(structure, view)])
    shown = set(home)
    for id_ in home:
        shown.update(structure.graph.pred[id_])
        if structure[id_].kind == "flow" and not causal:
            shown.update(to for to in structure.graph.succ[id_] if structure.link(id_, to).flow)
    quiet = {id_ for id_ in shown if structure[id_].kind in QUIET and not _fills(structure, id_)}
    hidden = quiet if len(shown) > MANY and not constants else set()
    items = {id_: _item(structure, id_, id_ not in home) for id_ in structure.graph if id_ in shown - hidden}
    pipes = [] if causal else _pipes(structure, items)
    links = {
        pair: structure.link(*pair)
        for pair in structure.graph.edges
        if pair[0] in items and pair[1] in items and not items[pair[1]].shadow and not _in_pipe(pair, pipes)
    }
    if len(items) > MOST or len(links) > MOST_LINKS:
        others = f"Draw a view: {', '.join(structure.views)}." if structure.views else "The model has no views to draw."
        raise ModelError(
            f"{structure.name}: {len(items)} variables with {len(links)} links are too many for one picture, "
            f"{MOST} with {MOST_LINKS} at most. {others}"
        )
    for id_ in [] if causal else [i for i in items if structure[i].net_flow and not items[i].shadow]:
        _add_net_flow(id_, items, pipes, links)
    listed = tuple(structure[id_].label for id_ in structure.graph if id_ in hidden)
    return Picture(view or structure.name, items, tuple(pipes), links, listed)


def _view(structure: Structure, name: str) -> str:
    by_name = {view.lower(): view for view in structure.views}
    if name.lower() in by_name:
        return by_name[name.lower()]
    near = get_close_matches(name.lower(), by_name, n=1, cutoff=0.6)
    hint = f" Did you mean {by_name[near[0]]}?" if near else f" It has: {', '.join(structure.views) or 'none'}."
    raise ModelError(f"{structure.name}: there is no view {name!r}.{hint}")


def _fills(structure: Structure, id_: str) -> bool:
    return any(structure.link(id_, to).flow for to in structure.graph.succ[id_])


def _item(structure: Structure, id_: str, shadow: bool) -> Item:
    q = structure[id_]
    subscripts = f"[{', '.join(q.subscripts)}]" if q.subscripts else ""
    hint = f"{q.label}{subscripts}: {q.kind}" + (f", {q.units}" if q.units else "") + (f". {q.doc}" if q.doc else "")
    return Item(id_, q.label, q.kind, shadow, hint)


def _pipes(structure: Structure, items: dict[str, Item]) -> list[Pipe]:
    """One pipe a flow; a flow that fills or drains more stocks than two acts on the rest by links."""
    found = []
    for id_ in items:
        ends = [(to, structure.link(id_, to).flow) for to in structure.graph.succ[id_] if to in items]
        sources = [to for to, way in ends if way == "out"]
        targets = [to for to, way in ends if way == "in"]
        if any(not items[i].shadow for i in (id_, *sources, *targets)) and (sources or targets):
            found.append(Pipe(id_, (sources or [""])[0], (targets or [""])[0]))
    return found


def _in_pipe(pair: tuple[str, str], pipes: list[Pipe]) -> bool:
    return any(pipe.flow == pair[0] and pair[1] in (pipe.source, pipe.target) for pipe in pipes)


def _add_net_flow(stock: str, items: dict[str, Item], pipes: list[Pipe], links: dict[tuple[str, str], Link]) -> None:
    """A valve for the terms of a net flow that are no variables; what is in them acts on it."""
    valve = f"{stock} net flow"  # no id has a space
    items[valve] = Item(valve, "net flow", "flow", False, f"what else changes {items[stock].label}")
    pipes.append(Pipe(valve, "", stock))
    for source, target in list(links):
        if target == stock and not links[source, target].initial:
            links[source, valve] = links.pop((source, target))
