"""Progress on the terminal: a bar for what takes longer than a moment, nothing where nobody watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 1.0  # seconds that pass before a bar appears; what is done by then needs none

Report = Callable[[int, int], None]  # steps done, steps in all


@contextmanager
def bar(what: str, *, quiet: bool = False) -> Iterator[Report | None]:
    """`report(done, total)` to call while working; None, so that nobody bothers, where no bar would be seen.

    Bars go to the error stream and vanish when done, so they never end up in a file.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    shown = _Bar(what, Console(stderr=True))
    try:
        yield shown.report
    finally:
        shown.stop()


@contextmanager
def wait(what: str, *, quiet: bool = False) -> Iterator[None]:
    """A sign of life for work whose end is not in sight."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


class _Bar:
    """rich's bar, made on the first report after `PATIENCE`."""

    def __init__(self, what: str, console) -> None:
        self.what = what
        self.console = console
        self.since = time.monotonic()
        self.progress = None

    def report(self, done: int, total: int) -> None:
        if self.progress is None:
            if done >= total or time.monotonic() - self.since < PATIENCE:
                return
            self.start(total)
        self.progress.update(self.task, completed=done, total=total)

    def start(self, total: int) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.progress = Progress(*columns, console=self.console, transient=True)
        self.task = self.progress.add_task(self.what, total=total)
        self.progress.start()

    def stop(self) -> None:
        if self.progress is not None:
            self.progress.stop()
