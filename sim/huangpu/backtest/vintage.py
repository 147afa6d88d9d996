"""What was known at an origin, the end of a year: figures, plans, shocks. Nothing dated later gets through.

Figures by the *cell rule*: a cell is one metric, scope, kind, basis, year, period and date; of its rows the preferred
one stands if it was published by then, else the latest that was. A cell may enter a likelihood if any of its rows may.
Which rows are preferred and which may enter is how the file sorts its rows, not what was reported; values and days of
publication after the origin have no influence. Recalled rows never enter.

Series of metrics.yaml that name rows mean those that stand for the same cells. One that names years, none of
them known yet, takes the latest full-year level of each basis as its anchor instead, as anybody would have.

Plans by the day on which they could be read: windows of later plans are taken out of the scenario, and so is what was
done to earlier plans' windows when a later plan took over. Shocks by their year: the constant of a later one is 0, and
its year is a plain year. Days and years stand in calibration/vintages.yaml.

What this cannot take back is the model itself, whose structure, fixed constants and definitions (starts of programmes,
offsets of later bases) were written with all of the past in view; docs/backtest.md says what that means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import Field

from huangpu.calibration.posterior import Question
from huangpu.calibration.priors import DELIVERY, Priors
from huangpu.measurement import DataError, Layer, build_layer, with_drivers
from huangpu.measurement.datafile import Strict, check, iso_day, load_yaml
from huangpu.measurement.metrics import Metrics, Series
from huangpu.measurement.observations import Observation
from huangpu.program import Program
from huangpu.response import responses
from huangpu.runtime.scenario import Scenario, load_scenario, parse_scenario
from huangpu.runtime.scenario import check as check_scenario
from huangpu.yamlfile import nearest, read_yaml, write_yaml


class _Plan(Strict):
    published: str
    source: str
    assumed: str = ""


class _Shock(Strict):
    year: int


class _File(Strict):
    origins: tuple[int, ...] = Field(strict=False, min_length=1)
    due: int
    plans: dict[str, _Plan] = Field({})
    shocks: dict[str, _Shock] = Field({})


@dataclass(frozen=True)
class Vintages:
    """calibration/vintages.yaml. plans: id -> ISO day of publication; shocks: constant of the model -> year.

    due: the last year whose targets are scored
    """

    path: str
    origins: tuple[int, ...]
    due: int
    plans: Mapping[str, str]
    shocks: Mapping[str, int]


def read_vintages(path: Path | str, program: Program) -> Vintages:
    """Raises DataError with every problem, one a line."""
    document, file = load_yaml(path, _File)
    problems, plans = [], {}
    for name, plan in file.plans.items():
        try:
            plans[name] = iso_day(plan.published)
        except ValueError as error:
            problems.append(document.problem(("plans", name, "published"), str(error)))
    known = [program.rows[row].id for row, _ in program.constants]
    for name in file.shocks:
        if name not in known:
            problems.append(
                document.problem(("shocks", name), f"the model has no constant '{name}'{nearest(name, known)}")
            )
    check(document, problems)
    return Vintages(
        str(path), tuple(sorted(set(file.origins))), file.due, plans, {n: s.year for n, s in file.shocks.items()}
    )


def last_day(origin: int) -> str:
    """The last ISO day that an origin knows."""
    return f"{origin}-12-31"


# ---- figures


def cell(row: Observation) -> tuple:
    return row.metric, row.scope, row.kind, row.basis, row.year, row.period, row.date


def known_rows(observations: Iterable[Observation], day: str) -> tuple[Observation, ...]:
    """The rows that may enter a likelihood on that day, one a cell, in file order, each marked as preferred."""
    cells: dict[tuple, list[Observation]] = {}
    for row in observations:
        if row.verification != "recalled":
            cells.setdefault(cell(row), []).append(row)
    chosen = []
    for rows in cells.values():
        out = [row for row in rows if "" < row.published <= day]
        if out and any(row.use == "calibrate" for row in rows):
            best = max(out, key=lambda row: (row.preferred, row.published))
            chosen.append(replace(best, preferred=True, use="calibrate"))
    return tuple(chosen)


def known_metrics(metrics: Metrics, rows: Sequence[Observation], known: Sequence[Observation], origin: int) -> Metrics:
    """metrics.yaml as it would have been: shock years up to the origin, and series that ask for what was known.

    rows: all of observations.csv, for the cells of those that series name
    """
    standing = {cell(row): row for row in known}
    stands = {row.row_id: standing[cell(row)] for row in rows if cell(row) in standing}
    series = (_known_series(series, known, stands) for series in metrics.series)
    years = {year: factor for year, factor in metrics.shock_years.items() if year <= origin}
    return replace(metrics, shock_years=years, series=tuple(s for s in series if s is not None))


def _known_series(series: Series, known: Sequence[Observation], stands: Mapping[str, Observation]) -> Series | None:
    same = [o for o in known if (o.metric, o.scope, o.kind) == (series.metric, series.scope, series.kind)]
    leave_out = {stands[id].row_id: reason for id, reason in series.leave_out.items() if id in stands}
    new: dict[str, object] = {"leave_out": leave_out}
    if series.rows:
        named = [stands[id] for id in series.rows if id in stands]
        # parts that enter beside a longer part must not take its place where that is not known yet
        new["rows"] = tuple(o.row_id for o in named if not series.parts or any(_covers(other, o) for other in same))
        if not new["rows"]:
            return None
    if series.years and series.form == "level" and not any(o.year in series.years for o in same):
        new |= {"years": (), "anchors": "last"}
    return series.model_copy(update=new)


def _covers(longer: Observation, part: Observation) -> bool:
    return (longer.basis, longer.year, longer.span) == (part.basis, part.year, part.span) and (
        (longer.months or 0) > (part.months or 0)
    )


# ---- plans and shocks


def known_scenario(path: Path | str, vintages: Vintages, program: Program, origin: int) -> Scenario:
    """The scenario of a file as it could be written at the origin, checked.

    The file may rest on bases, one or more plans each, and change them, but its bases change nothing. Windows without a
    plan count from their start. Raises ScenarioError for a bad file, DataError for a plan without a day.
    """
    whole, document = load_scenario(path), read_yaml(path)
    for base in whole.bases:
        if base.bases:
            raise DataError(
                f"{path}: base {base.file} has bases of its own; a backtest takes plans apart one level deep"
            )
    day, data = last_day(origin), dict(document.data)
    plans = {window.plan for scenario in (whole, *whole.bases) for window in _windows(scenario)} - {""}
    for plan in plans:
        if plan not in vintages.plans:
            message = f"{vintages.path}: plans: no day for '{plan}', a plan of {path}{nearest(plan, vintages.plans)}"
            raise DataError(f"{message}; say when it was published")
    later = {plan for plan in plans if vintages.plans[plan] > day}
    for key in ("levers", "drivers"):
        if key in data:
            data[key] = {name: _up_to(course, later, origin) for name, course in data[key].items()}
            data[key] = {name: course for name, course in data[key].items() if course != []}
    changes = [c for c in data.pop("changes", []) if c["plan"] not in later and c.get("end", origin) < origin + 1]
    from_bases = {window.plan for base in whole.bases for window in _windows(base)}
    changes += [{"plan": plan, "remove": True} for plan in sorted(later & from_bases)]
    fixed = {name: 0.0 for name, year in vintages.shocks.items() if year > origin}
    data |= {"name": f"{whole.name}_{origin}", "parameters": data.get("parameters", {}) | fixed}
    data |= {"changes": changes} if changes else {}
    text = write_yaml({**data, "description": f"{whole.name} as it was known at the end of {origin}"})
    return check_scenario(parse_scenario(text, str(Path(path).with_name(f"{whole.name}_{origin}.yaml"))), program)


def _windows(scenario: Scenario) -> list:
    courses = [*scenario.form.levers.values(), *scenario.form.drivers.values()]
    return [window for course in courses if isinstance(course, list) for window in course]


def _up_to(course: object, later: set[str], origin: int) -> object:
    """A lever's or driver's windows, as written, less those of later plans; without a plan, less what starts later."""
    if not isinstance(course, list):
        return course
    kept = []
    for window in course:
        if window.get("plan"):
            kept += [] if window["plan"] in later else [window]
        elif "series" in window:
            points = {year: value for year, value in window["series"].items() if float(year) < origin + 1}
            kept += [{**window, "series": points}] if points else []
        elif window.get("start", origin) < origin + 1:
            kept.append(window)
    return kept


# ---- all of it


@dataclass(frozen=True)
class Vintage:
    """What a forecaster at the end of `origin` has.

    known     rows that may enter; those that do are in the layer
    layer     without drivers; question  what is fitted, whose layer has them
    """

    origin: int
    known: tuple[Observation, ...]
    layer: Layer
    question: Question


def at_origin(
    program: Program,
    scenario_path: Path | str,
    vintages: Vintages,
    metrics: Metrics,
    observations: Sequence[Observation],
    priors: Priors,
    origin: int,
) -> Vintage:
    """The model, figures and priors as they stood. Raises ScenarioError or DataError for bad input."""
    known = known_rows(observations, last_day(origin))
    scenario = known_scenario(scenario_path, vintages, program, origin)
    own = known_metrics(metrics, observations, known, origin)
    layer = build_layer(own, known, start=program.initial_time)
    kept = known_priors(priors, scenario)
    medians = kept.values(np.zeros((len(kept.names), 1)))[:, 0]
    centre = dict(zip(kept.names, medians.tolist(), strict=True))
    joint = with_drivers(layer, responses(program, scenario, layer, centre))
    return Vintage(origin, known, layer, Question(program, scenario, joint, kept, centre, {}))


def known_priors(priors: Priors, scenario: Scenario) -> Priors:
    """Less parameters that the scenario fixes and deliveries of plans that it does not have."""
    delivered = {w.delivery for w in scenario.windows if isinstance(w.delivery, str)}
    return Priors(
        tuple(
            p
            for p in priors.items
            if p.name not in scenario.parameters and (not p.name.startswith(DELIVERY) or p.name in delivered)
        )
    )
