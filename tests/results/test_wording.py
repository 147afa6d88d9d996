"""Figures for people: a chance is never printed as 0 or 100 %."""

from __future__ import annotations

import pytest

from huangpu.results.probability import limit
from huangpu.results.wording import amount, chance, chance_with_error, goal


@pytest.mark.parametrize(
    ("value", "members", "text"),
    [
        (0.0, 4000, "<0.1 %"),
        (1.0, 4000, ">99.9 %"),
        (0.0, 100, "<3 %"),  # 1 - 0.05 ** (1 / 100) = 2.95 %
        (1.0, 100, ">97 %"),
        (0.0, 1000, "<0.3 %"),
        (0.0, 5, "too few"),
        (0.4, 5, "too few"),
        (0.00025, 4000, "<0.1 %"),
        (0.99975, 4000, ">99.9 %"),
        (0.001, 4000, "0.1 %"),
        (0.999, 4000, "99.9 %"),
        (0.99901, 100_000, ">99.9 %"),
        (0.5, 4000, "50.0 %"),
        (0.01, 100, "<3 %"),
        (0.03, 100, "3.0 %"),
    ],
)
def test_chance(value, members, text):
    assert chance(value, limit(members)) == text


def test_no_score_has_no_chance():
    assert chance(None, None) == ""


def test_no_count_of_members_prints_certainty():
    for members in range(1, 3000):
        assert chance(0.0, limit(members)) not in ("<0 %", "0.0 %", "<100 %")
        assert chance(1.0, limit(members)) not in (">100 %", "100.0 %", ">0 %")


def test_chance_with_its_error():
    assert chance_with_error(0.123, 0.0061, 0.001) == "12.3 % ± 0.6"
    assert chance_with_error(0.0, 0.0001, 0.001) == "<0.1 %"
    assert chance_with_error(0.0, 0.5, 0.5) == "too few"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (50000, "yuan_1e8", "5,000"),
        (21.34, "percent", "21.3"),
        (-0.456, "percentage_point_per_year", "−0.46"),
        (4321.6, "robot", "4,322"),
        (None, "percent", "–"),
    ],
)
def test_amount(value, unit, text):
    assert amount(value, unit) == text


@pytest.mark.parametrize(
    ("goal_", "text"),
    [
        ((">=", 50000, None, "yuan_1e8"), "≥ 5,000 bn yuan"),
        ((">=", 25, None, "percent"), "≥ 25 %"),
        (("between", 5, 10, "centre"), "5–10 centres"),
        (("~=", 33.33, None, "percent"), "≈ 33.33 %"),
        (("diff>", 0, None, "percentage_point_per_year"), "> 0 points a year"),
        ((">=", 3e7, None, "m2"), "≥ 30 mn m²"),
        ((">=", 3, None, "odd_unit"), "≥ 3 odd unit"),
        (("increase_by_between", 1, 1.5, "percentage_point"), "+ 1–1.5 points"),
        (("as_assigned", None, None, "percent"), "no number"),
    ],
)
def test_goal(goal_, text):
    assert goal(*goal_) == text
