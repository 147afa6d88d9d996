"""How likely each member makes the figures of a layer: as in the fit, from its run with neutral drivers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from huangpu import runtime
from huangpu.fitted import centre
from huangpu.measurement import Layer, Simulated, log_likelihood, one_thread, read_run, with_drivers
from huangpu.program import Program
from huangpu.response import QUARTER, horizon, responses, settled
from huangpu.runtime.ensemble import years_and_points
from huangpu.runtime.members import Members
from huangpu.runtime.scenario import Scenario

NOWHERE = 1e6  # in transformed units, far beyond where any figure can lie


@dataclass(frozen=True)
class Densities:
    """log (member,) of the rows of a layer with drivers; simulated, sizes (sigma -> (member,)): what it comes from."""

    layer: Layer
    simulated: Simulated
    sizes: Mapping[str, np.ndarray]
    log: np.ndarray

    def if_reported(self, row_id: str, shift: float) -> np.ndarray:
        """log where one row's figure lies `shift` higher, in its transformed unit."""
        rows = tuple(replace(row, y=row.y + shift) if row.row_id == row_id else row for row in self.layer.rows)
        with one_thread():
            return log_likelihood(replace(self.layer, rows=rows), self.simulated, self.sizes)

    def if_silent(self, row_id: str) -> np.ndarray:
        """log where one row's bound says nothing: it is met wherever its figure lies."""
        at = self.layer.row_ids().index(row_id)
        blocks = tuple(
            replace(b, reach=np.where(b.rows == at, np.inf, b.reach), side=np.where(b.rows == at, 1.0, b.side))
            for b in self.layer.blocks
        )
        silent = replace(self, layer=replace(self.layer, blocks=blocks))
        return silent.if_reported(row_id, -NOWHERE)


def densities(program: Program, fitted: Scenario, members: Members, layer: Layer, threads: int | None) -> Densities:
    """Of the rows of a layer without drivers, under the scenario that the members were fitted on."""
    joint = with_drivers(layer, responses(program, fitted, layer, centre(members)))
    end, needs = horizon(program, layer), layer.requirements()
    years, times, savings = years_and_points(program, *needs, end, QUARTER)
    inputs = runtime.inputs(program, settled(replace(fitted, end=end)), members)
    simulated = read_run(
        needs, years, times, runtime.simulate(program, inputs, savings, final_time=end, threads=threads)
    )
    sizes = {name: members.columns[name] for name in layer.metrics.sigmas()}
    with one_thread():
        return Densities(joint, simulated, sizes, log_likelihood(joint, simulated, sizes))
