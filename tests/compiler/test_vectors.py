"""VECTOR functions, INVERT MATRIX and ALLOCATE: what Vensim says they give, and the same bits from text and kernel."""

import numpy as np
import pytest

import modelfile
from huangpu.compiler import compile_model, ordered_model, plainarrays, python
from huangpu.ir import ModelError
from huangpu.runtime.ensemble import Inputs, Saving, simulate

RANGES = "A: a1, a2, a3 | B: b1, b2 | Copy <-> A | P: ptype, ppriority, pwidth, pextra | "


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def both(path, members=None, **more) -> dict[str, np.ndarray]:
    """Every variable at every step by id, from the text; the kernel's are the same to the bit, for every member."""
    program = compile_model(path, **more)
    times, found = python.run(program.readable, method=program.method, parameters=members)
    size = len(next(iter(members.values()))) if members else 1
    saving = Saving(tuple(row.id for row in program.rows), np.arange(len(times)), np.ones(len(times)))
    (fast,) = simulate(program, Inputs(size, members or {}), [saving])
    for row, values in zip(program.rows, fast, strict=True):
        wanted = np.broadcast_to(found[row.id].reshape(len(times), -1), values.shape)
        np.testing.assert_array_equal(values, wanted, err_msg=row.id)
    return found


def values(tmp_path, equations: str) -> dict[str, np.ndarray]:
    return both(modelfile.write(tmp_path, RANGES + equations))


# from Vensim, by way of SDEverywhere's test of the same name
def test_elements_are_mapped_through_the_whole_storage(tmp_path):
    found = values(
        tmp_path,
        "off[A] = 0, 1, 1 | bb[B] = 1, 2 | d[A,B] = 1, 4; 2, 5; 3, 6 | e[A,B] = 0, 1; 0, 1; 0, 1 |"
        "c[A] = 10 + VECTOR ELM MAP(bb[b1], off[A]) | f[A,B] = VECTOR ELM MAP(d[A,b1], off[A]) |"
        "g[A,B] = VECTOR ELM MAP(d[A,b1], e[A,B]) | out[A] = VECTOR ELM MAP(bb[b1], A - 2) |"
        "s[A] = INTEG(VECTOR ELM MAP(s[a1], off[A]), A) | late[A] = VECTOR ELM MAP(s[a1], Time - 1 + A - 2)",
    )

    def row(name):
        return [values[0] for id_, values in found.items() if id_.startswith(f"{name}[")]

    assert row("c") == [11, 12, 12]
    assert row("f") == [1, 1, 5, 5, 6, 6]
    assert row("g") == [1, 4, 2, 5, 3, 6]
    np.testing.assert_array_equal(row("out"), [np.nan, 1, 2])
    late = [found["late[a1]"], found["late[a3]"]]  # offset Time - 2 and Time: outside is :NA:
    np.testing.assert_array_equal(late[0][:6], [np.nan, np.nan, *(found[f"s[a{k}]"][k + 1] for k in (1, 2, 3)), np.nan])
    np.testing.assert_array_equal(late[1][:4], [*(found[f"s[a{k}]"][k - 1] for k in (1, 2, 3)), np.nan])


def test_an_ageing_chain_by_offsets_is_no_circle(tmp_path):
    """Vensim's own example: each stage takes what the one before gives, by an offset that is a number."""
    found = values(
        tmp_path,
        "stock[A] = INTEG(in[A] - out[A], 0) | out[A] = in[A] * 0.5 + stock[A] * 0 |"
        "in[A] = IF THEN ELSE(A = a1, 8, VECTOR ELM MAP(out[A], -1))",
    )
    assert [found[f"in[a{k}]"][0] for k in (1, 2, 3)] == [8, 4, 2]


