"""The model as data: what the compiler's stages hand to one another. No behaviour.

A model file becomes a `FlatModel`: every subscripted variable is one scalar `Variable` an element, every SMOOTH, DELAY
and the like is spelt out as stocks and auxiliaries. `Ordered` adds the sequence in which things are computed.

Why scalars: ordering by element then comes for free (Vensim orders elements, PySD orders whole variables and refuses
models in which the elements of an array depend on each other in turn).
"""

from __future__ import annotations

from dataclasses import dataclass, field


class ModelError(Exception):
    """Something is wrong with a model file. The message says what, where (file, line, variable) and what to do.

    `str(error)` is the whole message for a person; several problems of one model are joined, one a line.
    """


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a model file; line 0 where it is not known."""

    file: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """The value of a variable, by its id."""

    id: str


@dataclass(frozen=True, slots=True)
class Time:
    """The model's time in its own unit (years)."""


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or a function applied to arguments.

    `op` is a row of the table in `compiler/functions.py`; comparisons and logic give 1.0 or 0.0, `if` takes
    (condition, then, else) and a condition is true where it is not 0.
    """

    op: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Interpolate:
    """A lookup table read at `x`."""

    table: str
    x: Expr


Expr = Number | Name | Time | Call | Interpolate


@dataclass(frozen=True, slots=True)
class Table:
    """A lookup: straight lines between (xs, ys), xs rising.

    Outside its range it holds the end values (`extrapolate` False) or continues the end segments (True).
    mode  "interpolate", or how a series of data is read: "look_forward" (the next point's y), "hold_backward" (the last
          point's), "raw" (nan but at a point)
    """

    id: str
    label: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    extrapolate: bool = False
    units: str = ""
    doc: str = ""
    mode: str = "interpolate"


@dataclass(frozen=True, slots=True)
class Variable:
    """One scalar quantity.

    kind       what `equation` and `initial` mean
    constant   equation: a `Number` (a parameter: may be given per member, or driven through time)
    auxiliary  equation: its value; initial: its value at the start only (ACTIVE INITIAL), else None
    stock      equation: net flow a time unit; initial: value at the start
    frozen     initial: its value, computed once at the start (INITIAL); equation None
    memory     initial: value at the start; equation: value from the next step on, changed at whole steps only
    draw       a random number in (0, 1), a new one each step; equation: the seed, a `Number` or the name of a constant
    delayed    its value is that of `equation` some whole steps ago; initial: what it is until then
    """

    id: str  # unique, e.g. "output[electronics]"
    label: str  # as Vensim names it, e.g. "Output[Electronics]"
    kind: str
    equation: Expr | None
    initial: Expr | None = None
    base: str = ""  # id of the whole variable: "output"
    elements: tuple[str, ...] = ()  # ids of its elements: ("electronics",)
    units: str = ""
    doc: str = ""
    text: str = ""  # the equation as written, for messages and the readable form
    place: Place = Place("")
    hidden: bool = False  # made by the expansion (inside a SMOOTH, DELAY, ...), not named in the file
    non_negative: bool = False  # of a stock: cut off at 0 after each step
    steps: str = ""  # of a delayed one: id of the number of steps, read once at the start (1 or more; nan: for ever)
    longest: int = 0  # of a delayed one: how many steps that is at most, 0 where only the run can tell


@dataclass(frozen=True, slots=True)
class Control:
    """A control variable of the file; `place`: how many of the model's variables stand before it."""

    id: str
    label: str
    units: str
    place: int


@dataclass(frozen=True)
class FlatModel:
    name: str
    variables: tuple[Variable, ...]  # in file order
    tables: tuple[Table, ...]
    subscripts: dict[str, tuple[str, ...]]  # range id -> element ids
    dims: dict[str, tuple[str, ...]]  # base id -> the range id of each of its subscripts
    views: dict[str, tuple[str, ...]]  # view name -> base ids of the variables drawn in it
    initial_time: float
    final_time: float
    time_step: float
    saveper: float
    settled: tuple[
        str, ...
    ] = ()  # base ids of constants that decided what variables there are, as a delay's order does
    labels: dict[str, str] = field(default_factory=dict)  # range and element ids -> names as written
    controls: tuple[Control, ...] = ()  # as the file has them
    loose: tuple[str, ...] = ()  # control variables that are no fixed numbers, but `Variable`s too


@dataclass(frozen=True)
class Ordered:
    """A model and the order in which it is computed. Ids, each after all that it needs.

    `initial` brings every non-constant to its value at the start: stocks and frozen from `initial`, auxiliaries from
    `initial` where they have one (ACTIVE INITIAL), else from `equation`.
    `step` lists the auxiliaries that change during the run; those missing from it keep their value from the start.
    """

    model: FlatModel
    initial: tuple[str, ...]
    step: tuple[str, ...]
    driven: tuple[str, ...]  # ids of the constants that a run drives through time
