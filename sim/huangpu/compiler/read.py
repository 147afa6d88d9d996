"""A Vensim model file -> the model as written (`syntax.Source`). With `guard.py`, the only file that knows PySD.

The file is read and decoded here, split and parsed by PySD's grammars, equation by equation, so that an error names
its line. PySD's builder, which writes and runs Python, is never used.
"""

from __future__ import annotations

import contextlib
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, isinf, isnan
from pathlib import Path

from huangpu.compiler import distinct, guard
from huangpu.compiler.modes import MODES
from huangpu.compiler.preparing import (
    Section,
    calls,
    entries,
    listed,
    lookup_pairs,
    output_name,
    sections,
    unlisted,
    without_comments,
)
from huangpu.compiler.source import XMILE, printable, read_bytes
from huangpu.compiler.syntax import (
    NA,
    Apply,
    Definition,
    Element,
    Macro,
    Node,
    Points,
    Range,
    Ref,
    Source,
    Text,
    Unread,
    Values,
    at,
    key,
)
from huangpu.compiler.textfile import Lines, aliases, decode, split, synonyms, views
from huangpu.compiler.xmile import read_xmile
from huangpu.ir import ModelError, Number, Place

MAX_NESTING = 60  # parentheses inside parentheses; PySD's parser gives up at 100 to 200
MAX_POINTS = 10_000  # of a lookup
MAX_RANGE = 10_000  # elements of a subscript range
KEYWORDS = ":INTERPOLATE:, :LOOK FORWARD:, :HOLD BACKWARD: and :RAW:"
SUPPLEMENTARY = ":SUP"  # Vensim's flag of a variable that is there to be looked at

INNERMOST = re.compile(r"\(([^()]*)\)")
BARE = re.compile(r"""(?:\w[\w\s'$]*|"(?:\\"|[^"])*")\s*(?:\[[^\]]*\])?\s*""")  # a left side and nothing else
LAST_DIGITS = re.compile(r"\d+$")
SIGNED_BASE = re.compile(r"[-+*/^=(,<>]\s*\(\s*-\s*[\d.]+(?:e[+-]?\d+)?\s*\)\s*\^", re.IGNORECASE)


def read_model(path: str | Path, data: bytes | None = None) -> Source:
    """The model in a file, Vensim's or XMILE by its suffix (`data`: its bytes, where they are at hand).

    All problems found are raised at once.
    """
    data = read_bytes(path) if data is None else data
    return read_xmile(path, data) if Path(path).suffix.lower() in XMILE else _read_vensim(path, data)


def _read_vensim(path: str | Path, data: bytes) -> Source:
    file = printable(str(path))
    equations, sketch, settings = split(decode(file, data))
    lines = Lines(without_comments(equations))
    problems: list[str] = []
    with _parsing():
        (main, *macros), numbered = _sections(file, lines, problems)
    source = Source(
        file=file,
        name=Path(path).stem,
        ranges=main.ranges,
        elements=main.elements,
        macros=tuple(
            Macro(key(output_name(s, output) if output else s.name), s.params, s.elements, key(output or s.name))
            for s in macros
            for output in ("", *s.outputs)
        ),
        views=views(sketch),
        synonyms=synonyms(settings),
        aliases=aliases(settings),
        renamed=tuple((key(name), printable(distinct.label(name))) for name in numbered.values()),
    )
    if problems:
        raise Unread(problems, source)
    return source


