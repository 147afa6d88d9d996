"""What is made while a model is expanded: its variables so far, and hidden ones for an equation (`Maker`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from huangpu.compiler import subscripts as ss
from huangpu.compiler.folding import folded
from huangpu.compiler.syntax import Definition, Element, Macro
from huangpu.ir import Call, Control, Expr, ModelError, Name, Number, Table, Time, Variable


@dataclass
class Work:
    """What is known of the model, and what has been made of it so far."""

    known: ss.Subscripts
    elements: dict[str, Element]  # key -> variable or lookup
    macros: dict[str, Macro]
    control: dict[str, float] = field(default_factory=dict)
    variables: list[Variable] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    dims: dict[str, tuple[str, ...]] = field(default_factory=dict)
    terms: int = 0  # of all vector functions
    vectors: dict[tuple, Call] = field(default_factory=dict)  # what several elements share, see `vectors.py`
    settled: set[str] = field(default_factory=set)  # constants that decide what is made: no run may change them
    loose: list[str] = field(default_factory=list)  # control variables that are variables like others
    controls: list[Control] = field(default_factory=list)

    @property
    def step(self) -> Expr:
        """The time step: a number, or the variable that it is."""
        return Name("time_step") if "time_step" in self.loose else Number(self.control["time_step"])


@dataclass
class Equation:
    """One element of one equation: what its names mean and in whose name hidden variables are made (`Maker`)."""

    work: Work
    base: str
    label: str
    elements: tuple[str, ...]
    binding: dict[str, str]  # range (or range! under a vector function) -> element
    definition: Definition
    scope: dict[str, Expr] = field(default_factory=dict)  # inside a macro: its arguments and own variables
    roles: dict[str, int] = field(default_factory=dict)
    inside: tuple[str, ...] = ()  # macros being expanded
    tables: dict[str, str] = field(default_factory=dict)  # inside a macro: its own lookups

    def _name(self, role: str) -> str:
        """A new base id: the variable's, the role, and a number where the role comes again."""
        self.roles[role] = self.roles.get(role, 0) + 1
        base = f"{self.base}_{role}" + (f"_{self.roles[role]}" if self.roles[role] > 1 else "")
        while base in self.work.elements:
            base += "_"
        return base

    def hidden(self, role: str, kind: str, equation: Expr | None, initial: Expr | None = None) -> Expr:
        base = self._name(role)
        self.work.dims[base] = self.work.dims.get(self.base, ())
        label = f"{self.label} ({role.replace('_', ' ')})"
        self.work.variables.append(
            Variable(
                id=element_id(base, self.elements),
                label=label,
                kind=kind,
                equation=equation,
                initial=initial,
                base=base,
                elements=self.elements,
                text=self.definition.text,
                place=self.definition.place,
                hidden=True,
            )
        )
        return Name(self.work.variables[-1].id)

    def share(self, value: Expr, role: str) -> Expr:
        return value if isinstance(value, Name | Number | Time) else self.hidden(role, "auxiliary", value)

    def _change(self, name: Expr, **fields) -> Expr:
        """More about a hidden variable that was made a moment ago."""
        at = next(i for i in reversed(range(len(self.work.variables))) if self.work.variables[i].id == name.id)
        self.work.variables[at] = replace(self.work.variables[at], **fields)
        return name

    def stock(self, role: str, initial: Expr, flow: Callable[[Expr], Expr], *, non_negative: bool = False) -> Expr:
        name = self.hidden(role, "stock", None, initial)
        return self._change(name, equation=flow(name), non_negative=non_negative)

    def memory(self, role: str, initial: Expr) -> Expr:
        return self.hidden(role, "memory", None, initial)

    def carry(self, memory: Expr, value: Expr) -> None:
        self._change(memory, equation=value)

    def delayed(self, role: str, value: Expr, initial: Expr, steps: Expr) -> Expr:
        steps = folded(steps)
        longest = int(steps.value) if isinstance(steps, Number) and steps.value < 2**53 else 0
        held = self.hidden(f"{role}_steps", "frozen", None, steps)
        return self._change(self.hidden(role, "delayed", value, initial), steps=held.id, longest=longest)

    def draw(self, seed: Expr) -> Expr:
        if not isinstance(seed, Number | Name):
            raise ModelError("the seed of a random function must be a number or a constant.")
        return self.hidden("draw", "draw", seed)

    @property
    def time_step(self) -> Expr:
        return self.work.step

    def frozen(self, initial: Expr) -> Expr:
        return self.hidden("initial", "frozen", None, initial)

    def active(self, equation: Expr, initial: Expr) -> Expr:
        return self.hidden("active", "auxiliary", equation, initial)


def element_id(base: str, elements: tuple[str, ...]) -> str:
    return f"{base}[{','.join(elements)}]" if elements else base
