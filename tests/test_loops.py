"""Feedback loops: shortest first, with polarity, bounded, and named ones checked link by link."""

import itertools
import time

import networkx as nx
import pytest

from huangpu import loops
from huangpu.cli import main
from huangpu.ir import ModelError
from huangpu.loops import chain, circular, every_loop, independent_loops, report
from huangpu.loops.named import named_loops, report_named
from huangpu.structure import Link, Quantity, Structure, read_structure
from modelfile import write

ECONOMY = """
Capital = INTEG(Investment - Scrapping, 100) |
Investment = Output * Share * Room Left | Share = 0.2 | Output = Capital * 0.3 |
Room Left = MAX(0, 1 - Capital / 5000) |
Scrapping = Capital / Life | Life = 20 |
"""


@pytest.fixture
def economy(tmp_path):
    return read_structure(write(tmp_path, ECONOMY))


def drawn(*edges, signs=None) -> Structure:
    """A structure of these links, all on loops."""
    graph = nx.DiGraph()
    for source, target in edges:
        for id_ in (source, target):
            graph.add_node(id_, quantity=Quantity(id_, id_.upper(), "auxiliary"))
        sign = (signs or {}).get((source, target), "+")
        graph.add_edge(source, target, link=Link(sign, circular=True))
    return Structure("drawn", graph, {})


def complete(size: int) -> Structure:
    names = [f"v{i:03}" for i in range(size)]
    return drawn(*itertools.permutations(names, 2))


def test_polarity_and_order(economy):
    listing = every_loop(economy)
    assert [(loop.kind, loop.ids) for loop in listing.loops] == [
        ("B", ("capital", "scrapping")),
        ("R", ("capital", "output", "investment")),
        ("B", ("capital", "room_left", "investment")),
    ]
    assert (listing.found, listing.cut) == (3, "")


def test_a_link_of_unknown_sign_makes_the_loop_unknown():
    found = every_loop(drawn(("a", "b"), ("b", "a"), signs={("b", "a"): "?"}))
    assert [loop.kind for loop in found.loops] == ["?"]


def test_two_negative_links_reinforce():
    found = every_loop(drawn(("a", "b"), ("b", "a"), signs={("a", "b"): "-", ("b", "a"): "-"}))
    assert [loop.kind for loop in found.loops] == ["R"]


def test_all_loops_are_those_of_networkx():
    structure = drawn(*[(f"v{i}", f"v{(i * i + j) % 9}") for i in range(9) for j in (1, 3, 4)])
    ours = [frozenset(itertools.pairwise((*o.ids, o.ids[0]))) for o in every_loop(structure).loops]
    theirs = {frozenset(itertools.pairwise((*c, c[0]))) for c in nx.simple_cycles(structure.graph)}
    assert len(ours) == len(set(ours))
    assert set(ours) == theirs
    lengths = [len(loop.ids) for loop in every_loop(structure).loops]
    assert lengths == sorted(lengths)


def test_through_one_variable(economy):
    assert {loop.ids for loop in every_loop(economy, through="room_left").loops} == {
        ("capital", "room_left", "investment")
    }
    assert every_loop(economy, through="share").found == 0


def test_through_finds_all_and_only_loops_that_pass_the_variable():
    structure = complete(6)
    through = every_loop(structure, through="v003").loops
    assert {frozenset(o.ids) for o in through} == {
        frozenset(o.ids) for o in every_loop(structure).loops if "v003" in o.ids
    }
    assert len(through) == sum("v003" in o.ids for o in every_loop(structure).loops)


def test_the_independent_set_covers_every_link_with_a_shortest_loop_each_new():
    structure = drawn(*[(f"v{i}", f"v{(i * i + j) % 11}") for i in range(11) for j in (1, 3, 4)])
    graph = circular(structure)
    on_loops = {e for part in nx.strongly_connected_components(graph) for e in graph.subgraph(part).edges}
    covered = set()
    for loop in independent_loops(structure).loops:
        links = set(itertools.pairwise((*loop.ids, loop.ids[0])))
        assert links - covered
        covered |= links
    assert covered == on_loops
    shortest = {e: 1 + nx.shortest_path_length(graph, e[1], e[0]) for e in on_loops}
    lengths = [len(loop.ids) for loop in independent_loops(structure).loops]
    assert lengths == sorted(lengths)
    assert max(lengths) == max(shortest.values())


def test_limit_and_length_say_what_was_cut(economy):
    first = every_loop(economy, limit=1)
    assert (len(first.loops), first.found) == (1, 3)
    assert "the first 1 of 3 loops" in report(economy, first)
    short = every_loop(economy, longest=2)
    assert [len(loop.ids) for loop in short.loops] == [2]
    assert "longer ones than 2 were not looked for" in report(economy, short)
    assert "1 longer than 2 left out" in independent_loops(drawn(*THREE_AND_TWO), longest=2).cut


