"""The variables of a module -> `syntax.Element`s: equations, stocks' flows, graphical functions, element by element."""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from huangpu.compiler.source import printable
from huangpu.compiler.syntax import Apply, Definition, Element, Node, Points, Values, at, problem_list
from huangpu.compiler.xmile_arrays import Known, Resolver, Unroll
from huangpu.compiler.xmile_graph import points
from huangpu.compiler.xmile_model import MAX_VARIABLES, Variable, name, title
from huangpu.compiler.xmile_text import Called, Named, Part, numbers, parse
from huangpu.compiler.xmile_xml import Tag
from huangpu.ir import ModelError, Number, Place

REFUSED = ("conveyor", "queue", "oven", "leak", "leak_fraction", "overflow", "multiplier")  # tags inside a variable
MAX_PROBLEMS = 25
BLANK = Points((0.0,), (0.0,))
UNKNOWN = "???"  # what an exporter writes where it could not say an equation
COMMAS = re.compile(r'"(?:\\.|[^"\\])*"|[^,"]+')


@dataclass(frozen=True, slots=True)
class Written:
    """One equation as it stands in the file. subscripts: of the elements it is for, None for all."""

    subscripts: tuple[str, ...] | None
    text: str
    part: Part | Values | None  # None where there is only a graphical function
    initial: Part | None
    graph: Points | None
    place: Place


def written(variable: Variable, known: Known, problems: list[str]) -> list[Written]:
    """The equations of a variable, parsed; problems noted with their places."""
    found: list[Written] = []
    tag = variable.tag
    elements = list(tag.all("element"))
    equations = list(tag.all("eqn"))
    first = known.dims[variable.dims[0]].labels if variable.dims and variable.dims[0] in known.dims else ()
    entries: list[tuple[Tag, Tag | None, tuple[str, ...] | None]]
    entries = [(e, e.first("eqn"), _subscripts(e)) for e in elements]
    if len(equations) > 1 and len(equations) == len(first):  # one equation an element of the first dimension
        entries += [(tag, e, (label, *variable.dims[1:])) for e, label in zip(equations, first, strict=True)]
    elif equations or not elements:
        entries.append((tag, equations[0] if equations else None, None))
    for entry, equation, subscripts in entries:
        place = Place(variable.place.file, equation.line if equation else entry.line)
        try:
            for refused in entry.all(*REFUSED):
                raise ModelError(f"<{refused.name}> is not supported. Write it with stocks, flows and delays.")
            found.append(_written(variable, entry, equation, subscripts, place, known))
        except ModelError as error:
            problems.append(f"{at(place)}: {variable.label}: {error}")
    return found


def _written(
    variable: Variable,
    entry: Tag,
    equation: Tag | None,
    subscripts: tuple[str, ...] | None,
    place: Place,
    known: Known,
) -> Written:
    graph = entry if variable.kind == "gf" else (entry.first("gf") or variable.tag.first("gf"))
    table = None
    if graph is not None:
        table = known.graphs[id(graph)] = known.graphs.get(id(graph)) or points(graph)
        known.spend(len(table.xs))
    first = entry.inner("init_eqn")
    initial = parsed(first)[1] if first else None
    if equation is None or not equation.text.strip():
        if table is None or variable.kind == "stock":
            raise ModelError("it has no equation. Write one.")
        return Written(subscripts, "", None, initial, table, place)
    values = numbers(equation.text) if variable.dims else None
    if values is not None:
        known.spend(len(values))
        return Written(subscripts, printable(equation.text), Values(tuple(values)), initial, table, place)
    text, part = parsed(equation.text)
    return Written(subscripts, text, part, initial, table, place)


@functools.lru_cache(maxsize=4096)
def parsed(text: str) -> tuple[str, Part]:
    """An equation on one line, and its tree; kept, as a model may be in many places of another."""
    if UNKNOWN in text:
        raise ModelError(f"the program that wrote the file left {UNKNOWN} for the equation. Write it in.")
    return printable(text), parse(text)


def _subscripts(element: Tag) -> tuple[str, ...]:
    return tuple(title(text) for text in COMMAS.findall(element.attributes.get("subscript", "")))


def called(part: object) -> Iterator[str]:
    """Names that are called in an equation, with one argument or by LOOKUP, and so may be graphical functions."""
    match part:
        case Called(function, args, subscripts):
            if name(function) == "lookup" and args and isinstance(args[0], Named):
                yield args[0].name
            yield function
            for inner in (*args, *(subscripts or ())):
                yield from called(inner)
        case Apply(_, args):
            for inner in args:
                yield from called(inner)
        case Named(_, subscripts) if subscripts:
            for inner in subscripts:
                yield from called(inner)


