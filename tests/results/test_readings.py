"""Readings: the shipped file covers every target of the plan; a wrong one is refused with its line and key."""

from __future__ import annotations

import pytest
from tests.results.conftest import make_target

from huangpu.files import shipped
from huangpu.measurement.datafile import DataError
from huangpu.results import PLAN
from huangpu.results.readings import read_readings
from huangpu.results.targets import read_targets

GOOD = """\
t.share:
  quantity: share
  statistic: level
  year: 2027
  reading: "the share of 2027"
  reason: "as written"
"""


def read(tmp_path, text: str, *targets):
    path = tmp_path / "readings.yaml"
    path.write_text(text, encoding="utf-8")
    return read_readings(path, targets or (make_target(),))


def test_a_good_reading(tmp_path):
    reading = read(tmp_path, GOOD)["t.share"]
    assert (reading.quantity, reading.statistic, reading.first, reading.last) == ("share", "level", 2027, 2027)


def test_years_come_from_the_targets(tmp_path):
    target = make_target("cumulative>=", horizon="cumulative 2024-2027")
    reading = read(tmp_path, GOOD.replace("level", "cumulative").replace("  year: 2027\n", ""), target)["t.share"]
    assert (reading.first, reading.last, reading.years) == (2024, 2027, "2024-2027")
    growth = GOOD.replace("level", "mean_growth").replace("year: 2027", "base_year: 2023")
    reading = read(tmp_path, growth, make_target("rate_per_year>="))["t.share"]
    assert (reading.first, reading.last, reading.years) == (2023, 2027, "2024-2027")


@pytest.mark.parametrize(
    ("change", "target", "message"),
    [
        (("year: 2027", "year: 2026"), {}, r"readings.yaml:4: t\.share\.year: 2026 is not what targets.csv says: 2027"),
        (("level", "levle"), {}, "unknown statistic 'levle'; did you mean 'level'"),
        (("level", "multiple"), {}, "'multiple' does not fit operator '>='; expected level"),
        (("reason:", "reasons:"), {}, "unknown key; did you mean 'reason'"),
        (('  reason: "as written"\n', ""), {}, "needs reason, or not_modelled"),
        (('"as written"', "3"), {}, "expected text, found 3"),
        (("t.share:", "t.shore:"), {}, "no such target in targets.csv; did you mean 't.share'"),
        (("t.share:", "t.shore:"), {}, "target t.share has no reading"),
        (("  year: 2027", "  other: gdp"), {}, "for growth_difference and for nothing else"),
        (("  year: 2027", "  tolerance: 2"), {}, "for '~=' targets, and for no other"),
        (("", ""), {"operator": "~="}, "is needed for '~=' targets"),
        (("year: 2027", "tolerance: wide"), {"operator": "~="}, "expected a number of percent, found 'wide'"),
        (("", ""), {"operator": "qualitative", "value": None}, "operator 'qualitative' cannot be scored"),
        (("", ""), {"operator": "between"}, "operator 'between' cannot be scored"),
        (("level", "every_year"), {"operator": "per_year>=", "horizon": "always"}, "gives no years"),
        (("  year: 2027", "  years: [2024, 2027]"), {}, "has no meaning for statistic 'level'"),
        (("  year: 2027", "  not_modelled: later"), {}, "has no other key"),
        ((GOOD, "t.share: soon\n"), {}, "expected a mapping, found 'soon'"),
        ((GOOD, GOOD + GOOD), {}, "given twice"),
        ((GOOD, "- a\n"), {}, "expected a mapping from target id"),
    ],
)
def test_a_wrong_reading_is_refused(tmp_path, change, target, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, GOOD.replace(*change), make_target(**target))


def test_all_problems_come_at_once(tmp_path):
    with pytest.raises(DataError) as error:
        read(tmp_path, GOOD.replace("level", "levle").replace("reason:", "reasons:"))
    assert len(str(error.value).splitlines()) == 2


def test_the_shipped_readings_cover_the_plan():
    targets = tuple(t for t in read_targets(shipped("results/targets.csv")) if t.plan == PLAN)
    assert len(targets) == 31
    readings = read_readings(shipped("results/readings.yaml"), targets)
    assert set(readings) == {target.id for target in targets}
    for reading in readings.values():
        assert reading.not_modelled or (reading.text and reading.reason)
