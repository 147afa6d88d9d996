"""Model files are read with their names, units and lines; whatever cannot be read is named with its line."""

import os

import pytest

import modelfile
from huangpu.compiler import ordered_model
from huangpu.compiler.read import read_model
from huangpu.ir import ModelError


def refusal(path) -> str:
    with pytest.raises(ModelError) as caught:
        ordered_model(path)
    return str(caught.value)


def test_names_units_documentation_and_lines(tmp_path):
    path = modelfile.write(
        tmp_path, "Robot Density = 3 ~ robots/person [0,?] ~ How many. | x =\n  Robot Density\n  * 2"
    )
    density, x = ordered_model(path).model.variables
    assert (density.id, density.label, density.units) == ("robot_density", "Robot Density", "robots/person")
    assert (density.doc, density.kind, density.place.line) == ("How many.", "constant", 2)
    assert (x.text, x.kind, x.place.line) == ("x = Robot Density * 2", "auxiliary", 3)


def test_chinese_names_keep_their_letters(tmp_path):
    values = modelfile.run(modelfile.write(tmp_path, '工业产值 = 4 ~ 亿元 ~ 总产值 | "机器人 密度" = 工业产值 / 2'))
    assert values["机器人_密度"][0] == 2.0
    variables = ordered_model(tmp_path / "model.mdl").model.variables
    assert [v.label for v in variables] == ["工业产值", '"机器人 密度"']
    assert variables[0].units == "亿元"


@pytest.mark.parametrize(("name", "codec"), [("GB18030", "gb18030"), ("UTF-8", "utf-8"), ("UTF-8", "utf-8-sig")])
def test_the_encoding_in_the_first_line_counts(name, codec, tmp_path):
    path = modelfile.write(tmp_path, "产值 = 1")
    text = path.read_text(encoding="utf-8").replace("{UTF-8}", f"{{{name}}}").replace("\n", "\r\n")
    path.write_bytes(text.encode(codec))
    assert ordered_model(path).model.variables[0].label == "产值"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a Vensim model"),
        (b"\n\n", "not a Vensim"),
        (os.urandom(5000), "not a Vensim|not utf-8 text|binary data"),
        (b"{UTF-8}\nx = 1 ~ ~ |\n\xff\xfe", "model.mdl:3: not UTF-8 text"),
        (b"{no-such}\nx = 1 ~ ~ |", "unknown encoding"),
        (b"{UTF-8}\nx = 1 ~ \0 ~ |", "binary data"),
        (b"{UTF-8}\nx = 1 ~ ~ |\ny = 2\n", "model.mdl:3: not a Vensim equation .*y = 2"),
        (b"{UTF-8}\nx = 1 ~ ~ |\ny = 2 ~ |\nz = 1 ~ ~ |", "model.mdl:3: not a Vensim equation .*y = 2"),
        (b"{UTF-8}\nx = 1 ~ ~ |", "INITIAL TIME: missing"),
        (b":MACRO: M(a) M = a ~ ~ | :END OF MACRO:", "only macros|not a Vensim"),
    ],
)
def test_files_that_are_no_model_are_refused(content, message, tmp_path):
    path = tmp_path / "model.mdl"
    path.write_bytes(content)
    text = refusal(path)
    assert modelfile.matches(message, text), text


def test_paths_that_are_no_file_are_refused(tmp_path):
    folder = tmp_path / "folder.mdl"
    folder.mkdir()
    os.mkfifo(tmp_path / "pipe.mdl")
    assert "a folder, not a file" in refusal(folder)
    assert "no such file" in refusal(tmp_path / "absent.mdl")
    assert "not a plain file" in refusal(tmp_path / "pipe.mdl")
    assert "ends in .mdl" in refusal(tmp_path / "model.xlsx")
    assert "ends in .mdl" in refusal(tmp_path)


def test_all_unreadable_equations_are_named_at_once(tmp_path):
    lines = refusal(modelfile.write(tmp_path, "x = 1 +\n * 2 | y = 3 | z = MAX(1 | w = 2 3")).splitlines()
    assert [line.split(":")[1] for line in lines] == ["2", "5", "6"]
    assert "z = MAX(1: cannot be read" in lines[1]


@pytest.mark.parametrize(
    "equation",
    [
        "A = 1e400",
        "A = B - -1e400",
        "A = " + "9" * 350,
        "A[R] = 1, -1e999",
        "A((0,0),(1,1e999))",
        "A = WITH LOOKUP(Time, ((-1e999,0),(1,1)))",
    ],
)
def test_a_number_beyond_all_others_is_refused(tmp_path, equation):
    lines = refusal(modelfile.write(tmp_path, "B = 1 | R: a, b | " + equation)).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{tmp_path / 'model.mdl'}:4: A")
    assert "a number beyond 1.8e+308, the largest there is" in lines[0]


@pytest.mark.parametrize(
    "named", ["R: (A1-A99999)", "R: (A1 - A99999 )", "R: x, (A1-A9), (A1-A99999)", "R: (A1-A9999999999)"]
)
def test_a_range_of_too_many_elements_is_refused(tmp_path, named):
    assert "more than 10000 subscript elements" in refusal(modelfile.write(tmp_path, named + " | x = 1"))


