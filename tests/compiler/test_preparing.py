"""What Vensim's files hold beyond PySD's grammar: comments in braces, macros' outputs, rows of numbers, mappings."""

import pytest

import modelfile
from huangpu.anymodel.names import variables
from huangpu.compiler import compile_model, ordered_model
from huangpu.ir import ModelError

EQUATION = " ~ ~ |\n"


def values(tmp_path, text: str) -> dict:
    """The file as it is, its control variables apart."""
    path = tmp_path / "model.mdl"
    path.write_text("{UTF-8}\n" + text + modelfile.CONTROL.format(start=0, end=2, dt=1), encoding="utf-8")
    return modelfile.run(path)


def refusal(tmp_path, text: str) -> str:
    with pytest.raises(ModelError) as caught:
        values(tmp_path, text)
    return str(caught.value)


def test_comments_in_braces_are_passed_over_in_equations_and_kept_in_documentation(tmp_path):
    text = """{a header | with ~ marks and a "
of two lines}
D: d1, d2 ~~|
x[D]= 1, {first}
\t2 {second} ~ {unit} ~ kept { as it is |
"y {no comment}" = x[d2] * 3 ~~|
"""
    found = values(tmp_path, text)
    assert (found["x[d2]"][0], found["y_no_comment_"][0]) == (2, 6)
    path = tmp_path / "model.mdl"
    variables = {v.id: v for v in ordered_model(path).model.variables}
    assert variables["x[d1]"].doc == "kept { as it is"
    assert variables["x[d1]"].place.line == 5


@pytest.mark.parametrize("before", ["", "{a header}\n", "****\n .Macros\n****~\n about them |\n", "z = 7 ~~|\n"])
def test_macros_may_stand_anywhere(before, tmp_path):
    text = before + ":MACRO: DOUBLE(x)\nDOUBLE = 2 * x ~~|\n:END OF MACRO:\ny = QUAD(Time) ~~|\n"
    text += ":macro: QUAD(x)\nQUAD = DOUBLE(DOUBLE(x)) ~~|\n:end of macro:\n"
    found = values(tmp_path, text)
    assert list(found["y"]) == [0, 4, 8]
    assert ("z" in found) == ("z" in before)


def test_a_macro_has_further_outputs_lookups_and_the_models_own_time(tmp_path):
    macro = """:MACRO: GROW(x, n : twice, now)
GROW = table(x) + n ~~|
twice = 2 * GROW ~~|
now = Time$ + TIME STEP$ ~~|
table((0,0),(2,20)) ~~|
:END OF MACRO:
"""
    text = macro + "D: d1, d2 ~~|\nn[D] = 1, 2 ~~|\n"
    text += "a[D] = IF THEN ELSE(n[D] > 1 :AND: Time > 0, Grow(Time, n[D] : b[D], c), 0)~~|\n"
    with pytest.raises(ModelError, match="not on the left"):
        values(tmp_path, text)
    found = values(tmp_path, text.replace(": b[D], c)", ": b[D])"))
    assert list(found["a[d2]"]) == [0, 12, 22]
    assert list(found["b[d1]"]) == [2, 22, 42]
    found = values(tmp_path, macro + "a = GROW(Time, 1 : a, c) ~~|\n")
    assert list(found["a"]) == [1, 11, 21]
    assert list(found["c"]) == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (":MACRO: M(x)\nM = x ~~|\ny = 1 ~~|\n", ":MACRO: without :END OF MACRO:"),
        (":MACRO: M(x)\n:MACRO: N(x)\nN = x ~~|\n:END OF MACRO:\n:END OF MACRO:\n", "a macro inside a macro"),
        (":MACRO: M\nM = x ~~|\n:END OF MACRO:\ny = 1 ~~|\n", "is no macro"),
        (":MACRO: M(x : o)\nM = x ~~|\n:END OF MACRO:\ny = M(1 : a) ~~|\n", "no equation for its value, o"),
        (":MACRO: M(x : o)\nM = x ~~|\no = 2 ~~|\n:END OF MACRO:\ny = M(1 : a, b) ~~|\n", "1 further outputs, not 2"),
        ("D: d1, d2 -> (E: e1, e9) ~~|\nE: e1, e2 ~~|\ny = 1 ~~|\n", "e9, which is no element of e"),
        ("D: d1, d2 -> (E: e1) ~~|\nE: e1, e2 ~~|\ny = 1 ~~|\n", "lists 1 elements of e for its 2"),
        ("D: d1, d2 -> (E: e1, e2) ~~|\nE: e1, e2, e3 ~~|\nx[D] = 1 ~~|\ny[E] = x[D] ~~|\n", "nothing mapped to e3"),
    ],
)
def test_what_is_wrong_is_said(text, message, tmp_path):
    assert message in refusal(tmp_path, text)


