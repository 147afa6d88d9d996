"""Nothing in a model file is executed, and a file that would try is refused in one line."""

import ast
import builtins

import pytest

import modelfile
from huangpu.compiler import compile_model, guard, ordered_model, python
from huangpu.ir import Call, FlatModel, ModelError, Name, Number, Ordered, Variable

PAYLOAD = "__import__('pathlib').Path('pwned').touch()"
CARRIERS = {
    "range of a lookup": f"f([(0,0)-(10,10),{PAYLOAD}],(0,0),(1,1)) | y = f(Time)",
    "range of WITH LOOKUP": f"y = WITH LOOKUP(Time, ([(0,0)-(10,10),{PAYLOAD}],(0,0),(1,1)))",
    "point of a lookup": f"f((0,0),(1,{PAYLOAD})) | y = f(Time)",
    "argument": f"y = MAX({PAYLOAD}, 1)",
    "limits of a unit": f"y = 1 ~ year [{PAYLOAD},2] ~ ",
}


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.parametrize("carrier", CARRIERS)
def test_code_in_a_model_is_refused_and_not_run(carrier, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = modelfile.write(tmp_path, CARRIERS[carrier])
    with pytest.raises(ModelError) as caught:
        compile_model(path)
    assert str(caught.value).startswith(f"{path}:2: ") and "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["model.mdl"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        (" -2.5e3", -2500.0),
        ("+ 3", 3),
        ("(0,0),(1,-1)", ((0, 0), (1, -1))),
        ("[(0,0),(1,1)]", [(0, 0), (1, 1)]),
        ("'a b'", "a b"),
        ("'1-2--3'", "1-2--3"),
        ("10 - 4 -3", 3.0),
        ("-1e-3+.5", 0.499),
        ("-" + "1-" * 100_000 + "1", -100_001.0),
    ],
)
def test_literals_are_read(text, value):
    assert guard.literal(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "f(1)",
        "a",
        "1+a",
        "(1)-(2)",
        "---1",
        "[" + "1-" * 100_000 + "1]",
        "-" * 100_000 + "1",
        "9**9",
        "-'a'",
        "True",
        "None",
        "b'a'",
        "1j",
        "(1,)*9",
        "[x for x in ()]",
        "{}",
        "",
        "(" * 500,
    ],
)
def test_anything_else_is_unsafe(text):
    with pytest.raises(guard.Unsafe):
        guard.literal(text)


@pytest.mark.parametrize(
    "text", ["1" * 100_000, "1" * 100_000 + "x", "1+" + "1" * 401 + "+1", "(0,." + "0" * 500 + ")"]
)
def test_a_number_of_many_digits_is_refused_before_anything_looks_at_it(text):
    with pytest.raises(guard.Unsafe, match="more than 400 digits"):
        guard.literal(text)


@pytest.mark.parametrize("text", ["1" * 300, "1.5" + "0" * 390, "-0." + "0" * 320 + "1"])
def test_numbers_as_long_as_floats_need_are_read(text):
    assert float(guard.literal(text)) == float(text)


@pytest.mark.parametrize("equation", ["A = " + "1" * 1000, "A = 2*" + "1" * 1000 + "x", "R: (A1-A" + "9" * 1000 + ")"])
def test_a_model_with_a_number_of_many_digits_names_the_line(tmp_path, equation):
    with pytest.raises(ModelError, match=r"model.mdl:3: .*: a number of more than 400 digits"):
        ordered_model(modelfile.write(tmp_path, "B = 1 | " + equation))


def test_models_are_refused_when_the_guard_is_not_in_force(monkeypatch, tmp_path):
    path = modelfile.write(tmp_path, "y = 1")
    guard.vensim.cache_clear()
    monkeypatch.setattr(guard, "literal", builtins.eval)
    try:
        with pytest.raises(ModelError, match="not in force"):
            ordered_model(path)
    finally:
        monkeypatch.undo()
        guard.vensim.cache_clear()
    assert ordered_model(path).model.variables[0].id == "y"


def test_text_of_the_model_stays_in_comments(tmp_path):
    hostile = '"""\nimport os\n"""'
    variables = (
        Variable("a\nb", hostile, "constant", Number(1.0), base="a", units=hostile, doc=hostile, text=hostile),
        Variable(
            "x'); import os #", "x\r\u2028y\x85z\x0c", "auxiliary", Call("neg", (Name("a\nb"),)), text="\x00\n\\\n1"
        ),
    )
    flat = FlatModel(hostile, variables, (), {}, {}, {}, 0.0, 1.0, 1.0, 1.0)
    text = python.emit(Ordered(flat, (variables[1].id,), (), ()))
    tree = ast.parse(text)
    assert [type(node).__name__ for node in tree.body] == ["Import", "ImportFrom"] + ["FunctionDef"] * 4 + [
        "Assign"
    ] * 4 + ["FunctionDef"] * 5
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import) and node.names[0].name != "numpy"]
    assert python.run(text)[1]["x'); import os #"][-1] == -1.0


def test_documentation_and_units_may_hold_quotes(tmp_path):
    path = modelfile.write(tmp_path, 'x = 1 ~ year\'s ~ says """ and \' and {0} %s \\ ')
    program = compile_model(path)
    assert program.rows[0].doc == 'says """ and \' and {0} %s \\'
    assert python.run(program.readable)[1]["x"][0] == 1.0


def test_huge_powers_take_no_time(tmp_path):
    values = modelfile.run(modelfile.write(tmp_path, "x = 9^9^7 | y = 2^0.5"))
    assert values["x"][0] == float("inf") and values["y"][0] == 2**0.5


@pytest.mark.parametrize("depth", [61, 150, 5000])
def test_deep_nesting_is_refused(depth, tmp_path):
    path = modelfile.write(tmp_path, f"x = {'(' * depth}1{')' * depth}")
    with pytest.raises(ModelError, match=r"model.mdl:2: x = .*nested parentheses"):
        ordered_model(path)


def test_moderate_nesting_is_fine(tmp_path):
    assert modelfile.run(modelfile.write(tmp_path, f"x = {'(1+' * 55}1{')' * 55}"))["x"][0] == 56.0


@pytest.mark.parametrize("text", ["1" + "+Time" * 5000, "MAX(1," * 59 + "1" + ")" * 59 + "^Time" * 200])
def test_endless_expressions_are_refused(text, tmp_path):
    with pytest.raises(ModelError, match=r"model\.mdl:2: x: more than 120 operations"):
        ordered_model(modelfile.write(tmp_path, f"x = {text}"))


@pytest.mark.parametrize(
    "equations",
    [
        "A: (a1-a999999999) | x[A] = 1",
        "A: (a1-a10000) | B: (b1-b10000) | x[A,B] = 1",
        "A: (a1-a9000) | B: (b1-b9000) | x[A] = 1 | y[B] = SUM(x[A!]) + SUM(x[A!])",
    ],
)
def test_too_many_elements_are_refused(equations, tmp_path):
    with pytest.raises(ModelError, match=r"model.mdl:\d: .*(more than|too many)"):
        ordered_model(modelfile.write(tmp_path, equations))
