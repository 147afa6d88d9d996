"""An alarm: a scenario that was meant to differ from its base, and moves nothing otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from huangpu.program import Program
from huangpu.runtime.scenario.check import check
from huangpu.runtime.scenario.data import Scenario, ScenarioError
from huangpu.runtime.scenario.levers import lever_profile


def unchanged(scenario: Scenario, program: Program) -> Iterator[str]:
    """A line for each base of a checked scenario that moves the model in the same way, step by step.

    Effects are compared and not texts: a window that begins after the horizon or is never carried out changes nothing.
    """
    moves = _moves(scenario, scenario.end, program)
    for base in scenario.bases:
        try:
            below = check(base, program)
        except ScenarioError:
            continue  # what this file mends in its base is a difference
        if _moves(below, scenario.end, program) == moves:
            yield (
                f"{scenario.file} moves nothing that its base {base.file} does not move in the same way up to "
                f"{scenario.end:g}: levers, drivers and parameters are the same, and so will be the results"
            )


def _moves(scenario: Scenario, end: float, program: Program) -> tuple:
    """All that makes one run differ from another with the same members, up to `end`."""
    steps = round((end - program.initial_time) / program.time_step)
    times = program.initial_time + program.time_step * np.arange(steps + 1)
    courses = []
    for window in scenario.windows:
        profile = lever_profile(window, times)
        if window.delivery not in (0, (0, 0)) and profile.any():
            courses.append((window.lever, window.stream, window.delivery, profile.tobytes()))
    own = (scenario.model, scenario.posterior, scenario.shocks, scenario.form.seed, scenario.form.members)
    return sorted(courses, key=lambda course: course[:2]), dict(scenario.parameters), own
