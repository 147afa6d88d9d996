"""Files that a model refers to are only its own, and hostile ones are refused: quickly, and with a message."""

import os
import random
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

import modelfile
from huangpu.compiler import confined, ordered_model, python, sheets
from huangpu.ir import ModelError
from workbook import changed, ods, table, xlsx

CORPUS = Path(__file__).parents[1] / "corpus"
SECRET = 271828
SECONDS = 20  # for any refusal, on a busy machine


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.csv").write_text(str(SECRET))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def value(folder, file, tab=",", cell="A1", **more) -> float:
    """The constant at a cell, as the model reads it; never after long."""
    path = modelfile.write(folder, f"x = GET DIRECT CONSTANTS('{file}', '{tab}', '{cell}')")
    start = time.monotonic()
    try:
        return ordered_model(path, **more).model.variables[0].equation.value
    except ModelError as error:
        assert "model.mdl:2: x: " in str(error) and str(SECRET) not in str(error).partition(": x: ")[2]
        raise
    finally:
        assert time.monotonic() - start < SECONDS


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("../outside/secret.csv", "outside the model's folder"),
        ("sub/../../outside/secret.csv", "outside the model's folder"),
        ("..\\outside\\secret.csv", "outside the model's folder"),
        ("{tmp}/outside/secret.csv", "outside the model's folder"),
        ("/etc/passwd", "outside the model's folder"),
        ("/dev/zero", "outside the model's folder"),
        ("/proc/self/environ", "outside the model's folder"),
        ("C:\\secret.csv", "on a drive, share or server"),
        ("c:secret.csv", "on a drive, share or server"),
        ("\\\\server\\share\\secret.csv", "on a drive, share or server"),
        ("//server/share/secret.csv", "on a drive, share or server"),
        ("http://server/secret.csv", "on a drive, share or server"),
        ("file:///etc/passwd", "on a drive, share or server"),
        (".", "not a kind of file|not a plain file|cannot be read"),
        ("", "the name of the file is missing"),
        ("$HOME/secret.csv", "there is no such file"),
        ("a" * 5000 + ".csv", "cannot be read|no name of a file"),
    ],
)
def test_names_that_lead_elsewhere_are_refused(folder, file, message):
    with pytest.raises(ModelError) as caught:
        value(folder, file.format(tmp=folder.parent) if "{tmp}" in file else file)
    assert modelfile.matches(message, str(caught.value))


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links_are_judged_by_where_they_lead(folder):
    (folder / "own.csv").write_text("7")
    (folder / "inside.csv").symlink_to(folder / "own.csv")
    (folder / "out.csv").symlink_to(folder.parent / "outside" / "secret.csv")
    (folder / "linked").symlink_to(folder.parent / "outside")
    (folder / "zero.csv").symlink_to("/dev/zero")
    (folder / "circle.csv").symlink_to(folder / "circle.csv")
    assert value(folder, "inside.csv") == 7
    for name in ("out.csv", "linked/secret.csv", "zero.csv"):
        with pytest.raises(ModelError, match="outside the model's folder"):
            value(folder, name)
    with pytest.raises(ModelError, match=r"circle\.csv: (no name of a file|cannot be read)"):
        value(folder, "circle.csv")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes there")
def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "pipe.csv")
    with pytest.raises(ModelError, match="not a plain file"):
        value(folder, "pipe.csv")
    (folder / "dir.csv").mkdir()
    with pytest.raises(ModelError, match=r"dir\.csv: (not a plain file|cannot be read)"):
        value(folder, "dir.csv")


def test_allowed_folders_are_open_too(folder):
    for name in ("../outside/secret.csv", f"{folder.parent}/outside/secret.csv"):
        assert value(folder, name, allow=[folder.parent / "outside"]) == SECRET
    with pytest.raises(ModelError, match="outside the model's folder"):
        value(folder, "../other.csv", allow=[folder.parent / "outside"])


def test_what_is_too_large_is_refused(folder, monkeypatch):
    (folder / "big.csv").write_text("1\n" * 600)
    monkeypatch.setattr(confined, "MAX_BYTES", 1000)
    with pytest.raises(ModelError, match=r"big\.csv: larger than"):
        value(folder, "big.csv")
    monkeypatch.undo()
    monkeypatch.setattr(sheets, "MAX_CELLS", 500)
    with pytest.raises(ModelError, match=r"big\.csv: a sheet of more than 500 cells"):
        value(folder, "big.csv")
    monkeypatch.undo()
    for number in range(3):
        (folder / f"{number}.csv").write_text("1")
    monkeypatch.setattr(confined, "MAX_FILES", 2)
    path = modelfile.write(folder, "|".join(f"x{n} = GET DIRECT CONSTANTS('{n}.csv', ',', 'A1')" for n in range(3)))
    with pytest.raises(ModelError, match="more than 2 files"):
        ordered_model(path)