@contextlib.contextmanager
def _parsing() -> Iterator[None]:
    """Without PySD's warnings, and with room for its parser: some forty calls for one pair of parentheses."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 100 * MAX_NESTING))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.setrecursionlimit(limit)


@dataclass
class _Section:
    name: str
    params: tuple[str, ...]
    outputs: tuple[str, ...]
    ranges: tuple[Range, ...]
    elements: tuple[Element, ...]


def _sections(file: str, lines: Lines, problems: list[str]) -> tuple[list[_Section], dict[str, str]]:
    """The sections, the model's own first, and the names that were given a number."""
    try:
        raw = sections(lines.text)
        if not lines.text.strip():
            raise ModelError("not a Vensim model (it is empty). Save it as .mdl from Vensim.")
    except ModelError as error:
        raise ModelError(f"{file}: {error}") from None
    if not raw[0].content.strip():
        raise ModelError(f"{file}: no equations, only macros. Add the model's own equations.")

    macros = {key(s.name): s for s in raw[1:] if s.outputs}
    parts = [_equations(section, file, lines, problems) for section in raw]
    numbered = distinct.renamed(equation for equations in parts for equation, *_ in equations)
    found = [
        _section(section, equations, file, lines, problems, macros, numbered)
        for section, equations in zip(raw, parts, strict=True)
    ]
    return found, numbered


def _equations(section: Section, file: str, lines: Lines, problems: list[str]) -> list[tuple[str, ...]]:
    """Equation, units, documentation and flag of all entries but the headings of groups."""
    equations = []
    for entry in entries(section.content):
        if entry.whole and len(entry.parts) in (3, 4):
            equations.append((*entry.parts, "")[:4])
        elif not (entry.whole and len(entry.parts) == 2 and "***" in entry.parts[0]):  # the heading of a group
            place = Place(file, lines.find(entry.parts[0]))
            problems.append(
                f"{at(place)}: not a Vensim equation "
                f"('{printable(entry.text)[:40]}' has no ~ units ~ documentation | or a quote too many)."
            )
    return equations


def _section(
    section: Section,
    equations: list[tuple[str, ...]],
    file: str,
    lines: Lines,
    problems: list[str],
    macros: dict[str, Section],
    numbered: dict[str, str],
) -> _Section:
    pysd = guard.vensim()
    labels = {key(name): printable(distinct.label(name)) for name in numbered.values()}
    ranges: list[Range] = []
    elements: dict[str, Element] = {}
    for equation, units, doc, flag in equations:
        place = Place(file, lines.find(equation))
        try:
            _check_size(equation)
            for text in calls(lookup_pairs(distinct.written(equation, numbered)), macros):
                data = " :INTERPOLATE:" if BARE.fullmatch(text) else ""  # no equation: data of another run
                part = pysd.element.Element(unlisted(text) + data, units, doc).parse()
                if isinstance(part, pysd.element.SubscriptRange):
                    ranges.append(_range(part, text, place))
                elif isinstance(part, pysd.element.Component):
                    part.parse()
                    label = labels.get(key(part.name), "")
                    _add(elements, part, _definition(part, equation, place), SUPPLEMENTARY in flag, label)
                # else a reality check (:THE CONDITION:, :TEST INPUT:), which computes nothing
        except ModelError as error:
            problems.append(f"{at(place)}: {printable(equation)[:60]}: {error}")
        except Exception as error:  # what PySD raises on text outside its grammar has no common type
            problems.append(f"{at(place)}: {printable(equation)[:60]}: cannot be read ({_why(error)}).")
    params = tuple(key(p) for p in section.params)
    return _Section(section.name, params, section.outputs, tuple(ranges), tuple(elements.values()))


def _why(error: BaseException) -> str:
    """What went wrong inside PySD or its parser, in a few words."""
    error = error.__cause__ or error
    if isinstance(error, guard.Unsafe):
        return "something other than numbers where numbers belong"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if hasattr(error, "pos") and hasattr(error, "text"):
        rest = printable(str(error.text)[error.pos : error.pos + 40])
        return f"it makes no sense from '{rest}'" if rest else "it ends too early"
    return printable(str(error)).removesuffix(".")[:120] or type(error).__name__


