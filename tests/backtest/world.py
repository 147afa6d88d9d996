"""A small economy with two plans and a shock, in files as production reads them. Origins are 2014 and 2016."""

from __future__ import annotations

import csv

from tests import modelfile

from huangpu.measurement.observations import COLUMNS
from huangpu.results.outcomes import COLUMNS as OUTCOMES
from huangpu.results.targets import COLUMNS as TARGETS

VIEW = """V300  Do not put anything below this section - it will be ignored
*{view}
$192-192-192,0,Times New Roman|12||0-0-0|0-0-0|0-0-255|-1--1--1|-1--1--1|96,96,100,0
"""
ITEM = "10,{n},{name},140,80,60,19,8,3,0,0,0,0,0,0\n"
DIVIDER = "\\\\\\---/// Sketch information - do not modify anything except names\n"
MODEL = """
Output = INTEG(Output*(Growth+Push Effect*(Push+Late Push)), Initial Output) ~ yuan/year ~ What is made. |
Initial Output = 80 ~ yuan/year ~ At the start. |
Growth = 0.05 ~ 1/year ~ Own growth. |
Push Effect = 0.1 ~ 1/year ~ Growth that a push of 1 adds. |
Push = 0 ~ dmnl ~ A lever of the first plan. |
Late Push = 0 ~ dmnl ~ A lever of the second plan. |
Cycle = 0 ~ dmnl ~ A driver, neutral at 0. |
Crash Depth = 0.2 ~ dmnl ~ What the crash of 2015 takes. |
Sales = Output*EXP(Cycle)*(1-Crash Depth*STEP(1,2015)) ~ yuan/year ~ What is sold. |
Shops = INTEG(Pace, 10) ~ item ~ How many there are. |
Pace = 4 ~ item/year ~ New ones in a year. |
"""
METRICS = """
shock_years: {2015: 4.0}
part_year: {growth_points: 0.5, level_relative: 0.05}
drivers:
  cycle: {process: ar1, phi: 0.5, shocks: true, reason: ups and downs}
processes:
  sales: {reason: drift}
  shops: {reason: drift, start: 2011}
quantities:
  sales: {label: Sales, variable: sales, operator: annual_mean, transform: log, unit: yuan, discrepancy: {sales: 1}}
  shops: {label: Shops, variable: shops, operator: at_date, transform: log, unit: item, keeps: 0.9,
          discrepancy: {shops: 1}}
series:
  - {quantity: sales, metric: sales, scope: all, kind: growth_real, form: growth}
  - {quantity: sales, metric: sales, scope: all, kind: level, form: level, years: [2015]}
  - {quantity: shops, metric: shops, scope: all, kind: count, form: level}
offsets:
  - {name: sales.new, quantities: [sales], basis: new, sd: 0.1, reason: a new way of counting}
"""
PRIORS = """
parameters:
  initial_output: {distribution: lognormal, median: 80, log_sd: 0.2, reason: a guess, source: judgement}
  growth: {distribution: normal, mean: 0.05, sd: 0.02, reason: "as it was in 2013", source: judgement}
  push_effect: {distribution: normal, mean: 0.1, sd: 0.05, reason: "what g12 says", source: judgement}
  crash_depth: {distribution: logitnormal, median: 0.2, logit_sd: 0.3, reason: "the crash of 2015", source: judgement}
  pace: {distribution: lognormal, median: 4, log_sd: 0.3, reason: a guess, source: judgement, known: 2016}
  delivery_first: {distribution: logitnormal, median: 0.7, logit_sd: 0.5, reason: a guess, source: s}
  delivery_second: {distribution: logitnormal, median: 0.7, logit_sd: 0.5, reason: a guess, source: judgement}
  sigma.cycle: {distribution: lognormal, median: 0.02, log_sd: 0.2, reason: a guess, source: judgement}
  sigma.sales: {distribution: lognormal, median: 0.02, log_sd: 0.2, reason: a guess, source: judgement}
  sigma.shops: {distribution: lognormal, median: 0.1, log_sd: 0.2, reason: a guess, source: judgement}
"""
NONE = """
name: none
model: ../model.mdl
posterior: none
seed: 5
horizon: {end: 2020}
save: {variables: [sales]}
"""
FIRST = """
name: first
base: none.yaml
levers:
  push: [{plan: plan_1, start: 2012.5, hold: 0.5, end: 2018, delivery: delivery_first}]
"""
SECOND = """
name: second
base: none.yaml
levers:
  late_push: [{plan: plan_2, start: 2016.5, hold: 0.8, end: 2020, delivery: delivery_second}]
"""
BOTH = """
name: both
base: [first.yaml, second.yaml]
changes:
  - {plan: plan_1, end: 2016.5}
"""
VINTAGES = """
origins: [2014, 2016]
due: 2018
plans:
  plan_1: {published: "2012-07-01", source: s}
  plan_2: {published: "2016-07-01", source: s}
shocks:
  crash_depth: {year: 2015}
"""
READINGS = """
t.sales: {quantity: sales, statistic: level, reading: the year's sales, reason: as written}
t.shops: {quantity: shops, statistic: level, reading: at the end, reason: as written}
t.late: {quantity: sales, statistic: level, reading: the year's sales, reason: as written}
"""
BLANK = dict.fromkeys(COLUMNS, "") | {
    "scope": "all", "bound": "=", "source_id": "s", "verification": "quoted", "preferred": "1", "use": "calibrate",
}  # fmt: skip
KINDS = {
    "growth": {"metric": "sales", "kind": "growth_real", "unit": "percent", "months": "12", "period": "FY"},
    "level": {"metric": "sales", "kind": "level", "unit": "yuan", "months": "12", "period": "FY"},
    "count": {"metric": "shops", "kind": "count", "unit": "item", "period": "as_of"},
    "other": {"metric": "rain", "kind": "level", "unit": "mm", "months": "12", "period": "FY"},
}


