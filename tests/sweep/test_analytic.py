"""From a model file and a sweep file to indices: functions whose answer is known, through the whole path."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import modelfile
from huangpu import sweep as sweeping
from huangpu.sweep.analysis import Finding, analyse
from huangpu.sweep.designs import least_fast
from huangpu.sweep.run import local, run
from huangpu.sweep.store import open_store
from sweep.functions import WEIGHTS, g_indices, ishigami_indices

ISHIGAMI = "x0 = 0 | x1 = 0 | x2 = 0 | y = SIN(x0) + 7 * POWER(SIN(x1), 2) + 0.1 * POWER(x2, 4) * SIN(x0) |"
G = "".join(f"x{k} = 0.5 |" for k in range(len(WEIGHTS))) + "y = {} |".format(
    " * ".join(f"(ABS(4 * x{k} - 2) + {a:g}) / {1 + a:g}" for k, a in enumerate(WEIGHTS))
)
LINEAR = "x0 = 0.5 | x1 = 0.5 | x2 = 0.5 | y = INTEG(3 * x0 - 2 * x1 + 0 * x2, 0) |"
CHUNK = 256  # members; blocks of a design lie across them


def swept(
    folder: Path, model: str, design: str, low: float, high: float, expressions: str = ""
) -> tuple[sweeping.Sweep, xr.Dataset]:
    """A sweep of all constants of a model, and its members as a store holds them."""
    modelfile.write(folder, model, end=1)
    scenario = "name: base\nmodel: model.mdl\nsave: {variables: [y]}\nmembers: 1\nposterior: none\n"
    (folder / "base.yaml").write_text(scenario)
    names = [part.split("=")[0].strip() for part in model.split("|") if part.strip().startswith("x")]
    vary = "".join(f"  {name}: {{low: {low}, high: {high}}}\n" for name in names)
    path = folder / "sweep.yaml"
    path.write_text(
        f"name: sweep\nbase: base.yaml\ndesign: {{{design}}}\nvary:\n{vary}seed: 7\n"
        f"outputs:\n  variables: {{y: 1}}\n  expressions: {{{expressions}}}\n"
    )
    sweep = sweeping.load_sweep(path)
    run(sweep, folder / "results", source=local(1), chunk=CHUNK)
    return sweep, open_store(folder / "results")


def first(folder: Path, model: str, design: str, low: float, high: float) -> Finding:
    sweep, data = swept(folder, model, design, low, high)
    return analyse(data, sweep.design)[0]


def agree(found: Finding, exact: dict[str, np.ndarray], tolerance: float) -> None:
    """Inside the 95 % interval of each index, and near in itself. The points are quasi-random, so the error is well
    below what the bootstrap, which takes groups for independent, allows for: no chance enters."""
    for measure in ("S1", "ST"):
        off = np.abs(found.indices.values[measure] - exact[measure])
        assert (off <= found.indices.half[measure] + 1e-9).all(), (measure, off, found.indices.half[measure])
        assert off.max() < tolerance


def test_ishigami_by_sobol(tmp_path):
    found = first(tmp_path, ISHIGAMI, "kind: sobol, n: 2048", -np.pi, np.pi)
    exact = ishigami_indices()
    agree(found, exact, 0.02)
    s2, half = found.indices.pairs["S2"], found.indices.pairs_half["S2"]
    assert s2[0, 2] == pytest.approx(exact["S2"], abs=half[0, 2])
    assert np.abs(s2[0, 1]) < half[0, 1] and np.abs(s2[1, 2]) < half[1, 2]
    assert found.indices.half["ST"].max() < 0.08
    assert found.verdict.stable


def test_the_g_function_by_sobol(tmp_path):
    found = first(tmp_path, G, "kind: sobol, n: 2048, second_order: false", 0, 1)
    agree(found, g_indices(), 0.02)
    assert found.verdict.text.startswith("converged")
    assert np.argsort(-found.indices.values["ST"]).tolist() == [0, 1, 2, 3, 4]


def test_the_g_function_by_fast(tmp_path):
    """Extended FAST leaves out harmonics beyond six and lets them alias: its error here is 0.01, not its interval."""
    found, exact = first(tmp_path, G, "kind: fast, n: 2049", 0, 1), g_indices()
    for measure in ("S1", "ST"):
        np.testing.assert_allclose(found.indices.values[measure], exact[measure], atol=0.015)


def test_ishigami_by_fast(tmp_path):
    """Sampler and analysis take the same harmonics: the shortest curve that is allowed does."""
    found, exact = first(tmp_path, ISHIGAMI, f"kind: fast, n: {least_fast(3)}", -np.pi, np.pi), ishigami_indices()
    for measure in ("S1", "ST"):
        np.testing.assert_allclose(found.indices.values[measure], exact[measure], atol=0.02)


def test_ishigami_by_morris_and_by_a_latin_hypercube(tmp_path):
    """Screening finds what the total shares say: all three matter, the third by interaction alone."""
    found = first(tmp_path, ISHIGAMI, "kind: morris, trajectories: 200", -np.pi, np.pi)
    spread = found.indices.values["sigma"] / found.indices.values["mu_star"]
    assert (spread > 0.4).all()
    (latin := tmp_path / "latin").mkdir()
    pawn = first(latin, ISHIGAMI, "kind: latin, n: 4000", -np.pi, np.pi).indices
    assert (pawn.values["pawn"] > 1.5 * pawn.values["pawn_floor"]).all()
    assert np.abs(pawn.values["rank"][1:]).max() < 0.05  # even in x1 and x2: no rank correlation


def test_a_linear_model_by_every_design_that_is_exact_for_it(tmp_path):
    """What accumulates in a year is 3 x0 - 2 x1, over ranges from 0 to 2."""
    for kind in ("one_at_a_time, levels: 3", "factorial, levels: 3", "morris, trajectories: 10"):
        folder = tmp_path / kind[:3]
        folder.mkdir()
        values = first(folder, LINEAR, f"kind: {kind}", 0, 2).indices.values
        if "mu" in values:
            np.testing.assert_allclose(values["mu"], [6, -4, 0], atol=1e-12)
            np.testing.assert_allclose(values["sigma"], 0, atol=1e-12)
        else:
            np.testing.assert_allclose(values["swing"], [6, 4, 0], atol=1e-12)
        if "S1" in values:
            np.testing.assert_allclose(values["S1"], [9 / 13, 4 / 13, 0], atol=1e-12)


def test_members_that_are_not_finite_spoil_their_groups_only(tmp_path):
    """The logarithm of 2 + y is none where y falls below -2: in less than a share of 1 / 24 of the groups."""
    sweep, data = swept(tmp_path, LINEAR, "kind: sobol, n: 512, second_order: false", 0, 1.2, "other: ln(2 + y @ 1)")
    whole, broken = analyse(data, sweep.design)
    lost = ~np.isfinite(data["outputs"].values[:, 1])
    assert lost.sum() > 0
    assert whole.indices.dropped == 0
    assert broken.indices.dropped == lost.reshape(-1, 5).any(axis=1).sum()
    assert np.isfinite(broken.indices.values["ST"]).all()
