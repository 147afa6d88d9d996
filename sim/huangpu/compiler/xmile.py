"""XMILE (.xmile, .stmx, .itmx) -> the model as written (`syntax.py`): what `read.py` is for Vensim's files.

    xmile_xml        text -> tree of tags
    xmile_model      tags -> variables by module, what names mean where
    xmile_text       equation text -> tree
    xmile_graph      graphical functions
    xmile_arrays     names and subscripts of an equation resolved
    xmile_functions  XMILE's functions in the words of `expand`
    xmile_equations  variables -> elements with their definitions

Why not PySD's reader, as for Vensim: it knows no modules and no macros, neither `<element>` of a dimension's part nor
arrays without subscripts, and one equation that it cannot parse hides all others. The grammar is small.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from huangpu.compiler.source import printable
from huangpu.compiler.syntax import Apply, Definition, Element, Macro, Node, Range, Ref, Source, Unread, at
from huangpu.compiler.xmile_arrays import Known, Resolver
from huangpu.compiler.xmile_equations import Reader
from huangpu.compiler.xmile_model import Modules, Scope, Variable, dimensions, name, title
from huangpu.compiler.xmile_text import Part, parse
from huangpu.compiler.xmile_xml import Tag, read_xml
from huangpu.ir import ModelError, Number, Place

CONTROL = {"initial_time": "start", "final_time": "stop", "time_step": "dt", "saveper": "savestep"}
ONE = Number(1.0)
DEFAULTS = {"time_step": ONE, "saveper": Ref("time_step")}


def read_xmile(path: str | Path, data: bytes) -> Source:
    """The model in an XMILE file. All problems found are raised at once, each with file, line and variable."""
    file = printable(str(path))
    root = read_xml(file, data)
    models = {name(m.attributes.get("name", "")): m for m in reversed(list(root.all("model")))}
    unnamed = (m for m in root.all("model") if not m.attributes.get("name"))
    main = next(unnamed, root.first("model"))
    if root.name != "xmile" or main is None:
        raise ModelError(f"{file}: no <model> in it. Save the model as XMILE again.")
    problems: list[str] = []
    for model in root.all("model"):
        if model.attributes.get("resource"):
            problems.append(f"{file}:{model.line}: a model in another file is not read. Save them in one file.")
    dims = dimensions(file, root)
    modules = Modules(file, models, problems)
    top = modules.read(main)
    known = Known(dims, {name(m.attributes.get("name", "")): _defaults(file, m, problems) for m in root.all("macro")})
    reader = Reader(known, _behaviour(root, main), problems)
    macros = [_macro(file, tag, known, problems) for tag in root.all("macro")]
    elements = reader.elements(modules.variables)
    elements = _control(file, root, elements, Resolver(known, top, _nobody(file, root, top), (), {}), problems)
    ranges = [Range(d.key, d.label, d.labels, (), None, d.place) for d in dims.values()]
    source = Source(
        file=file,
        name=Path(path).stem,
        ranges=(*ranges, *known.ranges.values()),
        elements=tuple(elements),
        macros=tuple(macros),
        views=dict(_views(models, main, top, known)),
        synonyms=tuple(_synonyms(root)),
        method=_method(root),
    )
    if problems:
        raise Unread(problems, source)
    return source


def _nobody(file: str, root: Tag, scope: Scope) -> Variable:
    """In whose name the time settings are read."""
    return Variable("", "sim_specs", "aux", root, (), scope, Place(file, root.line))


def _method(root: Tag) -> str:
    specs = root.first("sim_specs")
    return (specs.attributes.get("method", "").split(",")[0].strip().lower() if specs else "") or "euler"


def _behaviour(root: Tag, model: Tag) -> dict[str, bool]:
    """Whether stocks and flows stay at 0 or above where they do not say."""
    found = {"stock": False, "flow": False}
    for block in (*root.all("behavior"), *model.all("behavior")):
        for kind in found:
            said = [t.first("non_negative") for t in (block, *block.all(kind))]
            found[kind] = found[kind] or any(tag is not None and "false" not in tag.text.lower() for tag in said)
    return found


def _control(file: str, root: Tag, elements: list[Element], resolver: Resolver, problems: list[str]) -> list[Element]:
    """The elements with the time settings of <sim_specs> as elements too; a variable named alike must say the same."""
    specs = root.first("sim_specs") or Tag("sim_specs", {}, "", (), root.line)
    own = {e.key: e for e in elements if e.key in CONTROL}
    found: list[Element] = []
    for id_, tag_name in CONTROL.items():
        label, written = id_.replace("_", " ").upper(), own.get(id_)
        try:
            tag, node = _setting(specs, tag_name, resolver)
        except ModelError as error:
            problems.append(f"{file}:{specs.line}: {label}: {error}")
            continue
        mine = written.definitions[0] if written else None
        if node is None and mine is None and id_ in DEFAULTS:
            node = DEFAULTS[id_]
        if node is None and mine is None:
            continue
        if mine is not None and (node is None or not isinstance(mine.node, Number)):
            found.append(written)
            continue
        if mine is not None and isinstance(node, Number) and mine.node != node:
            there = f"{mine.node.value:g}, but <{tag_name}> on line {tag.line} is {node.value:g}"
            problems.append(f"{at(mine.place)}: {label}: {there}. Make them the same.")
        text = f"{label} = {tag.text.strip() or 'as it is where the file does not say'}"
        definition = Definition((), (), "equation", False, node, printable(text), Place(file, tag.line))
        units = printable(specs.attributes.get("time_units", ""))
        found.append(Element(id_, label, (definition,), written.units if written else units, "Of the file's settings."))
    return [*(e for e in elements if e.key not in CONTROL), *found]


def _setting(specs: Tag, tag_name: str, resolver: Resolver) -> tuple[Tag, Node | None]:
    tag = specs.first(tag_name, "save_step") if tag_name == "savestep" else specs.first(tag_name)
    if tag is None or not tag.text.strip():
        every = specs.attributes.get("save_interval", "") if tag_name == "savestep" else ""
        if every.strip():
            return specs, resolver.node(parse(every))
        return specs, None
    node = resolver.node(parse(tag.text))
    if tag.attributes.get("reciprocal", "").strip().lower() == "true":
        node = Number(1.0 / node.value) if isinstance(node, Number) and node.value else Apply("/", (ONE, node))
    return tag, node


def _defaults(file: str, tag: Tag, problems: list[str]) -> tuple[Part | None, ...]:
    found: list[Part | None] = []
    for parameter in tag.all("parm"):
        default = parameter.attributes.get("default", "")
        try:
            found.append(parse(default) if default.strip() else None)
        except ModelError as error:
            problems.append(f"{file}:{parameter.line}: macro {title(tag.attributes.get('name', ''))}: {error}")
    return tuple(found)


def _macro(file: str, tag: Tag, known: Known, problems: list[str]) -> Macro:
    """A macro: its variables, and its own equation under its own name."""
    label, place = title(tag.attributes.get("name", "")), Place(file, tag.line)
    scope = Scope(label, None)
    params = [title(p.text) for p in tag.all("parm")]
    for param in params:
        scope.names[name(param)] = Variable(name(param), param, "parameter", tag, (), scope, place)
    variables: list[Variable] = []
    for entry in (e for block in (tag, *tag.all("variables")) for e in block.all("stock", "flow", "aux", "gf")):
        own = title(entry.attributes.get("name", ""))
        dims = tuple(name(d.attributes.get("name", "")) for b in entry.all("dimensions") for d in b.all("dim"))
        variable = Variable(name(own), own, entry.name, entry, dims, scope, Place(file, entry.line))
        if name(own) in scope.names or not name(own).strip("_"):
            problems.append(f"{file}:{entry.line}: {own}: not a name of its own within the macro {label}. Rename it.")
        scope.names[name(own)] = variable
        variables.append(variable)
    if tag.first("sim_specs") is not None:
        problems.append(f"{at(place)}: macro {label}: one with time settings of its own is not supported.")
    if tag.inner("eqn"):
        body = Tag("aux", {}, "", tuple(tag.all("eqn")), tag.line)
        variables.append(Variable(name(label), label, "aux", body, (), scope, place))
    reader = Reader(known, {"stock": False, "flow": False}, problems)
    return Macro(name(label), tuple(map(name, params)), tuple(reader.elements(variables)), name(label))


def _views(models: dict[str, Tag], main: Tag, top: Scope, known: Known) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Views with what is drawn in them; one without a name is called by its place in the file."""
    number = 0
    used: set[str] = set()
    for model, scope in [(main, top), *_inside(models, top)]:
        for view in (v for block in model.all("views") for v in block.all("view")):
            number += 1
            known.spend(len(view.children))
            label = title(view.attributes.get("name", "")) or f"View {number}"
            label = f"{label} {number}" if label in used else label
            used.add(label)
            drawn = [scope.find(t.attributes.get("name", "")) for t in view.all("stock", "flow", "aux")]
            yield label, tuple(dict.fromkeys(v.key for v in drawn if v is not None))


def _inside(models: dict[str, Tag], scope: Scope) -> Iterator[tuple[Tag, Scope]]:
    for id_, child in scope.modules.items():
        if id_ in models:
            yield models[id_], child
        yield from _inside(models, child)


def _synonyms(root: Tag) -> Iterator[tuple[str, ...]]:
    for unit in (u for block in root.all("model_units") for u in block.all("unit")):
        names = [unit.attributes.get("name", ""), *(a.text for a in unit.all("alias"))]
        if len(names) > 1:
            yield tuple(printable(n) for n in names)
