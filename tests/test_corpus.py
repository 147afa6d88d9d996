"""Every model of `corpus/` against its stored output and against PySD, by the readable text and by the kernel."""

import csv
import io
import re
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

from huangpu.compiler import compile_model, python
from huangpu.compiler.syntax import key
from huangpu.ir import ModelError
from huangpu.runtime.ensemble import Inputs, Saving, simulate, step_times

HERE = Path(__file__).parent
ELSEWHERE = {"control_vars"}  # its steps are not the program's own: in test_simulate.py
MODELS = sorted(p for p in (HERE / "corpus").glob("*/*.mdl") if p.parent.name not in ELSEWHERE)
REFUSED = {  # folder -> what the message names: the function (or the variable's trouble), its variable and its line
    "get_time_value": (10, "get time 1 dim 0", "GET TIME VALUE"),
}
# What Vensim stored in single precision and sums or cancels to nearly nothing misses the suite's absolute tolerance.
DATA = {"data_from_other_model": ["data.tab"]}  # folder -> the files with the data of its data variables
ABSOLUTE = {"exp": 3e-6, "subscripted_delays": 1e-5}
CONTROL = ("initial_time", "final_time", "time_step", "saveper")


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", params=MODELS, ids=lambda path: path.stem)
def model(request, own_cache):
    """A model's file, its program, and every variable at every step by label: from the text and from the kernel."""
    program = compile_model(request.param, data_files=data_of(request.param))
    times, values = python.run(program.readable)
    text = {row.label: values[row.id] for row in program.rows}
    kernel = dict(zip(text, _kernel(program), strict=True))
    return request.param, program, times, text, kernel


def data_of(path: Path) -> list[Path]:
    return [path.with_name(name) for name in DATA.get(path.parent.name, [])]


def _kernel(program, end: float | None = None) -> np.ndarray:
    steps = len(step_times(program, end))
    saving = Saving(tuple(row.id for row in program.rows), np.arange(steps), np.ones(steps))
    return simulate(program, Inputs(size=1), [saving], final_time=end)[0][:, :, 0]


def stored_output(folder: Path, first: str = "output.csv") -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Times and columns of the stored output, nan where a value is not stored (constants after the first row).

    first: pattern of the file that is preferred.
    """
    path = next(path for name in (first, "output.csv", "output.tab") for path in sorted(folder.glob(name)))
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    rows = list(csv.reader(io.StringIO(text, newline=None), delimiter="\t" if path.suffix == ".tab" else ","))
    rows = [row for row in rows if row and row[0].strip()]
    assert rows[0][0].strip().lower() in ("time", "months")
    columns = {
        name: np.array(
            [float(row[i]) if "".join(row[i : i + 1]).strip() not in ("", "?") else np.nan for row in rows[1:]]
        )
        for i, name in enumerate(rows[0])
        if name.strip()
    }
    return columns.pop(rows[0][0]), columns


def same(label: str) -> str:
    """Names compare as Vensim compares them."""
    return key(label.replace("[", " sub ").replace(",", " and "))


def test_agrees_with_the_stored_output(model):
    path, program, times, text, kernel = model
    at, columns = stored_output(path.parent)
    step = np.rint((at - program.initial_time) / program.time_step).astype(int)
    assert np.allclose(times[step], at, rtol=0, atol=1e-4 * program.time_step)
    labels = {same(label): label for label in text}
    for name, stored in columns.items():
        if key(name) in CONTROL:
            assert getattr(program, key(name)) == pytest.approx(stored[0], rel=1e-5)
            continue
        assert same(name) in labels, f"{name} is missing"
        known = ~np.isnan(stored)
        for values in (text[labels[same(name)]], kernel[labels[same(name)]]):
            absolute = ABSOLUTE.get(path.parent.name, 1e-6)
            np.testing.assert_allclose(values[step][known], stored[known], rtol=0.01, atol=absolute, err_msg=name)


def test_kernel_agrees_with_the_readable_text(model):
    *_, text, kernel = model
    for label, values in text.items():
        np.testing.assert_allclose(kernel[label], values, rtol=1e-12, atol=1e-12, err_msg=label)


def pysd_run(path: Path, folder: Path, saveper: float, **more):
    """PySD's own run of a copy of the file, as a table; every step saved. PySD writes beside the model it is given."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pysd

        for beside in path.parent.iterdir():
            shutil.copy(beside, folder)
        data = [str(file) for file in data_of(path)] or None
        return pysd.read_vensim(str(folder / path.name), data_files=data).run(saveper=saveper, **more)


def test_agrees_with_pysd(model, tmp_path):
    path, program, times, text, kernel = model
    table = pysd_run(path, tmp_path, program.time_step)
    labels = {same(label): label for label in text}
    compared = 0
    for name in table.columns:
        if key(name) in CONTROL or key(name) == "time":
            continue
        expected = np.asarray(table[name], dtype=float)
        if np.isnan(expected).all() and same(name) not in labels:
            continue  # an element without an equation, which PySD fills in
        assert same(name) in labels, f"{name} is missing"
        assert expected.shape == times.shape
        for values in (text[labels[same(name)]], kernel[labels[same(name)]]):
            np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-12, err_msg=name)
        compared += 1
    assert compared


def test_the_corpus_is_broad():
    assert len({path.parent for path in MODELS}) >= 60


@pytest.mark.parametrize("folder", REFUSED)
def test_unsupported_models_are_refused_with_the_function_and_its_place(folder):
    line, variable, function = REFUSED[folder]
    (path,) = (HERE / "corpus_unsupported" / folder).glob("*.mdl")
    with pytest.raises(ModelError) as caught:
        compile_model(path)
    pattern = re.escape(f"{path.name}:{line}: {variable}:") + ".*" + re.escape(function)
    assert re.search(pattern, str(caught.value)), str(caught.value)


def test_our_own_model_agrees_with_pysd(tmp_path):
    """Its first years, as PySD takes a minute for all of them; every variable, by the readable text and the kernel."""
    path = HERE.parent / "models" / "shanghai_industry.mdl"
    program = compile_model(path)
    end = program.initial_time + 2
    table = pysd_run(path, tmp_path, program.time_step, final_time=end)
    times, text = python.run(program.readable, final_time=end)
    kernel = dict(zip(text, _kernel(program, end), strict=True))
    ids = {same(row.label): row.id for row in program.rows if not row.hidden}
    names = [name for name in table.columns if key(name) not in CONTROL]
    assert {same(name) for name in names} == set(ids)
    for name in names:
        expected = np.asarray(table[name], dtype=float)
        assert expected.shape == times.shape
        for values in (text, kernel):
            np.testing.assert_allclose(values[ids[same(name)]], expected, rtol=1e-9, atol=1e-12, err_msg=name)
