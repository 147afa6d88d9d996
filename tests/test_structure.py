"""Which whole variable acts on which, and which way: rules, observed values, stocks, flows and what is hidden."""

import numpy as np
import pytest

from huangpu.compiler.functions import OPS
from huangpu.ir import Call, Interpolate, ModelError, Name, Number, Table, Time
from huangpu.structure import find, read_structure
from huangpu.structure.signs import SIGN, WEIGHTS, Sample, _part, slopes
from modelfile import write

POPULATION = """
Births = Population * Birth Rate ~ person/year ~ All who are born. |
Birth Rate = 0.03 ~ 1/year ~ |
Deaths = Population / Lifetime ~ person/year ~ |
Lifetime = Normal Lifetime * Crowding Effect(Population / Room) ~ year ~ |
Normal Lifetime = 70 ~ year ~ |
Room = 1000 ~ person ~ |
Crowding Effect((0, 1.2), (1, 1), (2, 0.6)) ~ dmnl ~ |
Population = INTEG(Births - Deaths, Initial Population) ~ person ~ |
Initial Population = 100 ~ person ~ |
"""


@pytest.fixture
def structure(tmp_path):
    return lambda text, **more: read_structure(write(tmp_path, text, **more))


def polarity(found, source, target):
    return found.link(source, target).polarity


def test_kinds_units_documents_and_labels(structure):
    found = structure(POPULATION)
    kinds = {id_: found[id_].kind for id_ in found.graph}
    assert kinds == {
        "births": "flow",
        "birth_rate": "constant",
        "deaths": "flow",
        "lifetime": "auxiliary",
        "normal_lifetime": "constant",
        "room": "constant",
        "population": "stock",
        "initial_population": "constant",
        "crowding_effect": "lookup",
    }
    births = found["births"]
    assert (births.label, births.units, births.doc) == ("Births", "person/year", "All who are born.")


def test_links_of_a_population(structure):
    found = structure(POPULATION)
    signs = {(a, b): polarity(found, a, b) for a, b in found.graph.edges}
    assert signs == {
        ("population", "births"): "+",
        ("birth_rate", "births"): "+",
        ("population", "deaths"): "+",
        ("lifetime", "deaths"): "-",
        ("normal_lifetime", "lifetime"): "+",
        ("crowding_effect", "lifetime"): "+",
        ("population", "lifetime"): "-",  # the lookup falls
        ("room", "lifetime"): "+",
        ("births", "population"): "+",
        ("deaths", "population"): "-",
        ("initial_population", "population"): "+",
    }
    assert found.link("births", "population").flow == "in"
    assert found.link("deaths", "population").flow == "out"
    assert found.link("population", "births").flow == ""


def test_what_only_sets_the_start_is_marked_and_closes_no_loop(structure):
    found = structure("Start = INITIAL(Level * 2) | Level = INTEG(-Level / Start, First) | First = 3 |")
    assert found.link("first", "level").initial
    assert found.link("level", "start").initial
    assert not found.link("level", "start").circular
    assert found.link("level", "level").circular
    assert polarity(found, "level", "level") == "-"
    assert found["start"].kind == "initial"


@pytest.mark.parametrize(
    ("equation", "sign"),
    [
        ("3 * a", "+"),
        ("-a", "-"),
        ("b - a", "-"),
        ("b / a", "-"),
        ("n * a", "-"),  # n is negative
        ("b * (1 - a)", "-"),
        ("MAX(0, b - a)", "-"),  # does not bind in the run
        ("MIN(a, b)", "+"),
        ("MAX(a, b)", "+"),
        ("IF THEN ELSE(a > b, 7, 3)", "+"),
        ("IF THEN ELSE(a > b, 3, 7)", "-"),
        ("IF THEN ELSE(Time > 3, a, 2 * a)", "+"),
        ("IF THEN ELSE(Time > 3, a, -a)", "?"),
        ("EXP(-a)", "-"),
        ("LN(a)", "+"),
        ("SQRT(a)", "+"),
        ("a ^ b", "+"),
        ("b ^ a", "+"),
        ("half ^ a", "-"),
        ("a ^ n", "-"),
        ("a / (1 + a)", "+"),  # no rule: the numbers decide
        ("1 / (1 + a) * a * a", "+"),
        ("a * (4 - a)", "?"),  # a goes through 2: rises before, falls after
        ("off * a", "+"),  # off is 0 all along, and counts as 0 or more
        ("ZIDZ(b, a)", "-"),
        ("XIDZ(b, a, b)", "-"),
        ("WITH LOOKUP(a, ((0, 5), (1, 4), (10, 1)))", "-"),
        ("WITH LOOKUP(a, ((-10, 5), (-5, 4), (0, 7), (10, 9)))", "+"),  # falls only where the run never is
        ("ABS(n * a)", "+"),
        ("INTEGER(a)", "+"),
        ("SIN(a)", "?"),
    ],
)
def test_polarity_of_an_equation(structure, equation, sign):
    text = f"a = 1 + Time / 3 | b = 3 | n = -2 | half = 0.5 | off = 0 | y = {equation} |"
    assert polarity(structure(text), "a", "y") == sign


def test_every_operator_has_a_rule_for_its_slopes_and_none_for_what_is_none():
    assert set(WEIGHTS) == set(OPS)
    assert set(SIGN) <= set(OPS)


