"""Loops that a modeller has given names to, in a file beside the model, checked against its equations.

    R1 reinvestment: [Capital, Output, Planned Investment, Completion]

A key is the loop's name, its list the variables in causal order; the last acts on the first. A name that begins with R
or B and a number says which way the loop works, and that is checked as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import networkx as nx

from huangpu.ir import ModelError
from huangpu.loops import Loop, chain, circular, loop
from huangpu.structure import Structure, find
from huangpu.yamlfile import Document, Problem, read_yaml

CLAIM = re.compile(r"([RB])\d")
WAYS = {"R": "reinforcing", "B": "balancing", "?": "of unknown polarity"}
LONGEST_HINT = 8  # variables in a way round that is shown where a link is missing


@dataclass(frozen=True)
class NamedLoop:
    """loop: None where it does not close; faults: what is wrong with it, for a person."""

    name: str
    loop: Loop | None
    faults: tuple[str, ...]


def named_loops(structure: Structure, path: Path) -> list[NamedLoop]:
    """The loops of a file in its order. `ModelError` where the file is not as above or names no variable."""
    document = read_yaml(path)
    problems = list(document.problems)
    if not problems and (not isinstance(document.data, dict) or not document.data):
        problems.append(document.problem((), "found no loops, expected such as `R1 growth: [Births, Population]`"))
    data = document.data if not problems else {}
    found = {name: _ids(structure, document, name, entry, problems) for name, entry in data.items()}
    if problems:
        raise ModelError(document.report(problems))
    graph = circular(structure)
    return [_checked(structure, graph, name, ids) for name, ids in found.items()]


def _ids(
    structure: Structure, document: Document, name: str, entry: object, problems: list[Problem]
) -> tuple[str, ...]:
    if not isinstance(entry, list) or not entry or not all(isinstance(part, str) for part in entry):
        problems.append(document.problem((name,), "expected a list of variables in causal order, [Births, Population]"))
        return ()
    ids = []
    for i, part in enumerate(entry):
        try:
            ids.append(find(structure, part))
        except ModelError as error:
            problems.append(document.problem((name, i), str(error)))
    for twice in sorted({id_ for id_ in ids if ids.count(id_) > 1}):
        problems.append(
            document.problem((name,), f"{structure[twice].label} stands in it twice; a loop passes each variable once")
        )
    return tuple(ids)


def _checked(structure: Structure, graph: nx.DiGraph, name: str, ids: tuple[str, ...]) -> NamedLoop:
    links = pairwise((*ids, ids[0]))
    faults = [_missing(structure, graph, *pair) for pair in links if not graph.has_edge(*pair)]
    if faults:
        return NamedLoop(name, None, tuple(faults))
    closed = loop(structure, ids)
    claim = CLAIM.match(name)
    if claim and closed.kind != claim[1]:
        found = WAYS[closed.kind]
        faults.append(f"named {WAYS[claim[1]]}, but its links make it {found}")
    return NamedLoop(name, closed, tuple(faults))


def _missing(structure: Structure, graph: nx.DiGraph, source: str, target: str) -> str:
    """What is wrong with a link, and the shortest way round where there is one."""
    text = f"{structure[source].label} → {structure[target].label}"
    if structure.graph.has_edge(source, target):
        only = "at the start only" if structure.link(source, target).initial else "without feeding back"
        return f"the link {text} acts {only}"
    if source in graph and target in graph and nx.has_path(graph, source, target):
        path = nx.shortest_path(graph, source, target)
        if len(path) <= LONGEST_HINT:
            return f"no link {text}; there is " + " → ".join(structure[id_].label for id_ in path)
    return f"no link {text}"


def report_named(structure: Structure, loops: list[NamedLoop]) -> str:
    """One line a loop, and one a fault."""
    lines = []
    for entry in loops:
        shown = f"{entry.loop.kind}  {chain(structure, entry.loop.ids)}" if entry.loop else "does not close"
        lines.append(f"{entry.name}: {shown}")
        lines += [f"    {fault}" for fault in entry.faults]
    wrong = sum(bool(entry.faults) for entry in loops)
    return "\n".join([*lines, f"{len(loops)} named loops, {wrong or 'none'} at fault"])
