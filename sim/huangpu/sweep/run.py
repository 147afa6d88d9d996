"""A sweep from its first chunk to its last, in this process or by others; goes on where one was cut off.

Whoever computes gives packed chunks, in any order; this process alone writes them, while the next ones are computed. So
there is one lock, one journal, and one place where a disk can be full.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from huangpu import files
from huangpu.runtime.ensemble import available_threads
from huangpu.sweep import manifest as book
from huangpu.sweep import store as storing
from huangpu.sweep.evaluate import evaluate
from huangpu.sweep.manifest import Layout, Manifest, SweepError
from huangpu.sweep.plan import PACKAGES, Sweep
from huangpu.sweep.store import Packed, Store

AHEAD = 2  # chunks that may be computed before they can be written

Progress = Callable[[int, int], None]  # members done, members in all
Source = Callable[[Sweep, Layout, Sequence[int]], Iterator[Packed]]  # numbers of chunks -> the chunks, in any order


@dataclass(frozen=True)
class Outcome:
    """What a call did: chunks computed now, chunks that were there, those of which the disk had lost something."""

    folder: Path
    layout: Layout
    computed: int
    kept: int
    spoilt: tuple[int, ...]
    seconds: float


def run(
    sweep: Sweep,
    folder: Path,
    *,
    resume: bool = False,
    source: Source | None = None,
    chunk: int | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """All members of the sweep into `folder`; with `resume` only those that are not there yet.

    source: who computes, the threads of this process without it; chunk: members of a chunk. SweepError: the folder
    holds something else or is being written to, or the source gives up. OutputError: it cannot be written. Both say
    how to go on; finished chunks are kept.
    """
    start = time.perf_counter()
    files.check_folder(folder, (book.MANIFEST, book.JOURNAL))
    files.make_folder(folder)
    with files.writing(folder), book.locked(folder):
        store = _begin(sweep, folder, resume, chunk)
        done = book.read_journal(folder, store.manifest.layout.chunks)
        sound = store.sound(done)
        kept = [number for number in done if sound[number]]
        missing = sorted({*range(store.manifest.layout.chunks)}.difference(kept))
        if missing:
            _compute(sweep, store, missing, source or local(), progress)
        if missing or store.manifest.finished is None:
            book.write_manifest(folder, replace(store.manifest, finished=book.now()))
    spoilt = tuple(number for number in done if not sound[number])
    return Outcome(folder, store.manifest.layout, len(missing), len(kept), spoilt, time.perf_counter() - start)


def local(threads: int | None = None) -> Source:
    """The threads of this process, a chunk each; fewer chunks than threads share them."""

    def chunks(sweep: Sweep, layout: Layout, numbers: Sequence[int]) -> Iterator[Packed]:
        most = threads or available_threads()
        workers = min(most, len(numbers))

        def one(number: int) -> Packed:
            return storing.pack(layout, number, evaluate(sweep, *layout.span(number), threads=most // workers))

        pool = ThreadPoolExecutor(workers)
        waiting = iter(numbers)
        try:
            running = {pool.submit(one, number) for number in itertools.islice(waiting, workers + AHEAD)}
            while running:
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
                    running.update(pool.submit(one, number) for number in itertools.islice(waiting, 1))
        finally:  # also when interrupted: chunks in hand end, no other begins
            pool.shutdown(cancel_futures=True)

    return chunks


def _compute(sweep: Sweep, store: Store, missing: list[int], source: Source, progress: Progress | None) -> None:
    layout = store.manifest.layout
    done = layout.chunks - len(missing)
    members = layout.members - sum(last - first for first, last in map(layout.span, missing))
    try:
        with contextlib.closing(source(sweep, layout, missing)) as chunks:
            for packed in chunks:
                store.add(packed)
                done += 1
                first, last = layout.span(packed.number)
                members += last - first
                if progress:
                    progress(members, layout.members)
    except OSError as error:
        what = f"{error.filename or store.path}: writing failed ({error.strerror or error})"
        raise files.OutputError(f"{what}; {_advice(sweep, store, done)}") from error
    except SweepError as error:
        raise SweepError(f"{error}; {_advice(sweep, store, done)}") from error


def _advice(sweep: Sweep, store: Store, done: int) -> str:
    return f"{done:,} of {store.manifest.layout.chunks:,} chunks are kept; go on with: {resuming(sweep, store.folder)}"


def resuming(sweep: Sweep, folder: Path) -> str:
    """The command that goes on with a sweep."""
    return f"huangpu sweep {sweep.path} --out {folder} --resume"


# -- beginning --------------------------------------------------------------------------------------------------------


def _begin(sweep: Sweep, folder: Path, resume: bool, chunk: int | None) -> Store:
    """The folder's store, new or gone on with."""
    before, members = book.read_manifest(folder), sweep.design.size
    layout = Layout(members, chunk or storing.chunk_size(members), len(sweep.factors), len(sweep.outputs))
    if before is None:
        _check_empty(folder)
        before = Manifest(sweep.name, sweep.identity, layout, {name: version(name) for name in (*PACKAGES, "zarr")})
        book.write_manifest(folder, before)
    elif not resume:
        done, of = len(book.read_journal(folder)), before.layout.chunks
        raise SweepError(
            f"{folder}: holds the sweep '{before.name}' begun {before.begun}, {done:,} of {of:,} chunks finished; add "
            "--resume to go on with it, or give another folder with --out"
        )
    elif before.hash != book.digest(sweep.identity):
        changed = ", ".join(book.differences(before.identity, sweep.identity)[:8])
        raise SweepError(
            f"{folder}: holds another sweep, begun {before.begun}: {changed} differ from {sweep.path}; its chunks "
            "cannot be gone on with, so put things back as they were or give another folder with --out"
        )
    elif before.layout != replace(layout, chunk=before.layout.chunk):
        raise SweepError(
            f"{folder / book.MANIFEST}: its layout is not that of the sweep; give another folder with --out"
        )
    store = Store(folder, before)
    store.clear_parts()
    book.end_line(folder)
    storing.write_frame(store, _coords(sweep), _attrs(sweep, before))
    return store


def _check_empty(folder: Path) -> None:
    ours = {book.LOCK, book.MANIFEST + book.PART}  # of a sweep that was killed before it began
    found = sorted(path.name for path in folder.iterdir() if path.name not in ours)
    if found:
        raise SweepError(
            f"{folder}: is not empty ({', '.join(found[:3])}{', ...' if len(found) > 3 else ''}) and holds no sweep; "
            "give another folder with --out"
        )


def _coords(sweep: Sweep) -> dict[str, dict[str, list[str]]]:
    """Labels of the factors and outputs, what they mean and in which units."""
    return {
        dim: {
            dim: [item.name for item in items],
            **{f"{dim}_{what}": [getattr(item, what) for item in items] for what in ("label", "units", "kind")},
        }
        for dim, items in (("factor", sweep.factors), ("output", sweep.outputs))
    }


def _attrs(sweep: Sweep, manifest: Manifest) -> Mapping[str, object]:
    return {
        "sweep": sweep.name,
        "title": sweep.title,
        "identity_sha256": manifest.hash,
        "design": sweep.design.kind,
        "seed": sweep.seed,
        "model": sweep.program.name,
        "model_hash": sweep.program.model_hash,
        "program_hash": sweep.program.hash,
        "scenario": sweep.scenario.name,
        "scenario_text": sweep.scenario.text,
        "versions": dict(manifest.versions),
        "drivers": "neutral: no shocks drawn, no discrepancy; the model's own response",
    }
