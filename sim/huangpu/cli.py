"""The command line and nothing else. What is heavy is imported by the command that needs it.

Exit codes: 0 done, 1 our fault (of `check`: units differ), 2 something is wrong with what was given, 3 calibrated but
not converged, 130 stopped by the user. Errors go to the error stream, one clear line each.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from huangpu import __version__, files
from huangpu.progress import bar, wait

_STARTED = time.perf_counter() - time.process_time()  # about when the interpreter was started

BAD_INPUT = {
    "huangpu.files": "OutputError",
    "huangpu.ir": "ModelError",
    "huangpu.measurement.datafile": "DataError",
    "huangpu.runtime.members": "MembersError",
    "huangpu.runtime.scenario.data": "ScenarioError",
}
UNCONVERGED = 3  # of calibrate
STOPPED = 130  # what shells expect after Ctrl-C
HISTORY = Path("scenarios/all_plans.yaml")
PAGE = 120  # columns where the output is no terminal

app = typer.Typer(
    help="Shanghai's industrial economy as an ensemble, and the odds that its plans' targets are met.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Threads = Annotated[int | None, typer.Option(min=1, help="Threads; all processors without it.")]
Recalled = Annotated[bool, typer.Option("--recalled", help="Figures without a source too, with wider errors.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bars, no table; errors still show.")]


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # it looks for some in every installed package
    gc.disable()  # what a command imports and reads stays to its end: looking for garbage among it takes a tenth more
    try:
        code = app((sys.argv[1:] if arguments is None else arguments) or ["--help"], standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = STOPPED
    except Exception as error:
        return _explain(error)
    finally:
        gc.freeze()  # nor is it looked through when the interpreter ends
        gc.enable()
    if code == STOPPED:  # typer turns an interrupt inside a command into this code
        return _complain("stopped; files already written are whole", STOPPED)
    return code if isinstance(code, int) else 0


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
        path = _scenario_file(scenario)
        job = forecast.prepare(path, model=model, members=members, seed=seed, rebasing=rebasing)
        shown = _plans(plan, job.questions.plans)
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
            _scenario_file(scenario),
            target,
            settings,
            recalled=recalled,
            threads=threads,
            progress=report,
            resume=resume,
        )
    if not quiet:
        print_convergence(found.convergence, found.walkers, _console())
        print(
            f"{informed_text(found.learnt)}\n"
            f"{found.evaluations:,} evaluations in {time.perf_counter() - _STARTED:.0f} s, {found.failures:,} of them "
            f"not finite; {found.acceptance:.0%} of steps moved\nPosterior in {target}; huangpu posterior shows it"
        )
    if not converged(found.convergence, found.walkers):
        return _complain(f"{target}: not converged, and marked so; use more --burn and --steps", UNCONVERGED)
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
        with _pipe():
            print_learnt(rows, _console())


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

        request = updating.prepare(_scenario_file(scenario), observations)
        shown = _plans(plan, request.job.questions.plans)
    if not request.news.rows:
        _print_text(no_news(request.news))
        return 0
    beside = Path("results") / "runs" / request.job.scenario.name / "updated.nc"
    target = request.posterior if in_place else out or beside
    files.check_folder(target.parent, (target.name,))
    files.make_folder(target.parent)
    with bar("Updating", quiet=quiet) as report:
        done = updating.update(request, threads=threads, progress=report)
    if not quiet:
        with _pipe():
            print_update(done, shown, _console())
    if in_place and done.due:
        return _complain(f"{target}: left as it is, since a refit is due", 2)
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

        job = forecast.prepare(_scenario_file(scenario))
        shown = _plans(plan, job.questions.plans)
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
        with _pipe():
            print_gains(found, f"{job.scenario.title}, plan {', '.join(shown)}", _console())
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
        _print_text(report.page(evaluation, found))
        print(f"Results in {folder}{os.sep}")


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
    with _pipe():
        print_figures(lines, _console())


@app.command()
def history(
    out: Annotated[Path | None, typer.Option(help="CSV file to write the table to as well.")] = None,
    quiet: Quiet = False,
) -> None:
    """Compare the posterior medians with reported history.

    One run of the model without discrepancy, offsets or drivers: levels of 2015 to 2025 of each core quantity, by basis.
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
        with _pipe():
            past.print_history(lines, _console())


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

        job = forecast.prepare(_scenario_file(scenario), members=members, seed=seed)
        shown = _plans(plan, job.questions.plans)
    with bar("Taking apart", quiet=quiet) as report:
        rows = apart.shares(job, threads=threads, progress=report)
    if out:
        files.make_folder(out.parent)
        with files.writing(out.parent):
            apart.write_shares(rows, out)
    if not quiet:
        title = f"{job.scenario.title}: {job.members.size:,} members, seed {job.scenario.seed}"
        with _pipe():
            apart.print_shares(rows, shown, title, _console())


