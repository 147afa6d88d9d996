"""The model reference: every variable once, with links both ways; text of the model stays text."""

import re
from itertools import pairwise

import pytest
from markdown_it import MarkdownIt

import modelfile
from huangpu.cli import main
from huangpu.compiler.read import read_model
from huangpu.files import shipped
from huangpu.ir import ModelError
from huangpu.reference import INDEX, pages
from huangpu.structure import read_structure

MODEL = """
Firm: a, b ~ ~ |
Robots[Firm] = INTEG(Arrivals[Firm] - Losses[Firm], Start) ~ robot ~ In use. |
Arrivals[Firm] = Pull(Time / Life) * Support * Robots[Firm] / Life ~ robot/year ~ Bought. |
Losses[a] = Robots[a] / Life ~ robot/year ~ Scrapped. | Losses[b] = 2 * Robots[b] / Life ~ ~ |
Start = 3 ~ robot ~ Of 2020 (source s003). | Life = 4 ~ year ~ Judgement. | Support = 0 ~ dmnl ~ What policy gives. |
Pull((0,0),(1,1)) ~ dmnl ~ | Since = Time - INITIAL TIME ~ year ~ |
"""
SKETCH = """V300
*Robots
10,1,Robots,0,0,1,1,3,3,0,0,0,0,0,0
10,2,Arrivals,0,0,1,1,8,3,0,0,0,0,0,0
10,3,Losses,0,0,1,1,8,3,0,0,0,0,0,0
10,4,Life,0,0,1,1,8,3,0,0,0,0,0,0
10,5,Start,0,0,1,1,8,3,0,0,0,0,0,0
*Levers
10,1,Support,0,0,1,1,8,3,0,0,0,0,0,0
"""
HOSTILE = """
"A <script>alert(1)</script> [x](javascript:y) `z` *b* & ![i](j)" = 3 ~ `un``it` <b> ~
# Not a heading ```no fence``` <img src=x onerror=y> [l](javascript:m) _e_ **s** $m$ \\\\x |
"B ```" = "A <script>alert(1)</script> [x](javascript:y) `z` *b* & ![i](j)" * 2 ~ a_b_c ~ - Not a list, 1|
"C ```` 1. " = "B ```" ~ dmnl ~ 1. Not a list --- |
"""


def made(tmp_path, equations: str, **more) -> dict[str, str]:
    path = modelfile.write(tmp_path, equations, **more)
    return pages(read_model(path), read_structure(path), lambda view: f"<svg>{view}</svg>")


def section(page: str, id_: str) -> str:
    return page.split(f'<a id="{id_}"></a>')[1].split("<a id=")[0]


def test_there_is_a_page_and_a_diagram_a_view_and_a_page_for_the_rest(tmp_path):
    found = made(tmp_path, MODEL, sketch=SKETCH)
    assert list(found) == [INDEX, "robots.svg", "robots.md", "levers.svg", "levers.md", "variables-in-no-view.md"]
    assert found["robots.svg"] == "<svg>Robots</svg>"
    assert "![Diagram of Robots](robots.svg)" in found["robots.md"]


def test_a_variable_has_equation_unit_kind_text_and_links(tmp_path):
    found = made(tmp_path, MODEL, sketch=SKETCH)
    robots = section(found["robots.md"], "robots")
    assert "### Robots\\[Firm\\]\n\nstock · `robot` · `robots`\n" in robots
    assert "```text\nRobots[Firm] = INTEG(Arrivals[Firm] - Losses[Firm], Start)\n```\n\nIn use.\n" in robots
    assert (
        "Uses: [Arrivals](robots.md#arrivals) (inflow), [Losses](robots.md#losses) (outflow), "
        "[Start](robots.md#start) (+, at the start)  \n"
        "Feeds: [Arrivals](robots.md#arrivals) (+), [Losses](robots.md#losses) (+)\n"
    ) in robots
    assert "Losses[a] = Robots[a] / Life\nLosses[b] = 2 * Robots[b] / Life\n" in section(found["robots.md"], "losses")
    assert "[Support](levers.md#support) (+)" in section(found["robots.md"], "arrivals")
    assert "lever · `dmnl` · `support`" in found["levers.md"]
    assert "Of 2020 (source s003)." in section(found["robots.md"], "start")
    assert "Uses: INITIAL TIME" in section(found["variables-in-no-view.md"], "since")