THREE_AND_TWO = (("a", "b"), ("b", "a"), ("b", "c"), ("c", "a"))


def ring(size: int) -> Structure:
    """Every variable acts on the next and on the one after."""
    return drawn(*[(f"v{i:04}", f"v{(i + j) % size:04}") for i in range(size) for j in (1, 2)])


@pytest.mark.parametrize("structure", [complete(60), ring(2000)], ids=["dense", "long"])
def test_the_search_ends(structure, monkeypatch):
    """However many loops there are, or however far one has to look for the first."""
    monkeypatch.setattr(loops, "MAX_STEPS", 200_000)
    start = time.perf_counter()
    everything, some = every_loop(structure, limit=5), independent_loops(structure, limit=5)
    assert time.perf_counter() - start < 20  # a fiftieth of it here
    assert "the search ended after" in everything.cut
    assert "more than" in report(structure, everything)
    assert some.found > 0


def test_a_budget_that_runs_out_keeps_what_was_found(monkeypatch):
    monkeypatch.setattr(loops, "MAX_STEPS", 300)
    structure = complete(12)
    assert "after 300 steps" in every_loop(structure).cut
    cut = independent_loops(structure)
    assert cut.found > 0
    assert "were not looked at" in cut.cut


def test_a_model_without_loops(tmp_path):
    structure = read_structure(write(tmp_path, "a = 1 | b = 2 * a |"))
    text = report(structure, independent_loops(structure))
    assert text.splitlines()[-1] == "no loops"
    assert "0 in the largest knot" in text


def test_the_chain_shows_every_sign(economy):
    assert chain(economy, ("capital", "room_left", "investment")) == ("Capital →- Room Left →+ Investment →+ Capital")


# -- named loops ------------------------------------------------------------------------------------------------------


@pytest.fixture
def named(economy, tmp_path):
    def check(text):
        path = tmp_path / "m.loops.yaml"
        path.write_text(text, encoding="utf-8")
        return named_loops(economy, path)

    return check


def test_named_loops_that_hold(named, economy):
    found = named("R1 reinvestment: [Output, Investment, Capital]\nB1 wear: [capital, scrapping]\n")
    assert [(n.name, n.loop.kind, n.faults) for n in found] == [("R1 reinvestment", "R", ()), ("B1 wear", "B", ())]
    text = report_named(economy, found)
    assert "R1 reinvestment: R  Capital →+ Output →+ Investment →+ Capital" in text
    assert "2 named loops, none at fault" in text


def test_a_missing_link_is_named_with_the_way_round(named):
    [found] = named("R1 reinvestment: [Capital, Investment]\n")
    assert found.loop is None
    assert found.faults == ("no link Capital → Investment; there is Capital → Output → Investment",)


def test_a_link_out_of_all_loops(named):
    [found] = named("x: [Share, Investment, Capital]\n")
    assert found.faults == ("the link Share → Investment acts without feeding back", "no link Capital → Share")


def test_a_name_that_says_the_wrong_way(named):
    [found] = named("R1 wear: [Capital, Scrapping]\n")
    assert found.faults == ("named reinforcing, but its links make it balancing",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("R1: [Capital, Invesment]\n", r"m.loops.yaml:1: R1\[2\].*no variable 'Invesment'. Did you mean Investment"),
        ("R1: Capital\n", "m.loops.yaml:1: R1: expected a list of variables"),
        ("R1: [Capital, Output, Capital]\n", "Capital stands in it twice"),
        ("", "found no loops"),
        ("a: [", "m.loops.yaml"),
    ],
)
def test_a_file_that_is_not_as_it_should_be(named, text, message):
    with pytest.raises(ModelError, match=message):
        named(text)


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command(tmp_path, capsys):
    model = write(tmp_path, ECONOMY)
    (tmp_path / "n.yaml").write_text("R1: [Capital, Output, Investment]\nB1: [Capital, Output, Investment]\n")
    assert main(["loops", str(model)]) == 0
    assert "3 independent loops (1 R, 2 B, 0 ?)" in capsys.readouterr().out
    assert main(["loops", str(model), "--through", "Room Left"]) == 0
    assert "1 loop through Room Left" in capsys.readouterr().out
    assert main(["loops", str(model), "--all", "--limit", "1"]) == 0
    assert "the first 1 of 3 loops" in capsys.readouterr().out
    assert main(["loops", str(model), "--through", "Room Let"]) == 2
    assert "there is no variable 'Room Let'. Did you mean" in capsys.readouterr().err
    assert main(["loops", str(model), "--named", str(tmp_path / "n.yaml")]) == 2
    out, err = capsys.readouterr()
    assert "B1: R  Capital" in out
    assert "1 of 2 named loops at fault" in err
