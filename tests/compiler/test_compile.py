"""From file to program: kept in the cache, the same each time, nothing of PySD once it is there."""

import dataclasses
import json
import subprocess
import sys

import pytest

import modelfile
from huangpu import cache, compiler
from huangpu.compiler import compile_model, host
from huangpu.program import from_json, to_json


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HUANGPU_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def path(tmp_path):
    return modelfile.write(
        tmp_path, "A: p, 产 | k[A] = 1, 2 ~ year ~ | x[A] = INTEG(f(k[A]), 1) | f((0,0),(1,:NA:1))".replace(":NA:", "")
    )


def test_a_program_goes_to_json_and_back(path):
    program = compile_model(path)
    assert from_json(to_json(program)) == program
    assert json.loads(to_json(program))["labels"]["产"] == "产"


def test_a_program_knows_its_rows(path):
    program = compile_model(path)
    assert [program.rows[row].id for row, _ in program.constants] == ["k[p]", "k[产]"]
    assert [value for _, value in program.constants] == [1.0, 2.0]
    assert program.dims["x"] == ("a",) and program.tables[0][0] == "f"
    assert "def step(v, tables, time)" in program.readable and "define" in program.kernel


def test_the_second_time_comes_from_the_cache(path, monkeypatch):
    first = compile_model(path)
    monkeypatch.setattr(compiler, "ordered_model", None)
    assert compile_model(path) == first


def test_a_machine_with_other_registers_gets_its_own_kernel_of_the_same_program(path, monkeypatch):
    wide, narrow = (compile_on(lanes, path, monkeypatch) for lanes in (32, 8))
    assert wide.hash == narrow.hash and wide.kernel != narrow.kernel
    assert compile_on(32, path, monkeypatch) == wide


def compile_on(lanes, path, monkeypatch):
    monkeypatch.setattr(host, "lanes", lambda: lanes)
    return compile_model(path)


def test_another_model_method_or_lever_is_another_program(path):
    programs = [compile_model(path), compile_model(path, method="rk4"), compile_model(path, driven=["k[p]"])]
    path.write_bytes(path.read_bytes() + b"\n")
    programs.append(compile_model(path))
    assert len({p.hash for p in programs}) == 4
    assert [p.model_hash == programs[0].model_hash for p in programs] == [True, True, True, False]
    assert [p.driven for p in programs] == [(), (), (0,), ()]


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-20], lambda data: b"", lambda data: data.replace(b"euler", b"EULER")]
)
def test_a_damaged_file_in_the_cache_is_made_again(path, damage):
    first = compile_model(path)
    (kept,) = cache.folder("programs").iterdir()
    kept.write_bytes(damage(kept.read_bytes()))
    assert compile_model(path) == first


def test_without_a_cache_it_works_all_the_same(path, tmp_path, monkeypatch):
    first = compile_model(path)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HUANGPU_CACHE", str(tmp_path / "file" / "below"))
    assert compile_model(path) == first


def test_pysd_stays_out_of_a_process_that_finds_the_program(path):
    compile_model(path)
    code = (
        "import sys; from huangpu.compiler import compile_model; compile_model(sys.argv[1]);"
        "assert not {'pysd', 'pandas', 'xarray', 'numba', 'numpy'} & set(sys.modules), 'imported'"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)


def test_programs_are_plain_data(path):
    text = to_json(compile_model(path))
    with pytest.raises((ValueError, KeyError, TypeError)):
        from_json(text.replace('"rows"', '"roes"'))
    assert dataclasses.is_dataclass(from_json(text))