@pytest.mark.parametrize("op", sorted(OPS))
def test_rules_agree_with_numbers(op):
    """Whatever a rule claims of a smooth operator holds for small changes at many points, of either sign."""
    rng = np.random.default_rng(1)
    names = ("a", "b", "c")[: OPS[op].arity]
    for ranges in ((0.1, 3.0), (-3.0, -0.1), (-3.0, 3.0), (0.05, 0.95)):
        values = {name: rng.uniform(*ranges, 40) for name in names}
        sample = Sample(values, np.arange(40.0), {})
        expr = Call(op, tuple(map(Name, names)))
        with np.errstate(all="ignore"):
            part = _part(expr, sample)
            assert part.sign in ("?", "+", "-")
            if part.sign != "?":
                assert ((part.values >= 0) if part.sign == "+" else (part.values <= 0))[np.isfinite(part.values)].all()
            for name in names:
                _agrees(expr, part, name, sample)


def _agrees(expr, part, name, sample):
    moved = {**sample.values, name: sample.values[name] + 1e-6}
    change = _part(expr, Sample(moved, sample.time, {})).values - part.values
    change = change[np.isfinite(change) & (np.abs(change) > 1e-12)]
    if part.slopes[name] in ("+", "0"):
        assert (change >= 0).all()
    if part.slopes[name] in ("-", "0"):
        assert (change <= 0).all()


def test_a_lookup_counts_as_its_height_and_a_flat_one_passes_nothing_on():
    sample = Sample({"x": np.array([1.0, 2.0])}, np.array([0.0, 1.0]), {"t": Table("t", "T", (0.0, 5.0), (3.0, 3.0))})
    assert slopes(Interpolate("t", Name("x")), sample) == {"x": "0", "t": "+"}
    assert slopes(Call("mul", (Number(2.0), Time())), sample) == {}


def test_what_a_smooth_hides_belongs_to_its_variable(structure):
    found = structure("x = 1 + Time | d = 2 | y = SMOOTH3(x, d) | z = DELAY1(-x, d) | w = x - SMOOTH(x, d) |")
    assert set(found.graph) == {"x", "d", "y", "z", "w"}
    assert (polarity(found, "x", "y"), found.link("x", "y").delayed) == ("+", True)
    assert polarity(found, "x", "z") == "-"
    assert (polarity(found, "x", "w"), found.link("x", "w").delayed) == ("?", False)


def test_elements_are_one_variable_and_disagreement_is_unknown(structure):
    found = structure("R: p, q ~ ~ | a[R] = 1 | b[p] = a[p] | b[q] = -a[q] | s = SUM(a[R!]) | c[R] = -s |")
    assert (found["a"].label, found["a"].subscripts) == ("a", ("R",))
    assert polarity(found, "a", "b") == "?"
    assert polarity(found, "a", "s") == "+"
    assert polarity(found, "s", "c") == "-"


def test_an_ageing_chain_is_no_loop_of_a_variable_with_itself(structure):
    found = structure(
        "R: p, q ~ ~ | n[p] = INTEG(-m[p], 5) | n[q] = INTEG(m[p] - m[q], 0) | m[R] = n[R] / 2 | all = SUM(n[R!]) |"
    )
    assert found.link("n", "m").circular  # each age drains itself
    assert not found.link("n", "all").circular
    plain = structure("R: p, q ~ ~ | x[p] = 1 + Time | x[q] = x[p] * 2 |")
    assert not plain.link("x", "x").circular


def test_flows_of_sums_transfers_and_net_flows_without_a_name(structure):
    found = structure(
        "R: p, q ~ ~ | f[R] = 1 + Time | g = 2 * Time |"
        " A = INTEG(SUM(f[R!]) - g, 0) | B = INTEG(g - B / 3, 1) | C = INTEG(0, 1) |"
    )
    assert found.link("f", "a").flow == "in"
    assert found.link("g", "a").flow == "out"
    assert found.link("g", "b").flow == "in"
    assert (found["a"].net_flow, found["b"].net_flow, found["c"].net_flow) == (False, True, False)


def test_views_and_levers(structure):
    sketch = (
        "*One\n10,1,x,1,1,1,1,8,3,0,0\n10,2,curve,1,1,1,1,8,3,0,0\n10,3,help,1,1,1,1,8,2,0,0\n"
        "*Levers\n10,1,help,1,1,1,1,8,3,0,0\n*Drivers\n10,1,luck,1,1,1,1,8,3,0,0\n"
    )
    found = structure("x = curve(help) + luck | curve((0, 0), (1, 2)) | help = 0 | luck = 0 |", sketch=sketch)
    assert {id_: found[id_].kind for id_ in found.graph} == {
        "x": "auxiliary",
        "curve": "lookup",
        "help": "lever",
        "luck": "driver",
    }
    assert found.views == {"One": ("x", "curve"), "Levers": ("help",), "Drivers": ("luck",)}


def test_a_lever_that_is_off_shows_its_sign(structure):
    sketch = "*Levers\n10,1,help,1,1,1,1,8,3,0,0\n"
    found = structure("need = 4 | help = 0 | y = need / (1 + help) - help * need |", sketch=sketch)
    assert polarity(found, "help", "y") == "-"


def test_a_run_that_breaks_down_leaves_the_rules(structure):
    found = structure("a = LN(-1 - Time) | b = 2 * a | c = INTEG(1 / (3 - Time), 0) |")
    assert polarity(found, "a", "b") == "+"


def test_a_name_is_found_as_written_or_as_in_python_and_the_nearest_is_named(structure):
    found = structure(POPULATION)
    assert find(found, "Birth Rate") == find(found, "birth_rate") == find(found, "BIRTH  rate") == "birth_rate"
    with pytest.raises(ModelError, match="Did you mean Lifetime"):
        find(found, "Lifetimes")
