"""Data variables without an equation, out of tables of other runs."""

import warnings

import numpy as np
import pytest

import modelfile
from huangpu.cli import main
from huangpu.compiler import check_model, compile_model, ordered_model, python
from huangpu.ir import ModelError

MODEL = 'D: p, q | "My x"[D]:INTERPOLATE: ~ person ~ | y ~ person ~ | z:RAW: ~ ~ | sum = "My x"[p] + "My x"[q] + y'
TABLE = [
    ["Time", "other", '"My x"[p]', "My x[q]", "y", "z"],
    [0, 1, 10, 5, 1, 0.5],
    [4, 1, 30, "", "", 0.25],
    [2, 1, 12, 7, "", ""],
]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HUANGPU_CACHE", str(tmp_path / "cache"))


def text_file(path, rows, sign="\t", encoding="utf-8"):
    quoted = [
        [f'"{str(c).replace(chr(34), chr(34) * 2)}"' if '"' in str(c) or "," in str(c) else c for c in r] for r in rows
    ]
    path.write_bytes("\n".join(sign.join(map(str, row)) for row in quoted).encode(encoding))
    return path


def values(path, *data_files) -> dict:
    return python.run(python.emit(ordered_model(path, data_files=data_files)))[1]


@pytest.mark.parametrize("form", ["tab", "csv", "turned", "utf-16", "quoted"])
def test_series_are_found_by_name_down_or_across(tmp_path, form):
    """Times in any order, no number where the file has none, a name with or without its quotes."""
    rows = [list(row) for row in zip(*TABLE, strict=True)] if form == "turned" else TABLE
    name, sign = ("run.csv", ",") if form in ("csv", "quoted") else ("run.tab", "\t")
    data = text_file(tmp_path / name, rows, sign, "utf-16" if form == "utf-16" else "utf-8")
    found = values(modelfile.write(tmp_path, MODEL, end=5), data)
    assert found["my_x[p]"].tolist() == [10, 11, 12, 21, 30, 30]
    assert found["my_x[q]"].tolist() == [5, 6, 7, 7, 7, 7]
    assert found["y"].tolist() == [1] * 6
    np.testing.assert_array_equal(found["z"], [0.5, np.nan, np.nan, np.nan, 0.25, np.nan])
    assert found["sum"].tolist() == [16, 18, 20, 29, 38, 38]


def test_the_first_file_that_has_a_series_counts(tmp_path):
    one = text_file(tmp_path / "one.tab", [["Time", "y", "z"], [0, 5, 5]])
    two = text_file(tmp_path / "two.tab", [["Time (year)", "y", "My x[p]", "My x[q]"], [0, 6, 7, 8]])
    path = modelfile.write(tmp_path, MODEL)
    assert [values(path, *files)["y"][0] for files in ((one, two), (two, one))] == [5, 6]
    assert values(path, one, two)["sum"][0] == 20


def test_another_run_of_ours_read_back_agrees_with_pysd(tmp_path):
    """Every mode, half steps, before the first point and after the last."""
    at = np.arange(0, 5)
    text_file(
        tmp_path / "run.csv", [["Time", "a", "b", "c", "d"], *([t, t * t, t - 9, np.sin(t), 3 - t] for t in at)], ","
    )
    model = "a:INTERPOLATE: | b:HOLD BACKWARD: | c:LOOK FORWARD: | d:RAW: | s = INTEG(a + b * c, 0)"
    path = modelfile.write(tmp_path, model, start=-1, end=6, dt=0.5)
    found = values(path, tmp_path / "run.csv")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pysd

        expected = pysd.read_vensim(str(path), data_files=[str(tmp_path / "run.csv")]).run()
    for name in "abcds":
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, err_msg=name)


