"""Paths of the drivers for every member, given what has been reported of the past.

The residuals of a run with neutral drivers are told apart, all at once, into drivers, walks, offsets and reporting
errors, with the drivers' effect on the rows taken as linear (`Responses`). The paths then run through the model itself;
what its rows still miss, the part that was not linear included, is what the discrepancy is drawn from (`predict`).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from huangpu.measurement.conditioning import added, grid, innovations, prior, solve
from huangpu.measurement.drivers import Paths, Responses, carried, driver_years, middles
from huangpu.measurement.layer import Layer, with_drivers
from huangpu.measurement.likelihood import one_thread, sigmas


def draw_paths(
    layer: Layer,
    responses: Responses,
    residual: np.ndarray,
    members: Mapping[str, np.ndarray],
    seed: int,
    end: float,
) -> Paths:
    """Paths up to decimal year `end` given the residuals (row, member) of a run with neutral drivers.

    layer    without drivers; members  sigma -> (member,). Where a member's residuals are not finite its paths are drawn
    as if nothing had been reported.
    """
    size = residual.shape[1]
    joint, past = with_drivers(layer, responses), responses.years
    years = driver_years(layer.start, max(end, float(past[-1])))
    normal = {driver: innovations(driver, years, seed, size) for driver in responses.of}
    beyond = np.zeros_like(residual)
    times = grid(layer, int(past[-1]) + 1)
    with one_thread():
        for block in joint.blocks:
            if not block.drivers and block.exact == len(block.rows):
                continue
            reported, sigma = residual[block.rows], sigmas(block, members, size)
            drawn = prior(block, joint, sigma, times, past, seed)
            weights, told = solve(block, joint, reported, added(block, drawn, sigma, times), sigma, seed)
            beyond[block.rows] = np.where(np.isfinite(reported), told - reported, 0.0)
            for driver, s, answer in zip(block.drivers, block.driver_sigma, block.answer, strict=True):
                normal[driver][: len(past)] += sigma[s] * (answer.T @ weights)
    return Paths(
        middles(years), {driver: _path(layer, driver, years, e, members) for driver, e in normal.items()}, beyond
    )


def _path(layer: Layer, driver: str, years: np.ndarray, normal: np.ndarray, members) -> np.ndarray:
    """(K, member) from standard normal innovations (K, member)."""
    path = np.einsum("ki,im->km", carried(layer.metrics, driver, years), normal)
    return members[layer.metrics.driver_sigma(driver)] * path
