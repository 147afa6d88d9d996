"""A wheel carries what a checkout has: every data file lies under a path that pyproject.toml includes."""

import tomllib
from pathlib import Path

import pytest

from huangpu import files

FOLDERS = ("models", "scenarios", "calibration", "results")
KINDS = {".mdl", ".yaml", ".csv", ".nc", ".json"}


def test_a_checkout_comes_first():
    assert files.shipped("results/targets.csv") == files.root() / "results" / "targets.csv"


def test_without_a_checkout_the_packaged_copy_is_used(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "_CHECKOUT", tmp_path)
    assert files.shipped("models/x.mdl").parts[-4:] == ("huangpu", "data", "models", "x.mdl")


def test_every_data_file_is_in_the_wheel():
    root = files.root()
    if not (root / "pyproject.toml").exists():
        pytest.skip("not a checkout")
    build = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    included = build["force-include"]
    for name, place in included.items():
        assert place == f"huangpu/data/{name}"
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            relative = path.relative_to(root)
            if path.suffix in KINDS and "runs" not in relative.parts:
                assert any(relative.is_relative_to(Path(name)) for name in included), relative
