"""Where the data files that ship with Huangpu are: beside the code in a checkout, inside the package in a wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parents[1]


def shipped(relative: str) -> Path:
    """Path of a shipped data file or folder, e.g. `shipped("models/shanghai_industry.mdl")`.

    A checkout comes first: what people edit there is what runs. Whether the file exists is for its reader to say.
    """
    return root() / relative


def root() -> Path:
    """The folder that holds models/, scenarios/, calibration/ and results/."""
    if (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "sim" / "huangpu").is_dir():
        return _CHECKOUT
    return _PACKAGE / "data"
