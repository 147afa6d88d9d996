"""Where the data files that ship with Huangpu are, and whether a folder can take results."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parents[1]


class OutputError(Exception):
    """Results cannot be written where they should go. `str(error)` is one line for a person."""


def shipped(relative: str) -> Path:
    """Path of a shipped data file or folder, e.g. `shipped("models/shanghai_industry.mdl")`.

    A checkout comes first: what people edit there is what runs. Whether the file exists is for its reader to say.
    """
    return root() / relative


def root() -> Path:
    """The folder that holds models/, scenarios/, calibration/ and results/: a checkout, or inside a wheel's package."""
    if (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "sim" / "huangpu").is_dir():
        return _CHECKOUT
    return _PACKAGE / "data"


def check_folder(folder: Path, files: tuple[str, ...]) -> None:
    """OutputError if `folder` could not be made or the files could not be put there; makes nothing."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        what = "is a file" if there == folder else f"lies under {there}, which is a file"
        raise OutputError(f"{folder}: {what}; results need a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: cannot write to {there}; choose another folder with --out")
    for name in files:
        if (folder / name).is_dir():
            raise OutputError(f"{folder / name}: is a folder, but results are to be written to a file of that name")


def make_folder(folder: Path) -> None:
    """Make `folder` and put a file into it for a moment; OutputError where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(f"{folder}: cannot be written to ({error.strerror}); choose another with --out") from None


@contextlib.contextmanager
def writing(folder: Path):
    """Turns a full or failing disk into an OutputError that says what it concerns."""
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        raise OutputError(f"{where}: writing failed ({error.strerror or error})") from error
