"""Paths of the drivers for every member, given what has been reported of the past.

The residuals of a run with neutral drivers are told apart, all at once, into drivers, walks, offsets and reporting
errors, with the drivers' effect on the rows taken as linear (`Responses`). The paths then run through the model itself;
what its rows still miss, the part that was not linear included, is what the discrepancy is drawn from (`predict`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from huangpu.measurement.blocks import Block
from huangpu.measurement.conditioning import (
    Wider,
    added,
    at_mean,
    driver_factors,
    grid,
    half,
    innovations,
    prior,
    solve,
    uniforms,
)
from huangpu.measurement.drivers import Paths, Responses, carried, driver_years, middles
from huangpu.measurement.future import first_to_come
from huangpu.measurement.layer import Layer, with_drivers
from huangpu.measurement.likelihood import one_thread, sigmas


def draw_paths(
    layer: Layer,
    responses: Responses,
    residual: np.ndarray,
    members: Mapping[str, np.ndarray],
    seed: int,
    end: float,
    *,
    still: Collection[str] = (),
) -> Paths:
    """Paths up to decimal year `end` given the residuals (row, member) of a run with neutral drivers.

    layer    without drivers; members  sigma -> (member,). Where a member's residuals are not finite its paths are drawn
    as if nothing had been reported.
    still    what stands at its mean given the figures instead of being drawn: "drivers" so far, "shocks" to come;
             bounded figures stand still with the "discrepancy"
    """
    joint, past = with_drivers(layer, responses), responses.years
    years = driver_years(layer.start, max(end, float(past[-1])))
    means = [source in still for source in ("drivers", "shocks")]
    uniform = half if "discrepancy" in still else uniforms
    given = {m: _innovations(joint, past, years, residual, members, seed, uniform, mean=m) for m in set(means)}
    (normal, beyond), (later, _) = (given[m] for m in means)
    coming = (years >= first_to_come(layer))[:, None]
    mixed = {driver: np.where(coming, later[driver], e) for driver, e in normal.items()}
    return Paths(
        middles(years), {driver: _path(layer, driver, years, e, members) for driver, e in mixed.items()}, beyond
    )


def _innovations(
    joint: Layer, past: np.ndarray, years: np.ndarray, residual: np.ndarray, members, seed: int, uniform, *, mean: bool
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """(driver -> (K, member) innovations, `Paths.beyond`), drawn or, for `mean`, expected."""
    size = residual.shape[1]
    factor = {driver: driver_factors(joint, driver, years, seed, size) for driver in joint.metrics.drivers}
    normal = {driver: innovations(joint, driver, years, seed, size) for driver in joint.metrics.drivers}
    if mean:
        factor, normal = ({d: np.full_like(e, each) for d, e in normal.items()} for each in (1.0, 0.0))
    beyond = np.zeros_like(residual)
    times = grid(joint, int(past[-1]) + 1)
    with one_thread():
        for block in joint.blocks:
            if not block.drivers and block.exact == len(block.rows):
                continue
            reported, sigma = residual[block.rows], sigmas(block, members, size)
            drawn = prior(block, joint, sigma, times, past, seed)
            drawn = at_mean(drawn) if mean else drawn
            wider = _wider(block, sigma, factor)
            seen, lie = added(block, drawn, sigma, times), uniform(block, joint, seed, size)
            weights, told = solve(block, reported, seen, sigma, lie, wider)
            beyond[block.rows] = np.where(np.isfinite(reported), told - reported, 0.0)
            for driver, s, answer in zip(block.drivers, block.driver_sigma, block.answer, strict=True):
                wide = factor[driver][: len(past)]
                normal[driver][: len(past)] += sigma[s] * (answer.T @ weights) * wide**2
    return normal, beyond


def _wider(block: Block, sigma: np.ndarray, factor: Mapping[str, np.ndarray]) -> Wider | None:
    """What innovations that are larger than normal add to the rows' variance."""
    found = [
        (of, sigma[s] ** 2 * (wide**2 - 1))
        for driver, s, answer in zip(block.drivers, block.driver_sigma, block.answer, strict=True)
        for of, wide in zip(answer.T, factor[driver], strict=False)
        if of.any() and (wide != 1).any()
    ]
    return Wider(*map(np.array, zip(*found, strict=True))) if found else None


def _path(layer: Layer, driver: str, years: np.ndarray, normal: np.ndarray, members) -> np.ndarray:
    """(K, member) from standard normal innovations (K, member)."""
    path = np.einsum("ki,im->km", carried(layer.metrics, driver, years), normal)
    return members[layer.metrics.driver_sigma(driver)] * path
