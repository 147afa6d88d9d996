"""The fit and what is learnt from figures: calibrate, posterior, update, collect, backtest."""

from __future__ import annotations

import gc
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from huangpu import files
from huangpu.cli.page import (
    HISTORY,
    STARTED,
    UNCONVERGED,
    Quiet,
    Recalled,
    Threads,
    app,
    chosen_plans,
    complain,
    console,
    pipe,
    print_text,
    scenario_file,
)
from huangpu.progress import bar, wait


@app.command()
def calibrate(
    scenario: Annotated[Path, typer.Option(help="The history that reported figures are met with.")] = HISTORY,
    out: Annotated[Path | None, typer.Option(help="File of members; the shipped posterior without it.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="All draws follow from it.")] = None,
    burn: Annotated[int | None, typer.Option(min=1, help="Steps of each walker that are thrown away.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of each walker after those.")] = None,
    recalled: Recalled = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the last calibration was cut off.")] = False,
    threads: Threads = None,
    quiet: Quiet = False,
) -> int:
    """Fit the model to the reported figures.

    Writes the posterior and diagnostics.csv beside it, and prints R-hat and effective sample sizes. Exit code 3 where
    the chains have not converged: the posterior is written all the same, and says so.
    """
    with wait("Loading", quiet=quiet):
        from huangpu import forecast
        from huangpu.calibration import posterior as fit
        from huangpu.calibration.diagnostics import converged, print_convergence
        from huangpu.calibration.report import informed_text

    gc.enable()  # it runs for minutes
    chosen = {"seed": seed, "burn": burn, "steps": steps}
    settings = replace(fit.SETTINGS, **{name: value for name, value in chosen.items() if value is not None})
    for name in ("burn", "steps"):
        if getattr(settings, name) % settings.thin:
            raise typer.BadParameter(f"--{name} must be a multiple of {settings.thin}.")
    enough = -(-fit.MEMBERS // (settings.ensembles * settings.walkers)) * settings.thin
    if settings.steps < enough:
        raise typer.BadParameter(f"--steps must be at least {enough} for {fit.MEMBERS:,} members.")
    target = out or files.shipped(forecast.POSTERIOR)
    files.check_folder(target.parent, (target.name, fit.DIAGNOSTICS))
    files.make_folder(target.parent)
    with files.writing(target.parent), bar("Calibrating", quiet=quiet) as report:
        found = fit.calibrate(
            scenario_file(scenario),
            target,
            settings,
            recalled=recalled,
            threads=threads,
            progress=report,
            resume=resume,
        )
    if not quiet:
        print_convergence(found.convergence, found.walkers, console())
        print(
            f"{informed_text(found.learnt)}\n"
            f"{found.evaluations:,} evaluations in {time.perf_counter() - STARTED:.0f} s, {found.failures:,} of them "
            f"not finite; {found.acceptance:.0%} of steps moved\nPosterior in {target}; huangpu posterior shows it"
        )
    if not converged(found.convergence, found.walkers):
        return complain(f"{target}: not converged, and marked so; use more --burn and --steps", UNCONVERGED)
    return 0


@app.command()
def posterior(
    diagnostics: Annotated[
        Path | None, typer.Argument(help="diagnostics.csv that calibrate wrote; the shipped one without it.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="SVG file to draw it to as well.")] = None,
    quiet: Quiet = False,
) -> None:
    """Show prior against posterior for every parameter.

    And which parameters the figures say little about.
    """
    with wait("Loading", quiet=quiet):
        from huangpu import forecast
        from huangpu.calibration.learnt import read_diagnostics
        from huangpu.calibration.report import print_learnt

    rows = read_diagnostics(diagnostics or files.shipped(forecast.POSTERIOR).with_name("diagnostics.csv"))
    if plot:
        from huangpu.calibration.chart import write_chart

        files.check_folder(plot.parent, (plot.name,))
        files.make_folder(plot.parent)
        with files.writing(plot.parent):
            write_chart(rows, plot)
    if not quiet:
        with pipe():
            print_learnt(rows, console())


@app.command()
def update(
    scenario: Annotated[Path, typer.Argument(help="Scenario whose odds are asked for.")] = HISTORY,
    observations: Annotated[Path | None, typer.Option(help="Figures in place of calibration/observations.csv.")] = None,
    out: Annotated[Path | None, typer.Option(help="File of members; results/runs/NAME/updated.nc without it.")] = None,
    in_place: Annotated[bool, typer.Option("--in-place", help="Write over the posterior itself.")] = False,
    plan: Annotated[str | None, typer.Option(help="Plan to print, or all; without it the one that ends last.")] = None,
    threads: Threads = None,
    quiet: Quiet = False,
) -> int:
    """Take up newly reported figures without a new fit.

    Weighs the members by the figures that the posterior has not seen, says what each did to the odds of the targets,
    and whether a refit is due; then it is not written in place.
    """
    if in_place and (out or observations):
        raise typer.BadParameter("--in-place takes the shipped figures and writes over the posterior; drop one.")
    with wait("Loading", quiet=quiet):
        from huangpu import update as updating
        from huangpu.update.report import no_news, print_update

        request = updating.prepare(scenario_file(scenario), observations)
        shown = chosen_plans(plan, request.job.questions.plans)
    if not request.news.rows:
        print_text(no_news(request.news))
        return 0
    beside = Path("results") / "runs" / request.job.scenario.name / "updated.nc"
    target = request.posterior if in_place else out or beside
    files.check_folder(target.parent, (target.name,))
    files.make_folder(target.parent)
    with bar("Updating", quiet=quiet) as report:
        done = updating.update(request, threads=threads, progress=report)
    if not quiet:
        with pipe():
            print_update(done, shown, console())
    if in_place and done.due:
        return complain(f"{target}: left as it is, since a refit is due", 2)
    with files.writing(target.parent):
        updating.write(done, target)
    print(f"Members in {target}")
    return 0


@app.command()
def collect(
    scenario: Annotated[Path, typer.Argument(help="Scenario whose odds are asked for.")] = HISTORY,
    out: Annotated[Path | None, typer.Option(help="CSV file; results/runs/NAME/collect.csv without it.")] = None,
    plan: Annotated[
        str | None, typer.Option(help="Plan that counts, or all; without it the one that ends last.")
    ] = None,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Say which figure to collect next.

    For every figure that nobody has reported, of the last year and the next: how much of each target's uncertainty it
    is expected to take.
    """
    with wait("Loading", quiet=quiet):
        from huangpu import collect as collecting
        from huangpu import forecast
        from huangpu.collect.report import print_gains

        job = forecast.prepare(scenario_file(scenario))
        shown = chosen_plans(plan, job.questions.plans)
    target = out or Path("results") / "runs" / job.scenario.name / "collect.csv"
    files.check_folder(target.parent, (target.name,))
    files.make_folder(target.parent)
    with bar("Simulating", quiet=quiet) as report:
        simulation = forecast.simulate(job, threads=threads, progress=report)
    with wait("Comparing", quiet=quiet):
        found = collecting.gains(job, forecast.score(job, simulation), shown)
    with files.writing(target.parent):
        collecting.write_gains(found, target)
    if not quiet:
        with pipe():
            print_gains(found, f"{job.scenario.title}, plan {', '.join(shown)}", console())
            print(f"\nEvery figure and target in {target}")


@app.command()
def backtest(
    origin: Annotated[list[int] | None, typer.Option(help="Year at whose end to forecast; all without it.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of results; calibration/backtest without it.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Keep finished origins made from the same files.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="A trial with few draws: not to be quoted.")] = False,
    wide: Annotated[
        bool, typer.Option("--wide-priors", help="Priors that rest on later figures get twice their spread.")
    ] = False,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Forecast the past from what was known then, and score it.

    Refits the model at each origin to the figures, plans and shocks of its day, predicts what was reported later, and
    compares it with naive forecasters. Each origin is kept as it finishes. Without --out only a full run of all origins
    renews the shipped results.
    """
    with wait("Loading", quiet=quiet):
        from huangpu.backtest import engine, report
        from huangpu.backtest.charts import write_charts
        from huangpu.backtest.evaluate import evaluate
        from huangpu.backtest.summary import summary

        inputs = engine.read_inputs(files.shipped(str(HISTORY)), files.shipped("calibration"), files.shipped("results"))
    gc.enable()  # it runs for minutes
    origins = tuple(sorted(set(origin or inputs.vintages.origins)))
    for year in origins:
        if year not in inputs.vintages.origins:
            known = ", ".join(map(str, inputs.vintages.origins))
            raise typer.BadParameter(f"--origin: {year} is none of {known} (calibration/vintages.yaml).")
    partial = origin or quick or wide
    folder = out or (Path("results/runs/backtest") if partial else files.shipped("calibration/backtest"))
    files.check_folder(folder, report.FILES)
    files.make_folder(folder)
    plan = replace(engine.QUICK if quick else engine.Plan(), wide=wide)
    said = []
    with files.writing(folder), bar("Backtesting", quiet=quiet) as progress:
        for one in engine.backtest(
            inputs, origins, plan, folder / "origins", resume=resume, threads=threads, progress=progress
        ):
            said.append(one)
            if not quiet:
                print(engine.line(one), file=sys.stderr)
    with files.writing(folder), wait("Scoring", quiet=quiet):
        evaluation = evaluate(inputs, said)
        found = summary(evaluation) | {"made_from": engine.provenance(inputs, plan)}
        report.write(evaluation, found, inputs.dated, folder)
        write_charts(evaluation.lines, folder)
    if not quiet:
        print_text(report.page(evaluation, found))
        print(f"Results in {folder}{os.sep}")
