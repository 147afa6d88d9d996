"""The scorecard in a terminal: every target is there, nothing is cut off at 100 columns."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from tests.results.conftest import make_reading, make_target

from huangpu.results.readings import Reading
from huangpu.results.scorecard import scorecard
from huangpu.results.table import print_scorecard


def shown(hundred, width: int) -> str:
    targets = (
        make_target(value=90),
        make_target(id="t.sure", value=-1, label="A certain share", theme="investment"),
        make_target(id="t.later", label="Firms that will be counted later", theme="digital", unit="enterprise"),
    )
    readings = {
        "t.share": make_reading(),
        "t.sure": make_reading(quantity="free"),
        "t.later": Reading("t.later", not_modelled="no figure exists"),
    }
    hundred.values["free"], hundred.attrs["free"] = hundred.values["share"], hundred.attrs["share"]
    out = io.StringIO()
    scores = scorecard(hundred, targets, readings, {"share": ("o1",)})
    print_scorecard(scores, "Scorecard of a test", Console(file=out, width=width))
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
        "Not modelled yet: 1 of 3 targets",
        "no figure exists: Firms that will be counted later (≥ 50 firms)",
    ):
        assert part in text
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width


def test_bad_members_are_named(hundred):
    hundred.values["share"][-1, :7] = float("nan")
    assert "A share: 7 of 100 members gave no finite number" in shown(hundred, 120)
