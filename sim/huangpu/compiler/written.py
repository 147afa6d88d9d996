"""Written expressions of a model file: as text again, and which names stand in them."""

from __future__ import annotations

from collections.abc import Iterator

from huangpu.compiler.syntax import Apply, Macro, Node, Ref, Source
from huangpu.ir import Number

SIGNS = {"+", "-", "*", "/", "^", "<", "<=", ">", ">=", "=", "<>", ":and:", ":or:"}
BEFORE = {"negative": "-", ":not:": ":NOT: "}
SHOWN = {
    "SMOOTH": 2,
    "DELAY": 2,
    "DELAY N": 2,
    "FORECAST": 3,
}  # arguments that the file gives, where the reader adds some
DEPTH = 5  # operations inside operations that are shown

Labels = dict[str, str]  # key -> name as written


def labels(source: Source) -> Labels:
    elements = [*source.elements, *(e for m in source.macros for e in m.elements)]
    return {"time": "Time"} | {r.key: r.label for r in source.ranges} | {e.key: e.label for e in elements}


def text(node: Node, labels: Labels, depth: int = 0) -> str:
    """An expression for a message; deep inside it is `...`."""
    if depth > DEPTH:
        return "..."
    match node:
        case Number(value):
            return f"{value:g}"
        case Ref(key, subscripts):
            return _name(key, subscripts, labels)
        case Apply(function, (left, right)) if function in SIGNS:
            inside = f"{text(left, labels, depth + 1)} {function.upper()} {text(right, labels, depth + 1)}"
            return f"({inside})" if depth else inside
        case Apply(function, (only,)) if function in BEFORE:
            return BEFORE[function] + text(only, labels, depth + 1)
        case Apply(function, args, subscripts):
            title = _name(function, subscripts, labels) if function in labels else function.replace("_", " ").upper()
            shown = args[: SHOWN.get(function)]
            return f"{title}({', '.join(text(arg, labels, depth + 1) for arg in shown)})"
    return "..."


def _name(key: str, subscripts: tuple[str, ...], labels: Labels) -> str:
    title = labels.get(key, key.replace("_", " "))
    return f"{title}[{','.join(labels.get(s.rstrip('!'), s) for s in subscripts)}]" if subscripts else title


def parts(node: Node) -> Iterator[Ref | Apply]:
    """All names and operations of an expression, in the order of the text, shared ones once."""
    seen: set[int] = set()
    stack = [node]
    while stack:
        part = stack.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        match part:
            case Ref():
                yield part
            case Apply(_, args):
                yield part
                stack.extend(reversed(args))


def uses(source: Source) -> dict[str, tuple[str, ...]]:
    """Each variable or lookup of the file -> the variables and lookups that its equations name, in their order.

    A macro counts as what its equations name of the model.
    """
    known = {e.key for e in source.elements}
    macros = {m.key: _named_in_macro(m) & known for m in source.macros}
    found = {}
    for element in source.elements:
        names: list[str] = []
        for part in (p for d in element.definitions for p in parts(d.node)):
            name = part.key if isinstance(part, Ref) else part.function
            names += [name] if name in known else sorted(macros.get(name, ()))
        found[element.key] = tuple(dict.fromkeys(names))
    return found


def _named_in_macro(macro: Macro) -> set[str]:
    own = {*macro.params, *(e.key for e in macro.elements)}
    inner = [p for e in macro.elements for d in e.definitions for p in parts(d.node)]
    return {p.key if isinstance(p, Ref) else p.function for p in inner} - own