def test_other_data_make_another_program_and_another_name_does_not(tmp_path):
    path = modelfile.write(tmp_path, "y:INTERPOLATE: | x = y")
    one = text_file(tmp_path / "one.tab", [["Time", "y"], [0, 5]])
    two = text_file(tmp_path / "two.tab", [["Time", "y"], [0, 6]])
    programs = [compile_model(path, data_files=[file]) for file in (one, two)]
    assert programs[0].hash != programs[1].hash and programs[0].model_hash != programs[1].model_hash
    assert [p.tables[0][2] for p in programs] == [(5.0,), (6.0,)]
    assert compile_model(path, data_files=[one.rename(tmp_path / "three.tab")]) == programs[0]


def test_data_may_be_named_from_anywhere_by_the_caller(tmp_path):
    (tmp_path / "models").mkdir()
    path = modelfile.write(tmp_path / "models", "y:INTERPOLATE: | x = y")
    file = text_file(tmp_path / "one.tab", [["Time", "y"], [0, 5]])
    assert values(path, file)["x"][0] == 5
    assert ordered_model(path, data_files=str(file)).model.tables[0].ys == (5.0,)


def test_a_model_is_checked_without_its_data(tmp_path):
    path = modelfile.write(tmp_path, "y:RAW: ~ person ~ of the census | x = y ~ person ~ its double")
    assert check_model(path).refused == "" and check_model(path).clean
    with pytest.raises(ModelError, match=r"model\.mdl:2: y: data without an equation. Name the file of a run"):
        compile_model(path)


@pytest.mark.parametrize("command", ["show", "check", "graph", "loops"])
def test_commands_take_data_and_folders(tmp_path, capsys, command):
    (tmp_path / "models").mkdir()
    (tmp_path / "in.csv").write_text("7")
    text = "y:RAW: | x = y + k | k = GET DIRECT CONSTANTS('../in.csv', ',', 'A1') | s = INTEG(x - s, 0)"
    path = modelfile.write(tmp_path / "models", text)
    data = text_file(tmp_path / "one.tab", [["Time", "y"], [0, 5]])
    assert main([command, str(path), "--data", str(data)]) == 2
    assert "outside the model's folder" in capsys.readouterr().err
    assert main([command, str(path), "--data", str(data), "--allow", str(tmp_path)]) == 0


@pytest.mark.parametrize(
    ("rows", "name", "message"),
    [
        (TABLE, "run.xlsx", "run.xlsx: data are read from .csv, .tab, .tsv, .txt files"),
        (TABLE, "run.vdf", "run.vdf: data are read from"),
        ([["Year", "y"], [0, 1]], "run.tab", "the first cell is not Time"),
        ([[""]], "run.tab", "the first cell is not Time"),
        ([["Time", "yy", "z"], [0, 1, 1]], "run.tab", "no data for y in .*run.tab. Did you mean yy"),
        ([["Time", "y", "z", "My x[p]"], [0, 1, 1, 1]], "run.tab", r"no data for .?My x.?\[q\] in .*run.tab. Export"),
        ([["Time", "y"], [0, ""], ["", 3]], "run.tab", "no numbers for y in .*run.tab"),
        ([["Time", "y"], [0, "a\0b"]], "run.tab", "binary data, not text"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, rows, name, message):
    path = modelfile.write(tmp_path, MODEL)
    with pytest.raises(ModelError) as caught:
        ordered_model(path, data_files=[text_file(tmp_path / name, rows)])
    assert modelfile.matches(message, str(caught.value)), str(caught.value)


def test_a_data_file_that_is_none(tmp_path):
    path = modelfile.write(tmp_path, MODEL)
    for name, message in (("none.tab", "there is no such file"), (".", "not a plain file|cannot be read")):
        with pytest.raises(ModelError, match=message):
            ordered_model(path, data_files=[tmp_path / name])


def test_an_equation_of_data_is_an_equation(tmp_path):
    """`:=` with anything but a file on its right."""
    (tmp_path / "in.csv").write_text("0,10\n0,20\n")
    path = modelfile.write(tmp_path, "a := GET DIRECT DATA('in.csv', ',', '1', 'A2') | b := a * 2 + 1 | c := 3")
    found = values(path)
    assert found["b"][5] == 21 and found["c"][5] == 3
