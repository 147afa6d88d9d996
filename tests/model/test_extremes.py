"""Every constant of the model ten times larger and ten times smaller: each alone, and many pairs at once."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from economy import (
    IDS,
    MEDIANS,
    OWN,
    PRIORS,
    PROGRAM,
    SHARES,
    SIGNED,
    STOCKS,
    elements,
    every_step,
    over_all_steps,
    planned,
)
from huangpu.runtime.ensemble import Inputs, simulate

Case = Mapping[str, float]  # constants that differ from the medians of the priors
PAIRS, CHUNK = 800, 100
PARTS = {  # constants that are parts of a whole: ten times as much is all of it where a bound is asked for
    *("initial_renovation_share", "renovation_ceiling", "initial_clean_share", "clean_ceiling"),
    *("initial_waste_use", "waste_use_ceiling", "initial_digital_adoption", "initial_producer_services_share"),
    *("initial_emerging_services_share", "emerging_services_ceiling", "initial_emerging_share", "emerging_ceiling"),
    *("emerging_pattern", "ceiling_pattern", "export_share", "manufacturing_factor", "value_added_ratio"),
    *("construction_share", "deferral_share", "tariff_2025_depth", "shock_2020_depth", "shock_2022_depth"),
    *("materials_part_of_other", "consumer_part_of_other", "robot_subsidy_rate", "services_shock_share"),
}
BASE = {entry.id: entry.base for entry in PROGRAM.rows}
SD = {prior.name: prior.numbers[1] for prior in PRIORS.items if prior.distribution == "normal"}


def extremes(id: str) -> tuple[float, float]:
    """Ten times a constant and a tenth of it. Where it is nothing: ten times the standard deviation of its prior on
    both sides, or ten times the largest of the elements beside it, and one time."""
    value = MEDIANS[id]
    if value:
        return 10 * value, value / 10
    if id in SD:
        return 10 * SD[id], -10 * SD[id]
    largest = max(OWN[other] for other in elements(BASE[id]))
    return 10 * largest, largest


def singles() -> list[Case]:
    return [{id: value} for id in OWN for value in extremes(id)]


def pairs() -> list[Case]:
    rng = np.random.default_rng(21)
    ids = tuple(OWN)
    chosen = (rng.choice(len(ids), 2, replace=False) for _ in range(PAIRS))
    return [{ids[k]: extremes(ids[k])[rng.integers(2)] for k in pair} for pair in chosen]


def capped(case: Case) -> Case:
    return {id: min(value, 1.0) if BASE[id] in PARTS else value for id, value in case.items()}


def parameters(cases: Sequence[Case]) -> dict[str, np.ndarray]:
    values = {id: np.full(len(cases), value) for id, value in MEDIANS.items()}
    for k, case in enumerate(cases):
        for id, value in case.items():
            values[id][k] = value
    return values


def given(cases: Sequence[Case], plans: bool) -> Inputs:
    return planned(len(cases), parameters(cases)) if plans else Inputs(len(cases), parameters(cases))


@pytest.mark.parametrize("plans", [False, True], ids=["no-plan", "all-plans"])
@pytest.mark.parametrize("cases", [singles(), pairs()], ids=["each", "pairs"])
def test_every_variable_is_a_number_in_every_step(cases, plans):
    """No constant is left out, shares and dates neither: even where they mean nothing, the arithmetic holds."""
    (sums,) = simulate(PROGRAM, given(cases, plans), [over_all_steps(IDS)])
    broken = np.nonzero(~np.isfinite(sums).all(axis=(0, 1)))[0]
    assert [cases[k] for k in broken] == []


@pytest.mark.parametrize("plans", [False, True], ids=["no-plan", "all-plans"])
@pytest.mark.parametrize("cases", [singles(), pairs()], ids=["each", "pairs"])
def test_no_stock_is_below_nothing_and_no_share_above_all(cases, plans):
    """With constants that are themselves shares at most 1."""
    positive = [id for id in STOCKS if id not in elements(*SIGNED)]
    shares = elements(*SHARES)
    found = []
    for start in range(0, len(cases), CHUNK):
        some = [capped(case) for case in cases[start : start + CHUNK]]
        stocks, parts = simulate(PROGRAM, given(some, plans), [every_step(positive), every_step(shares)])
        found += [(positive[i], some[k]) for i, k in zip(*np.nonzero(stocks.min(axis=1) < 0), strict=True)]
        outside = (parts.min(axis=1) < 0) | (parts.max(axis=1) > 1 + 1e-12)
        found += [(shares[i], some[k]) for i, k in zip(*np.nonzero(outside), strict=True)]
    assert found == []


def test_the_parts_of_a_whole_are_constants_of_the_model():
    assert {BASE[id] for id in OWN} >= PARTS
