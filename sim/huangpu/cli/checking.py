"""Whether the fit deserves trust: sbc, residuals."""

from __future__ import annotations

import gc
import json
import os
from pathlib import Path
from typing import Annotated

import typer

from huangpu import files
from huangpu.cli.page import HISTORY, Quiet, Threads, app, console, pipe, scenario_file
from huangpu.progress import bar, wait

QUICK = 8  # worlds


@app.command()
def sbc(
    scenario: Annotated[Path, typer.Option(help="The history that worlds are drawn under.")] = HISTORY,
    replicates: Annotated[int, typer.Option(min=4, help="Worlds that are drawn and fitted.")] = 60,
    quick: Annotated[bool, typer.Option("--quick", help="The first 8 worlds only.")] = False,
    linear: Annotated[
        bool, typer.Option("--linear", help="Drivers act on figures as the fit takes them, not through the model.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder; calibration/sbc or sbc/linear without it.")] = None,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Fit worlds that the model has made, to test the fit.

    Simulation-based calibration: their truths are known. Were the fit exact, the rank of the truth among the draws
    would be uniform for every parameter. Each world takes 15 to 30 seconds of a processor and is kept: a study that was
    stopped goes on, one with more replicates takes up those that are there. Writes table.csv, summary.json, ranks.svg
    and recovery.svg.
    """
    folder = out or files.shipped("calibration/sbc/linear" if linear else "calibration/sbc")
    files.check_folder(folder, ("table.csv", "summary.json", "ranks.svg", "recovery.svg"))
    with wait("Loading", quiet=quiet):
        from huangpu.calibration.posterior import load_question
        from huangpu.checks import replicates as worlds
        from huangpu.checks.recovery import as_csv, as_summary, recovery
        from huangpu.checks.report import print_recovery
        from huangpu.results.writing import write_text

        question = load_question(scenario_file(scenario))
    gc.enable()  # it runs for minutes
    count = QUICK if quick else replicates
    files.make_folder(folder)
    with files.writing(folder):
        with bar("Fitting worlds", quiet=quiet) as report:
            study, done = worlds.fitted_worlds(
                question, worlds.SETTINGS, count, folder, linear=linear, threads=threads, progress=report
            )
        found = recovery(study, done)
        write_text(folder / "table.csv", as_csv(found.lines))
        write_text(folder / "summary.json", json.dumps(as_summary(found), indent=1) + "\n")
        from huangpu.checks.rank_chart import write_ranks, write_recovery

        write_ranks(found, folder / "ranks.svg")
        write_recovery(found, folder / "recovery.svg")
    if not quiet:
        with pipe():
            print_recovery(found, console())
            print(f"\nIn {folder}{os.sep}")


@app.command()
def residuals(
    out: Annotated[Path | None, typer.Option(help="Folder; results/checks without it.")] = None,
    no_plots: Annotated[bool, typer.Option("--no-plots", help="No charts.")] = False,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Foretell every fitted figure from all others.

    And see how far off it is. Prints a table by metric, and writes residuals.csv with a row a figure, metrics.csv and
    charts.
    """
    folder = out or Path("results") / "checks"
    files.check_folder(folder, ("residuals.csv", "metrics.csv"))
    with wait("Foretelling", quiet=quiet):
        from huangpu.checks import residuals as left
        from huangpu.checks.report import print_residuals
        from huangpu.results.writing import write_text

        layer, lines = left.residuals(threads=threads)
    files.make_folder(folder)
    with files.writing(folder):
        write_text(folder / "residuals.csv", left.as_csv(lines))
        write_text(folder / "metrics.csv", left.as_csv(left.by_metric(lines)))
        if not no_plots:
            with wait("Drawing", quiet=quiet):
                from huangpu.checks.sheets import write_sheets

                write_sheets(lines, layer, folder)
    if not quiet:
        with pipe():
            print_residuals(lines, console())
            print(f"\nIn {folder}{os.sep}")
