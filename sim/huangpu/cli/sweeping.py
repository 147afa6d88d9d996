"""Batches of members whose values a design sets: sweep."""

from __future__ import annotations

import gc
import os
import resource
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from huangpu import files
from huangpu.cli.page import STOPPED, Quiet, Threads, app, complain, console, pipe, print_text, scenario_file
from huangpu.progress import bar, wait

CLUSTER = "--workers and --scheduler need Dask: pip install 'huangpu[cluster]', or leave them out."


@app.command()
def sweep(
    file: Annotated[Path, typer.Argument(help="Sweep file, e.g. scenarios/sweeps/robot_support.yaml")],
    out: Annotated[Path | None, typer.Option(help="Results folder; results/sweeps/NAME without it.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the last one was cut off.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Worker processes in place of threads.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Dask scheduler whose workers compute, tcp://host:8786")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would cost, and end.")] = False,
    threads: Threads = None,
    quiet: Quiet = False,
) -> int:
    """Run the members of a design and say what moves the outputs.

    Says first what it will cost. Writes a Zarr store chunk by chunk, so that after a kill --resume goes on with the
    same values to the bit; then summary.csv, alarms.csv, the indices of the analysis and charts.
    """
    if workers and scheduler:
        raise typer.BadParameter("--workers starts workers here, --scheduler uses others'; drop one.")
    if threads and (workers or scheduler):
        raise typer.BadParameter("--threads is for this process; workers take one thread a chunk. Drop one.")
    with wait("Loading", quiet=quiet):
        from huangpu.sweep import alarms, cost, load_sweep, manifest, report, review, run, store

        asked = load_sweep(scenario_file(file))
    gc.enable()  # it may run for hours
    folder = out or Path("results") / "sweeps" / asked.name
    if dry_run or not quiet:
        with wait("Timing a few members", quiet=quiet):
            price = cost(asked, threads)
        print_text(price.line())
    if dry_run:
        return 0
    try:
        with _source(workers, scheduler, threads, run) as (source, what), bar(what, quiet=quiet) as progress:
            done = run.run(asked, folder, resume=resume, source=source, progress=progress)
    except KeyboardInterrupt:
        kept = len(manifest.read_journal(folder))
        return complain(f"stopped; {kept:,} chunks are kept; go on with: {run.resuming(asked, folder)}", STOPPED)
    if not quiet:
        print_text(_said(done, store.store_path(folder, manifest.read_manifest(folder).name)))
    for number in done.spoilt:
        first, last = done.layout.span(number)
        print(f"note: members {first:,} to {last - 1:,} were damaged on disk and computed again", file=sys.stderr)
    data = store.open_store(folder)
    with files.writing(folder), wait("Reviewing", quiet=quiet):
        found = review.review(asked, data)
        raised = alarms.alarms(asked, found, threads=threads)
        review.write_summary(asked, found, folder)
        review.write_quarantined(asked, found, folder)
        alarms.write_alarms(raised, folder)
    with files.writing(folder), bar("Analysing", quiet=quiet) as progress:
        lines = report.report(asked, data, folder, progress)
    if not quiet:
        with pipe():
            console().print(*lines, sep="\n")
            for text in alarms.told(raised):
                print(f"alarm: {text}")
            print(f"Results in {folder}{os.sep}")
    return 0


@contextmanager
def _source(workers: int | None, scheduler: str | None, threads: int | None, run):
    """Who computes, and the word for it."""
    if not workers and not scheduler:
        yield run.local(threads), "Sweeping"
        return
    try:
        from huangpu.sweep import cluster
    except ModuleNotFoundError:
        raise typer.BadParameter(CLUSTER) from None
    with cluster.local_workers(workers) if workers else cluster.scheduler(scheduler) as client:
        count = cluster.threads(client)
        yield cluster.computed_by(client), f"Sweeping on {count} worker{'' if count == 1 else 's'}"


def _said(done, path: Path) -> str:
    """What was done, in which time, and what it took."""
    members, kept = done.layout.members, done.kept
    if not done.computed:
        return f"All {members:,} members were there"
    stored = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    there = f", {kept:,} of {done.layout.chunks:,} chunks were there" if kept else ""
    return (
        f"{members:,} members in {done.seconds:.1f} s{there}; store {stored / 1e6:,.1f} MB, "
        f"peak memory of this process {peak / 1e6:,.0f} MB"
    )
