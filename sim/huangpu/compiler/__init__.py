"""A model file becomes a program; start reading here.

    read     .mdl file -> the model as written (`syntax.py`), by PySD's parser behind `guard.py`;
             .xmile and .stmx by our own (`xmile.py`)
    external what the model takes from workbooks beside it, `data` what from other runs -> numbers in the model
    expand   -> one scalar variable an element, functions with a memory as stocks
    order    -> what is computed before what, and how often
    python   -> readable text, the reference
    llvm     -> kernel text, the same for the machine

A compiled program is kept in the user's cache under the hash of all that went into it, this package's own source
included, so a second run imports neither PySD nor anything else of the compiler. Which other files a model refers to
is only known once it has been read: their names are kept as well, and their bytes are hashed at each run.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from huangpu import cache
from huangpu.compiler.edits import NONE, Edits
from huangpu.ir import FlatModel, ModelError, Ordered
from huangpu.program import Control, Entry, Program, from_json, to_json

if TYPE_CHECKING:
    from huangpu.compiler.check import Report
    from huangpu.compiler.confined import Beside
    from huangpu.compiler.syntax import Source

__all__ = ["Edits", "ModelError", "check_model", "compile_model", "ordered_model", "unsupported"]

DRIVEN_VIEWS = ("Levers", "Drivers")  # constants drawn in these views are driven through time unless told otherwise


def compile_model(
    path: str | Path,
    *,
    method: str | None = None,
    driven: Iterable[str] | None = None,
    precision: str = "double",
    outputs: Iterable[str] | None = None,
    data_files: Iterable[str | Path] = (),
    allow: Iterable[str | Path] = (),
    edits: Edits = NONE,
) -> Program:
    """The program of a model file. `ModelError` says what is wrong with the file and where.

    method: "euler" or "rk4", by default what an XMILE file asks for, "euler" for Vensim's; driven: ids of the constants
    that runs may drive through time, by default those drawn in the views named "Levers" and "Drivers"; precision:
    "double", or "single" to screen many members, half again to twice as fast and right to about 1e-5; outputs: ids of
    the variables, whole or of elements, that runs may save, so that nothing is computed but what these need;
    data_files: tables of other runs that hold the model's data variables, the first that has a series counts; allow:
    folders in which the model's workbooks may lie beside its own folder; edits: what is changed before the model
    is ordered.
    """
    from huangpu.compiler import confined, host
    from huangpu.compiler.source import read_bytes

    data, beside = read_bytes(path), confined.beside(path, data_files, allow)
    driven = None if driven is None else tuple(driven)
    outputs = None if outputs is None else tuple(dict.fromkeys(outputs))
    hash_ = _hash(data, Path(path).stem, method, (driven, precision, outputs, edits), beside.unnamed())
    folder, lanes = cache.folder("programs"), host.lanes()
    if folder:
        names = cache.read(folder / f"{hash_}.files.json")
        full = hash_ if names is None else beside.hash_with(names, hash_)
        kept = cache.read(folder / f"{full}-{lanes}.json") if full else None
        if kept is not None:
            return from_json(kept.decode("utf-8"))
    source = _source(path, data, beside)
    ordered = _kept(_ordered(source, driven, edits), outputs)
    full, whole = beside.hash(hash_), beside.hash(hashlib.sha256(data).hexdigest(), data=True)
    program = _program(ordered, _method(source, method), precision, lanes, full, whole)
    program = replace(program, outputs=outputs or ())
    if folder:
        if beside.read:
            cache.write(folder / f"{hash_}.files.json", beside.names())
        cache.write(folder / f"{full}-{lanes}.json", to_json(program).encode("utf-8"))
    return program


def ordered_model(
    path: str | Path,
    *,
    driven: Iterable[str] | None = None,
    data: bytes | None = None,
    data_files: Iterable[str | Path] = (),
    allow: Iterable[str | Path] = (),
    edits: Edits = NONE,
) -> Ordered:
    """The model of a file with the order in which it is computed: the stages that are the same for every printer."""
    from huangpu.compiler import confined

    return _ordered(_source(path, data, confined.beside(path, data_files, allow)), driven, edits)


def _source(path: str | Path, data: bytes | None, beside: Beside) -> Source:
    """The model as written, with what it takes from other files in it."""
    from huangpu.compiler.read import read_model

    return _filled(read_model(path, data), beside)


def _method(source: Source, asked: str | None) -> str:
    from huangpu.compiler.methods import METHODS

    if asked is None and source.method not in METHODS:
        raise ModelError(f"{source.file}: the method '{source.method}' is not known. Choose {' or '.join(METHODS)}.")
    return asked or source.method


def _filled(source: Source, beside: Beside) -> Source:
    from huangpu.compiler import data, external

    return data.fill(external.fill(source, beside), beside.data)


def _ordered(source: Source, driven: Iterable[str] | None = None, edits: Edits = NONE) -> Ordered:
    from huangpu.compiler.edits import edited, numbered
    from huangpu.compiler.expand import expand
    from huangpu.compiler.order import order

    model = edited(expand(numbered(source, edits)), edits)
    driven = _drawn(model) if driven is None else driven
    return order(model, tuple(dict.fromkeys((*driven, *edits.driven))))


def _kept(ordered: Ordered, outputs: tuple[str, ...] | None) -> Ordered:
    from huangpu.compiler.pruning import pruned

    return ordered if outputs is None else pruned(ordered, (*outputs, *ordered.model.loose))


def check_model(path: str | Path, *, data_files: Iterable[str | Path] = (), allow: Iterable[str | Path] = ()) -> Report:
    """What is wrong with a model file and what is worth a note; `ModelError` where nothing of it can be read.

    What keeps a file that can be read from being compiled stands in the report too. Data files may be missing.
    """
    from huangpu.compiler import confined, data
    from huangpu.compiler.check import check
    from huangpu.compiler.read import read_model

    source = read_model(path)
    report = check(source)
    beside = confined.beside(path, data_files, allow)
    try:
        _ordered(_filled(source if beside.data else data.without(source), beside))
    except ModelError as error:
        return replace(report, refused=str(error))
    return report


def unsupported(
    path: str | Path, *, data_files: Iterable[str | Path] = (), allow: Iterable[str | Path] = ()
) -> tuple[str, ...]:
    """Every construct of a model file that keeps it from being compiled, a line each; data files may be missing."""
    from huangpu.compiler import confined, data, support
    from huangpu.compiler.expand import expand
    from huangpu.compiler.read import read_model
    from huangpu.compiler.syntax import Unread, each

    beside, unread = confined.beside(path, data_files, allow), ()
    try:
        source = read_model(path)
    except Unread as error:
        source, unread = error.source, each(error)
    source = source if beside.data else data.without(source)
    more = support.unsupported(source, lambda s: _filled(s, beside), expand, _ordered if not unread else expand)
    return support.by_line((*unread, *more))


def _drawn(model: FlatModel) -> tuple[str, ...]:
    bases = {base for view in DRIVEN_VIEWS for base in model.views.get(view, ())}
    return tuple(v.id for v in model.variables if v.kind == "constant" and v.base in bases)


def _program(ordered: Ordered, method: str, precision: str, lanes: int, hash_: str, model_hash: str) -> Program:
    from huangpu.compiler import llvm, python
    from huangpu.compiler.control import clock

    ordered, ticks, moving = clock(ordered)
    model = ordered.model
    rows = {v.id: row for row, v in enumerate(model.variables)}
    return Program(
        name=model.name,
        hash=hash_,
        model_hash=model_hash,
        method=method,
        rows=tuple(Entry(v.id, v.label, v.kind, v.base, v.elements, v.units, v.doc, v.hidden) for v in model.variables),
        constants=tuple((rows[v.id], v.equation.value) for v in model.variables if v.kind == "constant"),
        driven=tuple(rows[id_] for id_ in ordered.driven),
        tables=tuple((t.id, t.xs, t.ys, t.extrapolate) for t in model.tables),
        subscripts=model.subscripts,
        dims=model.dims,
        views=model.views,
        labels=model.labels,
        initial_time=model.initial_time,
        final_time=model.final_time,
        time_step=model.time_step,
        saveper=model.saveper,
        kernel=llvm.emit(ordered, method, lanes=lanes, precision=precision),
        readable=python.emit(ordered),
        controls=tuple(Control(c.id, c.label, c.units, c.place) for c in model.controls),
        clock=ticks,
        moving=moving,
        precision=precision,
        settled=model.settled,
        delayed=tuple((v.id, v.steps) for v in model.variables if v.kind == "delayed"),
        delays=tuple(v.longest for v in model.variables if v.kind == "delayed"),
    )


def _hash(
    data: bytes,
    name: str,
    method: str | None,
    options: tuple,
    more: list[tuple[str, bytes]],
) -> str:
    parts = [
        _version(),
        data,
        name.encode("utf-8", "surrogateescape"),
        (method or "").encode(),
        repr(options).encode(),
        *(part for kind, content in more for part in (kind.encode("utf-8", "surrogateescape"), content)),
    ]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


@functools.cache
def _version() -> bytes:
    """The compiler's own source: another compiler makes another program."""
    here = Path(__file__).parent
    files = [*sorted(here.glob("*.py")), *sorted(here.glob("*.ll")), here.parent / "ir.py", here.parent / "program.py"]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).digest()
