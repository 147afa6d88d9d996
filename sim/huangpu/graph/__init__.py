"""Diagrams of a model's structure: stocks and flows, or causal links; as SVG or as Mermaid text.

structure -> what is drawn of a view      picture
stocks with their pipes as blocks         blocks
blocks in rows, links between them        layers, layout
text                                      drawing, mermaid
"""

from __future__ import annotations

from huangpu.graph.drawing import draw
from huangpu.graph.layout import layout
from huangpu.graph.mermaid import flowchart
from huangpu.graph.picture import picture
from huangpu.structure import Structure

__all__ = ["mermaid", "svg"]


def svg(structure: Structure, view: str | None = None, *, causal: bool = False, constants: bool = False) -> str:
    """SVG of one view, or of the whole model.

    causal: a causal-link diagram with polarities, not stocks and flows; constants: drawn, however many there are.
    `ModelError` where there is no such view, or more in it than one picture can show.
    """
    found = picture(structure, view, causal=causal, constants=constants)
    return draw(found, layout(found), signs=causal)


def mermaid(structure: Structure, view: str | None = None, *, causal: bool = False, constants: bool = False) -> str:
    """The same as text for Mermaid, which does the layout itself."""
    return flowchart(picture(structure, view, causal=causal, constants=constants), signs=causal)
