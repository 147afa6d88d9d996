"""A run of any model file: simulate."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from huangpu import files
from huangpu.cli.page import Allow, Data, Quiet, Threads, app
from huangpu.progress import bar, wait

NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
FORMS = (".csv", ".nc")


@app.command()
def simulate(
    model: Annotated[Path, typer.Argument(help="Model file (.mdl, .xmile, .stmx).")],
    out: Annotated[Path, typer.Option(help="File to write: .csv, a column a variable, or .nc (netCDF).")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE: a constant or other variable; may be repeated.")
    ] = None,
    initial: Annotated[
        list[str] | None, typer.Option("--initial", help="NAME=VALUE: a stock at the start; may be repeated.")
    ] = None,
    save: Annotated[
        list[str] | None, typer.Option("--save", help="NAME: what to save, all without it; may be repeated.")
    ] = None,
    end: Annotated[float | None, typer.Option(help="FINAL TIME in place of the model's.")] = None,
    data: Data = None,
    allow: Allow = None,
    method: Annotated[
        Literal["euler", "rk4"] | None, typer.Option(help="How stocks are integrated; the file's own without it.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**64 - 1, help="Seed of random functions.")] = 0,
    members: Annotated[str | None, typer.Option(help="How many, or a file of them (.nc) with their constants.")] = None,
    from_state: Annotated[Path | None, typer.Option("--from-state", help="Go on from a state in this file.")] = None,
    final_state: Annotated[Path | None, typer.Option("--final-state", help="Write the state at the end here.")] = None,
    threads: Threads = None,
    quiet: Quiet = False,
) -> None:
    """Run any model file with its own time settings.

    Names are written as in the file; case, spaces and underscores make no difference. `--set "Share[North]=0.3"` sets
    one element, `--set "TIME STEP=0.5"` a control variable.
    """
    if out.suffix.lower() not in FORMS:
        raise typer.BadParameter(f"--out {out}: expected a name that ends in .csv or .nc")
    params, starts = _pairs("--set", settings), _pairs("--initial", initial)
    params |= {} if end is None else {"FINAL TIME": _finite("--end", end)}
    for path in filter(None, (out, final_state)):
        files.check_folder(path.parent, (path.name,))
    with wait("Compiling", quiet=quiet):
        from huangpu import anymodel

        program = anymodel.compile_model(model, method=method, data_files=data or (), allow=allow or ())
        drawn, count = _members(members, program)
    given = anymodel.Given(params={**drawn, **params}, initial=starts, save=save or None, members=count, seed=seed)
    if out.suffix.lower() == ".csv" and (count or 1) > 1:
        raise typer.BadParameter(f"--members {members}: a .csv holds one member; give --out a name that ends in .nc")
    for path in filter(None, (out, final_state)):
        files.make_folder(path.parent)
    with files.writing(out.parent):
        with bar("Simulating", quiet=quiet) as progress:
            done = anymodel.run(
                program,
                program.variant,
                given,
                from_state=from_state,
                final_state=final_state,
                threads=threads,
                progress=progress,
            )
        with wait("Writing", quiet=quiet):
            anymodel.write(done, out)
    if not quiet:
        print(f"{len(done.times)} times of {len(done.names) + len(done.fixed)} columns in {out}")


def _pairs(option: str, texts: Sequence[str] | None) -> dict[str, float]:
    """NAME=VALUE, the last `=` counts: a quoted name may hold others."""
    found: dict[str, float] = {}
    for text in texts or ():
        name, sign, value = text.rpartition("=")
        if not sign or not name.strip():
            raise typer.BadParameter(f'{option} {text!r:.80}: expected NAME=VALUE, such as "Birth Rate=0.03"')
        if not NUMBER.fullmatch(value.strip()):
            raise typer.BadParameter(f"{option} {text!r:.80}: {value.strip()!r:.40} is no number; expected NAME=VALUE")
        if name in found:
            raise typer.BadParameter(f"{option}: {name.strip()!r:.60} is given twice")
        found[name] = _finite(f"{option} {text!r:.80}", float(value))
    return found


def _finite(what: str, value: float) -> float:
    if not math.isfinite(value):
        raise typer.BadParameter(f"{what}: not a finite number")
    return value


def _members(text: str | None, program) -> tuple[dict, int | None]:
    """Constants by id -> one value a member, and how many members there are."""
    if text is None:
        return {}, None
    if text.strip().isdecimal():
        return {}, int(text)
    from huangpu.runtime.members import read_members

    drawn = read_members(text, program)
    return dict(drawn.parameters), drawn.size
