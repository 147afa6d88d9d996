"""Arrays of XMILE: equations of all elements and of single ones, subscripts of every kind, functions of arrays."""

import numpy as np
import pytest

from huangpu.compiler import ordered_model
from huangpu.compiler.syntax import key
from huangpu.ir import ModelError
from xmilefile import aux, elements, run, run_simlin, written, xmile

BASE = (
    elements("A", ("D",), {"a": "1", "b": "5", "c": "3"})
    + elements("M", ("D", "E"), {"a, x": "1", "a,y": "2", "b, x": "3", "b, y": "4", "c, x": "5", "c, y": "TIME"})
    + elements("K", ("N",), {"1": "10", "2": "20", "3": "30"})
)
GRAPH = '<gf><xscale min="0" max="10"/><ypts>0,1,4,9</ypts></gf>'
JUDGED = {
    "all elements": aux("v", "A*2", "D") + aux("w", "A[D]*2+M[D,x]", "D") + aux("u", "M*2+A", "D", "E"),
    "transposed": aux("v", "M[D,E]", "E", "D"),
    "sums": aux("v", "SUM(A)") + aux("w", "SUM(A[*])") + aux("u", "SUM(M[*,x])") + aux("t", "SUM(M[*,*])"),
    "sum of rows": aux("v", "SUM(M[D,*])", "D") + aux("w", "MAX(M[D,*])", "D"),
    "statistics": aux("v", "MEAN(A[*])") + aux("w", "STDDEV(A[*])") + aux("u", "MIN(A[*])") + aux("t", "SIZE(A[*])"),
    "products": aux("v", "SUM(A[*]*A[*])") + aux("w", "SUM(A*A)") + aux("u", "SUM(A[*]*M[*,x])"),
    "by number and by name": aux("v", "A[2]") + aux("w", "M[2,1]") + aux("u", "K[3]") + aux("t", "A[b]"),
    "elements as numbers": aux("v", "A[D]*D", "D") + aux("w", "D.c") + aux("u", "A[D.b]"),
    "computed": aux("i", "MIN(3, 1+INT(TIME))") + aux("v", "A[i]") + aux("w", "M[i, 2]*2"),
    "parts": aux("v", "SUM(A[1:2])") + aux("w", "SUM(K[2:3])") + aux("u", "SUM(A[*:S])") + aux("t", "A[S]", "S"),
    "by position": aux("v", "A[N]", "N") + aux("w", "SUM(A[*]-K[*])"),
    "default": elements("v", ("D",), {"b": "2"}, inside="<eqn>7</eqn>"),
    "an element of the one before": aux("v", "IF N=1 THEN 1 ELSE v[N-1]*2", "N"),
    "graphs": aux("v", "TIME+A[D]", "D", inside=GRAPH),
    "memory": aux("v", "SMTH1(STEP(A,1),2)", "D") + aux("w", "PREVIOUS(SELF,A[D])+1", "D"),
    "stocks": aux("s", "A[D]", "D", kind="stock", inside="<inflow>f</inflow>") + aux("f", "s[D]/10", "D", kind="flow"),
    "stocks apart": '<stock name="s"><inflow>f</inflow><dimensions><dim name="D"/></dimensions>'
    '<element subscript="a"><eqn>1</eqn></element><element subscript="b"><eqn>2</eqn></element>'
    '<element subscript="c"><eqn>3</eqn></element></stock>' + aux("f", "s[D]*0.1", "D", kind="flow"),
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HUANGPU_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("case", JUDGED)
def test_arrays_agree_with_simlin(case, tmp_path):
    path = written(tmp_path, xmile(BASE + JUDGED[case]))
    ours, theirs = run(path), run_simlin(path)
    compared = {name for name in ours if key(name) in theirs}
    assert len(compared) > 12  # the twelve of BASE and more
    for name in compared:
        np.testing.assert_allclose(ours[name], theirs[key(name)], rtol=1e-12, err_msg=name)


def test_arrays_that_simlin_does_not_read(tmp_path):
    graphs = "".join(
        f'<element subscript="{e}"><eqn>TIME</eqn><gf><xscale min="0" max="5"/><ypts>0,{i},4</ypts></gf></element>'
        for i, e in enumerate("abc")
    )
    variables = (
        aux("listed", "1, 2, 3", "D")
        + aux("total", "PROD(listed[*])")
        + aux("share", "A/SUM(A)", "D")
        + f'<aux name="apart"><dimensions><dim name="D"/></dimensions>{graphs}</aux>'
        + aux("table", "0", "D", inside=GRAPH)
        + aux("read", "LOOKUP(table[D], 10)", "D")
        + aux("square", "M[*, x]", "D").replace("M[*, x]", "SUM(M2[D, *])")
        + aux("M2", "10*A[D]", "D", "D")
        + aux("all of M2", "SUM(M2[*, *])")
        + aux("ranked", "RANK(A[*], 3)")
        + aux("beyond", "A[TIME*10]")
    )
    ours = run(written(tmp_path, xmile(BASE + variables)))
    first = {name: float(values[0]) for name, values in ours.items()}
    assert [first[f"listed[{e}]"] for e in "abc"] == [1, 2, 3]
    assert first["total"] == 6
    assert first["share[b]"] == 5 / 9
    assert [float(ours[f"apart[{e}]"][5]) for e in "abc"] == [0, 1, 2]
    assert first["read[b]"] == 9
    assert first["square[b]"] == 150
    assert first["all of M2"] == 270
    assert first["ranked"] == 2  # the third in size is the second element
    assert first["beyond"] == 0


def test_an_equation_of_a_whole_array_stays_one(tmp_path):
    path = written(tmp_path, xmile(BASE + aux("v", "A*2", "D")))
    variables = ordered_model(path).model.variables
    assert {v.label for v in variables if v.base == "v"} == {"v[a]", "v[b]", "v[c]"}


@pytest.mark.parametrize(
    ("variables", "what"),
    [
        (aux("v", "A[q]"), "there is no q"),
        (aux("v", "A[4]"), "there is no element 4 of D"),
        (aux("v", "A[1,2]"), "A has 1 subscripts, not 2"),
        (aux("v", "A"), "A is an array over D, which is not on the left"),
        (aux("v", "A[D]"), "the dimension D is not on the left"),
        (aux("v", "A[*]"), "\\* is for functions of arrays"),
        (aux("v", "1", "Q"), "there is no dimension q"),
        (elements("v", ("D",), {"q": "1"}), "q is no element of D"),
        (elements("v", ("D",), {"a": "1", "A": "2"}), "defined twice"),
        (aux("v", "1, 2", "D"), "2 numbers for 3 elements"),
        (aux("v", "SUM(A[2:1])"), "begin and end"),
        (aux("v", "SUM(A[*:N])"), "no part of the dimension D"),
    ],
)
def test_wrong_subscripts_are_named(variables, what, tmp_path):
    path = written(tmp_path, xmile(BASE + "\n" + variables))
    with pytest.raises(ModelError, match=rf"model\.xmile:\d+: v: .*{what}|model\.xmile:\d+: v: {what}"):
        ordered_model(path)
