"""GET XLS and GET DIRECT: what is read from workbooks and text, how it is used, and that a change is noticed."""

import subprocess
import sys
import warnings

import numpy as np
import pytest

import modelfile
from huangpu.compiler import compile_model, ordered_model, python
from huangpu.ir import ModelError, Number
from workbook import changed, ods, table, xlsx


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HUANGPU_CACHE", str(tmp_path / "cache"))


def constants(path, **more) -> dict[str, float]:
    return {v.id: v.equation.value for v in ordered_model(path, **more).model.variables if v.kind == "constant"}


def write(tmp_path, equations, **more):
    return modelfile.write(tmp_path, equations, **more)


BLOCK = table("B2", [1.0, 2.0, 3.0], [4.0, 5.0, 6.0])


CONSTANTS = "GET DIRECT CONSTANTS('in.xlsx', 'Data', "


def test_constants_of_one_and_two_subscripts_and_turned(tmp_path):
    xlsx(tmp_path / "in.xlsx", Data=BLOCK)
    path = write(
        tmp_path,
        f"A: a1, a2 | B: b1, b2, b3 | one = {CONSTANTS}'C3') | row[B] = GET DIRECT CONSTANTS('in.xlsx', 'data', 'b2')"
        f" | column[A] = GET XLS CONSTANTS('in.xlsx','Data','B2*') | both[A, B] = {CONSTANTS}'B2')"
        f" | turned[B, A] = {CONSTANTS}'B2*') | part[a2, B] = {CONSTANTS}'B3') | part[a1, B] = 7",
    )
    found = constants(path)
    assert found["one"] == 5
    assert [found[f"row[b{k}]"] for k in (1, 2, 3)] == [1, 2, 3]
    assert [found[f"column[a{k}]"] for k in (1, 2)] == [1, 4]
    for a, b in ((a, b) for a in (1, 2) for b in (1, 2, 3)):
        assert found[f"both[a{a},b{b}]"] == found[f"turned[b{b},a{a}]"] == 3 * (a - 1) + b
        assert found[f"part[a{a},b{b}]"] == (7 if a == 1 else 3 + b)


def test_constants_by_name_of_the_book_and_of_the_sheet(tmp_path):
    names = {"block": "Data!$B$2:$D$3", "Data!own": "Data!$B$2:$B$3", "own": "Data!$D$2:$D$3", "one": "Data!$C$3"}
    xlsx(tmp_path / "in.xlsx", names, Data=BLOCK)
    path = write(
        tmp_path,
        f"A: a1, a2 | B: b1, b2, b3 | both[A,B] = {CONSTANTS}'Block') | turned[B,A] = {CONSTANTS}'block*')"
        f" | x = {CONSTANTS}'one') | own[A] = {CONSTANTS}'own*') | same[A] = {CONSTANTS}'own')",
    )
    found = constants(path)
    assert found["both[a2,b3]"] == found["turned[b3,a2]"] == 6 and found["x"] == 5
    assert [found["own[a1]"], found["own[a2]"], found["same[a2]"]] == [1, 4, 4]


def test_a_workbook_may_set_the_time_step(tmp_path):
    xlsx(tmp_path / "in.xlsx", S={"A1": 0.25})
    path = write(tmp_path, "step size = GET DIRECT CONSTANTS('in.xlsx', 'S', 'A1')", dt="step size")
    assert ordered_model(path).model.time_step == 0.25


@pytest.mark.parametrize("form", ["csv", "semicolon", "tab", "txt", "xlsx", "xlsm", "ods"])
def test_every_form_of_file_holds_the_same_series(tmp_path, form):
    rows = [["year", 0, 2, 6], ["y", 1.5, "2.5", -1]]
    name, tab = {"semicolon": ("in.csv", ";"), "csv": ("in.csv", ","), "tab": ("in.tab", "")}.get(
        form, (f"in.{form}", "S")
    )
    if form in ("xlsx", "xlsm"):
        xlsx(tmp_path / name, S=table("A1", [], *rows))
    elif form == "ods":
        ods(tmp_path / name, "S", [[], *rows])
    else:
        sign = {"csv": ",", "semicolon": ";"}.get(form, "\t")
        lines = ["", *(sign.join(map(str, row)) for row in rows)]
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    path = write(tmp_path, f"x := GET DIRECT DATA('{name}', '{tab}', '2', 'B3')", end=8)
    assert modelfile.run(path)["x"].tolist() == [1.5, 2, 2.5, 1.625, 0.75, -0.125, -1, -1, -1]


