"""The structure of a model: which whole variable acts on which, and which way.

    model file -> ordered scalars        compiler
    default run                          sample
    sign of every scalar link            signs
    scalar links -> whole variables      fold

Subscripts are collapsed, and what a SMOOTH, a DELAY or a macro hides belongs to the variable that uses it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import networkx as nx

from huangpu.compiler import ordered_model
from huangpu.ir import ModelError
from huangpu.structure.fold import Link, Quantity, fold
from huangpu.structure.sample import sample

__all__ = ["Link", "Quantity", "Structure", "find", "read_structure"]


@dataclass(frozen=True)
class Structure:
    """A model as a directed graph of ids of whole variables and lookups.

    name    the model's
    graph   every node has a `Quantity` under "quantity", every edge a `Link` under "link"; in file order
    views   view name -> ids drawn in it as their home, in the order of the sketch
    """

    name: str
    graph: nx.DiGraph
    views: dict[str, tuple[str, ...]]

    def __getitem__(self, id_: str) -> Quantity:
        return self.graph.nodes[id_]["quantity"]

    def link(self, source: str, target: str) -> Link:
        return self.graph.edges[source, target]["link"]


def read_structure(
    path: str | Path, *, data_files: Iterable[str | Path] = (), allow: Iterable[str | Path] = ()
) -> Structure:
    """The structure of a model file; `ModelError` where the compiler cannot read it.

    data_files, allow: as in `compiler.compile_model`.
    """
    beside = {"data_files": tuple(data_files), "allow": tuple(allow)}
    ordered = ordered_model(path, **beside)
    quantities, links = fold(ordered, sample(path, ordered, beside))
    graph = nx.DiGraph()
    for quantity in quantities:
        graph.add_node(quantity.id, quantity=quantity)
    for (source, target), link in links.items():
        graph.add_edge(source, target, link=link)
    views = {
        view: tuple(q.id for q in sorted((q for q in quantities if view in q.views), key=lambda q: _rank(q.id, ids)))
        for view, ids in ordered.model.views.items()
    }
    return Structure(ordered.model.name, graph, views)


def _rank(id_: str, ids: tuple[str, ...]) -> int:
    """Where the sketch has it; lookups, which the compiler keeps apart, come last."""
    return ids.index(id_) if id_ in ids else len(ids)


def find(structure: Structure, name: str) -> str:
    """The id of a variable named as in the file or in Python; `ModelError` names the nearest."""
    wanted = _plain(name)
    by_name = {_plain(text): q for q in structure.graph for text in (q, structure[q].label)}
    if wanted in by_name:
        return by_name[wanted]
    near = get_close_matches(wanted, by_name, n=1, cutoff=0.6)
    hint = f" Did you mean {structure[by_name[near[0]]].label}?" if near else " `huangpu show` lists them."
    raise ModelError(f"{structure.name}: there is no variable {name!r}.{hint}")


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").replace('"', " ").lower().split())
