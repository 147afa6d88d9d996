"""An ordered model without what a few outputs do not need. All constants stay: any of them may be given by a member."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import replace

from huangpu.compiler.order import parts
from huangpu.compiler.syntax import problem_list
from huangpu.ir import FlatModel, ModelError, Name, Ordered, Variable


def pruned(ordered: Ordered, outputs: Iterable[str]) -> Ordered:
    """What it takes to compute the outputs, in the same order. outputs: ids of variables, whole or of elements.

    ModelError where the model has no such variable.
    """
    model = ordered.model
    found = needed(model, _wanted(model, tuple(outputs)))
    kept = {v.id for v in model.variables if v.id in found or v.kind == "constant"}
    return Ordered(
        replace(model, variables=tuple(v for v in model.variables if v.id in kept)),
        tuple(id_ for id_ in ordered.initial if id_ in kept),
        tuple(id_ for id_ in ordered.step if id_ in kept),
        ordered.driven,
    )


def _wanted(model: FlatModel, outputs: tuple[str, ...]) -> set[str]:
    names = {name for v in model.variables for name in (v.id, v.base)}
    problems = []
    for output in outputs:
        if output not in names:
            near = difflib.get_close_matches(output, sorted(names), n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            problems.append(f"{model.name}: there is no {output} to compute.{hint}")
    if problems:
        raise ModelError(problem_list(problems))
    return {v.id for v in model.variables if v.id in outputs or v.base in outputs}


def needed(model: FlatModel, wanted: set[str]) -> set[str]:
    """The variables themselves and all that they take to be computed, at the start or during the run."""
    variables = {v.id: v for v in model.variables}
    found, todo = set(wanted), list(wanted)
    while todo:
        fresh = _uses(variables[todo.pop()]) - found
        found |= fresh
        todo += fresh
    return found


def _uses(v: Variable) -> set[str]:
    named = {node.id for expr in (v.equation, v.initial) for node in parts(expr) if isinstance(node, Name)}
    return named | {v.steps} if v.steps else named
