"""Units of every equation as written, against the units that the model declares.

The rules are Vensim's: unit names are literal but for synonyms (`dimension.py`), sums and comparisons join equal units,
EXP and the like take pure numbers, a stock's net flow is its unit per unit of time (that of TIME STEP), a lookup gives
its own unit. A number typed into an equation is a pure number in products, but takes the unit that is needed in sums,
comparisons, arguments such as STEP(5000, 10), and where it is all of the equation: World3 has `1 - mortality` and
`Time > 1940`. Where it stands for a quantity that way, a warning says so; 0 fits everywhere, as does what has no unit.

Macros are checked where they are called, with the units of their arguments; what they declare inside is not looked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from huangpu.compiler import written
from huangpu.compiler.dimension import DMNL, SYNONYMS, Unit, names, over, power, read_unit, text, times
from huangpu.compiler.fixed import fixed
from huangpu.compiler.subscripts import Subscripts, subscripts
from huangpu.compiler.syntax import Apply, Definition, Element, Macro, Node, Ref, Source, Values
from huangpu.compiler.unit_rules import RULES, Rule
from huangpu.ir import ModelError, Number, Place

CONTROL = ("time_step", "initial_time", "final_time", "saveper")
MAX_EXPONENT = 100
SHOWN = 100  # characters of a part of an equation
MAX_MACROS = 1000  # calls that are looked into for one equation


@dataclass(frozen=True, slots=True)
class Bare:
    """Numbers typed into the equation, and nothing else."""

    zero: bool = False


Found = Unit | Bare | None  # the unit of an expression; None where it is not known, which fits everything


@dataclass(frozen=True, slots=True)
class Problem:
    place: Place
    equation: str
    what: str


@dataclass(frozen=True)
class Units:
    """What `check_units` finds. `missing`: variables without a unit -> the unit their equation gives, "" if unknown."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]  # lookups read at no pure number, typed numbers that stand for a quantity
    missing: dict[str, str]
    equations: int
    unknown: int  # equations that could not be checked, as something in them has no unit


@dataclass
class Model:
    """What is known before any equation is looked at."""

    units: dict[str, Unit | None]
    lookups: frozenset[str]
    macros: dict[str, Macro]
    labels: written.Labels
    ranges: Subscripts
    time: Unit | None
    calls: int = 0  # of macros, in the equation at hand


@dataclass
class At:
    """One equation while it is checked."""

    model: Model
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    scope: dict[str, Found | Node] = field(default_factory=dict)  # inside a macro: its arguments and own variables

    def text(self, node: Node) -> str:
        shown = written.text(node, self.model.labels)
        return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."


def check_units(source: Source) -> Units:
    problems: list[Problem] = []
    synonyms = names((*SYNONYMS, *source.synonyms))
    units = {e.key: _declared(e, synonyms, problems) for e in source.elements}
    model = Model(
        units=units,
        lookups=frozenset(e.key for e in source.elements if e.definitions[0].kind == "lookup"),
        macros={m.key: m for m in source.macros},
        labels=written.labels(source),
        ranges=_ranges(source),
        time=next((units[name] for name in CONTROL if units.get(name) is not None), None),
    )
    warnings: list[Problem] = []
    missing = {e.key: "" for e in source.elements if not e.units}
    equations = unknown = 0
    for element in source.elements:
        for definition in (d for d in element.definitions if d.kind == "equation"):
            at, model.calls = At(model), 0
            found = _equation(element, definition, at)
            place, equation = definition.place, definition.text
            problems += [Problem(place, equation, what) for what in dict.fromkeys(at.problems)]
            warnings += [Problem(place, equation, what) for what in dict.fromkeys(at.warnings)]
            equations += 1
            unknown += not at.problems and not isinstance(found, Bare) and (found is None or units[element.key] is None)
            if isinstance(found, tuple) and element.key in missing:
                missing[element.key] = text(found)
    return Units(tuple(problems), tuple(warnings), missing, equations, unknown)


def _declared(element: Element, synonyms: dict[str, str], problems: list[Problem]) -> Unit | None:
    try:
        return read_unit(element.units, synonyms) if element.units else None
    except ModelError as error:
        first = element.definitions[0]
        what = f"the unit '{element.units[:60]}' cannot be read: {error}. Write it like robot/(person*year)."
        problems.append(Problem(first.place, first.text, what))
        return None


def _ranges(source: Source) -> Subscripts:
    """None at all where they are wrong: the compiler says so."""
    try:
        return subscripts(source.ranges)
    except ModelError:
        return Subscripts({}, {}, {}, {})


