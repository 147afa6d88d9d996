"""Small metrics and observations, written as files the way production reads them."""

import csv

import numpy as np
import pytest

from huangpu.measurement import Simulated, load_layer
from huangpu.measurement.observations import COLUMNS
from huangpu.measurement.simulated import Means

METRICS = """
shock_years: {2013: 4.0}
part_year: {growth_points: 0.6, level_relative: 0.06, share_points: 0.9}
processes:
  volume: {reason: drift of volume}
  price: {reason: drift of price}
  mix: {reason: drift of the share}
quantities:
  real: {label: Volume, variable: volume, operator: annual_mean, transform: log, unit: yuan, discrepancy: {volume: 1}}
  nominal: {label: Value, variable: value, operator: annual_mean, transform: log, unit: yuan, basis: new,
            discrepancy: {volume: 1, price: 0.5}}
  share: {label: Share, variable: share, scale: 100, operator: annual_mean, transform: logit, unit: percent,
          discrepancy: {mix: 1}}
  stock: {label: Stock, variable: stock, operator: at_date, transform: log, unit: item}
  ratio: {label: Ratio, ratio: [nominal, real], scale: 100, unit: percent}
  both: {label: Both, sum: [real, nominal], unit: yuan}
series:
  - {quantity: real, metric: m, scope: all, kind: growth_real, form: growth}
  - {quantity: nominal, metric: m, scope: all, kind: level, form: level}
  - {quantity: share, metric: s, scope: all, kind: share, form: level}
  - {quantity: stock, metric: c, scope: all, kind: count, form: level}
offsets:
  - {quantities: [nominal], basis: old, sd: 0.1, reason: older accounts}
  - {quantities: [nominal], basis: new, sd: 0.05, reason: newer accounts}
"""

BLANK = dict.fromkeys(COLUMNS, "") | {
    "scope": "all",
    "bound": "=",
    "published": "2020-01-01",
    "source_id": "s",
    "verification": "quoted",
    "preferred": "1",
    "use": "calibrate",
}
KINDS = {
    "growth": {"metric": "m", "kind": "growth_real", "unit": "percent", "months": "12", "period": "FY"},
    "level": {"metric": "m", "kind": "level", "unit": "yuan", "months": "12", "period": "FY"},
    "share": {"metric": "s", "kind": "share", "unit": "percent", "months": "12", "period": "FY"},
    "count": {"metric": "c", "kind": "count", "unit": "item", "period": "as_of"},
}


@pytest.fixture
def row():
    return _row


@pytest.fixture
def metrics_text():
    return METRICS


def _row(row_id, what, year, value, se, **more):
    """A row of observations.csv; `what` is one of KINDS."""
    given = {"row_id": row_id, "year": year, "value": value, "se_abs": se} | more
    return BLANK | KINDS[what] | {key: str(item) for key, item in given.items()}


def write(folder, rows, metrics=METRICS):
    (folder / "metrics.yaml").write_text(metrics, encoding="utf-8")
    with (folder / "observations.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    return folder / "metrics.yaml", folder / "observations.csv"


@pytest.fixture
def layer_of(tmp_path):
    """rows (and metrics) -> layer of a model that begins in 2010."""

    def build(*rows, metrics=METRICS):
        return load_layer(*write(tmp_path, rows, metrics), start=2010.0)

    return build


@pytest.fixture
def simulated():
    """Eight years of two members: growth of 5 % and 2 % a year, shares of 30 % and 40 %, stocks from 10 and 20."""
    years = np.arange(2010, 2018)
    times = 2010 + 0.25 * np.arange(33)
    growth = np.exp(np.log([1.05, 1.02]) * (years - 2010)[:, None])
    annual = {
        "volume": 100 * growth,
        "value": 200 * growth**1.5,
        "share": np.broadcast_to([0.3, 0.4], growth.shape).copy(),
    }
    stock = np.array([10.0, 20.0]) * np.exp(0.1 * (times - 2010))[:, None]
    # what grows within the year is smaller in its first half, and by more in later years
    half = {name: values * 0.98 ** (years - 2009)[:, None] for name, values in annual.items()}
    return Simulated(years, annual, times, {"stock": stock}, {6: Means(years[1:], {n: v[1:] for n, v in half.items()})})
