"""Random numbers from named streams: member k's do not depend on how many members, processes or years there are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np


def stream(seed: int, *name: object) -> np.random.Generator:
    key = hashlib.sha256("|".join(map(str, (seed, *name))).encode()).digest()[:16]
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key, "little")))


def normals(names: Iterable[tuple], size: int) -> np.ndarray:
    """Standard normal, a row (size,) for each name (seed, ...)."""
    found = [stream(*name).standard_normal(size) for name in names]
    return np.array(found).reshape(len(found), size)
