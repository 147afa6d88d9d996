"""Every shipped sweep loads, says what it asks, and computes."""

import numpy as np
import pytest

from huangpu.files import shipped
from huangpu.sweep import evaluate, load_sweep

FILES = sorted(shipped("scenarios/sweeps").glob("*.yaml"))


def test_the_promised_sweeps_are_there():
    names = {"growth_2027", "levers_2027", "posterior_2027", "robot_support", "screening_2027"}
    assert names == {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_sweep_computes(path):
    sweep = load_sweep(path)
    assert sweep.name == path.stem and sweep.title != sweep.name and sweep.question
    assert path.read_text(encoding="utf-8").startswith("# yaml-language-server: $schema=schema.json\n")
    assert any("no discrepancy" in note for note in sweep.notes)
    chunk = evaluate(sweep, 0, 3)
    assert np.isfinite(chunk.outputs).all() and not (chunk.flags & 1).any()


def test_the_page_lists_them():
    page = shipped("docs/sweeps.md").read_text(encoding="utf-8")
    assert all(f"`{path.stem}`" in page for path in FILES)
