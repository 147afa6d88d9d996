"""docs/functions.md says what is so: every function of the compiler's tables, and tests that use it."""

import re
from pathlib import Path

import pytest

import modelfile
from huangpu.compiler import ordered_model
from huangpu.compiler.dynamics import DYNAMICS
from huangpu.compiler.functions import BUILTINS
from huangpu.compiler.of_data import OF_DATA
from huangpu.compiler.syntax import key
from huangpu.compiler.vectors import VECTORS
from huangpu.compiler.xmile_functions import FUNCTIONS
from huangpu.ir import ModelError

HERE = Path(__file__).parent
TEXT = (HERE.parent / "docs" / "functions.md").read_text(encoding="utf-8")
KNOWN, _, REFUSED = TEXT.partition("## Refused")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in KNOWN.splitlines() if line.startswith("| ")]
ROWS = [row for row in ROWS if row[0] != "Vensim" and row[0] != "---"]
TABLES = (*BUILTINS, *DYNAMICS, *OF_DATA, *VECTORS, *FUNCTIONS)
WRITTEN = {"FLOOR": "INT", "DELAY": "DELAY1"}  # what the tables call otherwise
ELSEWHERE = {  # functions that are not in a table of functions
    *(
        "with_lookup",
        "lookup_extrapolate",
        "lookup_forward",
        "lookup_backward",
        "elmcount",
        "get_time_value",
        "size",
        "mean",
        "stddev",
    ),
    *("get_direct_constants", "get_direct_lookups", "get_direct_data", "delay1"),
}


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def a_function(name: str) -> bool:
    return name[0].isalpha() and name != "AND OR NOT"


def test_every_function_of_the_tables_is_in_the_docs():
    shown = {WRITTEN.get(name, name).upper().replace("_", " ") for name in TABLES if name[0].isalpha()} - {"NEGATIVE"}
    said = set(re.findall(r"[A-Z][A-Z0-9]*(?: [A-Z0-9]+)*", KNOWN.replace("`", "|")))
    forms = {"SMOOTHI": "SMOOTH", "SMOOTH3I": "SMOOTH", "SMOOTH3": "SMOOTH", "IFTHENELSE": "IF THEN ELSE"}
    assert {name for name in shown if forms.get(name, name) not in said} <= {"POISSON"}  # XMILE's; not computed


def test_every_function_of_the_docs_is_in_a_table():
    said = [name for row in ROWS for cell in row[:2] for name in names(cell) if a_function(name)]
    assert {name for name in said if key(name) not in {*map(key, TABLES), *ELSEWHERE}} == set()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: (row[0] or row[1]).strip("`"))
def test_what_a_row_names_uses_the_function(row):
    claims = names(row[3])
    assert claims
    wanted = [name.casefold() for cell in row[:2] for name in names(cell) if a_function(name)]
    for claim in claims:
        if claim.endswith(".py"):
            text = (HERE / claim).read_text(encoding="utf-8")
        else:
            files = [p for p in (HERE / "corpus" / claim).iterdir() if p.suffix in (".mdl", ".xmile", ".stmx")]
            text = "".join(re.sub(r"\\\s*\n\s*", "", p.read_text(encoding="utf-8", errors="replace")) for p in files)
        text = " ".join(text.casefold().replace("_", " ").split())
        assert not wanted or any(name in text for name in [*wanted, "non negative"]), claim


@pytest.mark.parametrize("name", names(REFUSED)[:11])
def test_what_is_said_to_be_refused_is(name, tmp_path):
    with pytest.raises(ModelError, match=r"GET TIME VALUE|not supported"):
        ordered_model(modelfile.write(tmp_path, f"y = 1 | x = {name}(y)"))
