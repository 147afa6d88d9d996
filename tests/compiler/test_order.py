"""Each value is computed after what it needs and no oftener than it changes; circles and unknown names are named."""

import pytest

import modelfile
from huangpu.compiler import ordered_model
from huangpu.ir import ModelError, Ordered


def ordered(tmp_path, equations: str, **more) -> Ordered:
    return ordered_model(modelfile.write(tmp_path, equations), **more)


def refusal(tmp_path, equations: str, **more) -> str:
    with pytest.raises(ModelError) as caught:
        ordered(tmp_path, equations, **more)
    return str(caught.value)


def test_everything_comes_after_what_it_needs(tmp_path):
    found = ordered(
        tmp_path, "d = c + b | c = b * s | b = Time + a | s = INTEG(d, i) | i = c0 / 2 | c0 = a + 1 | a = 3"
    )
    assert found.step == ("b", "c", "d")
    assert set(found.initial) == {"b", "c", "d", "s", "i", "c0"}
    assert [found.initial.index(id_) for id_ in ("c0", "i", "s", "c", "d")] == sorted(
        found.initial.index(id_) for id_ in ("c0", "i", "s", "c", "d")
    )


def test_what_never_changes_is_not_in_the_step(tmp_path):
    found = ordered(
        tmp_path,
        "a = 3 | b = a * 2 | c = INITIAL(Time + s) | d = c + b | s = INTEG(b, d0) | d0 = 1 | e = f(b) | f((0,0),(9,9))",
    )
    assert found.step == ()


def test_what_depends_on_a_driven_constant_changes(tmp_path):
    equations = "lever = 0 | share = lever / 2 | other = 1 | rest = other * 2"
    assert ordered(tmp_path, equations).step == ()
    found = ordered(tmp_path, equations, driven=["lever"])
    assert (found.step, found.driven) == (("share",), ("lever",))


def test_a_value_of_its_own_at_the_start_ends_with_the_start(tmp_path):
    assert ordered(tmp_path, "x = ACTIVE INITIAL(3, 5) | y = x * 2").step == ("x", "y")


def test_elements_of_an_array_may_depend_on_one_another_in_turn(tmp_path):
    x = "x[a1] = 1 + y[a1] | x[a2] = x[a1] * 2 | x[a3] = x[a2] * y[a3]"
    equations = f"A: a1, a2, a3 | {x} | y[a1] = Time | y[a2] = x[a1] | y[a3] = x[a2]"
    assert ordered(tmp_path, equations).step == ("y[a1]", "x[a1]", "x[a2]", "y[a3]", "x[a3]", "y[a2]")


def test_a_circle_is_printed_as_a_chain(tmp_path):
    text = refusal(tmp_path, "Price = Demand / 2 | Demand = 10 - Stock Out | Stock Out = Price * q | q = 1 | r = Price")
    assert text.startswith(f"{tmp_path}/model.mdl:2: a circle of equations")
    assert "Price (line 2) -> Demand (line 3) -> Stock Out (line 4) -> Price (line 2)" in text
    assert "in each step" in text and len(text.splitlines()) == 1


def test_the_shortest_circle_of_a_knot_is_named(tmp_path):
    text = refusal(tmp_path, "a = b + c | b = c + a | c = d + Time | d = b")
    chains = {line.partition("next: ")[2].partition(".")[0] for line in text.splitlines()}
    assert all(chain.count("->") == 2 for chain in chains)


def test_circles_at_the_start_alone_are_found(tmp_path):
    text = refusal(tmp_path, "s = INTEG(1, t * 2) | t = INTEG(1, s)")
    assert "at the start" in text and "in each step" not in text and "ACTIVE INITIAL" in text


def test_a_variable_in_its_own_equation_is_a_circle(tmp_path):
    assert "x (line 2) -> x (line 2)" in refusal(tmp_path, "x = x + 1")


def test_unknown_names_get_the_nearest_one(tmp_path):
    text = refusal(tmp_path, "Robot Density = 3 | x = Robot Densty * 2 | y = Whatever | z = Tiem")
    assert ":3: x: there is no robot_densty. Did you mean robot_density?" in text
    assert ":4: y: there is no whatever. Define it or correct the name." in text
    assert len(text.splitlines()) == 3


def test_driving_what_is_no_constant_is_refused(tmp_path):
    equations = "Subsidy Rate = 0 | x = Subsidy Rate + Time"
    assert "Did you mean subsidy_rate?" in refusal(tmp_path, equations, driven=["subsidy_rat"])
    assert "x cannot be driven" in refusal(tmp_path, equations, driven=["x"])


def test_long_chains_do_not_exhaust_python(tmp_path):
    equations = "x0 = Time | " + " | ".join(f"x{i} = x{i + 1}" for i in range(1, 3000)) + " | x3000 = x0"
    assert len(ordered(tmp_path, equations).step) == 3001
