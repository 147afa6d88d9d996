"""What was said at an origin, kept in a file: whole or not at all, and read back only for the same question."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True, slots=True)
class TargetSaid:
    """One target under its default reading: the share of members that meet it, None where the run has no number.

    finest: the smallest chance that the members tell from none
    """

    target_id: str
    probability: float | None
    finest: float | None
    median: float | None
    p05: float | None
    p95: float | None


@dataclass(frozen=True)
class Said:
    """A forecast from one origin.

    rows   row ids of the held-out rows; draws (row, member) float32 on the scale of scores
    fit    figures, parameters, convergence and time of the refit
    left   (row id, reason) of held-out rows that nothing can predict
    """

    origin: int
    rows: tuple[str, ...]
    draws: np.ndarray
    targets: tuple[TargetSaid, ...]
    fit: Mapping[str, float]
    left: tuple[tuple[str, str], ...]


def write_said(said: Said, path: Path, mark: str) -> None:
    """mark: what it follows from, as `engine.fingerprint` has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"mark": mark, "origin": said.origin, "rows": said.rows, "fit": dict(said.fit), "left": said.left}
    told["targets"] = [asdict(target) for target in said.targets]
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("wb") as file:
            np.savez_compressed(file, draws=said.draws, told=np.array(json.dumps(told)))
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def read_said(path: Path, mark: str) -> Said | None:
    """None where there is none, it is no such file, or follows from something else."""
    try:
        with path.open("rb") as whole, np.load(whole, allow_pickle=False) as file:
            draws, told = file["draws"], json.loads(str(file["told"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    if not isinstance(told, dict) or told.get("mark") != mark:
        return None
    targets = tuple(TargetSaid(**target) for target in told["targets"])
    left = tuple((row, reason) for row, reason in told["left"])
    return Said(told["origin"], tuple(told["rows"]), draws, targets, told["fit"], left)
