"""`python -m bench`, `huangpu bench` and `make bench`: measure, print, write. Start reading here.

Measures run one after another and yield rows; what cannot be measured here is said and left out.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import ceiling, curves, fit, goals, machine, plot, processes, report, side_by_side, sweeps, world3
from bench.rows import Row, Skip
from bench.setting import WORLD3, Setting, quick

MEASURES: dict[str, Callable[[Setting], Iterator[Row]]] = {
    "compile": processes.compiling,
    "command": processes.command_line,
    "update": processes.update,
    "memory": processes.memory,
    "single": curves.single,
    "threads": curves.two_threads,
    "peers": side_by_side.measure,
    "fit": fit.measure,
    "sweep": sweeps.measure,
    "size": curves.ensemble_size,
    "model": curves.model_size,
    "ceiling": ceiling.measure,
    "vensim": world3.measure,
}
DEAR = {"calibrate": fit.calibration}  # minutes for a few figures: only when asked for
HERE = Path(__file__).parent


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 2 something is wrong with what was given."""
    options = _parser().parse_args(arguments)
    if options.world3 and not (options.world3 / WORLD3).is_file():
        print(f"bench: --world3 {options.world3}: there is no {WORLD3} in it", file=sys.stderr)
        return 2
    if options.json and not options.json.absolute().parent.is_dir():
        print(f"bench: --json {options.json}: its folder does not exist", file=sys.stderr)
        return 2
    about = machine.describe()
    for name, value in about.items():
        print(f"{name:16} {value}")
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="huangpu-bench-") as folder, _cache(Path(folder) / "cache"):
        make = quick if options.quick else Setting
        parts = [*(options.only or MEASURES), *(DEAR if options.calibrate else ())]
        rows = _measure(make(Path(folder), _saying(notes), options.world3), parts)
    _print_goals(rows)
    if options.json:
        report.write_json(options.json, rows, about)
    if options.record:
        report.record(HERE / "history.csv", rows, about)
    if not options.quick and not options.only:
        given = {"--world3 DIR": options.world3, "--calibrate": options.calibrate}
        command = " ".join(["huangpu bench", *(option for option, used in given.items() if used)])
        if not options.calibrate:
            rows += report.recorded(HERE / "history.csv", fit.CALIBRATION)
        plot.draw(HERE / "figures.png", rows)
        report.write_readme(HERE / "README.md", report.generated_part(rows, about, notes, command))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="huangpu bench",
        description="Measure speed on this machine and write bench/README.md. Takes some twelve minutes.",
    )
    parser.add_argument("--quick", action="store_true", help="a minute, rough figures; README.md stays as it is")
    parser.add_argument(
        "--only", choices=[*MEASURES], action="append", metavar="PART", help=f"of {', '.join(MEASURES)}"
    )
    parser.add_argument("--world3", type=Path, metavar="DIR", help=f"folder with your own copy of {WORLD3}")
    parser.add_argument(
        "--calibrate", action="store_true", help="also a whole calibration on all processors: minutes more"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there")
    parser.add_argument("--record", action="store_true", help="append the rows to bench/history.csv")
    return parser


@contextlib.contextmanager
def _cache(folder: Path) -> Iterator[None]:
    """Nothing compiled before counts, and nothing is left behind."""
    before = os.environ.get("HUANGPU_CACHE")
    os.environ["HUANGPU_CACHE"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("HUANGPU_CACHE")
        if before is not None:
            os.environ["HUANGPU_CACHE"] = before


def _saying(notes: list[str]) -> Callable[[str], None]:
    def say(text: str) -> None:
        notes.append(text)
        print(f"  note: {text}", flush=True)

    return say


def _measure(job: Setting, names: list[str]) -> list[Row]:
    rows: list[Row] = []
    for name in names:
        start = time.perf_counter()
        print(f"\n{name}", flush=True)
        try:
            for row in (MEASURES | DEAR)[name](job):
                rows.append(row)
                print(report.line(row), flush=True)
        except Skip as why:
            job.say(str(why))
        print(f"  {time.perf_counter() - start:.0f} s", flush=True)
    return rows


def _print_goals(rows: list[Row]) -> None:
    named = {row.name: row for row in rows}
    print("\ngoals")
    for world in (False, True):
        for what, goal, stretch, measured, reached, _ in goals.table(named, world3=world):
            if measured != "not measured":
                print(f"{what:66} goal {goal:>12}  stretch {stretch:>8}  {measured:>10}  {reached}")


if __name__ == "__main__":
    sys.exit(main())
