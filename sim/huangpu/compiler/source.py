"""The bytes of a model file, and text of it made safe to show: what a compiled model still needs of the compiler."""

from __future__ import annotations

from pathlib import Path

from huangpu.ir import ModelError

MAX_BYTES = 20_000_000
XMILE = (".xmile", ".stmx", ".itmx", ".xml")
SUFFIXES = (".mdl", *XMILE)


def printable(text: str) -> str:
    """The text on one line without control characters: safe in a message, a terminal and a comment."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def read_bytes(path: str | Path) -> bytes:
    """The bytes of a model file; `ModelError` where there is no such file to read."""
    path = Path(path)
    name = printable(str(path))
    if path.suffix.lower() not in SUFFIXES:
        raise ModelError(f"{name}: not a model file. Give one that ends in .mdl (Vensim), .xmile or .stmx.")
    try:
        if path.is_dir():
            raise ModelError(f"{name}: a folder, not a file. Give the model file inside it.")
        if path.exists() and not path.is_file():
            raise ModelError(f"{name}: not a plain file. Give a model file.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ModelError(f"{name}: there is no such file. Check the path.") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{name}: cannot be read ({getattr(error, 'strerror', None) or error}).") from None
    if len(data) > MAX_BYTES:
        raise ModelError(f"{name}: larger than {MAX_BYTES // 1_000_000} MB, the largest model file that is read.")
    return data
