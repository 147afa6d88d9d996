"""A sweep that is cut off goes on with the same bits, and nothing is mistaken for a finished chunk."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.sweep import small

from huangpu.files import OutputError
from huangpu.sweep import manifest
from huangpu.sweep import run as running
from huangpu.sweep.manifest import JOURNAL, MANIFEST, SweepError
from huangpu.sweep.run import local, run

CHUNK = 100  # members: 10 chunks


@pytest.fixture(scope="module")
def whole(place, sweep):
    """An uninterrupted sweep."""
    run(sweep, place / "whole", chunk=CHUNK)
    return small.arrays(place / "whole")


def first(count):
    """A source that stops after so many chunks, as if it had been killed."""

    def chunks(sweep, layout, numbers):
        yield from local(1)(sweep, layout, numbers[:count])
        raise KeyboardInterrupt

    return chunks


def begun(sweep, folder, count=4):
    with pytest.raises(KeyboardInterrupt):
        run(sweep, folder, chunk=CHUNK, source=first(count))


def test_sigkill_at_ten_moments(tmp_path):
    """Each process goes on from what the one before it left; the last one's store has the bits of a whole run's."""
    file = small.write_files(tmp_path, "{kind: latin, n: 3000}")
    arguments = [str(file), str(tmp_path / "killed"), "50", "7", "10"]
    done = subprocess.run([sys.executable, "-m", "tests.sweep.killed", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    counts = [int(line) for line in done.stdout.split()]
    assert len(counts) == 10 and counts == sorted(counts), "a finished chunk was lost"
    assert sum(0 < count < 60 for count in counts) >= 3, f"too few kills fell into the work: {counts}"
    assert len(set(counts)) >= 3, counts
    run(small.sweep(tmp_path, "{kind: latin, n: 3000}"), tmp_path / "whole", chunk=50)
    assert small.same(small.arrays(tmp_path / "killed"), small.arrays(tmp_path / "whole"))
    assert sorted(set(small.lines(tmp_path / "killed"))) == sorted(small.lines(tmp_path / "whole"))
    assert not list((tmp_path / "killed").rglob("*.part"))


def test_it_goes_on_where_it_was_cut_off(sweep, whole, tmp_path):
    begun(sweep, tmp_path / "out")
    done = run(sweep, tmp_path / "out", resume=True)
    assert (done.kept, done.computed, done.spoilt) == (4, 6, ())
    assert small.same(small.arrays(tmp_path / "out"), whole)


def test_a_finished_sweep_computes_nothing(sweep, whole, place):
    done = run(sweep, place / "whole", resume=True)
    assert (done.kept, done.computed) == (10, 0)


def test_going_on_with_nothing_begins(sweep, whole, tmp_path):
    assert run(sweep, tmp_path / "out", resume=True, chunk=CHUNK).computed == 10


@pytest.mark.parametrize("harm", ["changed", "cut", "gone"])
def test_a_chunk_that_the_disk_spoilt_is_computed_again(sweep, whole, tmp_path, harm):
    run(sweep, tmp_path / "out", chunk=CHUNK)
    block = tmp_path / "out" / "small.zarr" / "outputs" / "c" / "3" / "0"
    data = block.read_bytes()
    match harm:
        case "changed":
            block.write_bytes(data[:50] + bytes([data[50] ^ 1]) + data[51:])
        case "cut":
            block.write_bytes(data[:-1])
        case "gone":
            block.unlink()
    done = run(sweep, tmp_path / "out", resume=True)
    assert (done.spoilt, done.computed) == ((3,), 1)
    assert small.same(small.arrays(tmp_path / "out"), whole)


def test_a_line_of_the_journal_that_was_cut_short_is_no_line(sweep, whole, tmp_path):
    begun(sweep, tmp_path / "out")
    journal = tmp_path / "out" / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-20])
    assert run(sweep, tmp_path / "out", resume=True).kept == 3
    assert small.same(small.arrays(tmp_path / "out"), whole)
    assert run(sweep, tmp_path / "out", resume=True).kept == 10, "the line after the short one was lost"


def test_a_line_of_another_chunk_does_not_vouch_for_it(sweep, whole, tmp_path):
    begun(sweep, tmp_path / "out")
    line = json.loads(small.lines(tmp_path / "out")[0])
    with (tmp_path / "out" / JOURNAL).open("a") as file:
        file.write(json.dumps(line | {"chunk": 9}) + "\n")
    done = run(sweep, tmp_path / "out", resume=True)
    assert done.spoilt == (9,) and small.same(small.arrays(tmp_path / "out"), whole)


# -- folders that are not to be written to ----------------------------------------------------------------------------


def test_without_resume_a_begun_folder_is_refused(sweep, tmp_path):
    begun(sweep, tmp_path / "out")
    with pytest.raises(SweepError, match=r"4 of 10 chunks finished; add --resume"):
        run(sweep, tmp_path / "out")


def test_another_sweep_is_refused_and_what_differs_is_named(sweep, tmp_path):
    begun(sweep, tmp_path / "out")
    other = json.loads(sweep.identity)
    other["sweep"]["seed"] = 2
    with pytest.raises(SweepError, match=r"sweep\.seed differ"):
        run(replace(sweep, identity=json.dumps(other)), tmp_path / "out", resume=True)


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_with_other_things_is_refused(sweep, tmp_path, resume):
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(SweepError, match=r"thesis\.txt.*holds no sweep"):
        run(sweep, tmp_path, resume=resume)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"format": 1, "hash": "x", "layout": {}}'])
def test_a_manifest_that_is_none_is_refused(sweep, tmp_path, text):
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(SweepError, match=r"cannot be read as the manifest"):
        run(sweep, tmp_path, resume=True)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"name": "../../elsewhere"}, "no name of a folder"),
        ({"name": ".."}, "no name of a folder"),
        ({"layout": {"chunk": 0}}, "its layout holds what is no number"),
        ({"layout": {"members": 2000}}, "its layout is not that of the sweep"),
    ],
)
def test_a_manifest_that_was_tampered_with_is_refused(sweep, tmp_path, part, said):
    """Above all nothing is written where its name would lead to."""
    begun(sweep, tmp_path / "a" / "out")
    path = tmp_path / "a" / "out" / MANIFEST
    content = json.loads(path.read_text())
    layout = content["layout"] | part.get("layout", {})
    path.write_text(json.dumps(content | part | {"layout": layout}))
    with pytest.raises(SweepError, match=said):
        run(sweep, tmp_path / "a" / "out", resume=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


def test_lines_of_the_journal_that_are_of_no_chunk_are_ignored(sweep, whole, tmp_path):
    begun(sweep, tmp_path / "out")
    with (tmp_path / "out" / JOURNAL).open("ab") as file:
        file.write(b'\xff\n[1]\n{"chunk": "x"}\n{"chunk": 99, "sha256": "a"}\n{"chunk": -1, "sha256": "a"}\n')
    done = run(sweep, tmp_path / "out", resume=True)
    assert (done.kept, done.computed, done.spoilt) == (4, 6, ())
    assert small.same(small.arrays(tmp_path / "out"), whole)


def test_two_processes_do_not_write_the_same(sweep, tmp_path):
    with manifest.locked(tmp_path), pytest.raises(SweepError, match=rf"another sweep.*process {os.getpid()} on"):
        run(sweep, tmp_path, chunk=CHUNK)
    assert run(sweep, tmp_path, chunk=CHUNK).computed == 10


# -- disks ------------------------------------------------------------------------------------------------------------


def test_a_full_disk_keeps_what_is_finished(sweep, whole, tmp_path, monkeypatch):
    place, left = manifest.place, iter(range(1000))

    def full(path: Path, data: bytes, **more) -> None:
        if "/outputs/c/" in str(path) and next(left) == 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        place(path, data, **more)

    monkeypatch.setattr(running.book, "place", full)
    with pytest.raises(OutputError, match=r"No space left.*4 of 10 chunks are kept.*--resume"):
        run(sweep, tmp_path / "out", chunk=CHUNK)
    monkeypatch.undo()
    done = run(sweep, tmp_path / "out", resume=True)
    assert done.kept == 4 and small.same(small.arrays(tmp_path / "out"), whole)


def test_a_journal_that_cannot_be_written_keeps_what_is_finished(sweep, whole, tmp_path, monkeypatch):
    enter, left = manifest.enter, iter(range(1000))

    def full(folder: Path, number: int, sha256: str) -> None:
        if next(left) == 4:
            with (folder / JOURNAL).open("ab") as file:
                file.write(b'{"chunk": ')
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        enter(folder, number, sha256)

    monkeypatch.setattr(running.book, "enter", full)
    with pytest.raises(OutputError, match=r"4 of 10 chunks are kept"):
        run(sweep, tmp_path / "out", chunk=CHUNK)
    monkeypatch.undo()
    done = run(sweep, tmp_path / "out", resume=True)
    assert done.kept == 4 and small.same(small.arrays(tmp_path / "out"), whole)


def test_a_failure_of_the_computing_keeps_what_is_finished(sweep, whole, tmp_path, monkeypatch):
    evaluate = running.evaluate

    def fails(sweep, start, stop, **more):
        if start == 500:
            raise MemoryError
        return evaluate(sweep, start, stop, **more)

    monkeypatch.setattr(running, "evaluate", fails)
    with pytest.raises(MemoryError):
        run(sweep, tmp_path / "out", chunk=CHUNK, source=local(1))
    monkeypatch.undo()
    assert run(sweep, tmp_path / "out", resume=True).kept >= 3
    assert small.same(small.arrays(tmp_path / "out"), whole)
