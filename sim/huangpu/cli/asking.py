"""Questions to the model: a scenario, its figures, its history, what brings its spread."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from huangpu import files
from huangpu.cli.page import (
    HISTORY,
    STARTED,
    Quiet,
    Recalled,
    Threads,
    app,
    chosen_plans,
    console,
    pipe,
    print_text,
    scenario_file,
)
from huangpu.progress import bar, wait


@app.command()
def run(
    scenario: Annotated[Path, typer.Argument(help="Scenario file, e.g. scenarios/all_plans.yaml")],
    out: Annotated[Path | None, typer.Option(help="Results folder; results/runs/NAME without it.")] = None,
    members: Annotated[int | None, typer.Option(min=1, help="In place of the scenario's.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="In place of the scenario's.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model file in place of the scenario's.")] = None,
    threads: Threads = None,
    no_plots: Annotated[bool, typer.Option("--no-plots", help="No charts.")] = False,
    quiet: Quiet = False,
    timing: Annotated[bool, typer.Option("--timing", help="Print where the time went.")] = False,
    plan: Annotated[str | None, typer.Option(help="Plan to print, or all; without it the one that ends last.")] = None,
    rebasing: Annotated[bool, typer.Option("--rebasing", help="The accounts may be rebased in years to come.")] = False,
) -> None:
    """Simulate a scenario and score the plans' targets.

    Prints the scorecard of the plan that ends last, or of another (--plan), and writes scorecard.csv with every plan,
    run.nc and a chart a quantity.
    """
    laps = _Laps()
    if out:
        files.check_folder(out, ("scorecard.csv", "run.nc"))
    with wait("Loading", quiet=quiet):
        from huangpu import forecast

        laps.end("imports")
        path = scenario_file(scenario)
        job = forecast.prepare(path, model=model, members=members, seed=seed, rebasing=rebasing)
        shown = chosen_plans(plan, job.questions.plans)
        folder = out or Path("results") / "runs" / job.scenario.name
        files.check_folder(folder, forecast.FILES)
    for note in job.notes:
        print(f"note: {note}", file=sys.stderr)
    files.make_folder(folder)
    laps.end("load")
    with bar("Simulating", quiet=quiet) as report:
        simulation = forecast.simulate(job, threads=threads, progress=report)
    laps.end("simulate")
    with wait("Scoring", quiet=quiet):
        done = forecast.score(job, simulation)
    laps.end("score")
    try:
        with files.writing(folder), bar("Writing", quiet=quiet) as report:
            forecast.write(job, done, folder, charts=not no_plots, progress=report)
        laps.end("write")
    finally:  # what was computed is shown even where it cannot be written
        if not quiet:
            _print_answer(job, done, shown, folder)
    if timing:
        laps.show()
    forecast.check_finite(job, done)


@app.command()
def figures(
    metric: Annotated[str | None, typer.Argument(help="Name of a metric in observations.csv; all without it.")] = None,
    recalled: Recalled = False,
) -> None:
    """List reported figures and how the model meets them.

    Each with what of a run it is compared with and its errors, or why it does not enter the fit.
    """
    with wait("Loading"):
        from huangpu import forecast, measurement
        from huangpu.compiler import compile_model
        from huangpu.figures import figure_lines, print_figures

        start = compile_model(files.shipped(forecast.MODEL)).initial_time
        observations = files.shipped(forecast.OBSERVATIONS)
        layer = measurement.load_layer(files.shipped(forecast.METRICS), observations, start=start, recalled=recalled)
        lines = figure_lines(layer, measurement.read_observations(observations), metric)
    with pipe():
        print_figures(lines, console())


@app.command()
def history(
    out: Annotated[Path | None, typer.Option(help="CSV file to write the table to as well.")] = None,
    quiet: Quiet = False,
) -> None:
    """Compare the posterior medians with reported history.

    One run of the model without discrepancy, offsets or drivers: levels of 2015 to 2025 of each core quantity, by
    basis.
    """
    if out:
        files.check_folder(out.parent, (out.name,))
    with wait("Comparing", quiet=quiet):
        from huangpu import history as past

        lines = past.history()
    if out:
        files.make_folder(out.parent)
        with files.writing(out.parent):
            past.write_history(lines, out)
    if not quiet:
        with pipe():
            past.print_history(lines, console())


@app.command()
def variance(
    scenario: Annotated[Path, typer.Argument(help="Scenario file.")] = HISTORY,
    out: Annotated[Path | None, typer.Option(help="CSV file to write the table to as well.")] = None,
    members: Annotated[int, typer.Option(min=2, help="In place of the scenario's.")] = 1000,
    seed: Annotated[int | None, typer.Option(min=0, help="In place of the scenario's.")] = None,
    plan: Annotated[str | None, typer.Option(help="Plan to print, or all; without it the one that ends last.")] = None,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Say what brings the spread of each target.

    Parameters, delivery of the plans, drivers so far, shocks to come, definitions and discrepancy: each switched off,
    and each alone, on the same draws.
    """
    if out:
        files.check_folder(out.parent, (out.name,))
    with wait("Loading", quiet=quiet):
        from huangpu import forecast
        from huangpu import variance as apart

        job = forecast.prepare(scenario_file(scenario), members=members, seed=seed)
        shown = chosen_plans(plan, job.questions.plans)
    with bar("Taking apart", quiet=quiet) as report:
        rows = apart.shares(job, threads=threads, progress=report)
    if out:
        files.make_folder(out.parent)
        with files.writing(out.parent):
            apart.write_shares(rows, out)
    if not quiet:
        title = f"{job.scenario.title}: {job.members.size:,} members, seed {job.scenario.seed}"
        with pipe():
            apart.print_shares(rows, shown, title, console())


@app.command()
def schema(
    of: Annotated[Literal["scenario", "sweep"], typer.Argument(help="Which files.")] = "scenario",
) -> None:
    """Print the JSON Schema of scenario or sweep files."""
    if of == "sweep":
        from huangpu.sweep.form import json_schema
    else:
        from huangpu.runtime.scenario import json_schema

    print_text(json.dumps(json_schema(), indent=2, ensure_ascii=False))


def _print_answer(job, done, plans: tuple[str, ...], folder: Path) -> None:
    from huangpu.results.table import print_scorecard

    title = f"{job.scenario.title}: {job.members.size:,} members, seed {job.scenario.seed}"
    with pipe():
        print_scorecard(done.answer, plans, title, console())
        print(f"\nResults in {folder}{os.sep}")


class _Laps:
    """Seconds by stage since the process began."""

    def __init__(self) -> None:
        self.last = STARTED
        self.seconds: dict[str, float] = {}

    def end(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = now - self.last
        self.last = now

    def show(self) -> None:
        parts = [f"{stage} {seconds:.2f} s" for stage, seconds in self.seconds.items()]
        print(", ".join(parts) + f"; together {sum(self.seconds.values()):.2f} s", file=sys.stderr)
