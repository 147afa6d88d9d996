"""The shipped model as `huangpu check` reads it: units of every equation, and nothing that is bare or unused."""

from economy import PATH, PROGRAM
from huangpu.compiler import check_model
from huangpu.compiler.check import text


def test_every_equation_is_right_in_its_units_and_nothing_is_noted():
    report = check_model(PATH)
    assert report.spotless, text(report)
    assert report.units.unknown == 0 and report.refused == ""
    assert report.units.equations >= len({entry.base for entry in PROGRAM.rows})


def test_every_variable_has_a_unit_and_a_reason():
    bare = [entry.id for entry in PROGRAM.rows if not entry.hidden and not (entry.units and len(entry.doc) > 10)]
    assert bare == []
