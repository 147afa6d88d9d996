"""What functions ask of the units of their arguments, one row each; `units.py` has those that take more than a row."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """What the arguments of a function must be, and what it gives.

    same   one unit for all of them      dmnl   a pure number      any   whatever
    time   the model's unit of time      rate   1/time
    """

    takes: tuple[str, ...]
    gives: str


PURE = ("exp", "ln", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", ":not:")
RULES: dict[str, Rule] = {
    **dict.fromkeys(
        ("+", "-", "min", "max", "modulo", "MOD", "quantum", "active_initial"), Rule(("same", "same"), "same")
    ),
    **dict.fromkeys(("<", "<=", ">", ">=", "=", "<>"), Rule(("same", "same"), "dmnl")),
    **dict.fromkeys(("negative", "abs", "integer", "sum", "vmin", "vmax", "GAME", "INITIAL"), Rule(("same",), "same")),
    **dict.fromkeys(("FLOOR", "ROUND"), Rule(("same",), "same")),
    **dict.fromkeys(("SIGN", "elmcount"), Rule(("any",), "dmnl")),
    **dict.fromkeys(PURE, Rule(("dmnl",), "dmnl")),
    **dict.fromkeys((":and:", ":or:", "log"), Rule(("dmnl", "dmnl"), "dmnl")),
    **dict.fromkeys(("SMOOTH", "DELAY", "DELAY N"), Rule(("same", "time", "same", "dmnl"), "same")),
    **dict.fromkeys(("if_then_else", "SAMPLE IF TRUE"), Rule(("dmnl", "same", "same"), "same")),
    "DELAY FIXED": Rule(("same", "time", "same"), "same"),
    **dict.fromkeys(("pi", "random_0_1"), Rule((), "dmnl")),
    **dict.fromkeys(("random_uniform", "random_lognormal"), Rule(("same", "same", "any"), "same")),
    **dict.fromkeys(("random_normal", "random_exponential"), Rule(("same", "same", "same", "same", "any"), "same")),
    "random_weibull": Rule(("same", "same", "dmnl", "same", "same", "any"), "same"),
    "random_triangular": Rule(("same", "same", "same", "same", "same", "any"), "same"),
    "random_pink_noise": Rule(("same", "same", "time", "any"), "same"),
    "step": Rule(("same", "time"), "same"),
    "pulse": Rule(("time", "time"), "dmnl"),
    "pulse_train": Rule(("time", "time", "time", "time"), "dmnl"),
    "TREND": Rule(("any", "time", "rate"), "rate"),
    "FORECAST": Rule(("same", "time", "time", "any"), "same"),
    **dict.fromkeys(("vector_sort_order", "vector_rank"), Rule(("any", "dmnl"), "dmnl")),
    **dict.fromkeys(("vector_elm_map", "vector_reorder"), Rule(("same", "dmnl"), "same")),
    "ALLOCATE BY PRIORITY": Rule(("same", "any", "any", "any", "same"), "same"),
    "ALLOCATE AVAILABLE": Rule(("same", "any", "same"), "same"),
    "get_time_value": Rule(("any", "any", "any"), "time"),
}
