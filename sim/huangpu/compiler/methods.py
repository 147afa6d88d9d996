"""Integration methods as tables of coefficients (Butcher tableaux). A new explicit method is a new row.

One step of size dt from state y at time t:
    k[i]  = net flows at time t + dt * nodes[i] and state y + dt * (stages[i][0] * k[0] + stages[i][1] * k[1] + ...)
    next  = y + dt * (weights[0] * k[0] + weights[1] * k[1] + ...)
Sums run from left to right, terms with coefficient 0 are left out and a coefficient 1 is not multiplied: every printer
follows this to the bit. Driven constants hold the value of the step at all stages, as they are given once a step.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Method:
    """`nodes` and `weights` have one number a stage, `stages` one row a stage (the first is empty)."""

    nodes: tuple[float, ...]
    stages: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]


METHODS: dict[str, Method] = {
    # Euler (1768); what Vensim does unless told otherwise
    "euler": Method(nodes=(0.0,), stages=((),), weights=(1.0,)),
    # Kutta (1901), the classical method of order 4; Vensim's RK4 with a fixed step
    "rk4": Method(
        nodes=(0.0, 0.5, 0.5, 1.0),
        stages=((), (0.5,), (0.0, 0.5), (0.0, 0.0, 1.0)),
        weights=(1 / 6, 1 / 3, 1 / 3, 1 / 6),
    ),
}
