"""The figures that a run foretells: the simulation plus discrepancy and offsets drawn given what has been reported."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from huangpu.measurement.blocks import Block, figure_time
from huangpu.measurement.conditioning import Unknowns, added, at_mean, grid, half, prior, solve, uniforms
from huangpu.measurement.future import rebased
from huangpu.measurement.layer import Layer
from huangpu.measurement.likelihood import one_thread, sigmas
from huangpu.measurement.metrics import ANNUAL, Quantity
from huangpu.measurement.processes import covariance
from huangpu.measurement.simulated import Predictions, Simulated, inverse, residuals, transformed


@dataclass(frozen=True)
class Discrepancy:
    """Drawn paths: processes name -> (T, member) at `times`, offsets name -> (member,), both 0 mean before the data."""

    times: np.ndarray
    processes: Mapping[str, np.ndarray]
    offsets: Mapping[str, np.ndarray]

    def of(self, quantity: Quantity, name: str, layer: Layer, times: np.ndarray) -> np.ndarray:
        """What is added to the transformed figure of a quantity at the times of its figures, (time, member) or 0."""
        at = np.searchsorted(self.times, times)
        total: np.ndarray | float = 0.0
        for process, loading in quantity.discrepancy.items():
            total = total + loading * self.processes[process][at]
        for offset in layer.metrics.offsets_of(name, quantity.basis):
            total = total + self.offsets[offset.id]
        return total


def predict(
    layer: Layer,
    simulated: Simulated,
    members: Mapping[str, np.ndarray],
    seed: int,
    *,
    history: Simulated | None = None,
    beyond: np.ndarray | None = None,
    discrepancy: bool = True,
    still: Collection[str] = (),
    rebasing: bool = False,
) -> Predictions:
    """Every quantity of metrics.yaml as it would be reported, for the calendar years of the run.

    members   sigma -> (member,)
    history   the same members' run of the scenario that the posterior was fitted on, for a scenario that changes the
              past: what was reported says nothing about the difference between the two
    beyond    (row, member) how far each figure lies from its row's bound, where that has been drawn with the drivers
    discrepancy  False: figures are the run's own, as if reality followed the model
    still     what stands at its mean given the figures instead of being drawn: "definitions" (offsets of bases),
              "discrepancy"
    rebasing  whether the accounts may be rebased in years to come
    """
    draws = None
    if discrepancy:
        missed = residuals(layer, simulated if history is None else history)
        end = int(simulated.years[-1]) + 1
        draws = draw_discrepancy(layer, missed, members, seed, end, beyond=beyond, still=still)
    shifts = rebased(layer, simulated.years, seed, simulated.size) if rebasing else {}
    figures: dict[str, np.ndarray] = {}
    for name, quantity in layer.metrics.quantities.items():
        if quantity.derived:
            figures[name] = _derived(quantity, figures)
        else:
            figures[name] = _figures(name, layer, simulated, draws, shifts.get(name, 0.0))
    attrs = {name: _attrs(name, layer) for name in figures}
    return Predictions(np.asarray(simulated.years, dtype=int), figures, attrs)


def _figures(name: str, layer: Layer, simulated: Simulated, draws: Discrepancy | None, shift) -> np.ndarray:
    quantity = layer.metrics.quantities[name]
    times = simulated.years + (0 if quantity.operator == ANNUAL else 1.0)
    at = np.array([figure_time(quantity, float(t)) for t in times])
    drift = 0.0 if draws is None else draws.of(quantity, name, layer, at)
    figures = inverse(quantity, transformed(quantity, simulated, times) + drift + shift)
    if quantity.keeps is not None:
        for before, after in pairwise(figures):
            np.maximum(after, quantity.keeps * before, out=after)
    return figures


def _derived(quantity: Quantity, figures: Mapping[str, np.ndarray]) -> np.ndarray:
    if quantity.ratio:
        over, under = (figures[part] for part in quantity.ratio)
        with np.errstate(divide="ignore", invalid="ignore"):
            return quantity.scale * over / under
    return quantity.scale * sum(figures[part] for part in quantity.sum)


def _attrs(name: str, layer: Layer) -> dict[str, str]:
    quantity = layer.metrics.quantities[name]
    first = quantity
    while first.derived:
        first = layer.metrics.quantities[first.parts[0]]
    at = "mean or total of the year" if first.operator == ANNUAL else "end of the year"
    attrs = {"long_name": quantity.label or name, "units": quantity.unit, "at": at, "basis": quantity.basis}
    if quantity.label_zh:
        attrs["label_zh"] = quantity.label_zh
    return attrs


def draw_discrepancy(
    layer: Layer,
    residual: np.ndarray,
    members: Mapping[str, np.ndarray],
    seed: int,
    end: int,
    *,
    beyond: np.ndarray | None = None,
    still: Collection[str] = (),
) -> Discrepancy:
    """Processes and offsets of every member given its residuals (row, member), up to the end of year `end`.

    beyond, still: as in `predict`. A member whose residuals are not finite gets NaN in the blocks that they belong to.
    """
    size = residual.shape[1]
    told = residual if beyond is None else residual + beyond
    times = grid(layer, end)
    scale = {o.id: o.sd for o in layer.metrics.offsets}
    processes: dict[str, np.ndarray] = {}
    offsets: dict[str, np.ndarray] = {}
    with one_thread():
        for block in layer.blocks:
            sigma = sigmas(block, members, size)
            drawn = prior(block, layer, sigma, times, np.zeros(0, int), seed)
            lie = half if "discrepancy" in still else uniforms
            uniform = None if beyond is not None else lie(block, layer, seed, size)
            given = _Given(block, told[block.rows], sigma, times, uniform)
            walks, shifts = _apart(layer, given, drawn, still) if still else _at_once(layer, given, drawn)
            processes |= zip(block.processes, walks, strict=True)
            offsets |= {name: scale[name] * shift for name, shift in zip(block.offsets, shifts, strict=True)}
    return Discrepancy(times, processes, offsets)


@dataclass(frozen=True)
class _Given:
    """A block's residuals (n, member) and sigmas (S, member); walks asked for at `times`; uniform as for `solve`."""

    block: Block
    residual: np.ndarray
    sigma: np.ndarray
    times: np.ndarray
    uniform: np.ndarray | None


