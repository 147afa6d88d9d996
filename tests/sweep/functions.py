"""Functions with known indices, and their samples."""

from __future__ import annotations

import numpy as np

from huangpu.sweep.designs import Design
from huangpu.sweep.factors import Distribution, Factor

A, B = 7.0, 0.1  # of Ishigami's function
WEIGHTS = (0.0, 1.0, 4.5, 9.0, 99.0)  # of Sobol's g-function


def problem(factors: int, low: float, high: float) -> dict:
    return {"num_vars": factors, "names": [f"x{k}" for k in range(factors)], "bounds": [[low, high]] * factors}


def ishigami(x: np.ndarray) -> np.ndarray:
    return np.sin(x[:, 0]) + A * np.sin(x[:, 1]) ** 2 + B * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_indices() -> dict[str, np.ndarray]:
    """S1, ST and the one S2 that is not nothing, (1, 3); Ishigami and Homma (1990), Saltelli et al. (2008), 4.8."""
    v1, v2, v13 = (1 + B * np.pi**4 / 5) ** 2 / 2, A**2 / 8, B**2 * np.pi**8 * (1 / 18 - 1 / 50)
    total = v1 + v2 + v13
    return {"S1": np.array([v1, v2, 0]) / total, "ST": np.array([v1 + v13, v2, v13]) / total, "S2": v13 / total}


def g_indices() -> dict[str, np.ndarray]:
    """Of the product over k of (|4 x_k - 2| + a_k) / (1 + a_k), x uniform in 0 to 1; Saltelli and Sobol (1995)."""
    parts = 1 / (3 * (1 + np.array(WEIGHTS)) ** 2)
    total = np.prod(1 + parts) - 1
    return {"S1": parts / total, "ST": parts * np.prod(1 + parts) / (1 + parts) / total}


def design(kind: str, x: np.ndarray, *, seed: int = 1, labels: tuple[str, ...] = (), **more) -> Design:
    """The design that a sample x (members, factors) stands for."""
    factors = tuple(
        Factor(
            f"x{k}", "parameter", Distribution("uniform", (0.0, 1.0)), labels[k] if labels else f"Factor {k}", "", 0.5
        )
        for k in range(x.shape[1])
    )
    return Design(kind, len(x), factors, seed, **more)