def _equation(element: Element, definition: Definition, at: At) -> Found:
    """The unit that an equation gives, compared with what the model says."""
    model, declared = at.model, at.model.units[element.key]
    try:
        match definition.node:
            case Apply("INTEG" | "INTEG NON NEGATIVE", (flow, initial)) if (
                declared is not None and model.time is not None
            ):
                found = _infer(initial, at)
                _compare(found, declared, "the initial value gives", "the model says", at)
                rate, change = _infer(flow, at), over(declared, model.time)
                _compare(rate, change, "the net flow gives", f"a stock in {text(declared)} needs", at)
                return None if rate is None else found
        found = _infer(definition.node, at)
    except RecursionError:  # the compiler refuses such an equation, and says so
        return None
    if element.key in CONTROL and model.time is not None and declared is not None and declared != model.time:
        at.problems.append(f"units differ: {text(declared)}, but time is in {text(model.time)}. Give both one unit.")
    elif declared is not None:
        _compare(found, declared, "the equation gives", "the model says", at)
    return found


def _compare(found: Found, wanted: Unit, gives: str, says: str, at: At) -> None:
    if isinstance(found, tuple) and found != wanted:
        fix = _near(found, wanted) or f"Multiply by a constant of {text(over(wanted, found))}, or correct the unit."
        at.problems.append(f"units differ: {gives} {text(found)}, {says} {text(wanted)}. {fix}")


def _near(a: Unit, b: Unit) -> str:
    """A hint where two names may be meant as one."""
    only = {name for name, _ in a} ^ {name for name, _ in b}
    pairs = sorted((name, f"{name}s") for name in only if f"{name}s" in only)
    return " ".join(f"{one} and {many} are two units: use one, or make them synonyms in Vensim." for one, many in pairs)


# ---- what an expression gives


def _infer(node: Node, at: At) -> Found:
    match node:
        case Number(value):
            return Bare(zero=value == 0)
        case Values() | Apply("GET DIRECT CONSTANTS"):
            return Bare()
        case Ref(key):
            return _reference(key, at)
        case Apply():
            once = {id(arg): arg for arg in node.args}  # SMOOTH's input is its initial value too
            made = {key: _infer(arg, at) for key, arg in once.items()}
            return _apply(node, [made[id(arg)] for arg in node.args], at)
    return None


def _reference(key: str, at: At) -> Found:
    if key in at.scope:
        held = at.scope[key]
        if isinstance(held, Number | Values | Ref | Apply):  # a macro's own equation, looked at when it is first needed
            at.scope[key] = None
            at.scope[key] = _infer(held, at)
        return at.scope[key]
    if key in at.model.units:
        return at.model.units[key]
    if key.removesuffix("_") == "time":
        return at.model.time
    return DMNL if key in at.model.ranges.elements or key in at.model.ranges.numbers else None


def _apply(node: Apply, found: list[Found], at: At) -> Found:
    function = node.function
    if function in at.model.macros:
        return _macro(at.model.macros[function], found, at)
    if function in at.model.lookups and len(found) == 1:
        return _lookup(node, node.args[0], found[0], at.model.units[function], at)
    match function, node.args:
        case "WITH LOOKUP", (x, _):
            return _lookup(node, x, found[0], None, at)
        case "lookup_extrapolate" | "lookup_forward" | "lookup_backward", (Ref(lookup), x):
            return _lookup(node, x, found[1], at.model.units.get(lookup), at)
    if function in SPECIAL and len(found) == SPECIAL[function][0]:
        return SPECIAL[function][1](node, found, at)
    rule = RULES.get(function)
    return _by_rule(rule, node, found, at) if rule and len(rule.takes) == len(found) else None


def _by_rule(rule: Rule, node: Apply, found: list[Found], at: At) -> Found:
    parts = list(zip(rule.takes, node.args, found, strict=True))
    for takes, arg, unit in parts:
        _argument(takes, arg, unit, node, at)
    joined = _same([(arg, unit) for takes, arg, unit in parts if takes == "same"], node, at)
    return joined if rule.gives == "same" else _kind(rule.gives, at)


def _kind(name: str, at: At) -> Unit | None:
    """The unit that a rule means by `dmnl`, `time` or `rate`; None for the others."""
    time = at.model.time
    return {"dmnl": DMNL, "time": time, "rate": None if time is None else over(DMNL, time)}.get(name)


def _argument(takes: str, arg: Node, found: Found, node: Apply, at: At) -> None:
    wanted = _kind(takes, at)
    if not isinstance(found, tuple) or wanted is None or found == wanted:
        return
    what = "a pure number" if takes == "dmnl" else f"in {text(wanted)}"
    fix = "Divide it by a reference value." if takes == "dmnl" else "Correct it or its unit."
    at.problems.append(f"units differ: in {at.text(node)}, {at.text(arg)} is {text(found)}, but must be {what}. {fix}")


def _same(parts: list[tuple[Node, Found]], node: Apply, at: At) -> Found:
    """The one unit of all parts; a problem where there are two."""
    units = [f for _, f in parts if isinstance(f, tuple)]
    typed = [arg for arg, f in parts if isinstance(f, Bare) and not f.zero]
    if not units:
        return None if any(f is None for _, f in parts) else Bare(zero=not typed)
    if len(set(units)) == 1:
        if typed and units[0] != DMNL:
            at.warnings.append(
                f"in {at.text(node)}, {at.text(typed[0])} stands for something in {text(units[0])}. "
                "Make it a constant with a name and that unit."
            )
        return units[0]
    shown = [f"{at.text(arg)} ({text(f)})" for arg, f in parts if isinstance(f, tuple)]
    at.problems.append(f"units differ: {at.text(node)} joins {' and '.join(shown)}. Bring them to one unit.")
    return None


