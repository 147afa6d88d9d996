"""How figures are written for people: amounts, thresholds, chances. Used by the table and the charts alike."""

from __future__ import annotations

from huangpu.results.probability import OPERATORS

# unit of the data files or of the model -> (what an amount is multiplied by, how the unit is then written)
UNITS = {
    "yuan_1e8": (0.1, "bn yuan"),
    "percent": (1, "%"),
    "percent_per_year": (1, "% a year"),
    "percentage_point": (1, "points"),
    "percentage_point_per_year": (1, "points a year"),
    "multiple": (1, "times"),
    "robots_per_1e4_workers": (1, "per 10,000 workers"),
    "yuan_1e4_per_person": (1, "10,000 yuan a person"),
    "m2": (1e-6, "mn m²"),
    "kW": (1e-6, "GW"),
    "mu": (1, "mu"),
    "mu_per_year": (1, "mu a year"),
    "task_per_year": (1, "tasks a year"),
    "enterprise": (1, "firms"),
    "entity": (1, "entities"),
    "person": (1, "people"),
    "factory": (1, "factories"),
    "centre": (1, "centres"),
    "robot": (1, "robots"),
    "product": (1, "products"),
    "yuan_1e8/year": (0.1, "bn yuan a year"),
    "person/year": (1, "people a year"),
    "robot/year": (1, "robots a year"),
    "item": (1, "items"),
    "item/year": (1, "items a year"),
    "dmnl": (1, ""),
}


def scale(unit: str) -> float:
    return UNITS.get(unit, (1, ""))[0]


def unit_text(unit: str) -> str:
    return UNITS.get(unit, (1, unit.replace("_", " ")))[1]


def amount(value: float | None, unit: str) -> str:
    """A projected amount without its unit, to about three digits: 4,210 or 43.6 or 1.25."""
    if value is None:
        return "–"
    value *= scale(unit)
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}".replace("-", "−")


def goal(operator: str, value: float | None, high: float | None, unit: str) -> str:
    """A threshold with its sign and unit: ≥ 800 bn yuan, 5–10 centres; `no number` where the plan names none."""
    if value is None:
        return "no number"
    sign = OPERATORS[operator].sign if operator in OPERATORS else operator
    upper = f"–{_exact(high * scale(unit))}" if high is not None else ""
    return f"{sign} {_exact(value * scale(unit))}{upper} {unit_text(unit)}".strip()


def _exact(value: float) -> str:
    return f"{value:,.10g}"


def chance(value: float | None, finest: float | None) -> str:
    """A probability for people, never 0 or 100 %, nor nearer to them than `finest`, see `probability.limit`."""
    if value is None:
        return ""
    if finest >= 0.5:
        return "too few"
    if value < finest:
        return f"<{100 * finest:.6g} %"
    if value > 1 - finest:
        return f">{100 * (1 - finest):.6g} %"
    return f"{100 * value:.1f} %"


def chance_with_error(value: float, error: float, finest: float) -> str:
    """The chance and one Monte-Carlo standard error, in points; a limit stands alone, it already holds its error."""
    text = chance(value, finest)
    return f"{text} ± {max(100 * error, 0.1):.1f}" if text.endswith("%") and text[0] not in "<>" else text
