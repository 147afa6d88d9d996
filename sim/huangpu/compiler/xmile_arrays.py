"""The tree of an equation -> `syntax.Node`: names looked up in their module, subscripts and arrays resolved.

An equation of a whole array stays one where its subscripts name its dimensions. Where they count (`a[Region - 1]`, a
dimension as a number, dimensions matched by position), `Unroll` asks for it element by element.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from huangpu.compiler.syntax import Apply, Node, Points, Range, Ref
from huangpu.compiler.xmile_functions import ONE, VALUES, built
from huangpu.compiler.xmile_model import Dimension, Scope, Variable, name, split, title
from huangpu.compiler.xmile_text import Called, Named, Part, Slice, Star
from huangpu.ir import ModelError, Number

MAX_WORK = 1_000_000  # names, signs and points of all equations, element by element where they are read so
MAX_RANKED = 100  # elements of an array that RANK puts in order
MAX_CHOICES = 1_000  # elements that a computed subscript picks from
OVER = {"sum": "sum", "prod": "prod", "min": "vmin", "max": "vmax"}  # functions of an array -> over subscripts with !
ARRAYS = {*OVER, "mean", "stddev", "size"}
LOOKUPS = {"lookup"}


class Unroll(Exception):
    """The equation has to be read for each element by itself."""


@dataclass
class Known:
    """What all equations of a file share. `ranges`: those made for them, by id."""

    dims: dict[str, Dimension]
    macros: dict[str, tuple[Part | None, ...]]  # the defaults of each macro's parameters
    ranges: dict[str, Range] = field(default_factory=dict)
    graphs: dict[int, Points] = field(default_factory=dict)  # by id of their tags
    work: int = 0

    def spend(self, parts: int) -> None:
        """Counts what is made of the file, so that no small file keeps the reader busy without end."""
        self.work += parts
        if self.work > MAX_WORK:
            raise ModelError("the model is too large: modules or arrays multiply its equations. Use fewer.")

    def members(self, mark: str) -> tuple[str, ...]:
        of = mark.rstrip("!")
        return self.dims[of].elements if of in self.dims else tuple(map(name, self.ranges[of].members))

    def part_of(self, dim: Dimension, label: str, members: tuple[str, ...]) -> str:
        """The id of a range over some elements of a dimension."""
        id_ = name(label)
        while id_ in self.dims or (id_ in self.ranges and self.ranges[id_].members != members):
            id_ += "_"
        self.ranges.setdefault(id_, Range(id_, label, members, (), None, dim.place))
        return id_


@dataclass
class Resolver:
    """Resolves one equation. places: dimensions on the left -> which element (from 0), None for the whole."""

    known: Known
    scope: Scope
    own: Variable
    left: tuple[str, ...]
    places: dict[str, int | None]

    def node(self, part: Part, over: str = "") -> Node:
        """over: "" outside functions of arrays; "some" inside one; "all" where arrays stand for their elements."""
        self.known.spend(1)
        match part:
            case Number():
                return part
            case Apply(operator, args):
                return Apply(operator, tuple(self.node(a, over) for a in args))
            case Named(written, subscripts):
                return self.named(written, subscripts, over)
            case Called():
                return self.called(part, over)
        raise ModelError("a subscript where a value belongs.")

    # -- names --------------------------------------------------------------------------------------------------------

    def named(self, written: str, subscripts: tuple[Part, ...] | None, over: str) -> Node:
        variable = self.scope.find(written)
        if variable is not None:
            return self.value(variable, subscripts, over)
        id_ = name(written)
        if subscripts is None:
            if id_ == "self":
                return Ref(self.own.key, self.left)
            if id_ in VALUES:
                return VALUES[id_]
            place = self.place(written)
            if place is not None:
                return Number(float(place + 1))
            dim = next((d for d in self.known.dims.values() if id_ in d.positions), None)
            if dim is not None:
                raise ModelError(f"there is no {title(written)}. For the number of an element write {dim.key}.{id_}.")
        raise ModelError(f"there is no {title(written)}.{self.scope.near(written)}")

    def place(self, written: str) -> int | None:
        """The place of the element that a dimension on the left stands for, or of one named as `Dimension.element`."""
        *way, last = split(written)
        if not way and name(last) in self.places:
            place = self.places[name(last)]
            if place is None:
                raise Unroll
            return place
        dim = self.known.dims.get(name(way[0])) if len(way) == 1 else None
        return dim.positions.get(name(last)) if dim else None

    def value(self, variable: Variable, subscripts: tuple[Part, ...] | None, over: str) -> Node:
        if variable.kind == "gf":
            raise ModelError(f"the graphical function {variable.label} without an argument.")
        return self.picked(variable, subscripts, over, lambda found: Ref(variable.key, found))

    def picked(self, variable: Variable, subscripts: tuple[Part, ...] | None, over: str, make) -> Node:
        """The node that `make` gives of the subscripts; one that is computed picks from all elements."""
        missing = [d for d in variable.dims if d not in self.known.dims]
        if missing:
            raise ModelError(f"{variable.label} is an array over {missing[0]}, but there is no such dimension.")
        if subscripts is None:
            found = self.implied(variable, over)
        elif len(subscripts) != len(variable.dims):
            raise ModelError(f"{variable.label} has {len(variable.dims)} subscripts, not {len(subscripts)}.")
        else:
            found = []
            for dim, subscript in zip(variable.dims, subscripts, strict=True):
                found.append(self.subscript(self.known.dims[dim], subscript, over, found))
        if None in found:
            return Number(0.0)  # beyond the ends of a dimension
        computed = [i for i, s in enumerate(found) if not isinstance(s, str)]
        if not computed:
            return make(tuple(found))
        at = computed[0]
        elements = self.known.dims[variable.dims[at]].elements
        if len(elements) > MAX_CHOICES:
            raise ModelError(f"a computed subscript of more than {MAX_CHOICES} elements.")
        self.known.spend(len(elements))
        if len(computed) > 1:
            raise ModelError(f"more than one computed subscript of {variable.label}. Use a variable in between.")
        options = [make((*found[:at], e, *found[at + 1 :])) for e in elements]
        return _choice(found[at], options)

    def implied(self, variable: Variable, over: str) -> list:
        """The subscripts of an array that is named without any."""
        found: list = []
        for d in variable.dims:
            dim = self.known.dims[d]
            if over == "all" or (over and d not in self.places):
                found.append(self.mark(dim, dim.key, found))
            elif d in self.places:
                found.append(self.bound(dim, dim))
            else:
                found.append(self.counted(variable, dim, found))
        return found

    def counted(self, variable: Variable, dim: Dimension, before: list) -> str:
        """A dimension that is not on the left: the one in its place there, if it is as long."""
        at = len(before)
        if len(self.places) == len(variable.dims):
            other = self.known.dims[list(self.places)[at]]
            if len(other.elements) == len(dim.elements):
                return self.bound(other, dim)
        raise ModelError(f"{variable.label} is an array over {dim.label}, which is not on the left. Add subscripts.")

    # -- subscripts ---------------------------------------------------------------------------------------------------

    def subscript(self, dim: Dimension, part: Part, over: str, before: list):
        """A subscript as text; a `Node` where it is computed; None beyond the ends."""
        match part:
            case Star(of):
                if not over:
                    raise ModelError("* is for functions of arrays, such as SUM(a[*]).")
                return self.mark(dim, name(of) if of else dim.key, before)
            case Slice(first, last):
                return self.slice(dim, first, last, over, before)
            case Named(written, None):
                found = self.named_subscript(dim, written, over, before)
                if found is not None:
                    return found
        value = self.node(part)
        constant = _constant(value)
        if constant is None:
            return value
        place = math.floor(constant)
        if isinstance(part, Number) and not 1 <= place <= len(dim.elements):
            raise ModelError(f"there is no element {constant:g} of {dim.label}, which has {len(dim.elements)}.")
        return dim.elements[place - 1] if 1 <= place <= len(dim.elements) else None

    def named_subscript(self, dim: Dimension, written: str, over: str, before: list) -> str | None:
        *way, last = split(written)
        id_ = name(last)
        if id_ in dim.positions and all(name(w) == dim.key or name(w) in self.known.dims for w in way):
            return id_
        if way or id_ not in self.known.dims:
            return None
        if id_ in self.places:
            return self.bound(self.known.dims[id_], dim)
        if over:
            return self.mark(dim, id_, before)
        raise ModelError(f"the dimension {self.known.dims[id_].label} is not on the left, nor in a function of arrays.")

    def bound(self, left: Dimension, dim: Dimension) -> str:
        """The element of `dim` for that of a dimension on the left: the one of the same name, or in the same place."""
        place = self.places[left.key]
        if left.positions.keys() <= dim.positions.keys():
            return left.key if place is None else left.elements[place]
        if place is None:
            raise Unroll
        if left.elements[place] in dim.positions:
            return left.elements[place]
        if place < len(dim.elements):
            return dim.elements[place]
        raise ModelError(f"{dim.label} has no element for {left.labels[place]} of {left.label}.")

    def mark(self, dim: Dimension, of: str, before: list) -> str:
        """A subscript to run over, by a name of its own where an array has the dimension twice."""
        if of not in self.known.dims or not self.known.dims[of].positions.keys() <= dim.positions.keys():
            raise ModelError(f"{title(of)} is no part of the dimension {dim.label}.")
        found, again = self.known.dims[of], 1
        mark = found.key
        while f"{mark}!" in before:
            again += 1
            mark = self.known.part_of(found, f"{found.label} {again}", found.labels)
        return f"{mark}!"

    def slice(self, dim: Dimension, first: Part, last: Part, over: str, before: list) -> str:
        if not over:
            raise ModelError("a:b is for functions of arrays, such as SUM(a[1:3]).")
        ends = [self.subscript(dim, end, "", []) for end in (first, last)]
        places = [dim.positions.get(end) if isinstance(end, str) else None for end in ends]
        if None in places or places[0] > places[1]:
            raise ModelError(f"a part of {dim.label} that does not begin and end with two of its elements, in order.")
        members = dim.labels[places[0] : places[1] + 1]
        mark = f"{self.known.part_of(dim, f'{dim.label} {members[0]} to {members[-1]}', members)}!"
        if mark in before:
            raise ModelError("the same part of a dimension twice in one array. Use a variable in between.")
        return mark

    # -- functions ----------------------------------------------------------------------------------------------------

    def called(self, part: Called, over: str) -> Node:
        function = name(part.name)
        if function in self.known.macros:
            return self.macro(function, part, over)
        if function in LOOKUPS and len(part.args) == 2 and isinstance(part.args[0], Named):
            graph = part.args[0]
            return self.lookup(graph.name, graph.subscripts, part.args[1], over)
        variable = self.scope.find(part.name)
        if variable is not None and variable.table and len(part.args) == 1:
            return self.lookup(part.name, part.subscripts, part.args[0], over)
        if part.subscripts is not None:
            raise ModelError(f"{title(part.name)} with subscripts is no graphical function.")
        if function == "rank" and len(part.args) == 2:
            return self.rank(*part.args)
        if function in ARRAYS and len(part.args) == 1:
            return self.array(function, part.args[0])
        if function in ("sum", "mean"):
            values = [self.node(a, over) for a in part.args]
            total = built("sum", ()) if not values else values[0]
            for value in values[1:]:
                total = Apply("+", (total, value))
            return total if function == "sum" else Apply("/", (total, Number(float(max(len(values), 1)))))
        return built(function, tuple(self.node(a, over) for a in part.args))

    def macro(self, function: str, part: Called, over: str) -> Node:
        args = [self.node(a, over) for a in part.args]
        for default in self.known.macros[function][len(args) :]:
            if default is None:
                break
            args.append(self.node(default))
        return Apply(function, tuple(args))

    def lookup(self, written: str, subscripts: tuple[Part, ...] | None, x: Part, over: str) -> Node:
        variable = self.scope.find(written)
        if variable is None or not variable.table:
            raise ModelError(f"there is no graphical function {title(written)}.{self.scope.near(written)}")
        value = self.node(x, over)
        return self.picked(variable, subscripts, over, lambda found: Apply(variable.table, (value,), found))

    def array(self, function: str, arg: Part) -> Node:
        value = self.node(arg, "some" if _subscripted(arg) else "all")
        marks = list(dict.fromkeys(_marks(value)))
        count = math.prod(len(self.known.members(m)) for m in marks)
        match function:
            case "size":
                return Number(float(count))
            case "mean":
                return self.mean(value, marks, count)
            case "stddev":
                gap = Apply("-", (value, self.mean(value, marks, count)))
                return Apply("sqrt", (self.mean(Apply("^", (gap, Number(2.0))), marks, count),))
        return Apply(OVER[function], (value,)) if marks else value

    def rank(self, array: Part, place: Part) -> Node:
        """The number of the element that comes at a place when all are put in order; the first of equal ones first."""
        value, wanted = self.node(array, "some" if _subscripted(array) else "all"), self.node(place)
        marks = list(_marks(value))
        if not isinstance(value, Ref) or len(marks) != 1 or len(self.known.members(marks[0])) > MAX_RANKED:
            raise ModelError(f"RANK takes one dimension of an array, of no more than {MAX_RANKED} elements.")
        at = value.subscripts.index(marks[0])
        ids = [(*value.subscripts[:at], e, *value.subscripts[at + 1 :]) for e in self.known.members(marks[0])]
        parts = [Ref(value.key, i) for i in ids]
        terms: list[Node] = []
        for i, part in enumerate(parts):
            before = [Apply("<=" if j < i else "<", (other, part)) for j, other in enumerate(parts) if j != i]
            found = Apply("=", (_total([ONE, *before]), wanted))
            terms.append(Apply("if_then_else", (found, Number(i + 1.0), Number(0.0))))
        return _total(terms)

    def mean(self, value: Node, marks: list[str], count: int) -> Node:
        return Apply("/", (Apply("sum", (value,)), Number(float(count)))) if marks else value


def _total(terms: list[Node]) -> Node:
    """The sum of terms, by halves so that it stays shallow."""
    if len(terms) == 1:
        return terms[0]
    half = len(terms) // 2
    return Apply("+", (_total(terms[:half]), _total(terms[half:])))


def _subscripted(part: Part) -> bool:
    """Whether a name in an expression has subscripts."""
    match part:
        case Named(_, subscripts):
            return subscripts is not None
        case Apply(_, args):
            return any(map(_subscripted, args))
        case Called(_, args, subscripts):
            return subscripts is not None or any(map(_subscripted, args))
    return False


def _marks(node: Node) -> Iterator[str]:
    """The subscripts to run over in an expression, but not those of a function of arrays within it."""
    match node:
        case Ref(_, subscripts):
            yield from (s for s in subscripts if s.endswith("!"))
        case Apply(function, args, subscripts) if function not in OVER.values():
            yield from (s for s in subscripts if s.endswith("!"))
            for arg in args:
                yield from _marks(arg)


FOLDED = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b}


def _constant(node: Node) -> float | None:
    """The value of a subscript of numbers alone."""
    match node:
        case Number(value):
            return value
        case Apply("negative", (arg,)):
            value = _constant(arg)
            return None if value is None else -value
        case Apply(operator, (left, right)) if operator in FOLDED:
            values = _constant(left), _constant(right)
            return None if None in values else FOLDED[operator](*values)
    return None


def _choice(index: Node, options: list[Node]) -> Node:
    """The option that an index from 1 picks, 0 where it picks none; a tree of halves, so that it stays shallow."""

    def among(first: int, last: int) -> Node:
        if first == last:
            return options[first]
        middle = (first + last + 1) // 2
        below = Apply("<", (index, Number(float(middle + 1))))
        return Apply("if_then_else", (below, among(first, middle - 1), among(middle, last)))

    inside = Apply(":and:", (Apply(">=", (index, Number(1.0))), Apply("<", (index, Number(len(options) + 1.0)))))
    return Apply("if_then_else", (inside, among(0, len(options) - 1), Number(0.0)))