@pytest.mark.parametrize(
    ("equation", "value"),
    [
        ("x = -2^2", -4.0),
        ("x = 2^-1", 0.5),
        ("x = 2^3^2", 512.0),
        ("x = 10 - 4 - 3", 3.0),
        ("x = 12/3*2", 8.0),
        ("x = - (1 + 2) * 3", -9.0),
        ("x = 0 - -3", 3.0),
        ("x = .5e1 + +1.", 6.0),
        ("x = IF THEN ELSE(0=1 :AND: 0=1 :OR: 1=1, 7, 8)", 7.0),
        ("x = IF THEN ELSE(1=1 :OR: 1=1 :AND: 0=1, 7, 8)", 7.0),
        ("x = IF THEN ELSE(:NOT: 1=1 :OR: 1<2, 7, 8)", 7.0),
        ("x = (2 > 1) + (2 > 1)", 2.0),
        ("x = -(2 > 1)", -1.0),
    ],
)
def test_operators_bind_as_in_vensim(equation, value, tmp_path):
    assert modelfile.run(modelfile.write(tmp_path, equation))["x"][0] == value


def test_a_negative_base_is_not_guessed(tmp_path):
    assert "ambiguous" in refusal(modelfile.write(tmp_path, "x = 1 + (-2)^2"))
    assert modelfile.run(modelfile.write(tmp_path, "x = ABS(-2)^2"))["x"][0] == 4.0


def test_views_hold_what_is_drawn_in_them(tmp_path):
    drawn = "10,{},{},100,100,40,20,{},{},0,0,-1,0,0,0\n"
    sketch = (
        "V300  Do not put anything below this section - it will be ignored\n*Levers\n$192-192-192,0,Times|12\n"
        + drawn.format(1, "Price", 8, 3)
        + drawn.format(2, '"Share, own"', 8, 3)
        + drawn.format(3, "Time", 8, 2)
        + drawn.format(4, "Output", 8, 2)  # a shadow variable
        + "1,5,1,2,0,0,0,0,0,64,0,-1--1--1,,1|(0,0)|\n\\\\\\---/// Sketch information - do not modify\n*Rest\n"
        + drawn.format(1, "Output", 8, 3)
        + "///---\\\\\\\n:GRAPH x\n*Not a view\n"
    )
    path = modelfile.write(tmp_path, 'Price = 1 | "Share, own" = 2 | Output = Price + "Share, own"', sketch=sketch)
    assert read_model(path).views["Levers"] == ("price", "share_own")
    ordered = ordered_model(path)
    assert ordered.model.views == {"Levers": ("price", "share_own"), "Rest": ("output",)}
    assert ordered.driven == ("price", "share_own")
    assert ordered.step == ("output",)


def test_messages_hold_no_control_characters(tmp_path):
    text = refusal(modelfile.write(tmp_path, "x\x1b[31m = 1 + \x07 | y = z\u202e"))
    assert all(c.isprintable() for c in text.replace("\n", ""))


def test_comments_in_braces_are_passed_over_but_not_in_documentation(tmp_path):
    path = modelfile.write(tmp_path, 'x = 1 + {one} 2 {} ~ m{2} ~ see {this} | "a {b}" = 3 {two\nlines} + 4')
    source = read_model(path)
    found = {e.key: e for e in source.elements}
    assert modelfile.run(path)["x"][0] == 3 and modelfile.run(path)["a_b_"][0] == 7
    assert found["x"].doc == "see {this}" and found["x"].units == "m{2}" and found["a_b_"].label == '"a {b}"'


def test_macros_may_stand_anywhere(tmp_path):
    macro = ":MACRO: {0}(a, b)\n{0} = a * 10 + b ~ ~ |\n:END OF MACRO:\n"
    heading = "*******************\n .Macros\n*******************~\n |\n"
    path = modelfile.write(tmp_path, "x = ONE(1, 2) + TWO(3, 4)")
    text = path.read_text().removeprefix("{UTF-8}\n")
    first, second = macro.format("ONE"), macro.format("TWO")
    equations, sketch = text[: -len(modelfile.SKETCH)], modelfile.SKETCH
    for order in (heading + "{ a note }" + first + second + equations, first + heading + equations + second):
        path.write_text("{UTF-8}\n" + order + sketch)
        assert modelfile.run(path)["x"][0] == 46


@pytest.mark.parametrize(
    ("mapping", "wanted"),
    [
        ("A: a1, a2 -> B | B: b1, b2", [1, 2]),
        ("A: a1, a2 -> (B: b2, b1) | B: b1, b2", [2, 1]),
        ("A: a1, a2 -> (B: most, b2) | B: b1, b2, b3 | most: b1, b3", [1, 2, 1]),
        ("A: a1, a2 -> C, (B: b2, b1) | B: b1, b2 | C: c1, c2", [2, 1]),
    ],
)
def test_mappings(mapping, wanted, tmp_path):
    found = modelfile.run(modelfile.write(tmp_path, f"{mapping} | y[A] = 1, 2 | x[B] = y[A]"))
    assert [found[f"x[b{k}]"][0] for k in range(1, len(wanted) + 1)] == wanted


def test_a_part_of_a_range_is_mapped_as_the_whole(tmp_path):
    ranges = "A: a1, a2, a3 -> B | B: b1, b2, b3 | late: b2, b3 | "
    found = modelfile.run(modelfile.write(tmp_path, ranges + "y[A] = 1, 2, 3 | x[late] = y[A]"))
    assert [found["x[b2]"][0], found["x[b3]"][0]] == [2, 3]
