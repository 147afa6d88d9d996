"""The scorecard in a terminal: every target is there, nothing is cut off at 100 columns."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from tests.results.conftest import AFTER, make_questions, make_reading, make_target

from huangpu.results.outcomes import Outcome
from huangpu.results.scorecard import scorecard
from huangpu.results.table import print_scorecard

OLDER = {"plan": "older", "year": 2025, "label": "An older share"}


def shown(hundred, width: int, *plans: str) -> str:
    later = "Firms that will be counted later"
    asked = make_questions(
        (make_target(value=90), (make_reading(value=90), make_reading(name="less", value=80, text="of a wider group"))),
        (
            make_target(id="t.sure", value=-1, label="A certain share", theme="investment"),
            make_reading(quantity="free", value=-1),
        ),
        (make_target(id="t.later", label=later, theme="digital", unit="enterprise", left_out="no figure exists"), None),
        (make_target(id="t.old", **OLDER), make_reading(first=2025, last=2025)),
        (make_target(id="t.far", **OLDER), make_reading(first=2010, last=2015)),
        outcomes={"t.old": Outcome("no", 43.2, "2025", "quoted")},
    )
    hundred.values["free"], hundred.attrs["free"] = hundred.values["share"], hundred.attrs["share"]
    out = io.StringIO()
    answer = scorecard(hundred, asked, {"share": ("o1",)}, AFTER)
    print_scorecard(answer, plans or asked.plans[-1:], "Scorecard of a test", Console(file=out, width=width))
    return out.getvalue()


@pytest.mark.parametrize("width", [100, 120])
def test_everything_is_shown(hundred, width):
    text = shown(hundred, width)
    for part in (
        "Scorecard of a test",
        "Structure",
        "A share",
        "≥ 90 %",
        "10.0 % ± 3.0",
        ">97 %",
        "prior only",
        "Other readings",
        "of a wider group (2027)",
        "≥ 80 %",
        "20.0 % ± 4.0",
        "Not scored: 1 of 3 targets",
        "no figure exists: Firms that will be counted later (≥ 50 firms)",
    ):
        assert part in text
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    assert "older" not in text


def test_bad_members_are_named(hundred):
    hundred.values["share"][-1, :7] = float("nan")
    assert "A share: 7 of 100 members gave no finite number" in shown(hundred, 120)


def test_a_look_back_says_so_and_shows_the_outcome(hundred):
    text = " ".join(shown(hundred, 120, "older").split())
    assert "An older share – as written" in text
    assert "Outcome: not met, 43.2 % reported (quoted)" in text
    assert "1 of 1 targets were due before the last figure" in text
    assert "Not scored: 1 of 2 targets" in text
    assert "outside the run, needs 2010 to 2015, the run covers 2023 to 2027" in text
    assert "A certain share" not in text


def test_several_plans_have_headings(hundred):
    text = shown(hundred, 120, "older", "newind_2024_2027")
    assert text.index("Plan older") < text.index("An older share") < text.index("Plan newind_2024_2027")
    assert "Plan" not in shown(hundred, 120)