@app.command()
def show(model: Annotated[Path, typer.Argument(help="Model file (.mdl)")]) -> None:
    """Print a model as readable Python.

    Its equations stand in the order in which they are computed, with units and the original text as comments.
    """
    with wait("Compiling"):
        from huangpu.compiler import compile_model

        text = compile_model(model).readable
    _print_text(text)


@app.command()
def loops(
    model: Annotated[Path, typer.Argument(help="Model file (.mdl)")],
    through: Annotated[str | None, typer.Option(help="All loops through this variable.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All loops, not a set that covers every link.")] = False,
    longest: Annotated[int | None, typer.Option(min=1, help="Most variables in a loop.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most loops that are listed.")] = 50,
    named: Annotated[Path | None, typer.Option(help="File of named loops: check these against the model.")] = None,
) -> int:
    """List a model's feedback loops.

    Reinforcing (R), balancing (B) or of unknown polarity (?), shortest first. Without --all or
    --through only a small set of loops that together cover every link. With --named the exit code is 2 if a named loop
    does not close or works the other way.
    """
    with wait("Reading"):
        from huangpu import loops as search
        from huangpu.loops.named import named_loops, report_named
        from huangpu.structure import find, read_structure

        structure = read_structure(model)
        checked = named_loops(structure, named) if named else []
        id_ = find(structure, through) if through else None
    if checked:
        _print_text(report_named(structure, checked))
        wrong = sum(bool(entry.faults) for entry in checked)
        return _complain(f"{named}: {wrong} of {len(checked)} named loops at fault", 2) if wrong else 0
    if id_ or everything:
        where = f" through {structure[id_].label}" if id_ else ""
        found = search.every_loop(structure, through=id_, longest=longest, limit=limit)
        _print_text(search.report(structure, found, where=where))
    else:
        found = search.independent_loops(structure, longest=longest, limit=limit)
        _print_text(search.report(structure, found, "independent loop"))
    return 0


@app.command()
def check(
    model: Annotated[Path, typer.Argument(help="Model file (.mdl)")],
    strict: Annotated[bool, typer.Option("--strict", help="Notes fail too, not only unit errors.")] = False,
) -> int:
    """Check a model: units, what is unused or undocumented.

    The units of every equation, and what is unused or has no unit or documentation.

    Exit code 1 where units differ.
    """
    with wait("Checking"):
        from huangpu.compiler import check_model
        from huangpu.compiler.check import text

        report = check_model(model)
    _print_text(text(report))
    if report.refused:
        return _complain(report.refused, 2)
    return 0 if report.spotless or (report.clean and not strict) else 1


@app.command()
def reference(
    model: Annotated[Path, typer.Argument(help="Model file (.mdl)")],
    out: Annotated[Path, typer.Option(help="Folder to write to, e.g. docs/model")],
) -> None:
    """Write a model's reference as Markdown.

    Every variable with equation, unit, text, what it uses and feeds.

    A page and a diagram a view, and an index.
    """
    with wait("Reading"):
        from huangpu.compiler.read import read_model
        from huangpu.graph import svg
        from huangpu.reference import pages
        from huangpu.structure import read_structure

        structure = read_structure(model)
        found = pages(read_model(model), structure, lambda view: svg(structure, view))
    files.check_folder(out, tuple(found))
    files.make_folder(out)
    with files.writing(out):
        for name, text in found.items():
            (out / name).write_text(text, encoding="utf-8", newline="\n")
    print(f"{len(found)} files in {out}{os.sep}")


