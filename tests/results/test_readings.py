"""Readings: the shipped file covers every target that is not left out; a wrong one is refused with its line and key."""

from __future__ import annotations

from math import inf

import pytest
from tests.results.conftest import make_target

from huangpu.files import shipped
from huangpu.measurement import read_metrics
from huangpu.measurement.datafile import DataError
from huangpu.results import read_questions
from huangpu.results.readings import read_readings

UNITS = {"share": "percent", "firms": "enterprise"}
GOOD = """\
t.share:
  quantity: share
  statistic: level
  year: 2027
  reading: "the share of 2027"
  reason: "as written"
"""
OTHER = """\
  alternatives:
    - name: rise
      quantity: share
      statistic: increase
      base_year: 2023
      value: 5
      reading: "rise since 2023"
      reason: "the text may mean new ones"
"""


def read(tmp_path, text: str, *targets):
    path = tmp_path / "readings.yaml"
    path.write_text(text, encoding="utf-8")
    return read_readings(path, targets or (make_target(),), UNITS)


def test_a_good_reading(tmp_path):
    (reading,) = read(tmp_path, GOOD)["t.share"]
    assert (reading.quantity, reading.statistic, reading.first, reading.last) == ("share", "level", 2027, 2027)
    assert (reading.name, reading.asked.value) == ("default", 50)


def test_an_alternative_may_take_other_years_statistic_and_threshold(tmp_path):
    default, rise = read(tmp_path, GOOD.replace("  year: 2027", "  name: stock") + OTHER)["t.share"]
    assert (default.name, default.asked.value, default.years) == ("stock", 50, "2027")
    assert (rise.name, rise.asked.value, rise.years, rise.statistic) == ("rise", 5, "2024-2027", "increase")


def test_years_come_from_the_targets(tmp_path):
    target = make_target("cumulative>=", horizon="cumulative 2024-2027")
    (reading,) = read(tmp_path, GOOD.replace("level", "cumulative").replace("  year: 2027\n", ""), target)["t.share"]
    assert (reading.first, reading.last, reading.years) == (2024, 2027, "2024-2027")
    growth = GOOD.replace("level", "mean_growth").replace("year: 2027", "base_year: 2023")
    (reading,) = read(tmp_path, growth, make_target("rate_per_year>="))["t.share"]
    assert (reading.first, reading.last, reading.years) == (2023, 2027, "2024-2027")


def test_years_that_the_targets_lack_come_from_the_reading(tmp_path):
    open_start = make_target("cumulative>=", horizon="cumulative to 2027 (start not stated)", base_year=None)
    summed = GOOD.replace("level", "cumulative").replace("year: 2027", "years: [2020, 2027]")
    assert read(tmp_path, summed, open_start)["t.share"][0].years == "2020-2027"
    risen = GOOD.replace("level", "increase").replace("year: 2027", "base_year: 2019")
    assert read(tmp_path, risen, open_start)["t.share"][0].years == "2020-2027"


@pytest.mark.parametrize(("text", "sides"), [("2", (2, 2)), ("[1, 3]", (1, 3)), ("[0.5, any]", (0.5, inf))])
def test_tolerances(tmp_path, text, sides):
    (reading,) = read(tmp_path, GOOD.replace("year: 2027", f"tolerance: {text}"), make_target("~="))["t.share"]
    assert reading.asked.tolerance == sides


def test_a_target_that_is_left_out_needs_no_reading(tmp_path):
    later = make_target("qualitative", None, id="t.later", left_out="no number")
    assert list(read(tmp_path, GOOD, make_target(), later)) == ["t.share"]


