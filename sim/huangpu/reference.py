"""The reference of a model as Markdown: one page a view with its diagram, and an index.

Names and comments come from model files, which nobody vouches for: all of it is shown as text, none of it as markup.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from huangpu.compiler import written
from huangpu.compiler.syntax import Element, Source
from huangpu.compiler.units import CONTROL
from huangpu.ir import ModelError
from huangpu.structure import Link, Structure

INDEX = "README.md"  # what a folder shows first where files are browsed
KINDS = {
    "stock": "Stocks",
    "flow": "Flows",
    "auxiliary": "Auxiliaries",
    "initial": "Values set at the start",
    "lookup": "Lookups",
    "constant": "Constants",
    "lever": "Levers",
    "driver": "Drivers",
}
SIGNS = {"+": "+", "-": "−", "?": "±"}
LEGEND = (
    "Under each name stand its kind, its unit, its name in runs and scenarios, and its equation as in the model file. "
    "The sign after a name says which way it acts: + more than otherwise when it rises, − less, ± depends."
)
REST = "Variables in no view"
WIDTH = 110
MARKUP = re.compile(r"([\\`*\[\]|~$#])|(?<!\w)_|_(?!\w)")
BLOCK = re.compile(r"^(\d*)([-+=.)])")  # what would begin a list or a heading


@dataclass(frozen=True)
class _Model:
    source: Source
    structure: Structure
    elements: dict[str, Element]  # of the reference: all but the control variables
    uses: dict[str, tuple[str, ...]]
    feeds: dict[str, tuple[str, ...]]
    pages: dict[str, str]  # variable -> file name of its page


def pages(source: Source, structure: Structure, draw: Callable[[str], str]) -> dict[str, str]:
    """File name -> text: the index, a page a view, a diagram a view.

    draw gives a view's diagram as SVG, or raises `ModelError` where it is too large.
    """
    views = _views(structure)
    names = _file_names(views)
    uses = written.uses(source)
    feeds: dict[str, list[str]] = defaultdict(list)
    for user, used in uses.items():
        for name in used:
            feeds[name].append(user)
    model = _Model(
        source=source,
        structure=structure,
        elements={e.key: e for e in source.elements if e.key in structure.graph},
        uses=uses,
        feeds={name: tuple(users) for name, users in feeds.items()},
        pages={id_: f"{names[title]}.md" for title, ids in views.items() for id_ in ids},
    )
    found = {INDEX: _index(model, [(title, f"{names[title]}.md", ids) for title, ids in views.items()])}
    for title, ids in views.items():
        diagram = ""
        if title in structure.views:
            try:
                found[f"{names[title]}.svg"] = draw(title)
                diagram = f"![Diagram of {plain(title)}]({names[title]}.svg)"
            except ModelError as error:
                diagram = f"No diagram: {plain(str(error))}"
        found[f"{names[title]}.md"] = _page(model, title, ids, diagram)
    return found


def _views(structure: Structure) -> dict[str, list[str]]:
    """Title of each page -> the variables at home there: in the first view that has them. Empty views have no page."""
    views: dict[str, list[str]] = {view: [] for view in structure.views}
    for id_ in structure.graph:
        drawn = structure[id_].views
        views.setdefault(drawn[0] if drawn else REST, []).append(id_)
    return {view: ids for view, ids in views.items() if ids}


def _file_names(titles: Iterable[str]) -> dict[str, str]:
    """A plain file name for each title, no two alike."""
    names: dict[str, str] = {}
    taken = {"readme"}
    for title in titles:
        plain = re.sub(r"[\W_]+", "-", title.lower()).strip("-")[:60] or "view"
        names[title] = next(n for n in (plain, *(f"{plain}-{i}" for i in range(2, len(taken) + 3))) if n not in taken)
        taken.add(names[title])
    return names


# ---- pages


def _index(model: _Model, views: list[tuple[str, str, list[str]]]) -> str:
    shown = [kind for kind in KINDS if any(_kind(model, id_) == kind for id_ in model.elements)]
    blocks = [f"# {plain(model.source.name)}", f"Every variable of the model, view by view. {LEGEND}"]
    control = [e for e in model.source.elements if e.key in CONTROL]
    blocks.append(_code([line for e in control for line in _equations(e)]))
    rows = [f"| view | {' | '.join(KINDS[kind].lower() for kind in shown)} |", "|---|" + "--:|" * len(shown)]
    for title, page, ids in views:
        counts = Counter(_kind(model, id_) for id_ in ids)
        rows.append(f"| [{plain(title)}]({page}) | {' | '.join(str(counts[kind] or '') for kind in shown)} |")
    blocks.append("\n".join(rows))
    if model.source.ranges:
        rows = [
            f"| {plain(r.label)} | {', '.join(map(plain, r.members)) or plain(r.same_as or '')} |"
            for r in model.source.ranges
        ]
        blocks += ["## Subscripts", "\n".join(["| range | elements |", "|---|---|", *rows])]
    rows = [
        f"| {_link_to(model, id_)} | {model.structure[id_].kind} | {_inline(model.structure[id_].units)} |"
        for id_ in sorted(model.elements, key=lambda id_: (model.structure[id_].label.casefold().strip('"'), id_))
    ]
    blocks += ["## Variables", "\n".join(["| name | kind | unit |", "|---|---|---|", *rows])]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _page(model: _Model, title: str, ids: list[str], diagram: str) -> str:
    blocks = [f"# {plain(title)}", f"[Index]({INDEX})", *([diagram] if diagram else [])]
    for kind, heading in KINDS.items():
        found = [id_ for id_ in ids if _kind(model, id_) == kind and id_ in model.elements]
        if found:
            blocks += [f"## {heading}", *(block for id_ in found for block in _variable(model, id_))]
    return "\n\n".join(blocks) + "\n"


def _variable(model: _Model, id_: str) -> Iterator[str]:
    quantity, element = model.structure[id_], model.elements[id_]
    subscripts = f"[{', '.join(quantity.subscripts)}]" if quantity.subscripts else ""
    yield f'<a id="{id_}"></a>'
    yield f"### {plain(quantity.label + subscripts)}"
    yield " · ".join([quantity.kind, _inline(quantity.units) or "no unit", _inline(id_)])
    yield _code(_equations(element))
    if element.doc:
        yield plain(element.doc)
    uses = [_acting(model, name, id_, name) for name in model.uses[id_]]
    feeds = [_acting(model, id_, name, name) for name in model.feeds.get(id_, ())]
    lines = [f"{title}: {', '.join(names)}" for title, names in (("Uses", uses), ("Feeds", feeds)) if names]
    if lines:
        yield "  \n".join(lines)


def _kind(model: _Model, id_: str) -> str:
    return model.structure[id_].kind


def _acting(model: _Model, source: str, target: str, shown: str) -> str:
    """A link to a variable, with the way the source acts on the target."""
    graph = model.structure.graph
    name = _link_to(model, shown)
    return f"{name} ({_way(model.structure.link(source, target))})" if graph.has_edge(source, target) else name


def _way(link: Link) -> str:
    way = f"{link.flow}flow" if link.flow else SIGNS[link.polarity]
    marks = [word for word, holds in (("at the start", link.initial), ("delayed", link.delayed)) if holds]
    return ", ".join([way, *marks])


def _link_to(model: _Model, id_: str) -> str:
    if id_ not in model.pages:
        return plain(id_.replace("_", " ").upper())  # a control variable
    return f"[{plain(model.structure[id_].label)}]({model.pages[id_]}#{id_})"


def _equations(element: Element) -> list[str]:
    return [
        line
        for definition in element.definitions
        for line in textwrap.wrap(
            definition.text, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
        )
    ]


# ---- text of the file as text of a page


def plain(text: str) -> str:
    """Text that shows as it is, whatever it looks like."""
    text = MARKUP.sub(r"\\\g<0>", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return BLOCK.sub(r"\1\\\2", text)


def _inline(text: str) -> str:
    """A short piece of code, fenced by more backticks than it has; `|` would end a table's cell."""
    if not text:
        return ""
    fence = _fence(text, 1)
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text.replace('|', '¦')}{pad}{fence}"


def _code(lines: list[str]) -> str:
    fence = _fence("\n".join(lines), 3)
    return "\n".join([f"{fence}text", *lines, fence])


def _fence(text: str, least: int) -> str:
    return "`" * max(least, *(len(run) + 1 for run in re.findall("`+", text)), 0)
