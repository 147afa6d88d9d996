"""The name that somebody may have meant, found in bounded time whatever the names are."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable

from huangpu.compiler.source import printable

MAX_NAMES = 2_000  # that are looked at
MAX_LENGTH = 100  # characters of a name


def nearest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """The hint " Did you mean ...?", upper and lower case alike; `otherwise` where no name is near."""
    short = (k for k in itertools.islice(known, MAX_NAMES) if len(k) <= MAX_LENGTH)
    lower = {k.lower(): k for k in short}
    near = difflib.get_close_matches(name[:MAX_LENGTH].lower(), lower, n=1)
    return f" Did you mean {printable(lower[near[0]])}?" if near else otherwise
