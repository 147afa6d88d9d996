"""Which files a model may refer to: those in its own folder, below it, and in folders that the caller allows.

Judged by where a file really lies, all links followed. A name is refused before anything is looked up where it belongs
to another system (drive, network share, URL). Only plain files are opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from huangpu.compiler.nearest import nearest
from huangpu.compiler.source import printable
from huangpu.ir import ModelError

MAX_BYTES = 50_000_000  # of one file
MAX_FILES = 100

FOREIGN = re.compile(r"[A-Za-z]:|[\\/]{2}|\w+://")  # at the start of a name: drive, network share, URL


@dataclass
class Beside:
    """What a model is given beside its own file.

    folder  the model's own, the only one in which it may refer to files but for those in `allow`
    data    files of other runs, given by name: path -> bytes
    read    what the model has been found to refer to: name as the model has it -> bytes
    """

    folder: Path
    allow: tuple[Path, ...] = ()
    data: dict[str, bytes] = field(default_factory=dict)
    read: dict[str, bytes] = field(default_factory=dict)

    def get(self, name: str) -> bytes:
        """The bytes of a file by the name that the model has for it; `ModelError` where it is not to be had."""
        if name not in self.read:
            if len(self.read) >= MAX_FILES:
                raise ModelError(f"more than {MAX_FILES} files in one model. Join some of them.")
            self.read[name] = read_plain(_located(name, self.folder, self.allow), printable(name))
        return self.read[name]

    def names(self) -> bytes:
        """The names of all that has been read, for `hash_with`."""
        return json.dumps(sorted(self.read)).encode()

    def hash_with(self, names: bytes, hash_: str) -> str | None:
        """`hash` once the files of these names have been read; None where one is no longer to be had."""
        try:
            for name in json.loads(names):
                self.get(name)
        except ModelError:
            self.read.clear()
            return None
        return self.hash(hash_)

    def unnamed(self) -> list[tuple[str, bytes]]:
        """The data files in order, known by how their names end."""
        return [(Path(file).suffix.lower(), content) for file, content in self.data.items()]

    def hash(self, hash_: str, *, data: bool = False) -> str:
        """A hash of `hash_` and all that has been read, with `data` the data files as well; itself if there is none."""
        files = sorted(self.read.items()) + (self.unnamed() if data else [])
        if not files:
            return hash_
        parts = [hash_.encode(), *(p for name, content in files for p in (name.encode(*_ANY), content))]
        return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


_ANY = ("utf-8", "surrogateescape")


def beside(model: str | Path, data_files: Iterable[str | Path] = (), allow: Iterable[str | Path] = ()) -> Beside:
    """`ModelError` where a data file cannot be read."""
    paths = [data_files] if isinstance(data_files, str | Path) else data_files
    data = {str(path): read_plain(Path(path), printable(str(path))) for path in paths}
    return Beside(Path(model).parent.resolve(), tuple(Path(a).resolve() for a in allow), data)


def _located(name: str, folder: Path, allow: Sequence[Path]) -> Path:
    shown = printable(name)
    if not shown or "\0" in name:
        raise ModelError("the name of the file is missing. Write it in single quotes.")
    if name.startswith("?"):
        raise ModelError(f"the model does not say which file {shown} stands for. Name the file itself.")
    if FOREIGN.match(name):
        raise ModelError(f"{shown}: a file on a drive, share or server is not read. Put a copy beside the model.")
    try:
        path = (folder / name.replace("\\", "/")).resolve()
    except (OSError, RuntimeError, ValueError):  # a circle of links, a name too long
        raise ModelError(f"{shown}: no name of a file. Correct it.") from None
    if not any(path.is_relative_to(place) for place in (folder, *allow)):
        raise ModelError(
            f"{shown}: outside the model's folder. Put the file there, or allow its folder (--allow, allow=)."
        )
    return path


def read_plain(path: Path, shown: str) -> bytes:
    """The bytes of a plain file; never waits on a pipe or a device."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise ModelError(f"{shown}: not a plain file. Name a workbook or a text file.")
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ModelError(f"{shown}: there is no such file.{_nearest(path)}") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{shown}: cannot be read ({getattr(error, 'strerror', None) or error}).") from None
    if len(data) > MAX_BYTES:
        raise ModelError(f"{shown}: larger than {MAX_BYTES // 1_000_000} MB, the largest that is read.")
    return data


def _nearest(path: Path) -> str:
    try:
        return nearest(path.name, (other.name for other in path.parent.iterdir()), " Check the name.")
    except OSError:
        return " Check the name of its folder."