@app.command()
def graph(
    model: Annotated[Path, typer.Argument(help="Model file (.mdl)")],
    view: Annotated[str | None, typer.Option(help="View to draw; the whole model without it.")] = None,
    kind: Annotated[Literal["stock-flow", "causal"], typer.Option(help="What to draw.")] = "stock-flow",
    form: Annotated[Literal["svg", "mermaid"], typer.Option("--format", help="How to write it.")] = "svg",
    out: Annotated[Path | None, typer.Option(help="File to write; printed without it.")] = None,
    constants: Annotated[bool, typer.Option("--constants", help="Draw constants and lookups too.")] = False,
) -> None:
    """Draw a model as SVG or Mermaid text.

    Stocks and flows, or causal links with their polarity. A larger picture has its constants and lookups in a list below it, unless --constants.
    """
    if out:
        files.check_folder(out.parent, (out.name,))
    with wait("Drawing"):
        from huangpu.graph import mermaid, svg
        from huangpu.structure import read_structure

        draw = {"svg": svg, "mermaid": mermaid}[form]
        text = draw(read_structure(model), view, causal=kind == "causal", constants=constants)
    if not out:
        return _print_text(text.removesuffix("\n"))
    files.make_folder(out.parent)
    with files.writing(out.parent):
        out.write_text(text, encoding="utf-8")


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files."""
    from huangpu.runtime.scenario import json_schema

    _print_text(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def bench(context: typer.Context) -> int:
    """Measure speed on this machine.

    Needs a checkout of the source, where bench/ is; `huangpu bench --help` has its options.
    """
    root = files.root()
    if not (root / "bench" / "__main__.py").is_file():
        return _complain("bench: the benchmark comes with the source, run it in a checkout: make bench", 2)
    import subprocess

    paths = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "bench", *context.args]
    return subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, check=False).returncode


@app.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(f"huangpu {__version__}")
        raise typer.Exit


def _scenario_file(path: Path) -> Path:
    """The file itself, or the shipped one of that name where the working folder has none."""
    inside = files.shipped(str(path))
    if path.exists() or path.is_absolute() or ".." in path.parts or not inside.is_file():
        return path
    print(f"no {path} here, taking the shipped one", file=sys.stderr)
    return inside


def _plans(name: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """The plans to print."""
    if name not in (None, "all", *known):
        raise typer.BadParameter(
            f"--plan: no plan '{name}' in results/targets.csv; expected {', '.join(known)} or all."
        )
    return {None: known[-1:], "all": known}.get(name, (name,))


def _print_answer(job, done, plans: tuple[str, ...], folder: Path) -> None:
    from huangpu.results.table import print_scorecard

    title = f"{job.scenario.title}: {job.members.size:,} members, seed {job.scenario.seed}"
    with _pipe():
        print_scorecard(done.answer, plans, title, _console())
        print(f"\nResults in {folder}{os.sep}")


def _console():
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else PAGE)


def _print_text(text: str) -> None:
    with _pipe():
        print(text)


@contextmanager
def _pipe() -> Iterator[None]:
    """A reader that has seen enough, such as `head`, is not an error."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Laps:
    """Seconds by stage since the process began."""

    def __init__(self) -> None:
        self.last = _STARTED
        self.seconds: dict[str, float] = {}

    def end(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = now - self.last
        self.last = now

    def show(self) -> None:
        parts = [f"{stage} {seconds:.2f} s" for stage, seconds in self.seconds.items()]
        print(", ".join(parts) + f"; together {sum(self.seconds.values()):.2f} s", file=sys.stderr)


# ---- errors


def _explain(error: Exception) -> int:
    if hasattr(error, "format_message"):  # typer's: a wrong option or argument
        return _complain(f"{error.format_message().rstrip().removesuffix('.')}. See huangpu --help.", 2)
    if isinstance(error, _bad_input()):
        return _complain(str(error), 2)
    if os.environ.get("HUANGPU_TRACEBACK"):
        raise error
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return _complain(f"internal error, our fault: {what} (HUANGPU_TRACEBACK=1 shows where)", 1)


def _bad_input() -> tuple[type[Exception], ...]:
    """The errors that are the user's; one whose module was never imported cannot have been raised."""
    return tuple(getattr(sys.modules[module], name) for module, name in BAD_INPUT.items() if module in sys.modules)


def _complain(message: str, code: int) -> int:
    """Print for a person; what comes out of a file cannot steer the terminal."""
    clean = "".join(c if c.isprintable() or c == "\n" else "?" for c in message)
    print(f"huangpu: {clean}" if "\n" not in clean else clean, file=sys.stderr)
    return code