def test_sorting_along_the_last_subscript(tmp_path):
    found = values(
        tmp_path,
        "h[A] = 2100, 2010, 2020 | d[B,A] = 3, 1, 3; 5, 7, 6 | S: s1, s2, s3 | direction = 1 |"
        "up[A] = VECTOR SORT ORDER(h[A], 1) | down[A] = VECTOR SORT ORDER(h[A], 0) |"
        "two[B,A] = VECTOR SORT ORDER(d[B,A] * direction, direction) | back[B,A] = VECTOR SORT ORDER(d[B,A], -1) |"
        "rank[A] = VECTOR RANK(h[A], 1) | rank down[A] = VECTOR RANK(h[A], 0) |"
        "sorted[S] = VECTOR REORDER(h[A], other[S]) | other[S] = VECTOR SORT ORDER(h[A] + 0, 1)",
    )

    def row(name):
        return [values[0] for id_, values in found.items() if id_.startswith(f"{name}[")]

    assert row("up") == row("other") == [1, 2, 0] and row("down") == [0, 2, 1]
    assert row("two") == [1, 0, 2, 0, 2, 1] and row("back") == [
        2,
        0,
        1,
        1,
        2,
        0,
    ]  # falling: the last of equals first
    assert row("rank") == [3, 1, 2] and row("rank_down") == [1, 3, 2]
    assert row("sorted") == [2010, 2020, 2100]


@pytest.mark.parametrize("size", [1, 2, 7, 30])
def test_sorting_is_numpys(size):
    rng = np.random.default_rng(size)
    x = rng.integers(0, 9, size).astype(float)
    found = np.array(plainarrays.sort((1.0, *x)))
    np.testing.assert_array_equal(found[:size], np.argsort(x, kind="stable"))
    np.testing.assert_array_equal(found[size:] - 1, np.argsort(np.argsort(x, kind="stable"), kind="stable"))


@pytest.mark.parametrize("size", [1, 2, 5, 12])
def test_an_inverse_is_one(size):
    rng = np.random.default_rng(size)
    x = rng.normal(size=(size, size))
    x[0, 0] = 0.0 if size > 1 else 2.0  # needs another pivot
    found = np.array(plainarrays.inverse(tuple(x.ravel())))[: size * size].reshape(size, size)
    np.testing.assert_allclose(found, np.linalg.inv(x), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found @ x, np.eye(size), atol=1e-11)


def test_what_elements_share_is_computed_once_and_every_member_for_itself(tmp_path):
    """One inverse, one allocation of each kind for all elements and rows; members differ, no neighbour matters."""
    equations = (
        "m[A,Copy] = 2, 1, 0; 1, 3, 1; 0, 1, 4 | k = 1 | supply = 9 | ask[A] = 10, 5, 8 | prio[A] = 5, 6, 5.5 |"
        "pp[a1,P] = 3, 5, 1, 0 | pp[a2,P] = 4, 6, 2, 0 | pp[a3,P] = 2, 5.5, 1, 0 |"
        "i[A,Copy] = INVERT MATRIX(full[A,Copy], 3) | full[A,Copy] = m[A,Copy] * k |"
        "some[A] = ALLOCATE AVAILABLE(ask[A] * 1, pp[A,ptype], supply) |"
        "most[A] = ALLOCATE BY PRIORITY(ask[A], prio[A], ELMCOUNT(A), 2, supply)"
    )
    path = modelfile.write(tmp_path, RANGES + equations, end=1)
    text = python.emit(ordered_model(path))
    once = text.partition("def start")[0]
    assert [once.count(f" = {name}(") for name in ("inverse", "available", "by_priority")] == [1, 1, 1]
    rng = np.random.default_rng(1)
    members = {"k": rng.normal(size=70), "supply": rng.uniform(-1, 30, 70)}
    found = both(path, members)
    for name in ("some", "most"):
        given = np.stack([found[f"{name}[a{j}]"][0] for j in (1, 2, 3)])
        wanted = np.where(members["supply"] < 0, np.nan, np.minimum(members["supply"], 23))
        np.testing.assert_allclose(given.sum(axis=0), wanted, rtol=1e-12)


@pytest.mark.parametrize("precision", ["double", "single"])
def test_single_precision_is_near(precision, tmp_path):
    path = modelfile.write(
        tmp_path,
        RANGES + "x[A] = 4, 1, 9 | o[A] = VECTOR SORT ORDER(x[A], 1) | y[A] = VECTOR ELM MAP(x[a1], o[A]) |"
        "z = VECTOR SELECT(o[A!], x[A!], 0, 3, 0)",
        end=0,
    )
    program = compile_model(path, precision=precision)
    ids = ("o[a1]", "y[a1]", "y[a3]", "z")
    (found,) = simulate(program, Inputs(3), [Saving(ids, np.arange(1), np.ones(1))])
    np.testing.assert_allclose(found[:, 0, 2], [1, 1, 9, 2 * 9], rtol=1e-6)