def cells(row_id: str, what: str, year: int, value: float, se: float, **more) -> dict[str, str]:
    """A row of observations.csv, by default out in March of the year after."""
    given = {"row_id": row_id, "year": year, "value": value, "se_abs": se, "published": f"{year + 1}-03-15"}
    dated = {"date": f"{year}-12-31"} if what == "count" else {}
    return BLANK | KINDS[what] | dated | {key: str(item) for key, item in (given | more).items()}


def history() -> list[dict[str, str]]:
    """Growth of every year, levels on two bases, half years, shops at year ends, and what no quantity predicts."""
    rates = {2011: 5.0, 2012: 6.1, 2013: 8.7, 2014: 7.9, 2015: -6.0, 2016: 7.0, 2017: 9.0, 2018: 8.0}
    rows = [cells(f"g{y % 100}", "growth", y, rate, 0.1) for y, rate in rates.items()]
    rows += [cells(f"h{y % 100}", "growth", y, rates[y] + 1, 0.2, months=6, period="H1", published=f"{y}-08-01")
             for y in (2014, 2016, 2018)]  # fmt: skip
    rows += [cells("l11", "level", 2011, 84.0, 0.5), cells("l13", "level", 2013, 97.0, 0.5)]
    rows += [cells("l15", "level", 2015, 99.0, 0.5), cells("l17", "level", 2017, 130.0, 0.5, basis="new")]
    shops = {2011: 17, 2012: 22, 2013: 25, 2014: 31, 2015: 33, 2016: 38, 2017: 41}
    rows += [cells(f"c{y % 100}", "count", y, number, 0.5) for y, number in shops.items()]
    rows += [cells("c18", "count", 2018, 45, 0.5, bound=">"), cells("r17", "other", 2017, 900, 5)]
    return rows


def write_rows(folder, rows) -> None:
    table(folder / "observations.csv", COLUMNS, rows)


def table(path, columns, rows) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def build(folder) -> None:
    """model.mdl, scenarios/, and all other files of calibration/ and results/ beside one another."""
    views = [("Levers", ("Push", "Late Push")), ("Drivers", ("Cycle",))]
    sketch = DIVIDER.join(
        VIEW.format(view=view) + "".join(ITEM.format(n=n, name=name) for n, name in enumerate(names, start=1))
        for view, names in views
    )
    modelfile.write(folder, MODEL, start=2010, end=2020, dt=0.125, sketch=sketch + "///---\\\\\\\n")
    scenarios = folder / "scenarios"
    scenarios.mkdir()
    for name, text in {"none": NONE, "first": FIRST, "second": SECOND, "both": BOTH}.items():
        (scenarios / f"{name}.yaml").write_text(text, encoding="utf-8")
    files = {"metrics": METRICS, "priors": PRIORS, "vintages": VINTAGES, "readings": READINGS}
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    write_rows(folder, history())
    table(folder / "sources.csv", ("source_id", "title", "date"), [{"source_id": "s", "date": "2013-02-01"}])
    blank = {"plan": "plan_1", "scope": "all", "operator": ">=", "horizon": "by the end", "theme": "output"}
    asked = [("t.sales", "sales", 120, "yuan", 2016), ("t.shops", "shops", 45, "item", 2018)]
    asked += [("t.late", "sales", 200, "yuan", 2019)]
    targets = [
        blank | {"id": id, "metric": metric, "value": value, "unit": unit, "target_year": year, "label_en": id}
        for id, metric, value, unit, year in asked
    ]
    table(folder / "targets.csv", TARGETS, targets)
    verdicts = [("t.sales", "no", "2017-03-15"), ("t.shops", "yes", "2019-03-15"), ("t.late", "unknown", "")]
    outcomes = [{"target_id": id, "met": met, "published": day} for id, met, day in verdicts]
    table(folder / "outcomes.csv", (*OUTCOMES, "published"), outcomes)