def _check_size(equation: str) -> None:
    if guard.has_long_number(equation):
        raise ModelError(f"a number of more than {guard.MAX_DIGITS} digits. Write it shorter, such as 1e9.")
    depth = 0
    for character in equation:
        depth += (character in "([") - (character in ")]")
        if depth > MAX_NESTING:
            raise ModelError(f"more than {MAX_NESTING} nested parentheses. Split it into several equations.")
    for inside in INNERMOST.findall(equation.partition(":")[2]):
        first, last = (LAST_DIGITS.search(name.rstrip()) for name in inside.partition("-")[::2])  # (A1-A9)
        if first and last and (max(len(first[0]), len(last[0])) > 9 or int(last[0]) - int(first[0]) > MAX_RANGE):
            raise ModelError(f"more than {MAX_RANGE} subscript elements.")
    if SIGNED_BASE.search(equation):
        raise ModelError("a negative number in parentheses before ^ is ambiguous. Name it as a constant of its own.")


def _range(part, equation: str, place: Place) -> Range:
    external = tuple(part.definition.values()) if isinstance(part.definition, dict) else ()
    copied = isinstance(part.definition, str)
    members = () if copied or external else tuple(printable(m) for m in part.definition)
    if len(members) > MAX_RANGE:
        raise ModelError(f"more than {MAX_RANGE} subscript elements.")
    same_as = key(part.definition) if copied else None
    maps = () if copied else tuple(key(m) for m in part.mapping)  # a copy's list is PySD's default argument, shared
    return Range(key(part.name), printable(part.name), members, maps, same_as, place, external, listed(equation))


def _definition(part, equation: str, place: Place) -> Definition:
    pysd = guard.vensim()
    subscripts, excepts = part.subscripts
    kinds = {pysd.element.Lookup: "lookup", pysd.element.Data: "data"}
    node = _node(part.ast)
    kind = kinds.get(type(part), "equation")
    if isinstance(node, Apply):
        kind = {"GET DIRECT LOOKUPS": "lookup", "GET DIRECT DATA": "data"}.get(node.function, kind)
    mode = getattr(part, "keyword", None) or "interpolate"
    if mode not in ("interpolate", *MODES):
        raise ModelError(f":{printable(mode).upper()}: is no way to read data. Possible are {KEYWORDS}.")
    return Definition(
        subscripts=tuple(key(s) for s in subscripts),
        excepts=tuple(tuple(key(s) for s in group) for group in excepts),
        kind=kind,
        fixed=isinstance(part, pysd.element.UnchangeableConstant),
        node=node,
        text=printable(equation),
        place=place,
        mode=mode,
    )


def _add(elements: dict[str, Element], part, definition: Definition, output: bool, label: str) -> None:
    """File the equation under its variable, known by its name in lower case, spaces and `_` alike, as in Vensim."""
    name = part.name.lower().replace(" ", "_")
    old = elements.get(name)
    elements[name] = Element(
        key=key(part.name),
        label=old.label if old else label or printable(part.name),
        definitions=(*(old.definitions if old else ()), definition),
        units=printable(part.units or "") or (old.units if old else ""),
        doc=printable(part.documentation or "") or (old.doc if old else ""),
        output=output or (old is not None and old.output),
    )