def test_allocation_by_priority_in_closed_form(tmp_path):
    """Two requests of 10 whose priorities are half a width apart: the second begins when the first has half of its own,
    then both rise alike, and when the first is full the second has the rest."""
    found = values(
        tmp_path,
        "supply = Time * 2 | ask[B] = 10, 10 | prio[B] = 2, 1 |"
        "got[B] = ALLOCATE BY PRIORITY(ask[B], prio[B], ELMCOUNT(B), 2, supply)",
    )
    supply = 2 * np.arange(11.0)
    first = np.where(supply <= 5, supply, np.minimum(5 + (supply - 5) / 2, 10))
    np.testing.assert_allclose(found["got[b1]"], first, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found["got[b2]"], supply - first, rtol=1e-12, atol=1e-12)


def test_selecting(tmp_path):
    """Every action against numpy; the error actions give nan where they find something."""
    actions = "".join(f"v{k} = VECTOR SELECT(s[A!], x[A!], -7, {k}, 0) |" for k in range(12))
    found = values(
        tmp_path,
        "s[A] = 2, 0, 3 | none[A] = 0 | x[A] = 1.5, 9, 4 | "
        + actions
        + "moving = VECTOR SELECT(s[A!], x[A!], -7, Time, 0)"
        "| empty = VECTOR SELECT(none[A!], x[A!], -7, 0, 0) | few = VECTOR SELECT(none[A!], x[A!], -7, 0, 1) |"
        "many = VECTOR SELECT(s[A!], x[A!], -7, 0, 2) | either = VECTOR SELECT(s[A!], x[A!], -7, 0, 3) |"
        "whole = SUM(x[A!] * VECTOR SELECT(s[Copy!], x[Copy!], 0, 6, 0))",
    )
    s, x = np.array([2.0, 3.0]), np.array([1.5, 4.0])
    wanted = [f(y) for y in (s * x, x) for f in (np.sum, np.prod, np.min, np.max, np.mean)]
    wanted.insert(5, np.prod(x**s))
    np.testing.assert_allclose([found[f"v{k}"][0] for k in range(11)], wanted, rtol=1e-14)
    np.testing.assert_array_equal(found["moving"], [found[f"v{k}"][0] for k in range(11)])
    assert np.isnan(found["v11"][0]) and found["empty"][0] == -7
    assert np.isnan([found[name][0] for name in ("few", "many", "either")]).all()
    assert found["whole"][0] == (1.5 + 9 + 4) * (1.5 + 4)


@pytest.mark.parametrize(
    ("equations", "message"),
    [
        ("x = VECTOR SORT ORDER(3, 1)", "VECTOR SORT ORDER needs a variable with a subscript range"),
        ("y[A] = 1 | x = VECTOR RANK(y[A], 1)", "VECTOR RANK gives a value for each element of A: put it on the left"),
        ("y[A] = 1 | x = VECTOR ELM MAP(y, 1)", "VECTOR ELM MAP needs a variable with subscripts"),
        ("y[A] = 1 | x[A] = VECTOR SORT ORDER(y[A])", "VECTOR SORT ORDER takes 2 arguments, not 1"),
        ("y[A,B] = 1 | x[A,B] = INVERT MATRIX(y[A,B], 3)", "INVERT MATRIX of 3 rows and 2 columns"),
        ("y[A] = 1 | x[A] = ALLOCATE AVAILABLE(y[A], y[A], 3)", "needs a variable with priority profiles"),
        ("y[A] = 1 | z[A,B] = 1 | x[A] = ALLOCATE AVAILABLE(y[A], z[A,b1], 3)", "fewer than 3 elements from b1 on"),
        ("y[A] = 1 | x = VECTOR SELCT(y[A!], y[A!], 0, 0, 0)", "Did you mean VECTOR SELECT"),
    ],
)
def test_what_is_wrong_is_said(equations, message, tmp_path):
    with pytest.raises(ModelError) as caught:
        ordered_model(modelfile.write(tmp_path, RANGES + equations))
    assert modelfile.matches(message, str(caught.value)), str(caught.value)
