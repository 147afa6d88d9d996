"""Any model file, run with its own time settings, with any of it replaced: from Python and from the command line.

compile_model      -> a `Model`: its program, which runs itself
given, values      what people give, by the names of the file -> numbers an element
compiler.edits     -> the program that this needs, where the model's own will not do
grid               -> the steps and which of them are saved
running            -> values at the saved times
output, state      -> Dataset, table of Vensim's form; the state at the end, to go on from
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from huangpu import compiler
from huangpu.anymodel.given import Given
from huangpu.anymodel.names import RunError
from huangpu.anymodel.output import as_table, write
from huangpu.anymodel.running import Compile, run
from huangpu.program import Program
from huangpu.runtime.dataset import dataset

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Given", "Model", "RunError", "compile_model", "run", "write"]

CONTROL = ("initial_time", "final_time", "time_step", "saveper")


@dataclass(frozen=True)
class Model(Program):
    """A program that knows the file it was made of, and so can be run with anything in it replaced.

    variant: edits -> the program with them, compiled when first asked for.
    """

    variant: Compile = field(default=lambda edits: None, compare=False, repr=False)

    def run(
        self,
        params: Mapping[str, object] | None = None,
        *,
        initial: Mapping[str, object] | None = None,
        lookups: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        save: Sequence[str] | None = None,
        members: int | None = None,
        initial_time: float | None = None,
        final_time: float | None = None,
        time_step: float | None = None,
        saveper: float | None = None,
        from_state: str | os.PathLike | None = None,
        final_state: str | os.PathLike | None = None,
        seed: int = 0,
        threads: int | None = None,
    ) -> xr.Dataset:
        """Values at the saved times, dims time and member and the model's subscripts.

        Names are those of the file, in any case, with spaces or underscores; `share[electronics]` is one element.
        params    in place of constants, or of any variable but a stock: a number; an array of the variable's elements,
                  or of (members, *elements); a pandas Series over time; an xarray DataArray with any of the dimensions
                  time, member and the variable's ranges
        initial   the same without time, for stocks and INITIAL values at the start
        lookups   points of lookups: pairs (x, y), a pandas Series over x, or a list of such, one a member
        data      series of data variables, as for params
        save      variables or elements; everything that the file names if None
        seed      of random functions
        members   how many; as many as the arrays have if None
        initial_time, final_time, time_step, saveper   in place of the model's control variables
        from_state, final_state   file to go on from, and to write, see `state.py`
        RunError and ModelError say what does not fit, all at once.
        """
        times = dict(zip(CONTROL, (initial_time, final_time, time_step, saveper), strict=True))
        given = Given(
            params={**(params or {}), **{name: value for name, value in times.items() if value is not None}},
            initial=initial or {},
            lookups=lookups or {},
            data=data or {},
            save=save,
            members=members,
            seed=seed,
        )
        done = run(self, self.variant, given, from_state=from_state, final_state=final_state, threads=threads)
        return dataset(as_table(done))


def compile_model(
    path: str | os.PathLike,
    *,
    method: str | None = None,
    precision: str = "double",
    data_files: Iterable[str | os.PathLike] = (),
    allow: Iterable[str | os.PathLike] = (),
) -> Model:
    """The model of a file, ready to run; a `Program` for all who take one. ModelError says what is wrong.

    The rest is as in `compiler.compile_model`.
    """
    path, data_files, allow = Path(path), tuple(data_files), tuple(allow)

    @functools.cache
    def variant(edits: compiler.Edits) -> Program:
        return compiler.compile_model(
            path, method=method, precision=precision, data_files=data_files, allow=allow, edits=edits
        )

    program = variant(compiler.Edits())
    fields = {f.name: getattr(program, f.name) for f in dataclasses.fields(program)}
    return Model(**fields, variant=variant)
