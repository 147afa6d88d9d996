"""Diagrams: what is in them, nothing on top of anything else, nothing of the model that is markup."""

import itertools
import re
import xml.etree.ElementTree as ET

import pytest

from huangpu.cli import main
from huangpu.graph import mermaid, svg
from huangpu.graph.blocks import VALVE, Shape
from huangpu.graph.layout import layout
from huangpu.graph.picture import MOST, picture
from huangpu.ir import ModelError
from huangpu.structure import read_structure
from modelfile import write

POPULATION = """
Births = Population * Birth Rate | Deaths = Population / Lifetime | Birth Rate = 0.03 |
Lifetime = 70 - Population / 100 | Population = INTEG(Births - Deaths, 100) | Care = SMOOTH(Deaths, 5) |
"""
# every sort of pipe: several a side, from stock to stock next to it and further off, without a name
PLUMBING = """
a in = 1 | b in = A / 9 | c in very long name of an inflow = 2 | out one = A / 3 | out two = A / 4 |
out three of a long name = A / 5 | to B = A * rate | rate = MAX(0, 1 - B / 50) | B to C = B / 2 | to C = A / 8 |
back = C / 9 | A = INTEG(a in + b in + c in very long name of an inflow - out one - out two
  - out three of a long name - to C - to B, 5) |
B = INTEG(to B - B to C, 0) | C = INTEG(to C + B to C - back - C / 7, 0) | D = INTEG(back - D / late, 1) |
late = SMOOTH(C, 3) + 1 | twice = C / 3 | E = INTEG(twice, 0) | F = INTEG(twice - E, 0) | G = INTEG(twice, 0) |
"""
EVIL = """
"<b>&\\" x" = 2 ~ <i>m ~ </title><script>alert(1)</script> | y = 3 * "<b>&\\" x" | 工业总产值 = y |
"x-->y; click a \\"javascript:1\\"" = y |
"""


def web(size: int, seed: int = 1) -> str:
    """A tangle of auxiliaries round a few stocks."""
    lines = [f"s{i} = INTEG(r{i} - r{(i + 1) % 4}, 1)" for i in range(4)]
    lines += [f"r{i} = v{(7 * i + seed) % size} * s{i}" for i in range(4)]
    for i in range(size):
        uses = sorted({(i * i + seed * j) % max(1, i) for j in (1, 2, 5)}) if i else []
        lines.append(f"v{i} = s{i % 4}" + "".join(f" + v{j}" for j in uses))
    return "|".join(lines) + "|"


@pytest.fixture
def structure(tmp_path):
    return lambda text, **more: read_structure(write(tmp_path, text, **more))


def texts(drawing: str) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(drawing).iter("{http://www.w3.org/2000/svg}text")]


def tokens(drawing: str, name: str) -> int:
    """How many elements have a class."""
    return sum(name in node.get("class", "").split() for node in ET.fromstring(drawing).iter())


# -- what is drawn ----------------------------------------------------------------------------------------------------


def test_a_stock_flow_diagram_has_boxes_valves_clouds_and_links(structure):
    found = picture(structure(POPULATION))
    assert [(p.flow, p.source, p.target) for p in found.pipes] == [
        ("births", "", "population"),
        ("deaths", "population", ""),
    ]
    assert ("births", "population") not in found.links
    assert ("population", "births") in found.links
    drawing = svg(structure(POPULATION))
    words = " ".join(texts(drawing))
    for label in ("Births", "Population", "Birth Rate", "Lifetime"):
        assert label in words
    assert tokens(drawing, "stock") == 1 + 1  # with the legend's
    assert tokens(drawing, "valve") == 2 + 1
    assert tokens(drawing, "cloud") == 2 + 1
    assert tokens(drawing, "delay") == 2 + 1
    assert tokens(drawing, "sign") == 0


def test_a_causal_diagram_has_signs_and_no_pipes(structure):
    drawing = svg(structure(POPULATION), causal=True)
    assert tokens(drawing, "pipe") == tokens(drawing, "valve") == 0
    found = picture(structure(POPULATION), causal=True)
    assert found.links["deaths", "population"].polarity == "-"
    negative = sum(link.polarity == "-" for link in found.links.values())
    assert tokens(drawing, "minus") == negative + 1
    assert tokens(drawing, "sign") == len(found.links) + 3