def _plain(found: Found) -> Unit | None:
    return DMNL if isinstance(found, Bare) else found


def _lookup(node: Apply, x: Node, found: Found, gives: Unit | None, at: At) -> Found:
    if isinstance(found, tuple) and found != DMNL:
        at.warnings.append(
            f"{at.text(node)} reads a lookup at {text(found)}. Divide {at.text(x)} by a reference value."
        )
    return gives


def _macro(macro: Macro, found: list[Found], at: At) -> Found:
    """The unit of a macro's value, out of its equations and the units of its arguments."""
    at.model.calls += 1
    if len(found) != len(macro.params) or at.model.calls > MAX_MACROS:
        return None
    equations = {e.key: e.definitions[0].node for e in macro.elements}
    inner = replace(at, scope=equations | dict(zip(macro.params, found, strict=True)))
    return {key: _reference(key, inner) for key in equations}.get(macro.key)


# ---- functions that make a unit of their own


def _joined(join: Callable[[Unit, Unit], Unit], a: Found, b: Found) -> Found:
    if a is None or b is None:
        return None
    return Bare(a.zero) if isinstance(a, Bare) and isinstance(b, Bare) else join(_plain(a), _plain(b))


def _raised(node: Apply, found: list[Found], at: At) -> Found:
    """A power: the exponent is a number typed into the equation, or base and exponent are both pure numbers."""
    base, exponent = found
    _argument("dmnl", node.args[1], exponent, node, at)
    if not isinstance(base, tuple) or base == DMNL:
        return base if not isinstance(base, Bare) or isinstance(exponent, Bare) else DMNL
    value = fixed(node.args[1], {})
    if value is not None and math.isfinite(value) and abs(value) <= MAX_EXPONENT:
        return power(base, Fraction(value).limit_denominator(MAX_EXPONENT))
    at.problems.append(
        f"units differ: {at.text(node)} raises {text(base)} to a power that is no typed number. "
        "Divide it by a reference value."
    )
    return None


Special = Callable[[Apply, list[Found], At], Found]


def _root(node: Apply, found: list[Found], at: At) -> Found:
    return power(found[0], Fraction(1, 2)) if isinstance(found[0], tuple) else found[0]


def _quotient_or(node: Apply, found: list[Found], at: At) -> Found:
    """XIDZ: the quotient and what stands for it have one unit."""
    quotient = (Apply("/", node.args[:2]), _joined(over, *found[:2]))
    return _same([quotient, (node.args[2], found[2])], node, at)


def _timed(join: Callable[..., Unit]) -> Special:
    """RAMP, a slope times time, and XMILE's PULSE, a volume over a time step: the other arguments are times."""

    def gives(node: Apply, found: list[Found], at: At) -> Found:
        for arg, unit in zip(node.args[1:], found[1:], strict=True):
            _argument("time", arg, unit, node, at)
        return found[0] if isinstance(found[0], Bare) else _joined(join, found[0], at.model.time)

    return gives


def _stock(node: Apply, found: list[Found], at: At) -> Found:
    """A stock inside an expression: its net flow over time has the unit of its initial value."""
    flow, initial = found
    change = flow if isinstance(flow, Bare) else _joined(times, flow, at.model.time)
    return _same([(Apply("*", (node.args[0], Ref("time_step"))), change), (node.args[1], initial)], node, at)


def _product_over(node: Apply, found: list[Found], at: At) -> Found:
    """PROD: as many factors as the ranges marked ! have elements."""
    elements = at.model.ranges.elements
    marked = {s[:-1] for part in written.parts(node.args[0]) for s in part.subscripts if s.endswith("!")}
    count = math.prod(len(elements.get(name, ())) for name in marked)
    if not isinstance(found[0], tuple) or found[0] == DMNL:
        return found[0]
    return power(found[0], Fraction(count)) if 0 < count <= MAX_EXPONENT else None


SPECIAL: dict[str, tuple[int, Special]] = {  # number of arguments, what it gives
    "*": (2, lambda node, found, at: _joined(times, *found)),
    "/": (2, lambda node, found, at: _joined(over, *found)),
    "zidz": (2, lambda node, found, at: _joined(over, *found)),
    "xidz": (3, _quotient_or),
    "^": (2, _raised),
    "power": (2, _raised),
    "sqrt": (1, _root),
    "ramp": (3, _timed(times)),
    "PULSE": (3, _timed(over)),
    "SAFEDIV": (3, _quotient_or),
    "INTEG": (2, _stock),
    "INTEG NON NEGATIVE": (2, _stock),
    "prod": (1, _product_over),
}
