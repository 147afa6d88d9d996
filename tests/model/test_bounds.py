"""What cannot be, whatever the parameters, levers and drivers: less than nothing, more than all, no number at all."""

import numpy as np
import pytest

from economy import (
    IDS,
    LAYER,
    PROGRAM,
    SHARES,
    SIGNED,
    STOCKS,
    draws,
    elements,
    every_step,
    over_all_steps,
    planned,
    shaken,
)
from huangpu.runtime.ensemble import Inputs, simulate

SIZE = 150
LIMITS = {  # variables with other ends: lowest, highest, and why
    "utilisation": (0.0, 1.08, "overtime gives at most 8 %"),
    "space_effect": (0.0, 1.03, "a little more is begun than planned where space is free"),
    "profitability": (0.2, np.inf, "its floor in the model"),
    "finance_cost": (0.3, 1.25, "its floor, and crowding at five times the usual burden"),
    "export_factor": (0.0, np.inf, "exports may vanish, they do not come back"),
}


@pytest.fixture(scope="module", params=[1.0, 10.0], ids=["as-planned", "strongest"])
def lived(request):
    """Sums over all steps of every variable, and every step of what has limits; levers up to the strength named."""
    given = Inputs(SIZE, draws(SIZE, seed=11), shaken(SIZE, request.param, seed=11))
    limited = dict.fromkeys([*STOCKS, *elements(*SHARES, *LIMITS)])
    sums, values = simulate(PROGRAM, given, [over_all_steps(IDS), every_step(limited)])
    return sums, dict(zip(limited, values, strict=True))


def test_every_variable_is_a_number_in_every_step(lived):
    sums, _ = lived
    assert [id for id, value in zip(IDS, sums, strict=True) if not np.isfinite(value).all()] == []


def test_no_stock_is_below_nothing(lived):
    _, values = lived
    free = set(elements(*SIGNED))
    assert {id: values[id].min() for id in STOCKS if id not in free and values[id].min() < 0} == {}


def test_shares_stay_between_nothing_and_all(lived):
    _, values = lived
    seen = {id: (values[id].min(), values[id].max()) for id in elements(*SHARES)}
    assert {id: ends for id, ends in seen.items() if ends[0] < 0 or ends[1] > 1} == {}


def test_what_has_other_ends_stays_within_them(lived):
    _, values = lived
    seen = {id: (values[id].min(), values[id].max(), *ends) for base, ends in LIMITS.items() for id in elements(base)}
    assert {id: row for id, row in seen.items() if row[0] < row[2] or row[1] > row[3]} == {}


def test_no_share_is_missing_from_the_list():
    """What is reported in log odds, and what is called a share."""
    in_odds = {q.variable.split("[")[0] for q in LAYER.metrics.quantities.values() if q.transform == "logit"}
    bases = {entry.base for entry in PROGRAM.rows if entry.kind in ("stock", "auxiliary")}
    named = {base for base in bases if base.endswith(("_share", "_share_of_gdp"))}
    assert in_odds | named <= SHARES.keys()


def test_under_the_plans_shares_that_are_reported_in_log_odds_are_neither_nothing_nor_all():
    in_odds = {q.variable for q in LAYER.metrics.quantities.values() if q.transform == "logit"}
    (values,) = simulate(PROGRAM, planned(SIZE, draws(SIZE, seed=12)), [every_step(elements(*in_odds))])
    assert (values > 0).all() and (values < 1).all()


def test_key_industries_and_others_are_all_of_industry():
    """The density of all lies between those of the two, whoever has more robots."""
    ids = elements("robot_density", "above_scale_robot_density")
    key, others, both = simulate(PROGRAM, planned(SIZE, draws(SIZE, seed=13)), [every_step(ids)])[0]
    assert (np.minimum(key, others) <= both * (1 + 1e-12)).all() and (
        both <= np.maximum(key, others) * (1 + 1e-12)
    ).all()
