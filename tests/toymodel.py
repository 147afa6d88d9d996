"""A small model with its scenario, figures and priors, whose parameters are known: all that a calibration reads."""

import csv

import numpy as np

from huangpu.calibration.sampling import Settings
from huangpu.measurement.observations import COLUMNS

MODEL = """{UTF-8}
Output= INTEG (Output*(Growth+Push Effect*Push), Initial Output)
	~	yuan
	~	What is made.
	|

Initial Output= 80
	~	yuan
	~	At the start.
	|

Growth= 0.05
	~	1/year
	~	Own growth.
	|

Push Effect= 0.1
	~	1/year
	~	Growth that a push of 1 adds.
	|

Push= 0
	~	dmnl
	~	A lever.
	|

FINAL TIME  = 2020
	~	year
	~	End.
	|

INITIAL TIME  = 2010
	~	year
	~	Start.
	|

SAVEPER  = TIME STEP
	~	year
	~	Saved.
	|

TIME STEP  = 0.125
	~	year
	~	Step.
	|

\\\\\\---/// Sketch information - do not modify anything except names
V300  Do not put anything below this section - it will be ignored
*Levers
$192-192-192,0,Times New Roman|12||0-0-0|0-0-0|0-0-255|-1--1--1|-1--1--1|96,96,100,0
10,1,Push,140,80,60,19,8,3,0,0,0,0,0,0
///---\\\\\\
"""

SCENARIO = """
# 汽车
name: pushed
model: toy.mdl
posterior: none
save: {variables: [output]}
levers:
  push: [{plan: p, start: 2013, ramp: {shape: step, years: 0}, hold: 1, end: 2015, delivery: delivery_p}]
"""

METRICS = """
processes:
  output: {reason: drift}
quantities:
  output: {label: Output, variable: output, operator: at_date, transform: log, unit: yuan, discrepancy: {output: 1}}
series:
  - {quantity: output, metric: output, scope: all, kind: level, form: level}
"""

PRIORS = """
parameters:
  initial_output: {distribution: lognormal, median: 80, log_sd: 0.3, reason: a guess, source: judgement}
  growth: {distribution: normal, mean: 0.05, sd: 0.03, reason: a guess, source: judgement}
  push_effect: {distribution: normal, mean: 0.1, sd: 0.05, reason: a guess, source: judgement}
  delivery_p: {distribution: logitnormal, median: 0.7, logit_sd: 0.5, reason: a guess, source: judgement}
  sigma.output: {distribution: lognormal, median: 0.001, log_sd: 0.1, reason: a guess, source: judgement}
"""

TRUTH = {"initial_output": 100.0, "growth": 0.03, "push_effect": 0.12, "delivery_p": 0.8, "sigma.output": 0.001}
SMALL = Settings(seed=3, ensembles=2, walkers=24, burn=300, steps=400, thin=10)


def true_output(year):
    pushed = np.clip(year - 2013, 0, 2)
    steps = (year - 2010) / 0.125
    return 100 * (1 + 0.125 * 0.03) ** (steps - pushed * 8) * (1 + 0.125 * (0.03 + 0.12 * 0.8)) ** (pushed * 8)


def write_toy(folder):
    """The files of a calibration, with figures of nine years that the true parameters gave."""
    for name, text in (
        ("toy.mdl", MODEL),
        ("pushed.yaml", SCENARIO),
        ("metrics.yaml", METRICS),
        ("priors.yaml", PRIORS),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "sources.csv").write_text("source_id,title\ns,Source\n", encoding="utf-8")
    with (folder / "observations.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        blank = dict.fromkeys(COLUMNS, "") | {
            "metric": "output", "scope": "all", "kind": "level", "unit": "yuan", "bound": "=", "period": "as_of",
            "verification": "quoted", "preferred": "1", "use": "calibrate", "published": "2020-01-01",
        }  # fmt: skip
        for year in range(2010, 2019):
            value = true_output(year + 1.0)
            cells = {"row_id": f"o{year}", "year": year, "date": f"{year}-12-31"}
            table.writerow(blank | cells | {"value": value, "se_abs": 0.005 * value})