def test_a_net_flow_without_a_name_has_a_valve_that_its_causes_act_on(structure):
    found = picture(structure("S = INTEG(2 - S / life, start) | life = 3 | start = 4 |"))
    assert [(p.source, p.target) for p in found.pipes] == [("", "s")]
    [valve] = [p.flow for p in found.pipes]
    assert set(found.links) == {("s", valve), ("life", valve), ("start", "s")}


SKETCH = (
    "*One\n10,1,stock,1,1,1,1,8,3,0,0\n10,2,fill,1,1,1,1,8,3,0,0\n"
    "*Two\n10,1,effort,1,1,1,1,8,3,0,0\n10,2,stock,1,1,1,1,8,2,0,0\n*Levers\n10,1,push,1,1,1,1,8,3,0,0\n"
)
VIEWS = "stock = INTEG(fill, 0) | fill = effort | effort = 1 + push - stock | push = 0 |"


def test_a_view_has_its_own_variables_and_shadows_of_what_acts_on_them(structure):
    found = structure(VIEWS, sketch=SKETCH)
    one, two = picture(found, "One"), picture(found, "two")
    assert {i: item.shadow for i, item in one.items.items()} == {"stock": False, "fill": False, "effort": True}
    assert {i: item.shadow for i, item in two.items.items()} == {"stock": True, "effort": False, "push": True}
    assert set(two.links) == {("stock", "effort"), ("push", "effort")}
    assert two.pipes == ()
    drawing = svg(found, "Two")
    assert "<push>" in texts(drawing)
    assert tokens(drawing, "lever") == 1 + 1


def test_a_flow_shows_the_stock_of_another_view_that_it_fills(structure):
    found = structure(
        "s = INTEG(f, 0) | f = 2 + Time |", sketch="*One\n10,1,f,1,1,1,1,8,3,0,0\n*Two\n10,1,s,1,1,1,1,8,3,0,0\n"
    )
    one = picture(found, "One")
    assert one.items["s"].shadow
    assert [(p.flow, p.target) for p in one.pipes] == [("f", "s")]


def test_an_unknown_view_names_the_nearest(structure):
    with pytest.raises(ModelError, match=r"no view 'Tow'\. Did you mean Two"):
        picture(structure(VIEWS, sketch=SKETCH), "Tow")
    with pytest.raises(ModelError, match=r"no view 'energy'\. It has: One, Two, Levers"):
        picture(structure(VIEWS, sketch=SKETCH), "energy")


def test_many_variables_leave_constants_to_a_list(structure):
    text = "|".join(f"c{i} = {i}" for i in range(9)) + "|" + "|".join(f"v{i} = c{i} + Time" for i in range(9)) + "|"
    found = structure(text)
    assert picture(found).listed == tuple(f"c{i}" for i in range(9))
    assert not picture(found).links
    assert "c0 · c1" in " ".join(texts(svg(found)))
    assert len(picture(found, constants=True).links) == 9


def test_too_much_for_one_picture_names_the_views(structure):
    text = "|".join(f"v{i} = Time + {i}" for i in range(MOST + 1)) + "|"
    with pytest.raises(ModelError, match=rf"{MOST + 1} variables with 0 links are too many.*Draw a view: One"):
        svg(structure(text, sketch="*One\n10,1,v1,1,1,1,1,8,3,0,0\n"))


def test_too_many_links_for_one_picture_are_refused_at_once(structure):
    text = "|".join(f"v{i} = " + " + ".join(["Time", *(f"v{j}" for j in range(i))]) for i in range(40)) + "|"
    with pytest.raises(ModelError, match="40 variables with 780 links are too many"):
        svg(structure(text))


def test_a_view_of_nothing_is_an_empty_picture(structure):
    assert texts(svg(structure("a = 1 |", sketch="*Notes\n"), "Notes")) == ["Notes"]


# -- readable ---------------------------------------------------------------------------------------------------------


def apart(a: Shape, b: Shape) -> bool:
    return abs(a.x - b.x) >= (a.width + b.width) / 2 - 4 or abs(a.y - b.y) >= (a.height + b.height) / 2 - 4


def inside(shape: Shape, x: float, y: float, slack: float = 4) -> bool:
    return abs(x - shape.x) < shape.width / 2 - slack and abs(y - shape.y) < shape.height / 2 - slack


