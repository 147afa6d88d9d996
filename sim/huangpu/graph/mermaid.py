"""A picture as a Mermaid flowchart. Names of a model are numbers there; their letters only stand escaped in labels."""

from __future__ import annotations

from collections.abc import Iterator

from huangpu.graph.picture import Item, Picture
from huangpu.structure import Link

PLAIN = set(" -_.,()/%'")  # besides letters and digits
BRACKETS = {"stock": "[{}]", "flow": "{{{{{}}}}}", "lever": "([{}])", "driver": "[/{}/]"}
STYLES = (
    "classDef stock fill:#e8f0f8,stroke:#1f4e79,color:#111",
    "classDef lever fill:#fdebd3,stroke:#c96a00,color:#111",
    "classDef driver fill:#efe6f7,stroke:#7a4ea3,color:#111",
    "classDef shadow fill:#f4f4f4,stroke:#aaa,color:#777",
)


def flowchart(picture: Picture, *, signs: bool) -> str:
    """Stocks are boxes, flows hexagons joined to them by thick arrows; signs: polarities on links."""
    names = {id_: f"v{i}" for i, id_ in enumerate(picture.items)}
    lines = ["flowchart LR"]
    for id_, item in picture.items.items():
        style = "shadow" if item.shadow else item.kind if item.kind in ("stock", "lever", "driver") else ""
        lines.append(f"{names[id_]}{_box(item)}{f':::{style}' if style else ''}")
    lines += _pipes(picture, names)
    for (source, target), link in picture.links.items():
        lines.append(f"{names[source]} {_arrow(link, signs)} {names[target]}")
    return "\n".join([lines[0], *(f"    {line}" for line in (*lines[1:], *STYLES))]) + "\n"


def _box(item: Item) -> str:
    return BRACKETS.get(item.kind, "({})").format(f'"{_label(item.label)}"')


def _label(text: str) -> str:
    """Text in which nothing is Mermaid's or HTML's."""
    return "".join(c if c.isalnum() or c in PLAIN else f"#{ord(c)};" for c in text if c.isprintable()) or "#160;"


def _pipes(picture: Picture, names: dict[str, str]) -> Iterator[str]:
    for i, pipe in enumerate(picture.pipes):
        ends = []
        for side, stock in (("a", pipe.source), ("b", pipe.target)):
            ends.append(names[stock] if stock else f'c{i}{side}(("#9729;"))')
        yield f"{ends[0]} ==> {names[pipe.flow]} ==> {ends[1]}"


def _arrow(link: Link, signs: bool) -> str:
    line = "-.->" if link.initial or link.delayed else "-->"
    return f'{line}|"{_label(link.polarity)}"|' if signs else line
