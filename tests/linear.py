"""A tree of files whose every answer is known: one parameter, one driver and one walk, all linear in logs and Gaussian.

log sales(t) = log 100 + growth (t - 2010) + cycle(t), met with figures of their own error
"""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tests import modelfile

from huangpu.compiler import compile_model
from huangpu.measurement.observations import COLUMNS
from huangpu.runtime.dataset import Array, Table, write_netcdf

VIEW = """V300  Do not put anything below this section - it will be ignored
*Drivers
$192-192-192,0,Times New Roman|12||0-0-0|0-0-0|0-0-255|-1--1--1|-1--1--1|96,96,100,0
10,1,Cycle,140,80,60,19,8,3,0,0,0,0,0,0
///---\\\\\\
"""
MODEL = """
Growth = 0.05 ~ 1/year ~ Own growth. |
Cycle = 0 ~ dmnl ~ A driver, neutral at 0. |
Age = INTEG(Pace, 0) ~ year ~ Years passed. |
Pace = 1 ~ dmnl ~ Years a year. |
Sales = 100*EXP(Growth*Age+Cycle) ~ yuan ~ What is sold. |
"""
METRICS = """
drivers:
  cycle: {process: ar1, phi: 0.5, sigma: sigma.cycle, reason: ups and downs}
processes:
  sales: {reason: drift}
quantities:
  sales: {label: Sales, variable: sales, operator: at_date, transform: log, unit: yuan, discrepancy: {sales: 1}}
series:
  - {quantity: sales, metric: sales, scope: all, kind: level, form: level}
"""
SCENARIO = """
name: plain
model: ../models/model.mdl
posterior: ../calibration/members.nc
members: 50
seed: 5
horizon: {end: 2022}
save: {variables: [sales]}
"""
TARGETS = ("id,plan,metric,label_en,operator,value,value_hi,unit,target_year,base_year,horizon,scope,theme,modelled_as,"
           "left_out\nt.sales,first,sales,Sales of all,>=,VALUE,,yuan,2020,,,all,output,core,\n")  # fmt: skip
READINGS = """t.sales: {quantity: sales, statistic: level, year: 2020, reading: what is sold, reason: plain words}
"""
OUTCOMES = ("target_id,plan,metric,scope,operator,target_value,unit,target_year,outcome_value,outcome_period,met,"
            "published,evidence,verification,source_id,note\n")  # fmt: skip
GROWTH, SPREAD = 0.05, 0.02  # prior of growth
CYCLE, DRIFT = 0.03, 0.01
ASKED = 175.0
DUE = 2021.0


@dataclass(frozen=True)
class Figure:
    """A figure of sales on the last day of a year. published: a date; use, bound as in observations.csv."""

    row_id: str
    year: int
    value: float
    error: float = 0.02
    bound: str = "="
    use: str = "calibrate"

    @property
    def time(self) -> float:
        return self.year + 1.0


def write_tree(root: Path, fitted: list[Figure], *, members: int = 4000) -> Path:
    """Everything that a scenario needs, with a posterior that is drawn exactly; the path of the scenario."""
    for name in ("calibration", "results", "models", "scenarios"):
        (root / name).mkdir(exist_ok=True)
    model = modelfile.write(root / "models", MODEL, start=2010, end=2025, dt=0.125, sketch=VIEW)
    texts = {"calibration/metrics.yaml": METRICS, "calibration/priors.yaml": "parameters: {}\n",
             "results/targets.csv": TARGETS.replace("VALUE", f"{ASKED}"), "results/readings.yaml": READINGS,
             "results/outcomes.csv": OUTCOMES}  # fmt: skip
    for name, text in texts.items():
        (root / name).write_text(text, encoding="utf-8")
    write_figures(root, fitted)
    path, posterior = root / "scenarios" / "plain.yaml", root / "calibration" / "members.nc"
    path.write_text(SCENARIO, encoding="utf-8")
    write_netcdf(_posterior(root, fitted, members, compile_model(model).model_hash, SCENARIO), posterior)
    return path