def test_the_index_has_every_variable_once(tmp_path):
    index = made(tmp_path, MODEL, sketch=SKETCH)[INDEX]
    names = re.findall(r"^\| \[(\w+)\]\([\w-]+\.md#\w+\) \|", index, re.MULTILINE)
    assert names == sorted(["Robots", "Arrivals", "Losses", "Start", "Life", "Support", "Pull", "Since"])
    assert "| Firm | a, b |" in index
    assert "INITIAL TIME = 0" in index


def test_every_link_leads_to_an_anchor(tmp_path):
    found = made(tmp_path, MODEL, sketch=SKETCH)
    for text in (page for name, page in found.items() if name.endswith(".md")):
        for page, _, anchor in re.findall(r"\]\(([\w-]+\.\w+)(#(\w+))?\)", text):
            assert page in found
            assert not anchor or f'<a id="{anchor}"></a>' in found[page]


def test_a_view_too_large_to_draw_has_a_page_all_the_same(tmp_path):
    def draw(view: str) -> str:
        raise ModelError("too many for one picture")

    path = modelfile.write(tmp_path, MODEL, sketch=SKETCH)
    found = pages(read_model(path), read_structure(path), draw)
    assert "robots.svg" not in found
    assert "No diagram: too many for one picture" in found["robots.md"]


@pytest.mark.parametrize("title", ["../../etc/x", "README", "Robots/..", "...", "a" * 300, "工业", "con: <b>"])
def test_names_of_views_make_plain_file_names(title, tmp_path):
    sketch = f"V300\n*{title}\n10,1,X,0,0,1,1,8,3,0,0,0,0,0,0\n*{title}!\n10,1,Y,0,0,1,1,8,3,0,0,0,0,0,0\n"
    names = set(made(tmp_path, "X = 1 | Y = X", sketch=sketch))
    assert len(names) == 5
    assert all(re.fullmatch(r"\w[\w-]{0,65}\.(md|svg)", name) for name in names)
    assert len({name.lower() for name in names}) == 5


def test_markup_in_names_and_comments_shows_as_text(tmp_path):
    found = made(tmp_path, HOSTILE)
    render = MarkdownIt("commonmark").enable("table")
    for text in found.values():
        tokens = [inner for token in render.parse(text) for inner in (token, *(token.children or ()))]
        html = [t.content for t in tokens if t.type in ("html_inline", "html_block")]
        assert all(re.fullmatch(r'(<a id="\w+">)|(</a>)', part) for part in html)
        assert not {"image", "em_open", "strong_open", "bullet_list_open", "ordered_list_open"} & {
            t.type for t in tokens
        }
        links = [t.attrs["href"] for t in tokens if t.type == "link_open"]
        assert all(re.fullmatch(r"[\w%-]+\.md(#[\w%]+)?", link) for link in links)
        headings = [t.content for before, t in pairwise(tokens) if before.type == "heading_open"]
        assert not any("Not a heading" in heading for heading in headings)
    assert "onerror=y" in MarkdownIt("commonmark").render(found["variables-in-no-view.md"])


def test_the_committed_reference_is_of_the_shipped_model():
    from huangpu.graph import svg

    path, folder = shipped("models/shanghai_industry.mdl"), shipped("docs/model")
    structure = read_structure(path)
    wanted = pages(read_model(path), structure, lambda view: svg(structure, view))
    found = {p.name: p.read_text(encoding="utf-8") for p in folder.iterdir()} if folder.is_dir() else {}
    differ = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
    assert not differ, (
        f"docs/model is not what the model says in {', '.join(differ)}: run "
        "`huangpu reference models/shanghai_industry.mdl --out docs/model`, and delete what it does not write"
    )


def test_the_command_writes_the_same_files_each_time(tmp_path, capsys):
    path = modelfile.write(tmp_path, MODEL, sketch=SKETCH)
    for folder in ("one", "two"):
        assert main(["reference", str(path), "--out", str(tmp_path / folder)]) == 0
    assert "6 files in" in capsys.readouterr().out
    written = [{p.name: p.read_bytes() for p in (tmp_path / folder).iterdir()} for folder in ("one", "two")]
    assert written[0] == written[1]
    assert written[0]["robots.svg"].startswith(b"<svg")


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, capsys):
    path = modelfile.write(tmp_path, MODEL)
    assert main(["reference", str(path), "--out", str(path)]) == 2
    assert "is a file" in capsys.readouterr().err