SERIES = table("A1", ["t", 0.0, 1.0, None, 4.0, 3.0], ["p", 10.0, None, 99.0, 40.0, 35.0], ["q", None, 2.0, 1.0, 8.0])
MODES = {"line": "", "forward": ":LOOK FORWARD:", "backward": ":HOLD BACKWARD:", "raw": ":RAW:"}


@pytest.mark.parametrize("place", ["row", "column", "name"])
def test_series_with_gaps_agree_with_pysd_in_every_mode(tmp_path, place):
    """A gap in x or y, x out of order, before the first and after the last point; half steps."""
    down = {f"{chr(ord('A') + int(k[1:]) - 1)}{ord(k[0]) - ord('A') + 1}": v for k, v in SERIES.items()}
    names = {"when": "S!$B$1:$F$1", "what": "S!$B$2:$F$3"}
    xlsx(tmp_path / "in.xlsx", names, S=SERIES, Down=down)
    where = {"row": "'S', '1', 'B2'", "column": "'Down', 'A', 'B2'", "name": "'S', 'when', 'what'"}[place]
    equations = "D: p, q"
    for name, mode in MODES.items():
        equations += f"| {name}[D]{mode} := GET DIRECT DATA('in.xlsx', {where})"
    equations += f"| table[D] = GET DIRECT LOOKUPS('in.xlsx', {where}) | looked[D] = table[D](Time)"
    path = write(tmp_path, equations, start=-1, end=6, dt=0.5)
    values = modelfile.run(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pysd

        expected = pysd.read_vensim(str(path)).run()
    for name in (*MODES, "looked"):
        for d in "pq":
            np.testing.assert_allclose(values[f"{name}[{d}]"], expected[f"{name}[{d}]"], rtol=1e-12, err_msg=name)


def test_a_point_is_hit_although_times_are_rounded(tmp_path):
    (tmp_path / "in.csv").write_text("0.1,0.2,0.3,0.4,0.5,0.6,0.7\n1,2,3,4,5,6,7\n")
    equations = "|".join(f"{n}{mode} := GET DIRECT DATA('in.csv', ',', '1', 'A2')" for n, mode in MODES.items() if mode)
    values = modelfile.run(write(tmp_path, equations, start=0.1, end=0.7, dt=0.1))
    for name in ("forward", "backward", "raw"):
        assert values[name].tolist() == [1, 2, 3, 4, 5, 6, 7], name


def test_the_kernel_reads_data_as_the_text_does(tmp_path):
    from huangpu.runtime.ensemble import Inputs, Saving, simulate, step_times

    xlsx(tmp_path / "in.xlsx", S=SERIES)
    equations = "D: p, q" + "".join(
        f"| {name}[D]{mode} := GET DIRECT DATA('in.xlsx', 'S', '1', 'B2')" for name, mode in MODES.items()
    )
    for method in ("euler", "rk4"):
        path = write(
            tmp_path, equations + "| s = INTEG(line[p] * forward[q] - backward[p], 0)", start=-1, end=6, dt=0.3
        )
        program = compile_model(path, method=method)
        ids = tuple(row.id for row in program.rows)
        steps = len(step_times(program))
        (kernel,) = simulate(program, Inputs(3), [Saving(ids, np.arange(steps), np.ones(steps))])
        _, text = python.run(program.readable, method=method)
        for id_, got in zip(ids, kernel, strict=True):
            for member in got.T:
                np.testing.assert_array_equal(member, text[id_], err_msg=id_)


def test_a_lookup_from_a_file_goes_on_beyond_its_ends_where_it_should(tmp_path):
    (tmp_path / "in.csv").write_text("0,10\n1,20\n")
    path = write(
        tmp_path, "f(GET XLS LOOKUPS('in.csv', ',', 'A', 'B1')) | x = f(Time) | y = LOOKUP EXTRAPOLATE(f, Time)"
    )
    values = modelfile.run(path)
    assert values["x"][3] == 20 and values["y"][3] == 40


def test_one_array_of_data_constants_and_numbers(tmp_path):
    xlsx(tmp_path / "in.xlsx", S=table("A1", [0, 10], [0, 20], [5, 15], [3, None], [4, None]))
    path = write(
        tmp_path,
        "D: a, b | K: data, const, typed | x[data, D]:INTERPOLATE: := GET DIRECT DATA('?in', 'S', '1', 'A2')"
        " | x[const, D] = GET DIRECT CONSTANTS('?in', 'S', 'A4*') | x[typed, D] = 2, 4 | y[K, D] = x[K, D] * 10",
        sketch="V300\n*View 1\n///---\\\\\\\n:L<%^E!@\n30:?in=in.xlsx\n",
    )
    values = modelfile.run(path)
    assert [values[f"y[{k},{d}]"][5] for k in ("data", "const", "typed") for d in "ab"] == [100, 100, 30, 40, 20, 40]


def test_subscripts_by_cells_row_column_and_name(tmp_path):
    names = {"kinds": "S!$A$1:$C$1"}
    xlsx(tmp_path / "in.xlsx", names, S=table("A1", ["x", "y", "z"], [1.0, None, "z 2"], [2.5, "w", None]))
    path = write(
        tmp_path,
        "A: GET DIRECT SUBSCRIPT('in.xlsx', 'S', 'A1', 'C1', 'pre ') | B: GET XLS SUBSCRIPT('in.xlsx','S','A2','A','n')"
        " | C: GET DIRECT SUBSCRIPT('in.xlsx', 'S', 'A2', '2', 'k') -> B2 | B2: u, v"
        " | E: GET DIRECT SUBSCRIPT('in.xlsx', 'S', 'kinds', '', '') | x[A] = 1 | y[B] = 2 | z[C] = 3 | w[E] = 4"
        " | q[B2] = 5 | r[B2] = z[C]",
    )
    known = ordered_model(path).model
    assert known.subscripts["a"] == ("pre_x", "pre_y", "pre_z") and known.labels["pre_x"] == "pre x"
    assert known.subscripts["b"] == ("n1", "n2_5") and known.subscripts["c"] == ("k1", "kz_2")
    assert known.subscripts["e"] == ("x", "y", "z")


def test_a_folder_below_by_either_slash(tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "tab.csv").write_text("5")
    for sign in "/\\":
        path = write(tmp_path, f"x = GET DIRECT CONSTANTS('new{sign}tab.csv', ',', 'A1')")
        assert constants(path) == {"x": 5}


def test_a_formula_counts_with_its_stored_value_and_is_never_computed(tmp_path):
    book = xlsx(tmp_path / "in.xlsx", S={"A1": "=1+1"})
    path = write(tmp_path, "x = GET DIRECT CONSTANTS('in.xlsx', 'S', 'A1')")
    with pytest.raises(ModelError, match=r"in\.xlsx, sheet S, cell A1: nothing where a number belongs"):
        ordered_model(path)
    changed(
        book,
        "xl/worksheets/sheet1.xml",
        lambda text: text.replace("<v />", "<v>42</v>").replace("<v></v>", "<v>42</v>"),
    )
    assert constants(path) == {"x": 42}


@pytest.mark.parametrize(
    ("equations", "message"),
    [
        ("x = GET DIRECT CONSTANTS('in.xlsx', 'S', 'B1')", "in.xlsx, sheet S, cell B1: 'text' where a number belongs"),
        ("x = GET DIRECT CONSTANTS('in.xlsx', 'S', 'Z99')", "cell Z99: nothing where a number belongs"),
        ("x = GET DIRECT CONSTANTS('in.xlsx', 'Sheet9', 'A1')", "in.xlsx: there is no sheet Sheet9. It has S, Other."),
        ("x = GET DIRECT CONSTANTS('in.xlsx', 'Othr', 'A1')", "there is no sheet Othr. Did you mean Other?"),
        ("x = GET DIRECT CONSTANTS('in.xlsx', 'S', 'blok')", "cell blok: neither an address nor .*mean block?"),
        ("x = GET DIRECT CONSTANTS('in.xlsx', 'S', 'block')", "3 rows and 1 columns, but 1 and 1 are needed"),
        ("x = GET DIRECT CONSTANTS('im.xlsx', 'S', 'A1')", "im.xlsx: there is no such file. Did you mean in.xlsx?"),
        ("x = GET DIRECT CONSTANTS('?q', 'S', 'A1')", "does not say which file ?q stands for"),
        ("x = GET DIRECT CONSTANTS('model.mdl', 'S', 'A1')", "model.mdl: not a kind of file that is read"),
        ("x[A,B,C] = GET DIRECT CONSTANTS('in.xlsx', 'S', 'A1')", "a block of cells holds two subscripts"),
        ("x[Nobody] = GET DIRECT CONSTANTS('in.xlsx', 'S', 'A1')", "no subscript nobody"),
        ("x = GET DIRECT CONSTANTS('in.xlsx', 'S')", "x"),
        ("x = 2 * GET DIRECT CONSTANTS('in.xlsx', 'S', 'A1')", "GET DIRECT CONSTANTS inside an equation"),
        ("x := GET DIRECT DATA('in.xlsx', 'S', 'C', 'D1')", "cell D1: two values at 1 of C"),
        ("x := GET DIRECT DATA('in.xlsx', 'S', '7', 'B8')", "cell B8: no numbers from here on beside those in 7"),
        ("x := GET DIRECT DATA('in.xlsx', 'S', 'wide', 'B8')", "cell wide: a table, but the values along a series"),
        ("x:HOLD: := GET DIRECT DATA('in.xlsx', 'S', 'C', 'D1')", ":HOLD: is no way to read data"),
        (
            "Q: GET DIRECT SUBSCRIPT('in.xlsx', 'S', 'F9', 'F11', '') | x[Q] = 1",
            "Q: in.xlsx, sheet S, cell F9: no names",
        ),
        ("Q: GET DIRECT SUBSCRIPT('in.xlsx', 'S', 'F9', '?', '') | x[Q] = 1", "no address, no row and no column"),
        ("Q: GET DIRECT SUBSCRIPT('in.xlsx', 'S', 'F9') | x[Q] = 1", "Q"),
    ],
)
def test_what_is_wrong_is_said_with_file_sheet_and_cell(tmp_path, equations, message):
    cells = table("A1", [1, "text", 1, 5], [2, None, 1, 6], [3])
    names = {"block": "S!$A$1:$A$3", "wide": "S!$A$1:$D$2"}
    xlsx(tmp_path / "in.xlsx", names, S=cells, Other={})
    path = write(tmp_path, f"A: a1, a2 | B: b1, b2 | C: c1, c2 | {equations}")
    with pytest.raises(ModelError) as caught:
        ordered_model(path)
    assert "model.mdl:" in str(caught.value) and modelfile.matches(message.replace("?", r"\?"), str(caught.value))


def test_all_problems_are_named_at_once(tmp_path):
    xlsx(tmp_path / "in.xlsx", S={"A1": "x"})
    equations = "|".join(
        f"{n} = GET DIRECT CONSTANTS('in.xlsx', 'S', '{c}1')" for n, c in zip("pqr", "ABC", strict=True)
    )
    with pytest.raises(ModelError) as caught:
        ordered_model(write(tmp_path, equations))
    assert [line.partition(": ")[2][0] for line in str(caught.value).splitlines()] == ["p", "q", "r"]


def test_a_changed_workbook_makes_another_program(tmp_path):
    path = write(tmp_path, "x = GET DIRECT CONSTANTS('in.xlsx', 'S', 'A1') | y = x + 1")
    seen = []
    for value in (3, 4, 3):
        xlsx(tmp_path / "in.xlsx", S={"A1": value})
        (tmp_path / "in.xlsx").write_bytes(_same_time((tmp_path / "in.xlsx").read_bytes(), tmp_path, value))
        program = compile_model(path)
        seen.append((program.hash, program.model_hash, dict(program.constants)[0]))
    assert seen[0] == seen[2] and [value for *_, value in seen] == [3, 4, 3]
    assert seen[0][0] != seen[1][0] and seen[0][1] != seen[1][1]
    (tmp_path / "in.xlsx").unlink()
    with pytest.raises(ModelError, match="there is no such file"):
        compile_model(path)


def _same_time(data: bytes, folder, value) -> bytes:
    """The workbook as first written for this value: the library puts the time of day into each."""
    kept = folder / f"kept-{value}"
    if not kept.exists():
        kept.write_bytes(data)
    return kept.read_bytes()


def test_a_second_run_loads_no_library(tmp_path):
    xlsx(tmp_path / "in.xlsx", S={"A1": 3})
    path = write(tmp_path, "x = GET DIRECT CONSTANTS('in.xlsx', 'S', 'A1')")
    first = compile_model(path)
    code = (
        "import sys; from huangpu.compiler import compile_model; p = compile_model(sys.argv[1]);"
        "print(p.hash, bool({'pysd', 'openpyxl', 'xlrd'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [first.hash, "False"]


def test_a_model_without_files_keeps_its_hash_whatever_lies_beside_it(tmp_path):
    path = write(tmp_path, "x = 1")
    before = compile_model(path).hash
    (tmp_path / "in.csv").write_text("1")
    assert compile_model(path).hash == before
    assert not list((tmp_path / "cache" / "programs").glob("*.files.json"))


def test_the_readable_form_holds_the_numbers(tmp_path):
    xlsx(tmp_path / "in.xlsx", S={"A1": 3})
    path = write(tmp_path, "x = GET DIRECT CONSTANTS('in.xlsx', 'S', 'A1')")
    (variable,) = (v for v in ordered_model(path).model.variables if v.id == "x")
    assert variable.equation == Number(3.0)
    assert "v.x = 3.0" in compile_model(path).readable


def test_a_series_may_be_asked_at_any_time(tmp_path):
    xlsx(tmp_path / "in.xlsx", S=table("A1", [1, 3, 7], [10, 30, 20], [5, 5, 6]))
    path = write(
        tmp_path,
        "D: p, q | x[D] := GET DIRECT DATA('in.xlsx', 'S', '1', 'A2') | first = GET DATA FIRST TIME(x[p])"
        " | last[D] = GET DATA LAST TIME(x[D])"
        " | at[D] = GET DATA AT TIME(x[D], 3) | at four = GET DATA AT TIME(x[q], 4)"
        " | line = GET DATA BETWEEN TIMES(x[p], Time - 1, 0) | next = GET DATA BETWEEN TIMES(x[p], Time, 1)"
        " | before = GET DATA BETWEEN TIMES(x[p], Time, -1) | soon := TIME SHIFT(x[p], 2) | x raw = 1",
        end=8,
    )
    values = modelfile.run(path)
    nan = np.nan
    assert values["first"][0] == 1 and values["last[q]"][0] == 7
    assert values["at[p]"][0] == 30 and values["at[q]"][0] == 5
    np.testing.assert_array_equal(values["at_four"], [nan] * 9)
    np.testing.assert_array_equal(values["line"], [nan, nan, 10, 20, 30, 27.5, 25, 22.5, 20])
    np.testing.assert_array_equal(values["next"], [nan, 10, 30, 30, 20, 20, 20, 20, nan])
    np.testing.assert_array_equal(values["before"], [nan, 10, 10, 30, 30, 30, 30, 20, nan])
    np.testing.assert_array_equal(values["soon"], [20, 30, 27.5, 25, 22.5, 20, 20, 20, 20])


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        ("GET DATA AT TIME(k, 3)", "GET DATA AT TIME of something else than a data variable"),
        ("GET DATA BETWEEN TIMES(x, Time, 0.5)", "takes -1, 0 or 1"),
        ("GET DATA LAST TIME(x, 3)", "takes 1 argument, not 2"),
    ],
)
def test_asking_a_series_wrongly(tmp_path, equation, message):
    (tmp_path / "in.csv").write_text("0,1\n1,2\n")
    path = write(tmp_path, f"k = 1 | x := GET DIRECT DATA('in.csv', ',', '1', 'A2') | y = {equation}")
    with pytest.raises(ModelError, match=message):
        ordered_model(path)
