"""The array functions of `arrays.py` as LLVM functions on rows of the workspace: loops that are written once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from huangpu.compiler.arrays import ARRAYS
from huangpu.compiler.registers import Machine, Register, literal


@dataclass(frozen=True)
class Index:
    """A whole number that the kernel knows: a loop's counter, the number of elements, or a sum of such."""

    machine: Writer
    name: str

    def _with(self, instruction: str, a: Index | int, b: Index | int) -> Index:
        return Index(self.machine, self.machine.scalar(f"{instruction} i64 {_name(a)}, {_name(b)}"))

    def __add__(self, other: Index | int) -> Index:
        return self._with("add", self, other)

    def __radd__(self, other: int) -> Index:
        return self._with("add", self, other)

    def __mul__(self, other: Index | int) -> Index:
        return self._with("mul", self, other)

    def __rmul__(self, other: int) -> Index:
        return self._with("mul", self, other)


def _name(k: Index | int) -> str:
    return k.name if isinstance(k, Index) else str(k)


@dataclass(frozen=True)
class Outputs:
    """Rows from %out on: doubles when computed with, whatever they are kept as."""

    machine: Writer

    def place(self, k: Index | int) -> str:
        return self.machine.scalar(f"getelementptr {self.machine.real}, ptr %out, i64 {_name(k * self.machine.block)}")

    def __getitem__(self, k: Index | int) -> Register:
        machine, place = self.machine, self.place(k)
        kept = f"load {machine.type(machine.real)}, ptr {place}, align {machine.align}"
        if machine.real == "double":
            return machine.put("double", kept)
        narrow = machine.put(machine.real, kept)
        return machine.put("double", f"fpext {machine.type(machine.real)} {narrow} to {machine.type('double')}")

    def __setitem__(self, k: Index | int, value: Register | float) -> None:
        machine, place = self.machine, self.place(k)
        kept, vector = machine.operand(value), machine.type(machine.real)
        if machine.real != "double":
            kept = machine.put(machine.real, f"fptrunc {machine.type('double')} {kept} to {vector}").name
        machine.lines.append(f"  store {vector} {kept}, ptr {place}, align {machine.align}")


class Inputs(Outputs):
    """Rows anywhere: %rows says how far from %at each begins."""

    def place(self, k: Index | int) -> str:
        entry = self.machine.scalar(f"getelementptr i64, ptr %rows, i64 {_name(k)}")
        offset = self.machine.scalar(f"load i64, ptr {entry}")
        return self.machine.scalar(f"getelementptr {self.machine.real}, ptr %at, i64 {offset}")


@dataclass
class Cell:
    """A vector in a place of its own, which LLVM turns into a register."""

    machine: Writer
    place: str

    @property
    def now(self) -> Register:
        return self.machine.put("double", f"load {self.machine.type('double')}, ptr {self.place}")

    @now.setter
    def now(self, value: Register | float) -> None:
        self.machine.lines.append(
            f"  store {self.machine.type('double')} {self.machine.operand(value)}, ptr {self.place}"
        )


@dataclass(frozen=True)
class Writer(Machine):
    """The machine that writes a formula's loops down. `parts` are the names of the blocks so far, the last is open."""

    real: str = "double"
    block: int = 64
    align: int = 64
    maths: str = "maths"  # where exp and power of doubles are
    places: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=lambda: ["entry"])

    def scalar(self, text: str) -> str:
        """An instruction whose result is no vector; the register's name."""
        return self.put("", text).name

    def operand(self, value: Register | float) -> str:
        return value.name if isinstance(value, Register) else f"splat (double {literal(float(value))})"

    def cell(self, value: Register | float) -> Cell:
        place = f"%cell{len(self.places)}"
        self.places.append(f"  {place} = alloca {self.type('double')}")  # at the top: inside a loop each turn had one
        made = Cell(self, place)
        made.now = value
        return made

    def number(self, k: Index | int) -> Register | float:
        if isinstance(k, int):
            return float(k)
        vector, scalar = self.type("double"), self.scalar(f"sitofp i64 {k.name} to double")
        one = self.put("double", f"insertelement {vector} poison, double {scalar}, i64 0")
        return self.put("double", f"shufflevector {vector} {one}, {vector} poison, {self.type('i32')} zeroinitializer")

    def exp(self, x: Register) -> Register:
        return self._function("exp", x)

    def normal(self, x: Register) -> Register:
        return self._function("normal", x)

    def pow(self, x: Register, y: Register) -> Register:
        return self._function("pow", x, y)

    def _function(self, name: str, *args: Register) -> Register:
        vector = self.type("double")
        return self.put("double", f"call {vector} @{self.maths}.{name}({', '.join(f'{vector} {x}' for x in args)})")

    def when(self, truth: Register) -> Iterator[Index]:
        some = self.scalar(f"call i1 @llvm.vector.reduce.or.v{self.lanes}i1({self.type('i1')} {truth})")
        return self.each(0, Index(self, self.scalar(f"zext i1 {some} to i64")))

    def each(self, start: Index | int, stop: Index | int) -> Iterator[Index]:
        mark = len(self.lines)
        counter, before = f"%i{mark}", self.parts[-1]
        self.lines.extend([f"  br label %head{mark}", f"head{mark}:", ""])
        self.lines.append(f"  %more{mark} = icmp slt i64 {counter}, {_name(stop)}")
        self.lines.append(f"  br i1 %more{mark}, label %body{mark}, label %end{mark}")
        self.lines.append(f"body{mark}:")
        self.parts.append(f"body{mark}")
        yield Index(self, counter)
        self.lines.extend([f"  %next{mark} = add i64 {counter}, 1", f"  br label %head{mark}", f"end{mark}:"])
        begin, again = f"[ {_name(start)}, %{before} ]", f"[ %next{mark}, %{self.parts[-1]} ]"
        self.lines[mark + 2] = f"  {counter} = phi i64 {begin}, {again}"
        self.parts.append(f"end{mark}")


def array_function(name: str, layout) -> str:
    """The LLVM function @array.name for %n elements; rows as in `vector.Layout`."""
    on = Writer(
        layout.lanes,
        real=layout.real,
        block=layout.block,
        align=layout.align,
        maths="maths" if layout.real == "double" else "double",
    )
    ARRAYS[name].formula(Inputs(on), Outputs(on), Index(on, "%n"), on)
    head = f"define internal void @array.{name}(ptr %at, ptr readonly %rows, ptr %out, i64 %n) noinline {{"
    return "\n".join([head, "entry:", *on.places, *on.lines, "  ret void", "}", ""])
