"""The formulas of `maths.py` as LLVM functions on vectors: registers that write down what is done with them."""

from __future__ import annotations

import inspect
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

COMPARISONS = {"<": "olt", "<=": "ole", ">": "ogt", ">=": "oge", "==": "oeq", "!=": "une"}  # une: true of nan


@dataclass(frozen=True)
class Machine:
    """Writes the instructions of one function on vectors of `lanes`; what a formula may ask for, see `maths.py`."""

    lanes: int
    lines: list[str] = field(default_factory=list)

    def type(self, kind: str) -> str:
        return f"<{self.lanes} x {kind}>"

    def put(self, kind: str, text: str) -> Register:
        name = f"%r{len(self.lines)}"
        self.lines.append(f"  {name} = {text}")
        return Register(self, kind, name)

    def where(self, truth: Register, a, b) -> Register:
        listed = ", ".join(f"{self.type('double')} {_operand(value, 'double')}" for value in (a, b))
        return self.put("double", f"select {self.type('i1')} {truth}, {listed}")

    def bits(self, number: Register) -> Register:
        return self.put("i64", f"bitcast {self.type('double')} {number} to {self.type('i64')}")

    def double(self, bits: Register) -> Register:
        return self.put("double", f"bitcast {self.type('i64')} {bits} to {self.type('double')}")

    def abs(self, number: Register) -> Register:
        return self.intrinsic("fabs", number)

    def trunc(self, number: Register) -> Register:
        return self.intrinsic("trunc", number)

    def sqrt(self, number: Register) -> Register:
        return self.intrinsic("sqrt", number)

    def intrinsic(self, name: str, number: Register) -> Register:
        vector = self.type("double")
        return self.put("double", f"call {vector} @llvm.{name}.v{self.lanes}f64({vector} {number})")

    def library(self, name: str, truth: Register, x: Register, usual: Register) -> Register:
        """The C library is asked only if a lane needs it."""
        some = self.put("", f"call i1 @llvm.vector.reduce.or.v{self.lanes}i1({self.type('i1')} {truth})")
        self.lines.extend([f"  br i1 {some}, label %far, label %near", "far:"])
        mixed = self.where(truth, self.intrinsic(name, x), usual)
        self.lines.extend(["  br label %near", "near:"])
        return self.put("double", f"phi {self.type('double')} [ {usual}, %entry ], [ {mixed}, %far ]")


@dataclass(frozen=True, eq=False)
class Register:
    """A vector of double, i64 (a bit pattern) or i1 (a truth value)."""

    machine: Machine
    kind: str
    name: str

    def __str__(self) -> str:
        return self.name

    def _with(self, instruction: str, a, b, kind: str = "") -> Register:
        listed = f"{_operand(a, self.kind)}, {_operand(b, self.kind)}"
        return self.machine.put(kind or self.kind, f"{instruction} {self.machine.type(self.kind)} {listed}")

    def _compare(self, sign: str, other) -> Register:
        if self.kind == "i64":
            return self._with({"!=": "icmp ne"}[sign], self, other, "i1")
        return self._with(f"fcmp {COMPARISONS[sign]}", self, other, "i1")

    def _sum(self, name: str, a, b) -> Register:
        return self._with(name if self.kind == "i64" else f"f{name}", a, b)

    def __add__(self, other) -> Register:
        return self._sum("add", self, other)

    def __radd__(self, other) -> Register:
        return self._sum("add", other, self)

    def __sub__(self, other) -> Register:
        return self._sum("sub", self, other)

    def __rsub__(self, other) -> Register:
        return self._sum("sub", other, self)

    def __mul__(self, other) -> Register:
        return self._with("fmul", self, other)

    def __rmul__(self, other) -> Register:
        return self._with("fmul", other, self)

    def __truediv__(self, other) -> Register:
        return self._with("fdiv", self, other)

    def __rtruediv__(self, other) -> Register:
        return self._with("fdiv", other, self)

    def __neg__(self) -> Register:
        return self.machine.put("double", f"fneg {self.machine.type('double')} {self}")

    def __lshift__(self, count: int) -> Register:
        return self._with("shl", self, count)

    def __rshift__(self, count: int) -> Register:
        return self._with("lshr", self, count)

    def __and__(self, other) -> Register:
        return self._with("and", self, other)

    def __or__(self, other) -> Register:
        return self._with("or", self, other)

    def __xor__(self, other) -> Register:
        return self._with("xor", self, other)

    def __lt__(self, other) -> Register:
        return self._compare("<", other)

    def __gt__(self, other) -> Register:
        return self._compare(">", other)

    def __eq__(self, other) -> Register:
        return self._compare("==", other)

    def __ne__(self, other) -> Register:
        return self._compare("!=", other)


def _operand(value: Register | float, kind: str) -> str:
    """A register's name, or a number in all lanes."""
    match value:
        case Register():
            return value.name
        case _ if kind == "double":
            return f"splat (double {literal(float(value))})"
    return f"splat ({kind} {value})"


def literal(value: float) -> str:
    """A double as LLVM reads it back to the bit."""
    return "0x" + struct.pack(">d", value).hex().upper()


def function(name: str, formula: Callable, lanes: int) -> str:
    """The LLVM function @name that computes `formula` lane by lane. No C library's name: that is what it may call."""
    machine = Machine(lanes)
    names = [f"%{p}" for p in inspect.signature(formula).parameters][:-1]
    result = formula(*(Register(machine, "double", n) for n in names), machine)
    vector = machine.type("double")
    head = f"define internal {vector} @{name}({', '.join(f'{vector} {n}' for n in names)}) noinline {{"
    return "\n".join([head, "entry:", *machine.lines, f"  ret {vector} {result}", "}", ""])
