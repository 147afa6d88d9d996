"""A model as people build them: a comment and a heading before macros, macros in macros, mapped ranges and parts of
ranges, exceptions, vector functions, elements that wait for one another. Against PySD where it can, else by hand."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from huangpu.compiler import compile_model, python
from huangpu.compiler.syntax import key
from huangpu.runtime.ensemble import Inputs, Saving, simulate

MODEL = Path(__file__).with_name("regions.mdl")
TOO_MUCH = (  # for PySD: what it makes no sense of -> the same in words that it knows
    (r"\*{20,}[\s\S]*?A note[\s\S]*?\|\n", ""),
    (r"\{ a header.*?\}\n", ""),
    (r"x \* RATIO OF\(t, t\)", "x"),
    (r"t \* RATIO OF\(t, t \+ t\)", "t / 2"),
    (r"(?m)^(cross|chain).*$", ""),
)


@pytest.fixture(scope="module")
def values(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        program = compile_model(MODEL)
        times, text = python.run(program.readable)
        saving = Saving(tuple(row.id for row in program.rows), np.arange(len(times)), np.ones(len(times)))
        (kernel,) = simulate(program, Inputs(3), [saving])
    return program, times, text, kernel


def test_kernel_and_text_agree_to_the_bit(values):
    program, _, text, kernel = values
    for row, found in zip(program.rows, kernel, strict=True):
        for member in found.T:
            np.testing.assert_array_equal(member, text[row.id], err_msg=row.id)


def test_agrees_with_pysd(values, tmp_path):
    program, _, text, _ = values
    simpler = MODEL.read_text(encoding="utf-8")
    for pattern, plain in TOO_MUCH:
        simpler = re.sub(pattern, plain, simpler)
    copy = tmp_path / "regions.mdl"
    copy.write_text(simpler, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pysd

        table = pysd.read_vensim(str(copy)).run()

    def same(label: str) -> str:
        return key(label.replace("[", " sub ").replace(",", " and "))

    ids = {same(row.label): row.id for row in program.rows}
    compared = [name for name in table.columns if same(name) in ids]
    assert len(compared) > 150
    for name in compared:
        expected = np.asarray(table[name], dtype=float)
        np.testing.assert_allclose(text[ids[same(name)]], expected, rtol=1e-9, atol=1e-12, err_msg=name)


def test_elements_that_wait_for_one_another(values):
    _, times, text, _ = values
    np.testing.assert_allclose(text["chain[age8]"], (1 + times) * 1.1**7, rtol=1e-14)
    b = [5 + times]
    for _ in range(3):
        b.append((b[-1] + 1) * 2)
    for element, wanted in zip(("north", "south", "east", "west"), b, strict=True):
        np.testing.assert_array_equal(text[f"cross_b[{element}]"], wanted)
