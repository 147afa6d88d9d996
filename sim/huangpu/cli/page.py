"""What the commands share: the application, options that mean the same everywhere, how text reaches a terminal."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from huangpu import files

STARTED = time.perf_counter() - time.process_time()  # about when the interpreter was started
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
Data = Annotated[
    list[Path] | None,
    typer.Option("--data", help="Table of another run with the data variables; may be repeated."),
]
Allow = Annotated[
    list[Path] | None,
    typer.Option("--allow", help="Folder in which the model's workbooks may lie beside its own; may be repeated."),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bars, no table; errors still show.")]


def scenario_file(path: Path) -> Path:
    """The file itself, or the shipped one of that name where the working folder has none."""
    inside = files.shipped(str(path))
    if path.exists() or path.is_absolute() or ".." in path.parts or not inside.is_file():
        return path
    print(f"no {path} here, taking the shipped one", file=sys.stderr)
    return inside


def chosen_plans(name: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    """The plans to print."""
    if name not in (None, "all", *known):
        raise typer.BadParameter(
            f"--plan: no plan '{name}' in results/targets.csv; expected {', '.join(known)} or all."
        )
    return {None: known[-1:], "all": known}.get(name, (name,))


def console():
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else PAGE)


def print_text(text: str) -> None:
    with pipe():
        print(text)


@contextmanager
def pipe() -> Iterator[None]:
    """A reader that has seen enough, such as `head`, is not an error."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(message: str, code: int) -> int:
    """Print for a person; what comes out of a file cannot steer the terminal."""
    clean = "".join(c if c.isprintable() or c == "\n" else "?" for c in message)
    print(f"huangpu: {clean}" if "\n" not in clean else clean, file=sys.stderr)
    return code