@pytest.mark.parametrize(
    ("change", "target", "message"),
    [
        (("year: 2027", "year: 2026"), {}, r"readings.yaml:4: t\.share\.year: 2026 is not what targets.csv says: 2027"),
        (("level", "levle"), {}, "unknown statistic 'levle'; did you mean 'level'"),
        (("level", "multiple"), {}, "'multiple' does not fit operator '>='; expected level"),
        (("quantity: share", "quantity: shore"), {}, "no quantity 'shore' in metrics.yaml; did you mean 'share'"),
        (("quantity: share", "quantity: firms"), {}, r"in percent, the level of 'firms' \(in enterprise\) is not"),
        (("reason:", "reasons:"), {}, "unknown key; did you mean 'reason'"),
        (('  reason: "as written"\n', ""), {}, "needs reason"),
        (('"as written"', "3"), {}, "expected text, found 3"),
        (("t.share:", "t.shore:"), {}, "no such target in targets.csv; did you mean 't.share'"),
        (("t.share:", "t.shore:"), {}, "target t.share has no reading"),
        (("  year: 2027", "  other: share"), {}, "for growth_difference and for nothing else"),
        (("  year: 2027", "  tolerance: 2"), {}, "for '~=' targets, and for no other"),
        (("", ""), {"operator": "~="}, "is needed for '~=' targets"),
        (("year: 2027", "tolerance: wide"), {"operator": "~="}, "expected a number of percent, .* found 'wide'"),
        (("year: 2027", "tolerance: any"), {"operator": "~="}, "expected a number of percent"),
        (("year: 2027", "tolerance: [1, -2]"), {"operator": "~="}, "expected a number of percent"),
        (("  year: 2027", "  value: 2"), {}, "unknown key"),
        (("", ""), {"operator": "qualitative", "value": None}, "operator 'qualitative' and these values cannot be sco"),
        (("", ""), {"operator": "between"}, "operator 'between' and these values cannot be scored"),
        (("level", "every_year"), {"operator": "per_year>=", "horizon": "always"}, "gives no years"),
        (("  year: 2027", "  years: [2024, 2027]"), {}, "has no meaning for statistic 'level'"),
        (("", ""), {"left_out": "no figure"}, "targets.csv leaves this target out"),
        ((GOOD, "t.share: soon\n"), {}, "expected a mapping, found 'soon'"),
        ((GOOD, GOOD + GOOD), {}, "given twice"),
        ((GOOD, "- a\n"), {}, "expected a mapping from target id"),
    ],
)
def test_a_wrong_reading_is_refused(tmp_path, change, target, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, GOOD.replace(*change), make_target(**target))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("name: rise", "note: rise"), r"readings.yaml:8: t\.share\.alternatives\[1\]: an alternative needs a name"),
        (("name: rise", "name: default"), "another reading of this target has the name 'default'"),
        (("name: rise", "name: New Ones"), "expected small letters, digits and underscores"),
        (("value: 5", "value: five"), "expected a number of percent, found 'five'"),
        (("base_year: 2023", "base_year: soon"), "expected a year, found 'soon'"),
        (("base_year: 2023", "base_year: 2027"), "the first year, 2027, is not before the last, 2027"),
        (("base_year: 2023", "years: [2024, 2027]"), "years: has no meaning for statistic 'increase'"),
        (("      base_year: 2023\n", ""), "gives no base_year for a 'increase'"),
        (("statistic: increase", "statistic: multiple"), "the multiple of 'share'"),
        (("value: 5", "alternatives: []"), "unknown key"),
        (("    - name: rise", "    - soon\n    - name: rise"), "expected a mapping, found 'soon'"),
        ((OTHER, "  alternatives: soon\n"), "expected a list of readings, found 'soon'"),
    ],
)
def test_a_wrong_alternative_is_refused(tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, (GOOD + OTHER).replace(*change), make_target(base_year=None))


def test_all_problems_come_at_once(tmp_path):
    with pytest.raises(DataError) as error:
        read(tmp_path, (GOOD + OTHER).replace("level", "levle").replace("reason:", "reasons:"))
    assert len(str(error.value).splitlines()) == 4  # two keys without meaning, two readings without a reason


def test_the_shipped_questions_fit_together():
    quantities = read_metrics(shipped("calibration/metrics.yaml")).quantities
    questions = read_questions(shipped("results"), {name: quantity.unit for name, quantity in quantities.items()})
    assert len(questions.targets) == 226
    assert questions.plans == ("fyp13_2016_2020", "brand_2018_2020", "mfg_2023_2025", "newind_2024_2027")
    assert set(questions.readings) == {target.id for target in questions.targets if not target.left_out}
    assert len(questions.outcomes) == 99
