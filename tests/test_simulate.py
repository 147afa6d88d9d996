"""`huangpu simulate` runs any model file: every model of the corpus against its stored output, options, bad input."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from tests import modelfile
from tests.test_corpus import ABSOLUTE, data_of, same, stored_output

from huangpu.cli import main

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*/*.mdl"))


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def model(tmp_path):
    return modelfile.write(tmp_path, modelfile.POPULATION)


def simulate(path, out, *more):
    code = main(["simulate", str(path), "--out", str(out), "--quiet", *map(str, more)])
    return code, read(out) if code == 0 and out.suffix == ".csv" else {}


def read(path):
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
    return {name: np.array([float(row[k]) for row in rows[1:]]) for k, name in enumerate(rows[0])}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_agrees_with_the_stored_output(path, tmp_path):
    code, found = simulate(path, tmp_path / "out.csv", *(f"--data={file}" for file in data_of(path)))
    assert code == 0
    assert next(iter(found)) == "Time"
    times, columns = stored_output(path.parent)
    labels = {same(label): label for label in found}
    at = np.searchsorted(found["Time"], times - 1e-6)
    np.testing.assert_allclose(found["Time"][at], times, atol=1e-5)
    for name, stored in columns.items():
        known = ~np.isnan(stored)
        values = found[labels[same(name)]][at]
        absolute = ABSOLUTE.get(path.parent.name, 1e-6)
        np.testing.assert_allclose(values[known], stored[known], rtol=0.01, atol=absolute, err_msg=name)


def test_the_times_that_are_saved_are_those_that_vensim_saved(tmp_path):
    """Where TIME STEP, SAVEPER and FINAL TIME change during the run."""
    path = Path(__file__).parent / "corpus" / "control_vars" / "test_control_vars.mdl"
    _, found = simulate(path, tmp_path / "out.csv")
    np.testing.assert_allclose(found["Time"], stored_output(path.parent)[0])
