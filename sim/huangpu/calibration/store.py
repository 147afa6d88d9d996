"""The posterior as a table of members: one column a parameter, and all that is needed to make it again.

Single precision: seven digits say more than 4,000 draws know, the file stays small, and draws made on two processors
whose logarithms differ in the last bit become equal again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from huangpu.calibration.diagnostics import Convergence
from huangpu.calibration.priors import DELIVERY, Prior, Priors
from huangpu.calibration.sampling import Chains
from huangpu.runtime.dataset import Array, Table


def thinned(chains: Chains, members: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(coordinates (member, parameter), log density, chain, draw), evenly over ensembles, walkers and steps.

    Draws of a chain are numbered walker by walker. Members come in a fixed mixed order, so that any first part of them
    is a fair sample of all.
    """
    ensembles, steps, walkers, parameters = chains.coordinates.shape
    each = members // ensembles
    if each > steps * walkers:
        raise ValueError(f"{members} members asked for, {ensembles * steps * walkers} draws kept")
    picked = ((np.arange(each) + 0.5) * (steps * walkers / each)).astype(int)
    flat = chains.coordinates.transpose(0, 2, 1, 3).reshape(ensembles, -1, parameters)[:, picked]
    density = chains.log_density.transpose(0, 2, 1).reshape(ensembles, -1)[:, picked]
    chain, draw = np.divmod(np.arange(ensembles * each), each)
    order = np.random.default_rng(each).permutation(ensembles * each)
    return flat.reshape(-1, parameters)[order], density.reshape(-1)[order], chain[order], draw[order]


def members_table(
    priors: Priors, chains: Chains, members: int, convergence: Sequence[Convergence], attrs: Mapping[str, object]
) -> Table:
    """Columns over `member`, each with its kind, unit, prior, R-hat and ESS; `attrs` describe what made them."""
    coordinates, density, chain, draw = thinned(chains, members)
    values = priors.values(coordinates.T).astype(np.float32)
    found = {row.name: row for row in convergence}
    columns = {
        prior.name: Array(("member",), row, _attrs(prior, found[prior.name]), packed=True)
        for prior, row in zip(priors.items, values, strict=True)
    }
    columns["log_posterior"] = Array(("member",), density.astype(np.float32), {"kind": "diagnostic"}, packed=True)
    coords = {
        "chain": Array(("member",), chain.astype(np.int16), {"kind": "index", "long_name": "ensemble of walkers"}),
        "draw": Array(("member",), draw.astype(np.int16), {"kind": "index", "long_name": "draw within the chain"}),
    }
    return Table(columns, coords, dict(attrs))


def _attrs(prior: Prior, row: Convergence) -> dict[str, object]:
    kind = "parameter"
    if prior.name.startswith("sigma."):
        kind = "discrepancy"
    elif prior.name.startswith(DELIVERY):
        kind = "delivery"
    numbers = " ".join(f"{number:g}" for number in prior.numbers)
    return {
        "kind": kind,
        "units": prior.unit,
        "prior": f"{prior.distribution} {numbers}",
        "rhat": round(row.rhat, 5),
        "ess": round(row.ess),
        "ess_tail": round(row.ess_tail),
    }