STRUCTURES = {  # PySD's class -> function, and its fields in the order of the arguments
    "IntegStructure": ("INTEG", ("flow", "initial")),
    "InitialStructure": ("INITIAL", ("initial",)),
    "DelayStructure": ("DELAY", ("input", "delay_time", "initial", "order")),
    "DelayNStructure": ("DELAY N", ("input", "delay_time", "initial", "order")),
    "DelayFixedStructure": ("DELAY FIXED", ("input", "delay_time", "initial")),
    "SmoothStructure": ("SMOOTH", ("input", "smooth_time", "initial", "order")),
    "SmoothNStructure": ("SMOOTH", ("input", "smooth_time", "initial", "order")),
    "TrendStructure": ("TREND", ("input", "average_time", "initial_trend")),
    "ForecastStructure": ("FORECAST", ("input", "average_time", "horizon", "initial_trend")),
    "SampleIfTrueStructure": ("SAMPLE IF TRUE", ("condition", "input", "initial")),
    "GameStructure": ("GAME", ("expression",)),
    "InlineLookupsStructure": ("WITH LOOKUP", ("argument", "lookups")),
    "AllocateAvailableStructure": ("ALLOCATE AVAILABLE", ("request", "pp", "avail")),
    "AllocateByPriorityStructure": ("ALLOCATE BY PRIORITY", ("request", "priority", "size", "width", "supply")),
    "GetLookupsStructure": ("GET DIRECT LOOKUPS", ("file", "tab", "x_row_or_col", "cell")),
    "GetDataStructure": ("GET DIRECT DATA", ("file", "tab", "time_row_or_col", "cell")),
    "GetConstantsStructure": ("GET DIRECT CONSTANTS", ("file", "tab", "cell")),
    "DataStructure": ("DATA", ()),
}


def _node(part) -> Node:
    """PySD's syntax tree as ours."""
    pysd = guard.vensim().expressions
    match part:
        case float() if isnan(part):
            return Number(NA)
        case int() | float():
            return Number(_finite(part))
        case str():
            return Text(printable(part))
        case pysd.ReferenceStructure():
            return Ref(key(part.reference), _subscripts(part))
        case pysd.CallStructure():
            function = part.function
            return Apply(key(function.reference), tuple(_node(a) for a in part.arguments), _subscripts(function))
        case pysd.ArithmeticStructure() | pysd.LogicStructure():
            return _chain(part.operators, [_node(a) for a in part.arguments])
        case pysd.LookupsStructure():
            if len(part.x) > MAX_POINTS:
                raise ModelError(f"more than {MAX_POINTS} points in a lookup.")
            return Points(tuple(map(_finite, part.x)), tuple(map(_finite, part.y)), part.type == "extrapolate")
    if type(part).__name__ in STRUCTURES:
        function, fields = STRUCTURES[type(part).__name__]
        parts = [getattr(part, field) for field in fields]
        made = {i: _node(p) for i, p in {id(p): p for p in parts}.items()}  # SMOOTH's input is its initial value too
        return Apply(function, tuple(made[id(p)] for p in parts))
    return Values(tuple(map(_finite, part.ravel())))  # a numpy array: all that is left


def _finite(value) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = inf
    if isinf(number):
        raise ModelError(f"a number beyond {sys.float_info.max:.1e}, the largest there is. Choose a larger unit.")
    return number


def _subscripts(reference) -> tuple[str, ...]:
    written = reference.subscripts.subscripts if reference.subscripts else ()
    return tuple(key(s.rstrip("!")) + "!" * s.endswith("!") for s in written)


BINDS = ({":and:"}, {":or:"})  # :AND: before :OR:; PySD leaves mixed chains unsplit


def _chain(operators: list[str], args: list[Node]) -> Node:
    """A chain of operators of one rank: from the left, powers from the right."""
    operators = [o.lower() for o in operators]
    if len(args) == 1:
        return Apply(operators[0], tuple(args))
    if operators[0] == "^":
        value = args.pop()
        while args:
            value = _power(args.pop(), value)
        return value
    for rank in BINDS if len(set(operators)) > 1 and operators[0] in (":and:", ":or:") else (set(operators),):
        values, rest = [args[0]], []
        for operator, right in zip(operators, args[1:], strict=True):
            if operator in rank:
                values[-1] = Apply(operator, (values[-1], right))
            else:
                values.append(right)
                rest.append(operator)
        operators, args = rest, values
    return args[0]


def _power(base: Node, exponent: Node) -> Node:
    """A sign before a number binds less than ^, but the parser gives -2 ^ 2 as (-2) ^ 2."""
    if isinstance(base, Number) and base.value < 0:
        return Apply("negative", (Apply("^", (Number(-base.value), exponent)),))
    return Apply("^", (base, exponent))
