"""What a folder of results holds: the sweep it belongs to, which chunks are finished, and who is writing now.

    sweep.json    the sweep's identity, the layout of its chunks, versions, when it began and ended; written whole
    chunks.jsonl  a line a finished chunk: its number and the hash of its blocks; only ever added to
    .lock         held while a process writes

Why a journal and not a file a chunk: 10^9 members are 15,000 chunks, and one file says what is done without a look at
any folder. A line that a kill cut short is no line; a chunk whose blocks do not have the hash of its line is not
finished. So blocks need no flush to the disk of their own: what a power cut takes is computed again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import fcntl
import hashlib
import json
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MANIFEST, JOURNAL, LOCK = "sweep.json", "chunks.jsonl", ".lock"
PART = ".part"  # how the name of a file ends that is not yet whole
FORMAT = 1


class SweepError(Exception):
    """A sweep cannot begin or go on. `str(error)` is for a person and ends with what to do."""


@dataclass(frozen=True)
class Layout:
    """How members are cut into chunks: chunk k holds members k * chunk and on. Plain numbers, so that it travels."""

    members: int
    chunk: int
    factors: int
    outputs: int

    @property
    def chunks(self) -> int:
        return -(-self.members // self.chunk)

    def span(self, number: int) -> tuple[int, int]:
        """First member of a chunk, and the one after its last."""
        return number * self.chunk, min((number + 1) * self.chunk, self.members)


@dataclass(frozen=True)
class Manifest:
    """identity: canonical JSON of all that determines the values, see `plan.Sweep`; versions: of what made them."""

    name: str
    identity: str
    layout: Layout
    versions: Mapping[str, str]
    begun: str = field(default_factory=lambda: now())
    finished: str | None = None

    @property
    def hash(self) -> str:
        return digest(self.identity)


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def digest(identity: str) -> str:
    return hashlib.sha256(identity.encode()).hexdigest()


# -- the manifest -----------------------------------------------------------------------------------------------------


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """sweep.json, in one stroke and on the disk when this returns."""
    content = {"format": FORMAT, "hash": manifest.hash, **dataclasses.asdict(manifest)}
    place(folder / MANIFEST, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode(), flush=True)


def read_manifest(folder: Path) -> Manifest | None:
    """None where there is none. SweepError where it is not one of ours."""
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise ValueError("it has another format")
        stated = content.pop("hash")
        manifest = Manifest(**{**content, "layout": Layout(**content["layout"])})
        if stated != manifest.hash:
            raise ValueError("its hash is not that of its identity")
        if Path(manifest.name).name != manifest.name or manifest.name == "..":
            raise ValueError("its name is no name of a folder")
        if not all(type(size) is int and size > 0 for size in dataclasses.astuple(manifest.layout)):
            raise ValueError("its layout holds what is no number of members, factors or outputs")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        what = f"{path}: cannot be read as the manifest of a sweep ({type(error).__name__}: {error})"
        raise SweepError(f"{what}; give another folder with --out") from None
    return manifest


def differences(before: str, after: str) -> list[str]:
    """Keys, a.b.c, at which two identities differ."""
    return list(_different(json.loads(before), json.loads(after), ""))


def _different(before, after, key: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            yield from _different(before.get(name), after.get(name), f"{key}.{name}" if key else name)
    elif before != after:
        yield key or "all of it"


# -- the journal ------------------------------------------------------------------------------------------------------


def read_journal(folder: Path, chunks: int | None = None) -> dict[int, str]:
    """Hash of each chunk that was finished, by number; the last line of a chunk counts, one of none of `chunks` not."""
    found = {}
    with contextlib.suppress(FileNotFoundError), (folder / JOURNAL).open("rb") as file:
        for line in file:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                entry = json.loads(line)
                if line.endswith(b"\n"):
                    found[int(entry["chunk"])] = str(entry["sha256"])
    return {number: sha256 for number, sha256 in found.items() if chunks is None or 0 <= number < chunks}


def end_line(folder: Path) -> None:
    """Close a last line that was cut short, so that the next begins on its own."""
    with contextlib.suppress(FileNotFoundError), (folder / JOURNAL).open("rb+") as file:
        if file.seek(0, os.SEEK_END) and file.seek(-1, os.SEEK_END) is not None and file.read(1) != b"\n":
            file.write(b"\n")


def enter(folder: Path, number: int, sha256: str) -> None:
    """Add a finished chunk; it is on the disk when this returns."""
    line = json.dumps({"chunk": number, "sha256": sha256}) + "\n"
    with (folder / JOURNAL).open("ab") as file:
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())


# -- files and the lock -----------------------------------------------------------------------------------------------


def place(path: Path, data: bytes, *, flush: bool = False) -> None:
    """Put a file there in one stroke: what was there stays until the new one is whole. One writer at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + PART)
    try:
        with aside.open("wb") as file:
            file.write(data)
            if flush:
                file.flush()
                os.fsync(file.fileno())
        os.replace(aside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The folder for this process alone; the system lets go of it when the process ends, however it ends."""
    with (folder / LOCK).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            who = file.read(200).strip() or "unknown"
            raise SweepError(
                f"{folder}: another sweep is writing there ({who}); wait for it, or give another folder with --out"
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        yield
