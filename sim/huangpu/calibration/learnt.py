"""What the figures said about each parameter: prior against posterior, as rows of diagnostics.csv.

A parameter counts as informed where the figures took at least INFORMED of its prior variance away, or moved its median
by MOVED of the prior's standard deviations, both where the prior is standard normal. Less than that is within what 400
draws show of a parameter that no figure touches (0.07 and 0.05 are their standard errors), and little in any case.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from huangpu.calibration.diagnostics import Convergence
from huangpu.calibration.priors import Priors
from huangpu.calibration.sampling import Chains
from huangpu.measurement import DataError

INFORMED = 0.2
MOVED = 0.3
FIVE, NINETY_FIVE = -1.6448536269514722, 1.6448536269514722  # quantiles of a standard normal
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(64)  # of averages over a standard normal


@dataclass(frozen=True, slots=True)
class Learnt:
    """One parameter. prior_…, posterior_…: in its own unit; z_…: the posterior where the prior is standard normal.

    contraction: 1 - the variance of z, below 0 where the posterior is the wider one.
    """

    parameter: str
    unit: str
    prior_median: float
    prior_sd: float
    prior_5: float
    prior_95: float
    posterior_median: float
    posterior_5: float
    posterior_95: float
    z_median: float
    z_5: float
    z_95: float
    contraction: float
    informed: str
    rhat: float
    ess_bulk: float
    ess_tail: float


def learnt(priors: Priors, chains: Chains, convergence: Sequence[Convergence]) -> tuple[Learnt, ...]:
    """One row a parameter, in the order of the priors."""
    z = chains.coordinates.reshape(-1, len(priors.names))
    z_5, z_median, z_95 = np.quantile(z, [0.05, 0.5, 0.95], axis=0)
    contraction = 1 - z.var(axis=0)
    informed = (contraction >= INFORMED) | (np.abs(z_median) >= MOVED)
    posterior = priors.values(np.array([z_median, z_5, z_95]).T)  # maps rise, so quantiles stay quantiles
    prior = priors.values(np.tile([0.0, FIVE, NINETY_FIVE], (len(priors.names), 1)))
    spread = _sd(priors)
    found = {row.name: row for row in convergence}
    return tuple(
        Learnt(
            item.name,
            item.unit,
            *_digits(prior[k, 0], spread[k], *prior[k, 1:], *posterior[k], z_median[k], z_5[k], z_95[k]),
            *_digits(contraction[k]),
            "yes" if informed[k] else "no",
            *_digits(found[item.name].rhat, found[item.name].ess, found[item.name].ess_tail),
        )
        for k, item in enumerate(priors.items)
    )


def _sd(priors: Priors) -> np.ndarray:
    """Standard deviation (parameter,) of each prior in its unit, by Gauss-Hermite quadrature."""
    at = priors.values(np.tile(NODES, (len(priors.names), 1)))
    weights = WEIGHTS / WEIGHTS.sum()
    mean = at @ weights
    return np.sqrt(((at - mean[:, None]) ** 2) @ weights)


def _digits(*values: float) -> tuple[float, ...]:
    """Six digits say more than the draws know, and are the same on two processors."""
    return tuple(float(f"{value:.6g}") for value in values)


def write_diagnostics(rows: Sequence[Learnt], path: Path) -> None:
    """As CSV, whole or not at all. OSError if it cannot be written."""
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, [field.name for field in fields(Learnt)], lineterminator="\n")
    table.writeheader()
    table.writerows(asdict(row) for row in rows)
    aside = path.with_name(f".{path.name}.part")
    try:
        aside.write_text(text.getvalue(), encoding="utf-8")
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def read_diagnostics(path: Path) -> tuple[Learnt, ...]:
    """A file of `write_diagnostics`. DataError where it is none."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file, strict=True)
            names = [field.name for field in fields(Learnt)]
            if list(table.fieldnames or ()) != names:
                raise DataError(
                    f"{path}: line 1: expected the columns {', '.join(names)}; write it with huangpu calibrate"
                )
            return tuple(_row(path, table.line_num, cells) for cells in table)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); huangpu calibrate writes it") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: is no table of text ({error}); write it with huangpu calibrate") from None


def _row(path: Path, line: int, cells: dict[str, str]) -> Learnt:
    numbers = {field.name for field in fields(Learnt)} - {"parameter", "unit", "informed"}
    values = dict(cells)
    for name in numbers:
        try:
            values[name] = float(cells[name])
        except (TypeError, ValueError):
            raise DataError(f"{path}: line {line}: {name}: expected a number, found '{cells[name]}'") from None
    return Learnt(**values)
