"""Every XMILE file of `corpus/` against its stored output, PySD and simlin, by the readable text and by the kernel."""

import re
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

from huangpu.compiler import compile_model, python
from huangpu.compiler.syntax import key
from huangpu.ir import ModelError
from test_corpus import CONTROL, HERE, _kernel, same, stored_output

FILES = sorted((HERE / "corpus").glob("*/*.xmile")) + sorted((HERE / "corpus").glob("*/*.stmx"))
# What no reader can make sense of: equations that the exporter left out, macros that are not in the file.
LOST = "left ??? for the equation"
REFUSED = {
    "test_subscript_constant_call": (44, "Subscripted Constant", LOST),
    "test_subscript_mixed_assembly": (83, "mixed assembly", LOST),
    "test_subscript_subrange": (36, "Rate A", LOST),
    "test_subscript_subrange_equal": (31, "Rate A", LOST),
    "test_subscript_updimensioning": (45, "One Dim", LOST),
    "test_macro_multi_expression": (43, "macro output", "two names in a row"),
    "test_macro_stock": (43, "macro output", "two names in a row"),
    "test_logicals.stmx": (33, "NOT output", "it makes no sense from 'not THEN"),
}
# Without `<variables>` in the model PySD finds none; in the last it does not know LOOKUP(graph, x).
PYSD_FAILS = {"comparisons.stmx", "eval_order.stmx", "test_lookups_no-indirect.stmx", "test_lookups.stmx"}
ABSOLUTE = {"exp": 3e-6}
# The .xmile says what the .stmx says, but not what the .mdl says: an ACTIVE INITIAL and an input were lost in export.
AS_STELLA = {"test_active_initial.xmile", "test_smooth_and_stock.xmile"}


def refused(path: Path) -> tuple[int, str, str] | None:
    return REFUSED.get(path.stem, REFUSED.get(path.name))


READ = [path for path in FILES if not refused(path)]
LEFT = [path for path in FILES if refused(path)]


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module", params=READ, ids=lambda path: path.name)
def model(request, own_cache):
    """A model's file, its program, and every variable at every step by label: from the text and from the kernel."""
    program = compile_model(request.param)
    times, values = python.run(program.readable)
    text = {row.label: values[row.id] for row in program.rows}
    kernel = dict(zip(text, _kernel(program), strict=True))
    return request.param, program, times, text, kernel


def test_agrees_with_the_stored_output(model):
    path, program, times, text, kernel = model
    stella = path.suffix == ".stmx" or path.name in AS_STELLA
    at, columns = stored_output(path.parent, "output_stella*.csv" if stella else "output.csv")
    step = np.rint((at - program.initial_time) / program.time_step).astype(int)
    inside = step < len(times)  # Stella stores one row beyond the end
    step, at = step[inside], at[inside]
    np.testing.assert_allclose(times[step], at, rtol=0, atol=1e-3 * program.time_step)
    labels = {same(label): label for label in text}
    compared = 0
    for name, stored in columns.items():
        if key(name) in CONTROL:
            assert getattr(program, key(name)) == pytest.approx(stored[0], rel=1e-5)
            continue
        if "no-indirect" in path.name and same(name) not in labels:
            continue  # the output is that of the file with one more lookup
        assert same(name) in labels, f"{name} is missing"
        known = ~np.isnan(stored[inside])
        for values in (text[labels[same(name)]], kernel[labels[same(name)]]):
            absolute = ABSOLUTE.get(path.parent.name, 1e-6)
            np.testing.assert_allclose(
                values[step][known], stored[inside][known], rtol=0.01, atol=absolute, err_msg=name
            )
        compared += 1
    assert compared


def test_kernel_agrees_with_the_readable_text(model):
    *_, text, kernel = model
    for label, values in text.items():
        np.testing.assert_allclose(kernel[label], values, rtol=1e-12, atol=1e-12, err_msg=label)


def test_agrees_with_pysd(model, tmp_path):
    path, program, _, text, kernel = model
    if path.name in PYSD_FAILS:
        pytest.skip("PySD does not read all of this file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pysd

        copy = shutil.copy(path, tmp_path / "model.xmile")
        table = pysd.read_xmile(str(copy)).run(saveper=program.time_step)
    labels = {same(label): label for label in text}
    names = [name for name in table.columns if key(name) not in CONTROL and key(name) != "time"]
    assert names
    for name in names:
        expected = np.asarray(table[name], dtype=float)
        for values in (text[labels[same(name)]], kernel[labels[same(name)]]):
            np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-12, err_msg=name)


# What simlin 0.8.5 does not read: gf of its own, several points a tag, tags that do not end, arrays of `1, 2, 3`.
SIMLIN_FAILS = {"test_min_max_1arg", "test_lookups", "test_non_negative_flows", "test_non_negative_flows_behavior"}
SIMLIN_FAILS |= {"test_lookups_xpts_sep", "test_lookups_ypts_sep", "test_lookups_xscale"}
SIMLIN_FAILS |= {"comparisons.stmx", "eval_order.stmx", "test_lookups_no-indirect.stmx"}
SIMLIN_LIMITS = "test_non_negative_stocks"  # it cuts the outflow of a non-negative stock, not the stock


def test_agrees_with_simlin(model):
    import simlin

    path, program, _, text, kernel = model
    if path.name in SIMLIN_FAILS or (path.stem in SIMLIN_FAILS and path.name != "test_lookups.stmx"):
        pytest.skip("simlin does not read this file")
    results = simlin.load(str(path)).run(analyze_loops=False).results
    labels = {same(label): label for label in text}
    names = [name for name in results.columns if same(name) in labels and key(name) not in CONTROL]
    assert names
    step = np.rint((results.index.to_numpy() - program.initial_time) / program.time_step).astype(int)
    for name in names:
        if path.stem.startswith(SIMLIN_LIMITS) and name.startswith("teststock"):
            continue
        for values in (text[labels[same(name)]], kernel[labels[same(name)]]):
            np.testing.assert_allclose(values[step], results[name].to_numpy(), rtol=1e-9, atol=1e-9, err_msg=name)


def test_every_file_of_the_corpus_is_here():
    assert len([p for p in FILES if p.suffix == ".xmile"]) == 36
    assert len([p for p in FILES if p.suffix == ".stmx"]) == 26


@pytest.mark.parametrize("path", LEFT, ids=lambda path: path.name)
def test_what_cannot_be_read_is_refused_by_name_and_line(path):
    line, variable, what = refused(path)
    with pytest.raises(ModelError) as caught:
        compile_model(path)
    assert re.search(re.escape(f"{path.name}:{line}: {variable}: ") + ".*" + re.escape(what), str(caught.value))
