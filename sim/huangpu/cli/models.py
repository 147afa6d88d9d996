"""Any model: its text, loops, units, reference, diagrams; and the speed of it all."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from huangpu import files
from huangpu.cli.page import Allow, Data, app, complain, print_text
from huangpu.progress import wait


@app.command()
def show(
    model: Annotated[Path, typer.Argument(help="Model file (.mdl, .xmile, .stmx)")],
    data: Data = None,
    allow: Allow = None,
) -> None:
    """Print a model as readable Python.

    Its equations stand in the order in which they are computed, with units and the original text as comments.
    """
    with wait("Compiling"):
        from huangpu.compiler import compile_model

        text = compile_model(model, data_files=data or (), allow=allow or ()).readable
    print_text(text)


@app.command()
def loops(
    model: Annotated[Path, typer.Argument(help="Model file (.mdl, .xmile, .stmx)")],
    through: Annotated[str | None, typer.Option(help="All loops through this variable.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All loops, not a set that covers every link.")] = False,
    longest: Annotated[int | None, typer.Option(min=1, help="Most variables in a loop.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most loops that are listed.")] = 50,
    named: Annotated[Path | None, typer.Option(help="File of named loops: check these against the model.")] = None,
    data: Data = None,
    allow: Allow = None,
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

        structure = read_structure(model, data_files=data or (), allow=allow or ())
        checked = named_loops(structure, named) if named else []
        id_ = find(structure, through) if through else None
    if checked:
        print_text(report_named(structure, checked))
        wrong = sum(bool(entry.faults) for entry in checked)
        return complain(f"{named}: {wrong} of {len(checked)} named loops at fault", 2) if wrong else 0
    if id_ or everything:
        where = f" through {structure[id_].label}" if id_ else ""
        found = search.every_loop(structure, through=id_, longest=longest, limit=limit)
        print_text(search.report(structure, found, where=where))
    else:
        found = search.independent_loops(structure, longest=longest, limit=limit)
        print_text(search.report(structure, found, "independent loop"))
    return 0


@app.command()
def check(
    model: Annotated[Path, typer.Argument(help="Model file (.mdl, .xmile, .stmx)")],
    strict: Annotated[bool, typer.Option("--strict", help="Notes fail too, not only unit errors.")] = False,
    support: Annotated[bool, typer.Option("--support", help="List only what of it is not supported.")] = False,
    data: Data = None,
    allow: Allow = None,
) -> int:
    """Check a model: units, what is unused or undocumented.

    The units of every equation, and what is unused or has no unit or documentation.

    Exit code 1 where units differ, 2 where the compiler does not take the model.
    """
    if support:
        return _support(model, data or (), allow or ())
    with wait("Checking"):
        from huangpu.compiler import check_model
        from huangpu.compiler.check import text

        report = check_model(model, data_files=data or (), allow=allow or ())
    print_text(text(report))
    if report.refused:
        return complain(report.refused, 2)
    return 0 if report.spotless or (report.clean and not strict) else 1


def _support(model: Path, data: Sequence[Path], allow: Sequence[Path]) -> int:
    with wait("Checking"):
        from huangpu.compiler import unsupported

        found = unsupported(model, data_files=data, allow=allow)
    if not found:
        print_text(f"{model}: all of it is supported")
        return 0
    print_text("\n".join(found))
    return complain(f"{model}: {len(found)} problem{'s' * (len(found) != 1)}", 2)


@app.command()
def reference(
    model: Annotated[Path, typer.Argument(help="Model file (.mdl, .xmile, .stmx)")],
    out: Annotated[Path, typer.Option(help="Folder to write to, e.g. docs/model")],
    data: Data = None,
    allow: Allow = None,
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

        structure = read_structure(model, data_files=data or (), allow=allow or ())
        found = pages(read_model(model), structure, lambda view: svg(structure, view))
    files.check_folder(out, tuple(found))
    files.make_folder(out)
    with files.writing(out):
        for name, text in found.items():
            (out / name).write_text(text, encoding="utf-8", newline="\n")
    print(f"{len(found)} files in {out}{os.sep}")


@app.command()
def graph(
    model: Annotated[Path, typer.Argument(help="Model file (.mdl, .xmile, .stmx)")],
    view: Annotated[str | None, typer.Option(help="View to draw; the whole model without it.")] = None,
    kind: Annotated[Literal["stock-flow", "causal"], typer.Option(help="What to draw.")] = "stock-flow",
    form: Annotated[Literal["svg", "mermaid"], typer.Option("--format", help="How to write it.")] = "svg",
    out: Annotated[Path | None, typer.Option(help="File to write; printed without it.")] = None,
    constants: Annotated[bool, typer.Option("--constants", help="Draw constants and lookups too.")] = False,
    data: Data = None,
    allow: Allow = None,
) -> None:
    """Draw a model as SVG or Mermaid text.

    Stocks and flows, or causal links with their polarity. A larger picture has its constants and
    lookups in a list below it, unless --constants.
    """
    if out:
        files.check_folder(out.parent, (out.name,))
    with wait("Drawing"):
        from huangpu.graph import mermaid, svg
        from huangpu.structure import read_structure

        draw = {"svg": svg, "mermaid": mermaid}[form]
        structure = read_structure(model, data_files=data or (), allow=allow or ())
        text = draw(structure, view, causal=kind == "causal", constants=constants)
    if not out:
        return print_text(text.removesuffix("\n"))
    files.make_folder(out.parent)
    with files.writing(out.parent):
        out.write_text(text, encoding="utf-8")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def bench(context: typer.Context) -> int:
    """Measure speed on this machine.

    Needs a checkout of the source, where bench/ is; `huangpu bench --help` has its options.
    """
    root = files.root()
    if not (root / "bench" / "__main__.py").is_file():
        return complain("bench: the benchmark comes with the source, run it in a checkout: make bench", 2)
    import subprocess

    paths = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "bench", *context.args]
    return subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, check=False).returncode