def _at_once(layer: Layer, given: _Given, drawn: Unknowns) -> tuple[np.ndarray, np.ndarray]:
    """(walks (P, T, member), shifts (K, member)) given the rows."""
    walks, shifts, _ = _drawn(layer, given, drawn)
    return walks, shifts


def _apart(layer: Layer, given: _Given, drawn: Unknowns, still: Collection[str]) -> tuple[np.ndarray, np.ndarray]:
    """The same, offsets first and walks given these, for what is drawn and what stands at its mean to fit together:
    where both are drawn they are those of `_at_once`."""
    block, mean = given.block, at_mean(drawn)
    _, shifts, told = _drawn(layer, given, mean if "definitions" in still else drawn)
    settled = block.offset.T @ shifts
    plain = replace(block, offset=np.zeros_like(block.offset), fixed=block.fixed - block.offset.T @ block.offset)
    rest = replace(given, block=plain, residual=told - settled, uniform=None)
    walks, _, _ = _drawn(layer, rest, mean if "discrepancy" in still else drawn)
    return walks, shifts


def _drawn(layer: Layer, given: _Given, drawn: Unknowns) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(walks, shifts, residuals with those of bounds drawn)"""
    block = given.block
    seen = added(block, drawn, given.sigma, given.times)
    weights, told = solve(block, given.residual, seen, given.sigma, given.uniform)
    weights = np.where(np.isfinite(given.residual).all(axis=0), weights, np.nan)
    return _corrected(layer, given, drawn.walks, weights), drawn.shifts + block.offset @ weights, told


def _corrected(layer: Layer, given: _Given, walks: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The walks (P, T, member) given the rows, from the weights (n, member) of these."""
    block, found = given.block, walks.copy()
    for walk, process, s, loading in zip(found, block.processes, block.sigma_of, block.loading, strict=True):
        # (T, n): covariance of the walk with each row's contrast
        shared = covariance(layer.metrics, process, given.times, block.times, layer.start) @ block.contrast.T
        walk += given.sigma[s] ** 2 * ((shared * loading) @ weights)
    return found
