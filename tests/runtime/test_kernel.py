"""Machine code is made once, found again, made again where it is broken, and never by two processes' accident."""

import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from handmade import economy, program
from huangpu import cache
from huangpu.runtime import kernel
from huangpu.runtime.drivers import Noise
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate

SCRIPT = """
import sys
from handmade import economy, program
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate
built = program(economy())
out = simulate(built, Inputs(40, {"share": 0.3}), [Saving(("capital",), *points(built, [2010.0]))])
print("numba" in sys.modules, "xarray" in sys.modules, out[0].tobytes().hex())
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty cache, and a process that has loaded nothing."""
    monkeypatch.setenv("HUANGPU_CACHE", str(tmp_path))
    monkeypatch.setattr(kernel, "_loaded", {})
    return tmp_path / "kernels"


@pytest.fixture
def compiled(monkeypatch):
    """How often the compiler was called, as a list of texts."""
    texts, real = [], kernel.compile_text
    monkeypatch.setattr(kernel, "compile_text", lambda text: texts.append(text) or real(text))
    return texts


def capital(built, inputs=None, name="capital", year=2010.0):
    return simulate(built, inputs or Inputs(3), [Saving((name,), *points(built, [year]))])[0]


def forget(monkeypatch):
    monkeypatch.setattr(kernel, "_loaded", {})


def test_compiled_once_then_read_from_the_cache(folder, compiled, monkeypatch):
    first = capital(program(economy()))
    forget(monkeypatch)
    again = capital(program(economy()))
    assert len(compiled) == 1 and np.array_equal(first, again)
    (file,) = folder.iterdir()
    assert file.name.startswith("handmade-")
    if os.name == "posix":
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_very_long_program_is_not_optimised_and_gives_the_same_bits(folder, monkeypatch):
    inputs = Inputs(50, {"share": np.linspace(0.1, 0.5, 50)})
    first = capital(program(economy()), inputs)
    size = len(next(folder.iterdir()).read_bytes())
    next(folder.iterdir()).unlink()
    forget(monkeypatch)
    monkeypatch.setattr(kernel, "LARGE", 0)
    assert np.array_equal(capital(program(economy()), inputs), first)
    assert len(next(folder.iterdir()).read_bytes()) != size


def test_a_scenario_edit_never_compiles(folder, compiled, monkeypatch):
    capital(program(economy()))
    forget(monkeypatch)
    inputs = Inputs(50, {"share": np.linspace(0.1, 0.5, 50)}, {"lever": np.ones((41, 50))}, {"crowding_of": [1.0] * 4})
    capital(program(economy()), inputs, name="labour", year=2003.0)
    capital(program(economy()), Inputs(50, driven={"lever": Noise("pink", 0.1, seed=4, tau=1.0)}))
    later = program(economy(times=(2000.0, 2040.0, 0.125)))
    capital(later, name="output", year=2031.0)
    assert len(compiled) == 1


@pytest.mark.parametrize("harm", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:-1] + bytes([b[-1] ^ 1])])
def test_a_broken_file_is_made_again(folder, compiled, monkeypatch, harm):
    first = capital(program(economy()))
    (file,) = folder.iterdir()
    file.write_bytes(harm(file.read_bytes()))
    forget(monkeypatch)
    assert np.array_equal(capital(program(economy())), first) and len(compiled) == 2
    forget(monkeypatch)
    assert np.array_equal(capital(program(economy())), first) and len(compiled) == 2


def test_works_where_nothing_can_be_cached(tmp_path, monkeypatch, compiled):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HUANGPU_CACHE", str(tmp_path / "file"))
    forget(monkeypatch)
    assert cache.folder("kernels") is None
    assert np.isfinite(capital(program(economy()))).all() and len(compiled) == 1


@pytest.mark.skipif(os.name != "posix", reason="needs file modes")
def test_a_folder_that_others_may_write_to_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setenv("HUANGPU_CACHE", str(tmp_path))
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels").chmod(0o777)
    assert cache.folder("kernels") is None


def test_two_processes_at_once_and_a_warm_one_without_numba(folder):
    paths = os.pathsep.join(sys.path)
    env = os.environ | {"PYTHONPATH": paths}

    def start():
        return subprocess.Popen([sys.executable, "-c", SCRIPT], env=env, stdout=subprocess.PIPE, text=True)

    both = [start(), start()]
    cold = [process.communicate()[0].split() for process in both]
    warm = start().communicate()[0].split()
    assert [process.returncode for process in both] == [0, 0]
    assert cold[0][2] == cold[1][2] == warm[2]
    assert warm[:2] == ["False", "False"]
    assert [path.suffix for path in folder.iterdir()] == [".o"]


OTHER = """
import numpy as np
from handmade import auxiliary, call, constant, ordered, program
from huangpu.compiler.functions import OPS
from huangpu.runtime.ensemble import Inputs, Saving, points, simulate
ops = [op for op in OPS if op not in ("arcsin", "arccos", "arctan", "sinh", "cosh", "tanh")]  # not the C library's
model = ordered(*(constant(n, 0.0) for n in "abc"), *(auxiliary(op, call(op, *"abc"[: OPS[op].arity])) for op in ops))
r = np.random.default_rng(3)
a, b, c = r.normal(size=(3, 500)) * 10 ** r.uniform(-3, 3, (3, 500))
for lanes in (4, 32):
    built = program(model, lanes=lanes)
    (out,) = simulate(built, Inputs(500, {"a": a, "b": b, "c": c}), [Saving(tuple(ops), *points(built, [2000.0]))])
    print(np.nan_to_num(out, nan=7.0).tobytes().hex())
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="names of other processors")
def test_same_bits_on_older_processors(folder):
    """Without fused multiply-add, with it, and as this machine does it."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    found = []
    for name in ("x86-64", "haswell", ""):
        chosen = {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": ""} if name else {}
        more = chosen | {"HUANGPU_CACHE": str(folder / (name or "own"))}
        done = subprocess.run([sys.executable, "-c", OTHER], env=env | more, capture_output=True, text=True, check=True)
        found += done.stdout.split()
    assert len(found) == 6 and len(set(found)) == 1
