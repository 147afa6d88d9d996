"""Outcomes join targets; a wrong row is refused with its line."""

import pytest

from huangpu.measurement.datafile import DataError
from huangpu.results.outcomes import Outcome, read_outcomes
from huangpu.results.targets import COLUMNS, plans, read_targets

HEAD = "target_id,outcome_value,outcome_period,met,verification\n"
GOOD = "t.share,43.5,2025,no,quoted\nt.count,,,unknown,none\n,7,2025,yes,quoted\n"


def read(tmp_path, text: str):
    (tmp_path / "outcomes.csv").write_text(HEAD + text, encoding="utf-8")
    return read_outcomes(tmp_path / "outcomes.csv", ["t.share", "t.count"])


def test_outcomes_by_target(tmp_path):
    assert read(tmp_path, GOOD) == {
        "t.share": Outcome("no", 43.5, "2025", "quoted"),
        "t.count": Outcome("unknown", None, "", "none"),
    }


def test_all_wrong_rows_are_named(tmp_path):
    wrong = "t.shore,1,2025,yes,quoted\nt.share,many,2025,maybe,quoted\nt.share,1,2025,no,quoted\n"
    with pytest.raises(DataError) as error:
        read(tmp_path, wrong)
    lines = str(error.value).splitlines()
    assert len(lines) == 4
    assert "outcomes.csv:2: no such target in targets.csv: 't.shore'; did you mean 't.share'" in lines[0]
    assert "outcomes.csv:3: t.share: met is 'maybe', expected yes, no, unknown" in lines[1]
    assert "outcomes.csv:3: t.share: outcome_value is 'many', expected a number" in lines[2]
    assert "outcomes.csv:4: t.share has an outcome already" in lines[3]


def targets(tmp_path, **cells):
    blank = dict.fromkeys(COLUMNS, "") | {"id": "t", "plan": "p", "target_year": "2025"}
    rows = [blank | {name: values[i] for name, values in cells.items()} for i in range(len(next(iter(cells.values()))))]
    lines = [",".join(COLUMNS), *(",".join(row[name] for name in COLUMNS) for row in rows)]
    (tmp_path / "targets.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_targets(tmp_path / "targets.csv")


def test_plans_stand_in_the_order_in_which_they_end(tmp_path):
    found = targets(tmp_path, plan=["late", "early", "late", "mid"], target_year=["2020", "2020", "2027", "2025"])
    assert plans(found) == ("early", "mid", "late")


def test_why_a_target_is_left_out_comes_along(tmp_path):
    assert [t.left_out for t in targets(tmp_path, left_out=["", "no figure"])] == ["", "no figure"]


def test_a_target_without_a_year_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"targets\.csv:3: t: target_year is empty"):
        targets(tmp_path, target_year=["2025", ""])
