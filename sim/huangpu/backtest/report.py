"""What a backtest leaves behind: tables of every forecast and target, summary.json, and a page that says who won.

forecasts.csv  a row a forecast: what was said, what came, the scores of every forecaster
targets.csv    a row a target and origin: chances and outcome
left_out.csv   rows that nothing predicts and targets without a probability, with the reason
summary.json   coverage, skill and Brier scores: overall, by origin, metric, kind, horizon
report.md      the same for people
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from huangpu.backtest.brier import calibration
from huangpu.backtest.evaluate import MODEL, POOL, RESCALED, Evaluation, Line
from huangpu.backtest.held import on_scale
from huangpu.backtest.hindsight import Dated
from huangpu.backtest.naive import FORECASTERS
from huangpu.backtest.summary import RIVALS, worse_kinds
from huangpu.calibration.diagnostics import ESS, RHAT
from huangpu.results.writing import write_text

TABLES = ("forecasts.csv", "targets.csv", "left_out.csv", "hindsight.csv")
FILES = (*TABLES, "summary.json", "report.md", "coverage.svg", "pit.svg")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_UNKNOWN = {"_if_unknown_not_met": "Were none of them met", "_if_unknown_met": "were all"}
FEWEST = 3  # compared forecasts below which a metric is not named as lost
Found = Mapping[str, object]


def write(evaluation: Evaluation, found: Found, since: Sequence[Dated], folder: Path) -> None:
    """Each file appears whole or not at all. found: of `summary.summary`; since: of `hindsight.dated`."""
    priors = ({"parameter": d.name, "known": d.known or "", "why": d.why} for d in since)
    made = (_forecasts(evaluation.lines), _targets(evaluation), _left_out(evaluation), priors)
    for name, rows in zip(TABLES, made, strict=True):
        write_text(folder / name, _csv(rows))
    write_text(folder / "summary.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    write_text(folder / "report.md", page(evaluation, found))


# ---- tables


def _forecasts(lines: Sequence[Line]) -> Iterable[dict[str, object]]:
    forecasters = [*FORECASTERS, *(name + RESCALED for name in FORECASTERS), POOL]
    for line in lines:
        o, held, own = line.row, line.held, line.scores[MODEL]
        low, quarter, median, three, high = np.quantile(line.forecast.draws, QUANTILES)
        yield {
            "origin": held.origin,
            "row_id": o.row_id,
            "metric": o.metric,
            "scope": o.scope,
            "kind": o.kind,
            "basis": o.basis,
            "year": o.year,
            "period": o.period,
            "bound": o.bound,
            "observed": _cell(on_scale(o)[0]),
            "p05": _cell(low),
            "p25": _cell(quarter),
            "median": _cell(median),
            "p75": _cell(three),
            "p95": _cell(high),
            "scale": _cell(held.scale),
            "crps": _cell(own.crps),
            "log_score": _cell(own.log),
            "inside_50": _cell(own.inside_50),
            "inside_90": _cell(own.inside_90),
            "pit": _cell(own.pit),
            "pool_share": _cell(line.weight.share),
            "pool_with": line.weight.naive,
        } | {f"crps {name}": _cell(line.scores[name].crps) if name in line.scores else "" for name in forecasters}


def _targets(evaluation: Evaluation) -> Iterable[dict[str, object]]:
    for t in evaluation.targets:
        yield {
            "origin": t.origin,
            "target_id": t.target_id,
            "plan": t.plan,
            "metric": t.metric,
            "year": t.year,
            "median": _cell(t.said.median),
            "p05": _cell(t.said.p05),
            "p95": _cell(t.said.p95),
            "probability": _cell(t.chance),
            "naive": _cell(t.naive),
            "naive_by": t.by,
            "met": {1.0: "yes", 0.0: "no"}.get(t.met, "unknown"),
        }


def _left_out(evaluation: Evaluation) -> Iterable[dict[str, object]]:
    for origin, o, reason in evaluation.left:
        yield {"origin": origin, "id": o.row_id, "metric": o.metric, "scope": o.scope, "kind": o.kind, "reason": reason}
    for origin, id, reason in evaluation.silent:
        yield {"origin": origin, "id": id, "metric": "", "scope": "", "kind": "target", "reason": reason}


def _csv(rows: Iterable[dict[str, object]]) -> str:
    rows, text = list(rows), io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()


def _cell(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.6g}"


# ---- the page


def page(evaluation: Evaluation, found: Found) -> str:
    """report.md, which is also what the terminal shows."""
    overall = found["overall"]
    parts = [
        "# Backtest",
        _opening(overall),
        "## What was to be shown",
        *_criteria(found),
        "## By origin",
        _table(
            ("origin", "figures fitted", "forecast", "50 % held", "90 % held", "CRPS", "R-hat", "ESS"),
            [_origin(name, numbers) for name, numbers in found["by_origin"].items()],
        ),
        _unconverged(found),
        "## Against naive forecasters",
        "Skill is 1 less the ratio of mean CRPS: above 0 the model is ahead. Intervals of 90 %, clustered by series "
        "and year.",
        _table(
            ("forecaster", "skill", "with its intervals rescaled"),
            [
                (name, _interval(overall["skill"][name]), _interval(overall["skill"][name + RESCALED]))
                for name in FORECASTERS
            ],
        ),
        *(_skills(f"by {what}", found[f"by_{what}"]) for what in ("kind", "horizon")),
        _lost(found),
        "## Pool with the best naive forecaster",
        f"Weights learned from what earlier origins had seen come true: skill over the model alone "
        f"{_interval(overall['pool_skill'])}; 90 % intervals held {_percent(overall['pool_coverage_90'])}.",
        "## Targets",
        *_brier(evaluation, found),
        "## What nothing predicted",
        _unpredicted(evaluation),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _opening(overall: Found) -> str:
    return (
        f"{overall['rows']} forecasts of figures and {overall['bounds']} of bounds; {overall['rows_all_forecast']} of "
        f"the figures could be forecast by every naive forecaster too. CRPS {_signed(overall['crps'], 3)} and log "
        f"score {_signed(overall['log_score'], 3)} on average, in units of each series' spread of yearly change."
    )


def _criteria(found: Found) -> list[str]:
    overall = found["overall"]
    coverage, low, high = (overall[f"coverage_90{end}"] for end in ("", "_low", "_high"))
    held = coverage is not None and 0.80 <= coverage <= 0.97 and (low is None or (low <= 0.95 and high >= 0.85))
    lines = [
        f"- 90 % intervals held {_percent(coverage)} of the figures ({_percent(low)} to {_percent(high)}); asked: 80 "
        f"to 97 %, and an interval that meets 85 to 95 %: **{'yes' if held else 'no'}**.",
        f"- 50 % intervals held {_percent(overall['coverage_50'])}.",
    ]
    for rival in RIVALS:
        estimate, least, most = overall["skill"][rival]
        words = "no forecasts to compare" if estimate is None else _verdict(estimate, least)
        lines.append(f"- CRPS skill against {rival}: {_interval([estimate, least, most])}: **{words}**.")
    worse = worse_kinds(found)
    listed = "; ".join(f"{kind} against {rival} {_signed(skill)}" for kind, rival, skill in worse)
    lines.append(f"- Kinds of series more than 10 % worse than either: {listed or 'none'}.")
    return ["\n".join(lines)]


def _verdict(estimate: float, low: float | None) -> str:
    """ "Better" only where luck alone hardly explains it."""
    if estimate <= 0:
        return "behind"
    return "better" if low is not None and low > 0 else "ahead, within luck"


def _origin(name: str, numbers: Found) -> tuple[str, ...]:
    fit = numbers["fit"]
    return (
        f"end of {name}",
        str(fit.get("figures", "")),
        f"{numbers['rows']} + {numbers['bounds']}",
        _percent(numbers["coverage_50"]),
        _percent(numbers["coverage_90"]),
        _signed(numbers["crps"]),
        str(fit.get("rhat", "")),
        str(fit.get("ess", "")),
    )


def _unconverged(found: Found) -> str:
    bad = [name for name, numbers in found["by_origin"].items() if not numbers["fit"]["converged"]]
    why = f"R-hat above {RHAT}, ESS below {ESS}, or walkers that are lost"
    return f"**Not converged** ({why}): {', '.join(bad)}." if bad else ""


def _skills(title: str, groups: Mapping[str, Found]) -> str:
    rows = [
        (
            name,
            f"{n['rows']}",
            _percent(n["coverage_90"]),
            f"{n['rows_all_forecast']}",
            *(_interval(n["skill"][r]) for r in RIVALS),
        )
        for name, n in groups.items()
    ]
    head = ("", "forecast", "90 % held", "compared", *(f"skill against {rival}" for rival in RIVALS))
    return f"**{title.capitalize()}**\n\n" + _table(head, rows)


def _lost(found: Found) -> str:
    """The metrics on which the model is behind either rival."""
    rows = []
    for metric, numbers in found["by_metric"].items():
        behind = [r for r in RIVALS if numbers["skill"][r][0] is not None and numbers["skill"][r][0] < 0]
        if behind and numbers["rows_all_forecast"] >= FEWEST:
            cells = (_interval(numbers["skill"][rival]) for rival in RIVALS)
            rows.append((metric, str(numbers["rows_all_forecast"]), _percent(numbers["coverage_90"]), *cells))
    if not rows:
        return f"The model is behind on no metric with {FEWEST} or more forecasts to compare."
    head = ("metric", "compared", "90 % held", *(f"skill against {rival}" for rival in RIVALS))
    return f"**Where the model loses** (metrics with {FEWEST} or more forecasts to compare)\n\n" + _table(head, rows)


def _brier(evaluation: Evaluation, found: Found) -> list[str]:
    overall = found["overall"]
    if not overall["targets"]:
        return ["No target came due."]
    said, met = (np.array([getattr(t, name) for t in evaluation.targets]) for name in ("chance", "met"))
    rows = [
        (f"{c.low:.0%} to {c.high:.0%}", str(c.count), f"{c.said:.0%}", f"{c.met:.0%}") for c in calibration(said, met)
    ]
    score, naive, unknown = ("brier", "brier_naive", "targets_unknown")
    ends = {end: (_signed(overall[score + end], 3), _signed(overall[naive + end], 3)) for end in _UNKNOWN}
    return [
        f"Brier score {_signed(overall[score], 3)} of {overall['targets']} forecasts whose outcome is known "
        f"({_percent(overall['targets_met'])} met), {_signed(overall[naive], 3)} for the naive forecaster. "
        + ", ".join(f"{name} {_signed(overall[name], 3)}" for name in ("reliability", "resolution", "uncertainty"))
        + ".",
        _table(("said", "targets", "mean said", "met"), rows),
        f"Outcomes get published when they are good, so the {overall[unknown]} unknown ones are not missing at random. "
        + "; ".join(
            f"{words}, the score of all would be {a} (naive {b})"
            for (a, b), words in zip(ends.values(), _UNKNOWN.values(), strict=True)
        )
        + ". Few targets, most of them met, some in two plans: this decides nothing.",
    ]


def _unpredicted(evaluation: Evaluation) -> str:
    rows: dict[str, int] = {}
    for _, _, reason in evaluation.left:
        rows[reason] = rows.get(reason, 0) + 1
    if not rows:
        return "Every held-out row was forecast."
    listed = "\n".join(f"- {count}: {reason}" for reason, count in sorted(rows.items(), key=lambda r: (-r[1], r[0])))
    return f"{len(evaluation.left)} held-out rows, counted at each origin, have nothing to predict them:\n\n{listed}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _interval(numbers: Sequence[float | None]) -> str:
    estimate, low, high = numbers
    if estimate is None:
        return "–"
    return _signed(estimate) if low is None else f"{_signed(estimate)} ({_signed(low)} to {_signed(high)})"


def _signed(x: float | None, digits: int = 2) -> str:
    return "–" if x is None else f"{x:.{digits}f}".replace("-", "−")


def _percent(x: float | None) -> str:
    return "–" if x is None else f"{100 * x:.0f} %"