def write_figures(root: Path, figures: list[Figure], name: str = "observations.csv") -> Path:
    blank = dict.fromkeys(COLUMNS, "") | {
        "scope": "all", "kind": "level", "unit": "yuan", "period": "as_of", "metric": "sales",
        "verification": "quoted", "preferred": "1", "source_id": "s",
    }  # fmt: skip
    path = root / "calibration" / name
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        for f in figures:
            cells = {"row_id": f.row_id, "year": f.year, "date": f"{f.year}-12-31", "value": f.value, "use": f.use}
            more = {"se_abs": f.error * f.value, "bound": f.bound, "published": f"{f.year + 1}-02-28"}
            table.writerow(blank | cells | more)
    return path


def _posterior(root: Path, fitted: list[Figure], size: int, model_hash: str, text: str) -> Table:
    mean, spread = growth_given(fitted)
    growth = mean + spread * np.random.default_rng(1).standard_normal(size)
    files = {n: hashlib.sha256((root / "calibration" / n).read_bytes()).hexdigest()
             for n in ("observations.csv", "metrics.yaml", "priors.yaml")}  # fmt: skip
    columns = {
        "growth": Array(("member",), growth, {"kind": "parameter"}, packed=True),
        "sigma.cycle": Array(("member",), np.full(size, CYCLE), {"kind": "discrepancy"}),
        "sigma.sales": Array(("member",), np.full(size, DRIFT), {"kind": "discrepancy"}),
        "log_posterior": Array(("member",), np.zeros(size), {"kind": "diagnostic"}),
    }
    order = np.arange(size)
    index = {"kind": "index"}
    coords = {"chain": Array(("member",), order % 4, index), "draw": Array(("member",), order // 4, index)}
    attrs = {
        "model_hash": model_hash, "scenario": "plain", "scenario_text": text, "centre": json.dumps({"growth": GROWTH}),
        "row_ids": json.dumps([f.row_id for f in fitted]),
        "figures": json.dumps({f.row_id: (f.value, f.bound, f.error * f.value) for f in fitted}),
        "files": json.dumps(files),
    }  # fmt: skip
    return Table(columns, coords, attrs)


# -- by hand ----------------------------------------------------------------------------------------------------------


def covariance(times: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Of driver and walk together at two lists of decimal years: what growth does not explain."""
    middles = np.arange(2010, 2026) + 0.5
    kept = np.tril(0.5 ** np.maximum(np.subtract.outer(middles, middles), 0))

    def path(at):
        hats = [np.interp(at, [2010.0, *middles], [0.0, *(middles == m)]) for m in middles]
        return np.transpose(hats) @ kept

    return CYCLE**2 * path(times) @ path(others).T + DRIFT**2 * np.minimum.outer(times - 2010, others - 2010)


def given(figures: list[Figure], at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of growth, then of log sales at decimal years, given figures that are said exactly."""
    times = np.array([f.time for f in figures])
    told = np.array([np.log(f.value / 100) for f in figures]) - GROWTH * (times - 2010)
    moved = np.array([1.0, *(at - 2010)])  # by growth

    noise = covariance(times, times) + np.diag([f.error**2 for f in figures])
    rows = SPREAD**2 * np.outer(times - 2010, times - 2010) + noise
    across = SPREAD**2 * np.outer(moved, times - 2010)
    across[1:] += covariance(at, times)
    prior = SPREAD**2 * np.outer(moved, moved)
    prior[1:, 1:] += covariance(at, at)
    gain = across @ np.linalg.inv(rows)
    return np.array([GROWTH, *(np.log(100) + GROWTH * (at - 2010))]) + gain @ told, prior - gain @ across.T


def growth_given(figures: list[Figure]) -> tuple[float, float]:
    mean, matrix = given(figures, np.zeros(0))
    return float(mean[0]), float(np.sqrt(matrix[0, 0]))
