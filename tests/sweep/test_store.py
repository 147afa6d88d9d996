"""The store: the same values whatever the chunks, as a reader sees them, also while it grows."""

import itertools
import json

import numpy as np
import pytest
import xarray as xr
import zarr
from tests.sweep import small

from huangpu.sweep import evaluate, manifest
from huangpu.sweep import run as running
from huangpu.sweep.manifest import JOURNAL, Layout, differences
from huangpu.sweep.run import local, run
from huangpu.sweep.store import MOST, NOT_COMPUTED, chunk_size, open_store, pack


@pytest.fixture(scope="module")
def whole(place, sweep):
    run(sweep, place / "whole", chunk=100)
    return place / "whole"


def test_it_holds_what_evaluate_gives(sweep, whole):
    chunk = evaluate(sweep, 0, sweep.size)
    held = small.arrays(whole)
    for name in ("inputs", "outputs", "flags"):
        assert held[name].tobytes() == getattr(chunk, name).tobytes()
    assert held["flags"].any() and not held["flags"].all(), "the model was to fail in some members"


@pytest.mark.parametrize(("chunk", "threads"), [(64, 1), (333, 2), (1000, 2), (4096, 1)])
def test_chunks_and_threads_change_no_bit(sweep, whole, tmp_path, chunk, threads):
    run(sweep, tmp_path, chunk=chunk, source=local(threads))
    assert small.same(small.arrays(tmp_path), small.arrays(whole))


def test_chunks_go_into_place_as_they_come(sweep, whole, tmp_path):
    """Whatever the order: a cluster gives them as its workers finish."""

    def backward(sweep, layout, numbers):
        return local(1)(sweep, layout, numbers[::-1])

    run(sweep, tmp_path, chunk=100, source=backward)
    assert small.same(small.arrays(tmp_path), small.arrays(whole))
    assert [json.loads(line)["chunk"] for line in small.lines(tmp_path)] != sorted(range(10))


def test_a_chunk_computed_twice_is_the_same_bytes(sweep):
    layout = Layout(1000, 100, 3, 3)
    one, two = (pack(layout, 9, evaluate(sweep, 900, 1000, threads=k)) for k in (1, 2))
    assert one.blocks == two.blocks and one.sha256 == two.sha256
    assert set(one.blocks) == {"inputs/c/9/0", "outputs/c/9/0", "flags/c/9"}


def test_another_reader_finds_labels_units_and_provenance(sweep, whole):
    data = xr.open_zarr(whole / "small.zarr", chunks=None)
    assert data.sizes == {"member": 1000, "factor": 3, "output": 3}
    assert data.inputs.sel(factor="growth").dims == ("member",)
    assert data.outputs.sel(output="stock@10")[0] > 0
    assert list(data.output_label.values) == [output.label for output in sweep.outputs]
    assert {"factor_units", "factor_kind", "output_units", "output_kind"} <= set(data.coords)
    assert data.attrs["model_hash"] == sweep.program.model_hash
    assert data.attrs["identity_sha256"] == manifest.digest(sweep.identity)
    assert "no shocks" in data.attrs["drivers"] and "plain" in data.attrs["scenario_text"]
    assert data.flags.attrs["flag_masks"] == [1, 2, NOT_COMPUTED]
    raw = zarr.open_group(whole / "small.zarr", mode="r")
    assert raw["outputs"].chunks == (100, 3) and raw["outputs"].metadata.dimension_names == ("member", "output")


def test_opening_reads_nothing_of_the_members(whole, monkeypatch):
    data = open_store(whole)
    assert not data.outputs.variable._in_memory and not data.inputs.variable._in_memory
    assert data.outputs[5:7].values.shape == (2, 3)


def test_a_store_that_is_not_finished_can_be_read(sweep, whole, tmp_path):
    def three(sweep, layout, numbers):
        yield from local(1)(sweep, layout, numbers[:3])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(sweep, tmp_path, chunk=100, source=three)
    data = open_store(tmp_path)
    done = data.flags.values != NOT_COMPUTED
    assert done.sum() == 300 and np.isnan(data.outputs.values[~done]).all()
    assert (data.flags.values[:300] == small.arrays(whole)["flags"][:300]).all()


def test_little_waits_in_memory_whatever_the_number_of_chunks(sweep, tmp_path, monkeypatch):
    """No more chunks are computed ahead of the writing than there are threads, and two more."""
    begun, ahead = itertools.count(1), []

    def counted(*given, **more):
        ahead.append(next(begun) - len(small.lines(tmp_path) if (tmp_path / JOURNAL).exists() else []))
        return evaluate(*given, **more)

    monkeypatch.setattr(running, "evaluate", counted)
    run(sweep, tmp_path, chunk=10, source=local(2))
    assert len(ahead) == 100 and max(ahead) <= 2 + running.AHEAD + 1  # and the one that is being written


@pytest.mark.parametrize(("members", "size"), [(1, 256), (4096, 256), (5000, 512), (10**6, 8192), (10**9, 65536)])
def test_chunks_are_neither_many_nor_large(members, size):
    assert chunk_size(members) == size
    assert -(-members // size) <= MOST


def test_differences_of_identities_are_named():
    before, after = '{"a": {"b": 1, "c": [1]}, "d": 2}', '{"a": {"b": 1, "c": [2]}, "e": 2}'
    assert differences(before, after) == ["a.c", "d", "e"]
