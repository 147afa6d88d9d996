"""How much is measured: rounds, sizes, models."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.gcc import HERE
from bench.generate import generate
from bench.rows import Say
from bench.workload import Workload, workload

OWN = HERE.parent / "models" / "shanghai_industry.mdl"
SIR = HERE / "models" / "sir.mdl"
WORLD3 = "wrld3-03.mdl"


@dataclass(frozen=True)
class Setting:
    """folder: for what is made on the way; world3: the folder with World3's files, or None where it is left out."""

    folder: Path
    say: Say
    world3: Path | None = None
    rounds: int = 15
    slow_rounds: int = 3  # of what takes seconds: PySD, cold starts
    members: int = 1024
    sizes: tuple[int, ...] = (1, 8, 64, 512, 4096, 32_768, 262_144, 1_000_000)  # members
    equations: tuple[int, ...] = (50, 250, 500, 1000, 2500, 5000)
    most_in_memory: int = 100_000  # members
    seconds: float = 5.0  # for one point of a curve: fewer rounds where one takes long
    pysd: tuple[str, ...] = ("sir", "own", "world3")  # it takes half a minute for one run of our own model

    def generated(self, equations: int) -> Path:
        """The file of a generated model."""
        path = self.folder / f"generated_{equations}.mdl"
        if not path.exists():
            path.write_text(generate(equations), encoding="utf-8")
        return path

    def models(self) -> Iterator[Workload]:
        yield self.sir()
        yield workload("generated", self.generated(250))
        yield workload("own", OWN)
        if self.world3:
            yield workload("world3", self.world3 / WORLD3)

    def sir(self) -> Workload:
        """One step in 32 saved."""
        return workload(
            "sir", SIR, varied=("contact_rate", "duration"), saved=("susceptible", "infectious", "recovered")
        )


def quick(folder: Path, say: Say, world3: Path | None) -> Setting:
    """Everything once over in a minute: the figures are rough."""
    return Setting(
        *(folder, say, world3),
        **{"most_in_memory": 40_000, "rounds": 3, "slow_rounds": 1, "members": 256, "seconds": 1.0},
        **{"sizes": (1, 64, 1024, 8192), "equations": (50, 250), "pysd": ("sir",)},
    )


def processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
