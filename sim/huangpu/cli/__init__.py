"""The command line and nothing else. What is heavy is imported by the command that needs it.

Exit codes: 0 done, 1 our fault (of `check`: units differ), 2 something is wrong with what was given, 3 calibrated but
not converged, 130 stopped by the user. Errors go to the error stream, one clear line each.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer

from huangpu import __version__
from huangpu.cli import asking, checking, fitting, models, simulating, sweeping  # noqa: F401  their commands, in the order of the help
from huangpu.cli.page import STOPPED, app, complain

BAD_INPUT = {
    "huangpu.anymodel.names": "RunError",
    "huangpu.files": "OutputError",
    "huangpu.ir": "ModelError",
    "huangpu.measurement.datafile": "DataError",
    "huangpu.runtime.members": "MembersError",
    "huangpu.runtime.scenario.data": "ScenarioError",
    "huangpu.sweep.manifest": "SweepError",
}


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
        return complain("stopped; files already written are whole", STOPPED)
    return code if isinstance(code, int) else 0


@app.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(f"huangpu {__version__}")
        raise typer.Exit


def _explain(error: Exception) -> int:
    if hasattr(error, "format_message"):  # typer's: a wrong option or argument
        return complain(f"{error.format_message().rstrip().removesuffix('.')}. See huangpu --help.", 2)
    if isinstance(error, _bad_input()):
        return complain(str(error), 2)
    if os.environ.get("HUANGPU_TRACEBACK"):
        raise error
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return complain(f"internal error, our fault: {what} (HUANGPU_TRACEBACK=1 shows where)", 1)


def _bad_input() -> tuple[type[Exception], ...]:
    """The errors that are the user's; one whose module was never imported cannot have been raised."""
    return tuple(getattr(sys.modules[module], name) for module, name in BAD_INPUT.items() if module in sys.modules)
