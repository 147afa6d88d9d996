"""What a posterior says of how it was made: the scenario that it was fitted on, and whether it can be relied on.

A file of members may come from anybody, so nothing that it says is a path, and all of it is checked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from math import isfinite
from pathlib import Path

from huangpu.files import shipped
from huangpu.program import Program
from huangpu.runtime.members import Members, MembersError
from huangpu.runtime.scenario import Scenario, ScenarioError, check, load_scenario, stored_scenario

FILES = ("observations.csv", "metrics.yaml", "priors.yaml")  # of calibration/, in the attribute `files`
AGAIN = "run `huangpu calibrate` again"


def fitted_scenario(members: Members, program: Program, scenario: Scenario | None = None) -> Scenario | None:
    """The scenario that the members were fitted on, checked; None for members that were not fitted.

    It is built from the text that the file keeps, so editing the scenario's own file changes no posterior. `scenario`,
    checked too, is what runs: it is not read a second time where it is the same text. MembersError where the text is
    missing or is no scenario of this model.
    """
    if "scenario" not in members.attrs:
        return None
    if "scenario_text" not in members.attrs:
        raise MembersError(f"the posterior does not hold the scenario that it was fitted on; {AGAIN}")
    if scenario is not None and scenario.text == members.attrs["scenario_text"]:
        return scenario
    try:
        return check(stored_scenario(str(members.attrs["scenario_text"]), "the posterior's scenario_text"), program)
    except ScenarioError as error:
        raise MembersError(f"{str(error).splitlines()[0]}; {AGAIN}") from None


def changes(members: Members, fitted: Scenario | None) -> Iterator[str]:
    """What to know of the posterior: chains that had not converged, files that have changed since, a line each."""
    if members.attrs.get("converged", 1) != 1:
        yield "the posterior's chains had not converged; `huangpu calibrate` with more --burn and --steps"
    for name in changed_files(members):
        yield f"calibration/{name} has changed since the posterior was made; `huangpu calibrate` renews it"
    if fitted is None:
        return
    if _moved(shipped(f"scenarios/{fitted.name}.yaml"), fitted):  # a name that the form of a scenario has let through
        yield (
            f"scenarios/{fitted.name}.yaml is not as the posterior was fitted on it; reported figures are still met "
            "with the one that was fitted, `huangpu calibrate` renews it"
        )


def changed_files(members: Members) -> tuple[str, ...]:
    """Names in calibration/ of the files that the posterior was made from and that are not as they were then."""
    return tuple(
        name for name, digest in _files(members).items() if digest_of(shipped(f"calibration/{name}")) != digest
    )


def digest_of(path: Path) -> str:
    """What a posterior keeps of a file that it was made from: its SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def centre(members: Members) -> Mapping[str, float]:
    """Values of parameters and deliveries around which the fit took the figures' answers to the drivers."""
    text = members.attrs.get("centre")
    try:
        found = json.loads(str(text))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not all(isinstance(v, float) and isfinite(v) for v in found.values()):
        what = "does not hold" if text is None else "holds no usable"
        raise MembersError(f"the posterior {what} attribute 'centre', where drivers were taken as linear; {AGAIN}")
    return found


def _moved(path: Path, fitted: Scenario) -> bool:
    """Whether the scenario's file, if it is there, or one that it is based on, now moves the model otherwise."""
    if not path.is_file():
        return False
    try:
        now = load_scenario(path)
    except ScenarioError:
        return True
    return now.text != fitted.text and any(
        getattr(now.form, key) != getattr(fitted.form, key) for key in ("parameters", "levers", "drivers")
    )


def _files(members: Members) -> Mapping[str, str]:
    """Name in calibration/ -> sha256, as the posterior says."""
    try:
        found = json.loads(str(members.attrs.get("files", "{}")))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not found.keys() <= set(FILES):
        raise MembersError(f"the posterior's attribute 'files' is not a JSON table of {', '.join(FILES)}; {AGAIN}")
    return found