def test_a_package_that_unpacks_to_too_much_is_not_unpacked(folder):
    """250 MB of nothing in 250 kB."""
    path = xlsx(folder / "bomb.xlsx", S={"A1": 1})
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as package, package.open("xl/media/x.bin", "w") as part:
        for _ in range(250):
            part.write(bytes(1_000_000))
    assert path.stat().st_size < 1_000_000
    with pytest.raises(ModelError, match=r"bomb\.xlsx: unpacks to more than 100 MB"):
        value(folder, "bomb.xlsx", "S")


LAUGHS = '<!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"]
)
def test_a_document_type_is_refused_in_any_part(folder, part):
    path = xlsx(folder / "in.xlsx", S={"A1": 1})
    changed(path, part, lambda text: text.replace("?>", f"?>{LAUGHS}", 1) if "?>" in text else LAUGHS + text)
    with pytest.raises(ModelError, match=r"in\.xlsx: .* holds a document type"):
        value(folder, "in.xlsx", "S")


def test_entities_are_refused_by_the_library_as_well(folder, monkeypatch):
    """Were the first look fooled, the parser of the cells still knows no entities."""
    monkeypatch.setattr(sheets, "_has_doctype", lambda package, part: False)
    xlsx(folder / "in.xlsx", S={"A1": 1})
    changed(folder / "in.xlsx", "xl/worksheets/sheet1.xml", lambda text: LAUGHS + text.replace("<v>1<", "<v>&b;<"))
    ods(folder / "in.ods", "S", [[1.0]], head=LAUGHS)
    for name in ("in.xlsx", "in.ods"):
        with pytest.raises(ModelError, match="no workbook that can be read"):
            value(folder, name, "S")


def test_a_cell_far_away_costs_nothing(folder):
    """Two cells at the ends of a sheet span 17 billion; the text of an .ods may repeat one as often."""
    xlsx(folder / "far.xlsx", S={"A1": 1, "XFD1048576": 2})
    assert value(folder, "far.xlsx", "S") == 1
    wide = {f"XFD{row}": 2 for row in range(1, 150)}
    xlsx(folder / "wide.xlsx", S={"A1": 1} | wide)
    row = '<table:table-row><table:table-cell office:value-type="float" office:value="1" {}/></table:table-row>'
    ods(folder / "repeated.ods", "S", [row.format('table:number-columns-repeated="99999999"')])
    many = '<table:table-row table:number-rows-repeated="999999999">'
    ods(folder / "rows.ods", "S", [row.format("").replace("<table:table-row>", many)])
    for name in ("wide.xlsx", "repeated.ods", "rows.ods"):
        with pytest.raises(ModelError, match=r"(sheet|row) of more than 2,000,000 cells"):
            value(folder, name, "S")
    gap = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
    ods(folder / "gap.ods", "S", [[1.0], gap, [2.0]])
    assert value(folder, "gap.ods", "S", "A1048002") == 2


@pytest.mark.parametrize("form", ["xlsx", "xls", "ods", "csv", "tab"])
def test_broken_files_never_do_more_than_be_refused(folder, form):
    """Cut short and with bytes changed at random."""
    whole = {
        "xlsx": lambda: xlsx(folder / "w.xlsx", {"n": "S!$A$1"}, S=table("A1", [1, 2], ["x", 3])).read_bytes(),
        "xls": lambda: (CORPUS / "get_lookups_subset" / "input.xls").read_bytes(),
        "ods": lambda: ods(folder / "w.ods", "S", [[1.0, 2.0], ["x", 3.0]]).read_bytes(),
    }.get(form, lambda: b'1,2\n"x",3\n\xff\xfe')()
    rng = random.Random(1)
    for attempt in range(40):
        data = bytearray(whole[: rng.randrange(len(whole))] if attempt % 4 == 0 else whole)
        for _ in range(rng.randrange(1, 20) if data else 0):
            data[rng.randrange(len(data))] = rng.randrange(256)
        (folder / f"in.{form}").write_bytes(data)
        for tab, cell in (("S", "A1"), ("Sheet1", "C5"), (",", "n")):
            try:
                value(folder, f"in.{form}", tab, cell)
            except ModelError as error:
                assert all(c.isprintable() for c in str(error).replace("\n", "")), str(error)


def test_text_of_a_cell_cannot_steer_the_terminal_nor_become_code(folder):
    (folder / "in.csv").write_text('"\x1b[31mred","""""\nimport os",a\n')
    path = modelfile.write(folder, "Q: GET DIRECT SUBSCRIPT('in.csv', ',', 'A1', 'C1', '\x07p') | x[Q] = Time")
    ordered = ordered_model(path)
    assert all(label.isprintable() for label in ordered.model.labels.values())
    python.run(python.emit(ordered))
    with pytest.raises(ModelError) as caught:
        value(folder, "in.csv")
    assert all(c.isprintable() for c in str(caught.value))


def test_nothing_of_these_libraries_is_loaded_without_need(folder):
    path = modelfile.write(folder, "x = 1")
    code = "import sys; from huangpu.compiler import ordered_model as o; o(sys.argv[1]); print('xlrd' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