def along(curve):
    for a, b, c, d in zip(curve[::3], curve[1::3], curve[2::3], curve[3::3], strict=False):
        for step in range(11):
            t = step / 10
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            yield tuple(sum(w * p[i] for w, p in zip(weights, (a, b, c, d), strict=True)) for i in (0, 1))


CASES = [(POPULATION, False), (PLUMBING, False), (PLUMBING, True), (web(12), False), (web(40), False), (web(40), True)]


@pytest.mark.parametrize(("text", "causal"), CASES)
def test_no_text_lies_on_another(structure, text, causal):
    shapes = layout(picture(structure(text), causal=causal, constants=True)).shapes.values()
    assert [(a.lines, b.lines) for a, b in itertools.combinations(shapes, 2) if not apart(a, b)] == []


@pytest.mark.parametrize(("text", "causal"), [(web(12), True), (web(24), True), (POPULATION, True), (EVIL, True)])
def test_no_link_crosses_a_text(structure, text, causal):
    drawn = layout(picture(structure(text), causal=causal, constants=True))
    wrong = [
        (arrow.source, arrow.target, id_)
        for arrow in drawn.arrows
        for id_, shape in drawn.shapes.items()
        if any(inside(shape, x, y) for x, y in along(arrow.curve))
    ]
    assert wrong == []


@pytest.mark.parametrize(("text", "causal"), CASES)
def test_everything_lies_in_the_picture_and_links_end_at_their_texts(structure, text, causal):
    drawn = layout(picture(structure(text), causal=causal, constants=True))
    for shape in drawn.shapes.values():
        assert shape.width / 2 - 1 <= shape.x <= drawn.width - shape.width / 2 + 1
        assert shape.height / 2 - 1 <= shape.y <= drawn.height - shape.height / 2 + 1
    for arrow in drawn.arrows:
        shape, (x, y) = drawn.shapes[arrow.target], arrow.curve[-1]
        high = shape.height / 2 + (2.5 * VALVE if shape.valve and not shape.beside else 1)
        assert abs(x - shape.x) <= max(shape.width / 2 + 1, 30)
        assert abs(y - shape.y) <= high


@pytest.mark.parametrize("write_", [svg, mermaid])
def test_the_same_model_gives_the_same_text(structure, write_):
    assert write_(structure(web(20))) == write_(structure(web(20)))


# -- nothing of the model is markup -----------------------------------------------------------------------------------


def test_svg_is_one_document_without_a_script(structure):
    for causal in (False, True):
        drawing = svg(structure(EVIL), causal=causal)
        tags = {node.tag.partition("}")[2] for node in ET.fromstring(drawing).iter()}
        assert tags <= {"svg", "title", "style", "defs", "marker", "path", "rect", "text", "g"}
        assert "工业总产值" in drawing


def test_mermaid_labels_hold_no_syntax(structure):
    text = mermaid(structure(EVIL), causal=True)
    assert text.startswith("flowchart LR\n")
    for label in re.findall(r'"([^"]*)"', text):
        assert re.fullmatch(r"(?:[^\W_]|[ \-_.,()/%'?+]|#\d+;)+", label), label
    for line in text.splitlines()[1:]:
        assert re.fullmatch(r'    (v\d+\W*"[^"]*"\W*(:::\w+)?|v\d+ [-.>]+\|"[^"]*"\| v\d+|classDef .*)', line), line


def test_mermaid_has_pipes_and_links(structure):
    text = mermaid(structure(POPULATION))
    assert 'c0a(("#9729;")) ==> v0 ==> v4' in text
    assert 'v4["Population"]:::stock' in text
    assert "v4 --> v0" in text
    assert "v1 -.-> v5" in text  # delayed


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command(tmp_path, capsys):
    model = write(tmp_path, VIEWS, sketch=SKETCH)
    assert main(["graph", str(model), "--view", "One", "--out", str(tmp_path / "new" / "one.svg")]) == 0
    assert ET.parse(tmp_path / "new" / "one.svg").getroot().tag.endswith("svg")
    assert main(["graph", str(model), "--format", "mermaid", "--kind", "causal"]) == 0
    assert capsys.readouterr().out.startswith("flowchart LR")
    assert main(["graph", str(model), "--view", "Tow"]) == 2
    assert "Did you mean Two" in capsys.readouterr().err
    assert main(["graph", str(model), "--kind", "tree"]) == 2
    assert main(["graph", str(model), "--out", str(model / "x.svg")]) == 2
