"""Files that may be made again at any time: compiled models and machine code, in the user's own cache folder.

Machine code read from here is executed, so a folder that others can write to is not used. Each file begins with a
checksum of the rest: a file that a full disk or a killed process cut short counts as absent. Files appear whole, by
renaming, so processes may write the same one at once. Where nothing can be written everything works, only slower.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path

from platformdirs import user_cache_dir

_DIGEST = hashlib.sha256().digest_size


def folder(kind: str) -> Path | None:
    """The private folder for one kind of file ("kernels", "programs"), made if need be; None where there is none.

    `HUANGPU_CACHE` in the environment names another place than the user's cache folder.
    """
    path = Path(os.environ.get("HUANGPU_CACHE") or user_cache_dir("huangpu")) / kind
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = path.stat()
    except OSError:
        return None
    foreign = hasattr(os, "geteuid") and (
        state.st_uid != os.geteuid() or bool(state.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    )
    return None if foreign else path


def read(path: Path) -> bytes | None:
    """What `write` put there; None where the file is missing, unreadable or not whole."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, data = content[:_DIGEST], content[_DIGEST:]
    return data if hashlib.sha256(data).digest() == digest else None


def write(path: Path, data: bytes) -> None:
    """Put the data there in one stroke; a failure leaves what was there before and is not an error."""
    with contextlib.suppress(OSError):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(data).digest() + data)
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