def test_names_may_differ_in_nothing_but_signs(tmp_path):
    text = """a b = 4 ~~|
"a+b" = 2 ~~|
"a-b" = "A+b" * 10 ~~|
c = "a+b" + "a-b" + A_b + "a b" ~~|
D: "X+", "X-", X ~~|
v["x-"] = 2 ~~|
v["X+"] = 1 ~~|
v[X] = 3 ~~|
w = SUM(v[D!]) * 10 + v["X-"] ~~|
"""
    found = values(tmp_path, text)
    assert (found["c"][0], found["w"][0]) == (2 + 20 + 4 + 4, 62)
    program = compile_model(tmp_path / "model.mdl")
    labels = {row.label: found[row.id][0] for row in program.rows}
    assert {name: labels[name] for name in ('"a+b"', '"a-b"', "a b", "v[X+]", "v[X-]", "v[X]")} == {
        '"a+b"': 2,
        '"a-b"': 20,
        "a b": 4,
        "v[X+]": 1,
        "v[X-]": 2,
        "v[X]": 3,
    }
    assert [row.label for name in ("a-b", '"A+B"', "a_b") for row in variables(program, name)] == [
        '"a-b"',
        '"a+b"',
        "a b",
    ]


def test_a_lookup_may_list_its_x_and_then_its_y(tmp_path):
    assert list(values(tmp_path, "t(0, 1,2,\n -1, 5e0 , .5) ~~|\ny = t(Time) ~~|\n")["y"]) == [-1, 5, 0.5]


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        ("A: a1, a2, a3 ~~| B: b1, b2 -> (A: Sub, a3) ~~| Sub: a1, a2 ~~|", [1, 1, 2]),  # one to many
        ("A: a1, a2, a3 ~~| B: b1, b2, b3 -> (A: a3, a1, a2) ~~|", [2, 3, 1]),  # another order
        ("A: a1, a2, a3 ~~| B: SubB, b3 -> A ~~| SubB: b1, b2 ~~|", [1, 2, 3]),
        ("A: a1, a2, a3 ~~| B: SubB, b3 -> (A: Sub, a1) ~~| SubB: b1, b2 ~~| Sub: a2, a3 ~~|", [3, 1, 2]),
        ("A: a1, a2, a3 ~~| B: b1, b2, b3 -> (A: a1, Sub) ~~| Sub: a3, a2 ~~|", [1, 3, 2]),
        ("A: a1, a2, a3 ~~| B: b1, b2, b3 -> (C: c2, c1, c3), A ~~| C: c1, c2, c3 ~~|", [1, 2, 3]),
    ],
)
def test_a_mapping_may_list_elements_and_ranges(ranges, expected, tmp_path):
    count = 3 if "b3" in ranges else 2
    text = ranges + f"x[B] = {', '.join('123'[:count])} ~~| y[A] = x[B] ~~|\n"
    found = values(tmp_path, text)
    assert [found[f"y[a{i}]"][0] for i in (1, 2, 3)] == expected


def test_the_licence_of_a_model_may_hold_an_odd_quote_before_its_macros(tmp_path):
    heading = '****\n\t.A model\n****~\n\t\tProvided "as is", pipes of 5" included\n\t|\n\n'
    macro = ":MACRO: M(x)\nM = x + 1 ~~|\n:END OF MACRO:\n"
    found = values(tmp_path, heading + macro + 'y = M(2) ~ 3" ~ 5" |\nz = y ~~|\n')
    assert (found["y"][0], found["z"][0]) == (3, 3)