@dataclass
class Reader:
    """Makes the elements of one scope (the model with its modules, or a macro)."""

    known: Known
    non_negative: dict[str, bool]  # kind -> what holds where a variable does not say
    problems: list[str]
    called: dict[int, tuple[object, tuple[str, ...]]] = field(default_factory=dict)  # by id of an equation's tree

    def elements(self, variables: list[Variable]) -> list[Element]:
        equations: dict[Variable, list[Written]] = {}
        for variable in variables:
            self.enough()
            equations[variable] = [] if variable.source else written(variable, self.known, self.problems)
        for variable, entries in equations.items():
            if any(e.graph and e.part is None for e in entries):
                variable.table = variable.key
        for variable, entries in equations.items():
            for entry in entries:
                for called_name in self.calls(entry):
                    graph = variable.scope.find(called_name)
                    if graph is not None and graph.graph is not None and not graph.table:
                        graph.table = f"{graph.key}_graph"
        found: list[Element] = []
        for variable in variables:
            self.enough()
            found += self.element(variable, equations[variable])
        return found

    def calls(self, entry: Written) -> tuple[str, ...]:
        if id(entry.part) not in self.called:
            self.called[id(entry.part)] = (entry.part, tuple(set(called(entry.part))))
        return self.called[id(entry.part)][1]

    def enough(self) -> None:
        """Raises what is known of problems where there are more than anybody reads."""
        if len(self.problems) > MAX_PROBLEMS:
            raise ModelError(problem_list(self.problems))

    def element(self, variable: Variable, entries: list[Written]) -> Iterator[Element]:
        """The variable and, where it is called as a graphical function too, that."""
        missing = [d for d in variable.dims if d not in self.known.dims]
        if missing:
            self.problems.append(f"{at(variable.place)}: {variable.label}: there is no dimension {missing[0]}.")
            return
        definitions = list(self.definitions(variable, entries))
        units, doc = printable(variable.tag.inner("units")), printable(variable.tag.inner("doc"))
        if definitions:
            yield Element(variable.key, variable.label, tuple(definitions), units, doc)
        if variable.table and variable.table != variable.key:
            label = f"{variable.label} (graph)"
            tables = [self.graph(variable, entry, label) for entry in entries if entry.graph]
            blank = Definition(variable.dims, (), "lookup", False, BLANK, label, variable.place)  # not read, as noted
            yield Element(variable.table, label, tuple(tables) or (blank,), "", doc)

    def graph(self, variable: Variable, entry: Written, label: str) -> Definition:
        subscripts = self.left(variable, entry.subscripts) if entry.subscripts else variable.dims
        return Definition(subscripts, (), "lookup", False, entry.graph, label, entry.place)

    def definitions(self, variable: Variable, entries: list[Written]) -> Iterator[Definition]:
        if variable.source is not None:
            text = f"{variable.label} = {variable.source.label}"
            entries = [Written(None, text, None, None, None, variable.place)]
        apart: list[tuple[str, ...]] = []
        for entry in entries:
            try:
                own = None if entry.subscripts is None else self.left(variable, entry.subscripts)
                if own is not None:
                    apart.append(own)
                yield from self.spread(variable, entry, own, tuple(apart) if own is None else ())
            except ModelError as error:
                self.problems.append(f"{at(entry.place)}: {variable.label}: {error}")
            except RecursionError:
                self.problems.append(f"{at(entry.place)}: {variable.label}: nested too deeply.")

    def left(self, variable: Variable, subscripts: tuple[str, ...]) -> tuple[str, ...]:
        """The ids of an equation's subscripts: elements of the variable's dimensions, or parts of them."""
        if len(subscripts) != len(variable.dims):
            raise ModelError(f"{len(subscripts)} subscripts for {len(variable.dims)} dimensions.")
        found = []
        for subscript, d in zip(subscripts, variable.dims, strict=True):
            dim, id_ = self.known.dims[d], name(subscript)
            inside = id_ in self.known.dims and self.known.dims[id_].positions.keys() <= dim.positions.keys()
            if id_ not in dim.positions and not inside:
                if not (id_.isdigit() and 1 <= int(id_[:9]) <= len(dim.elements)):
                    raise ModelError(f"{subscript} is no element of {dim.label}.")
                id_ = dim.elements[int(id_) - 1]
            found.append(id_)
        return tuple(found)

    def spread(
        self, variable: Variable, entry: Written, own: tuple[str, ...] | None, excepts: tuple[tuple[str, ...], ...]
    ) -> Iterator[Definition]:
        """One definition, or one an element where the equation counts with its subscripts."""
        subscripts = own if own is not None else variable.dims
        if len(set(variable.dims)) == len(variable.dims):
            try:
                places = dict(self.places(variable, subscripts))
                yield self.definition(variable, entry, subscripts, places, excepts)
                return
            except Unroll:
                pass
        parts = [self.known.dims[s].elements if s in self.known.dims else (s,) for s in subscripts]
        if math.prod(map(len, parts)) > MAX_VARIABLES:
            raise ModelError(f"more than {MAX_VARIABLES} elements. Use smaller dimensions.")
        self.known.spend(math.prod(map(len, parts)))
        for number, elements in enumerate(itertools.product(*parts)):
            if elements not in excepts:
                places = {}
                for d, place in self.places(variable, elements):
                    places.setdefault(d, place)
                yield self.definition(variable, entry, elements, places, (), number)

    def places(self, variable: Variable, subscripts: tuple[str, ...]) -> Iterator[tuple[str, int | None]]:
        """The dimensions that an equation may name: of the array, and parts of them that the left side names."""
        for d, s in zip(variable.dims, subscripts, strict=True):
            if s in self.known.dims and s not in self.known.dims[d].positions:
                yield s, None
            else:
                yield d, self.known.dims[d].positions.get(s)

    def definition(
        self,
        variable: Variable,
        entry: Written,
        subscripts: tuple[str, ...],
        places: dict[str, int | None],
        excepts: tuple[tuple[str, ...], ...],
        number: int = 0,
    ) -> Definition:
        resolver = Resolver(self.known, variable.scope, variable, subscripts, places)
        kind = "lookup" if entry.graph and entry.part is None else "equation"
        node = entry.graph if kind == "lookup" else self.node(variable, entry, resolver, number)
        text = entry.text if variable.source else self.text(variable, entry)
        return Definition(subscripts, excepts, kind, False, node, text, entry.place)

    def node(self, variable: Variable, entry: Written, resolver: Resolver, number: int) -> Node:
        if variable.source is not None:
            return resolver.value(variable.source, None, "")
        part = entry.part
        if not isinstance(part, Values):
            node: Node = resolver.node(part)
        elif len(set(variable.dims)) < len(variable.dims):
            node = Number(part.values[number]) if number < len(part.values) else part
        else:
            node = part
        if variable.kind == "stock":
            keeps = self.keeps(variable)
            return Apply("INTEG NON NEGATIVE" if keeps else "INTEG", (self.net(variable, resolver), node))
        if entry.graph:
            table = variable.table
            node = Apply(table, (node,), resolver.left) if table else Apply("WITH LOOKUP", (node, entry.graph))
        if entry.initial is not None:
            node = Apply("active_initial", (node, resolver.node(entry.initial)))
        return Apply("max", (node, Number(0.0))) if variable.kind == "flow" and self.keeps(variable) else node

    def net(self, variable: Variable, resolver: Resolver) -> Node:
        """Inflows less outflows, in the order of the file."""
        flows = {}
        for end in ("inflow", "outflow"):
            flows[end] = [resolver.node(parsed(tag.text)[1]) for tag in variable.tag.all(end) if tag.text.strip()]
        total: Node | None = None
        for flow in flows["inflow"]:
            total = flow if total is None else Apply("+", (total, flow))
        for flow in flows["outflow"]:
            total = Apply("negative", (flow,)) if total is None else Apply("-", (total, flow))
        return total if total is not None else Number(0.0)

    def keeps(self, variable: Variable) -> bool:
        """Whether a stock or a flow does not fall below 0."""
        tag = variable.tag.first("non_negative")
        if tag is None:
            return self.non_negative[variable.kind]
        return "false" not in tag.text.lower()

    def text(self, variable: Variable, entry: Written) -> str:
        """The equation as one reads it."""
        if variable.kind != "stock":
            return f"{variable.label} = {entry.text}"
        flows = [f"{sign} {title(tag.text)}" for end, sign in SIGNS.items() for tag in variable.tag.all(end)]
        return f"{variable.label} = INTEG({' '.join(flows).removeprefix('+ ') or '0'}, {entry.text})"


SIGNS = {"inflow": "+", "outflow": "-"}
