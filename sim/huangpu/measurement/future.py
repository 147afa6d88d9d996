"""Years to come: tails heavier than normal, and shock years that nobody has dated yet.

The past is Gaussian, given its dated shock years. Innovations of years to come may be wider, of processes and drivers
alike: a year is a shock year with a chance of its own, for all at once that know shock years (`future_shocks`), and
each yearly innovation may be Student-t, as large as the normal one in variance (`tails`). Both are a factor on a normal
draw, so given the factors all is Gaussian still. The factors are drawn as such: figures that reach a little way into
such a year correct its innovations, but not how likely a shock was.

A rebasing of the accounts to come, where one is asked for, shifts the figures of some quantities from its year on.

A year is to come where the figures reach less than half way into it; for a process, where its own do not reach it.
"""

from __future__ import annotations

from math import ceil, floor

import numpy as np

from huangpu.measurement.blocks import Block
from huangpu.measurement.layer import Layer
from huangpu.measurement.streams import normals, stream


def first_to_come(layer: Layer) -> int:
    """The first year to come."""
    return floor(layer.last_time() + 0.5)


def first_of_process(layer: Layer, block: Block, process: int) -> int:
    """The first year to come for a process of the block, by its place there: innovations that rows met are over."""
    met = block.contrast[block.loading[process] != 0].any(axis=0)
    return max(first_to_come(layer), ceil(block.times[met].max(initial=layer.start)))


def factors(layer: Layer, name: tuple[str, str], years: np.ndarray, first: int, seed: int, size: int) -> np.ndarray:
    """(J, size) by which innovations of these years are larger than normal ones; 1 before `first`.

    name: ("process" or "driver", its name)
    """
    metrics = layer.metrics
    known = {"process": metrics.processes, "driver": metrics.drivers}[name[0]][name[1]]
    found = np.ones((len(years), size))
    for factor, year in zip(found, map(int, years), strict=True):
        if year < first:
            continue
        if metrics.future_shocks and known.shocks and year not in metrics.shock_years:
            chance, times = metrics.future_shocks.chance, metrics.future_shocks.factor
            factor[stream(seed, "shock", year).random(size) < chance] *= np.sqrt(times)
        if metrics.tails:
            half = metrics.tails.degrees / 2
            factor *= np.sqrt((half - 1) / stream(seed, "tail", *name, year).standard_gamma(half, size))
    return found


def rebased(layer: Layer, years: np.ndarray, seed: int, size: int) -> dict[str, np.ndarray]:
    """Quantity -> (year, size) what rebasings to come add to its figures, in transformed units; the layer has some."""
    known, first = layer.metrics.rebasing, first_to_come(layer)
    each = [int(year) for year in years]
    happens = [(year >= first) & (stream(seed, "rebasing", year).random(size) < known.chance) for year in each]
    found: dict[str, np.ndarray] = {}
    for redefinition in known.sizes:
        sizes = normals([(seed, "rebasing", redefinition.quantities[0], year) for year in each], size)
        shift = np.cumsum(happens * (redefinition.mean + redefinition.sd * sizes), axis=0)
        for name in redefinition.quantities:
            found[name] = found.get(name, 0.0) + shift
    return found
