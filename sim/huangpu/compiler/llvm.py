"""Ordered model -> LLVM text: the fast form of what `python.py` prints readably.

Members lie in blocks; the workspace is [row][block], row i being `model.variables[i]`. Some equations at a time become
one loop over the block's members, some such loops one function that is not inlined. A loop computes `lanes` members
side by side, four registers full, because the arithmetic of one alone waits for itself. A member's bits depend neither
on the block, nor on the lanes, nor on its neighbours.

Why these numbers: measured on World3 and on a model with many powers. Four registers against one: 1.2 and 1.9 times as
fast (with 512 bits; 1.0 and 1.5 with 256), but only where lookups and the functions of `maths.py` are called, not
inlined: the text would become too long for the instruction cache. Blocks of 64 against 32: 5 % on the larger model.
Small functions keep compile time linear; loops are not unrolled, which takes four times as long to compile.

Constants, lookups and drivers are data given at run time; only a lookup's number of knots is in the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Template

from huangpu.compiler import arraytext, draws, noise, scan
from huangpu.compiler.functions import operators
from huangpu.compiler.methods import METHODS, Method
from huangpu.compiler.registers import literal
from huangpu.compiler.staging import staged
from huangpu.compiler.vector import DT, Layout, Loop, address, compute, functions, lookup, lookup_name
from huangpu.ir import Call, Expr, Interpolate, Name, Number, Ordered, Table, Variable

BLOCK = 64  # members
EQUATIONS = 8  # in a loop
LOOPS = 4  # in a function

# precision -> what `rows.ll` should say of it
REALS = {
    "double": {"real": "double", "narrow": "bitcast", "widen": "bitcast", "bytes": "8"},
    "single": {"real": "float", "narrow": "fptrunc", "widen": "fpext", "bytes": "4"},
}

CARRIED = ("memory", "delayed")  # kinds that change at whole steps only
Assignment = tuple[str, Expr]  # id of a row and what is stored there


def emit(ordered: Ordered, method: str, *, lanes: int, block: int = BLOCK, precision: str = "double") -> str:
    """The kernel's LLVM text; entry point `huangpu_run`, see `driver.ll` for what it takes.

    Row i of the workspace is `ordered.model.variables[i]`; constants, tables and driven constants are taken in the
    order of the model's variables, the model's tables and `ordered.driven`. `block` is a multiple of `lanes`, which
    LLVM shares out over registers as wide as the machine has. In `precision` "single" rows and
    arithmetic are of 24 bits, what comes in and goes out stays double: 1.5 to 2 times as fast, for screening.
    """
    plain, (ordered, apart) = ordered, staged(ordered)
    layout = _layout(ordered, METHODS[method], lanes, block, REALS[precision]["real"])
    layout.arrays.update(arraytext.places([*_equations(plain), *_equations(ordered), *apart.values()], layout.rows))
    parts = [
        _header(ordered, layout),
        _file("driver.ll"),
        Template(_file("rows.ll")).substitute(REALS[precision]),
        *functions(layout, arraytext.used(operators(plain.model))),
        *_disturb(ordered, layout, precision),
        *arraytext.functions(layout),
        *{lookup_name(table): _lookup(table, layout) for table in ordered.model.tables}.values(),
        *_function("initial", [*_initial(plain), *apart.items()], layout),
        *_function("step", _step(ordered), layout),
        *_advance(ordered, METHODS[method], layout),
        '!0 = !{!"llvm.loop.unroll.disable"}',
    ]
    return "\n".join(parts)


def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _lookup(table: Table, layout: Layout) -> str:
    return lookup(table, layout) if table.mode == "interpolate" else scan.lookup(lookup_name(table), table, layout)


def _disturb(ordered: Ordered, layout: Layout, precision: str) -> Iterator[str]:
    """@disturb, what a step begins with: noise on driven constants, random draws, what comes out of delays.

    Where there is none it is not worth its 50 ms of the compiler.
    """
    parts: list[str] = []
    drawn = [v for v in ordered.model.variables if v.kind == "draw"]
    delays = [v for v in ordered.model.variables if v.kind == "delayed"]
    if ordered.driven:
        parts.append("shake_all" if drawn or delays else "disturb")
        yield Template(_file("noise.ll")).substitute(name=parts[0])
        yield noise.text(layout)
    if drawn:
        parts.append("draw_all")
        yield draws.text([_draw(v, layout) for v in drawn], layout)
    if delays:
        parts.append("recall")
        yield Template(_file("delays.ll")).substitute(REALS[precision])
    if parts != ["disturb"]:
        arguments = "(ptr %job, ptr %space, i64 %first, i64 %step)"
        calls = " ".join([*(f"call void @{part}{arguments}\n" for part in parts), "ret void"])
        yield f"define internal void @disturb{arguments} {{ {calls} }}\n"


def _draw(v: Variable, layout: Layout) -> draws.Draw:
    seed = layout.rows[v.equation.id] if isinstance(v.equation, Name) else float(v.equation.value)
    return draws.Draw(layout.rows[v.id], draws.stream(v.id), seed)


def _header(ordered: Ordered, layout: Layout) -> str:
    """The numbers that `driver.ll` needs to know."""
    constants = [layout.rows[v.id] for v in ordered.model.variables if v.kind == "constant"]
    lists = {"constant": constants, "driven": [layout.rows[id] for id in ordered.driven]}
    delays = [v for v in ordered.model.variables if v.kind == "delayed"]
    if delays:
        lists |= {"delay": [layout.rows[id] for v in delays for id in (v.id, v.steps, _next(v.id))]}
    lines = [f"@block = internal constant i64 {layout.block}", f"@rows = internal constant i64 {len(layout.rows)}"]
    for name, rows in lists.items():
        items = f"[{', '.join(f'i64 {row}' for row in rows)}]" if rows else "zeroinitializer"
        lines.append(f"@{name}s = internal constant i64 {len(rows)}")
        lines.append(f"@{name}_rows = internal constant [{len(rows)} x i64] {items}")
    return "\n".join([*lines, ""])


def _layout(ordered: Ordered, method: Method, lanes: int, block: int, real: str) -> Layout:
    """Rows: the variables, the net flows of each stage, for methods of several stages the start, what is carried on."""
    stocks = [v.id for v in ordered.model.variables if v.kind == "stock"]
    ids = [v.id for v in ordered.model.variables]
    ids += [_flow(s, k) for k in range(len(method.weights)) for s in stocks]
    if len(method.weights) > 1:
        ids += [_start(s) for s in stocks]
    ids += [_next(v.id) for v in ordered.model.variables if v.kind in CARRIED]
    tables, offset = {}, 0
    for table in ordered.model.tables:
        tables[table.id] = (table, offset)
        offset += 3 * len(table.xs)
    rows = {id: row for row, id in enumerate(ids)}
    return Layout(rows, tables, lanes, block, real=real)


def _equations(ordered: Ordered) -> Iterator[Expr]:
    yield from (e for v in ordered.model.variables for e in (v.equation, v.initial) if e is not None)


# -- what is computed, as assignments ---------------------------------------------------------------------------------


def _flow(stock: str, stage: int) -> str:
    """Id of the row with a stock's net flow at a stage."""
    return f"(flow {stage} of){stock}"


def _start(stock: str) -> str:
    return f"(start of){stock}"


def _next(id: str) -> str:
    """Id of the row with what a memory holds, or a delay takes in, from the next step on."""
    return f"(next of){id}"


def _initial(ordered: Ordered) -> Iterator[Assignment]:
    variables = {v.id: v for v in ordered.model.variables}
    for id in ordered.initial:
        variable = variables[id]
        yield id, variable.equation if variable.initial is None else variable.initial


def _step(ordered: Ordered) -> Iterator[Assignment]:
    variables = {v.id: v for v in ordered.model.variables}
    yield from ((id, variables[id].equation) for id in ordered.step)


def _moved(start: str, coefficients: Iterable[float], flows: Iterable[Expr]) -> Expr:
    """start + dt * (c0 * flow0 + c1 * flow1 + ...), see `methods.py`."""
    terms = [
        flow if c == 1.0 else Call("mul", (Number(c), flow))
        for c, flow in zip(coefficients, flows, strict=False)
        if c != 0.0
    ]
    total = terms[0]
    for term in terms[1:]:
        total = Call("add", (total, term))
    return Call("add", (Name(start), Call("mul", (DT, total))))


def _advance(ordered: Ordered, method: Method, layout: Layout) -> Iterator[str]:
    """@advance: from the values at this step to the stocks at the next."""
    variables = ordered.model.variables
    stocks = {v.id: v.equation for v in variables if v.kind == "stock"}
    floors = [(v.id, Call("max", (Name(v.id), Number(0.0)))) for v in variables if v.non_negative]
    taken = [(_next(v.id), v.equation) for v in variables if v.kind in CARRIED]
    kept = [*floors, *((v.id, Name(_next(v.id))) for v in variables if v.kind == "memory")]
    last = len(method.weights) - 1
    if last == 0:
        yield from _function("advance", [*taken, *_euler(stocks), *kept], layout)
        return
    body, time = [], "%time"
    for k in range(len(method.weights)):
        work: list[Assignment] = [*taken, *((_start(s), Name(s)) for s in stocks)] if k == 0 else []
        work += [(_flow(s, k), equation) for s, equation in stocks.items()]
        coefficients = method.weights if k == last else method.stages[k + 1]
        work += [(s, _moved(_start(s), coefficients, [Name(_flow(s, i)) for i in range(last + 1)])) for s in stocks]
        work += kept if k == last else []
        yield from _function(f"stage{k}", work, layout)
        body.append(f"  call void @stage{k}(ptr %space, ptr %lookups, double {time}, double %dt)")
        if k != last:
            time = f"%t{k}"
            body.append(f"  %c{k} = fmul double {literal(method.nodes[k + 1])}, %dt")
            body.append(f"  {time} = fadd double %time, %c{k}")
            body.append(f"  call void @step(ptr %space, ptr %lookups, double {time}, double %dt)")
    yield _define("advance", body)


def _euler(stocks: dict[str, Expr]) -> list[Assignment]:
    """Each stock moved by its flow at once; only those that another stock's flow reads wait until all are known."""
    read = {id for stock, flow in stocks.items() for id in _names(flow) if id != stock}
    waiting = [stock for stock in stocks if stock in read]
    return [
        *((_flow(stock, 0), stocks[stock]) for stock in waiting),
        *((stock, _moved(stock, (1.0,), (flow,))) for stock, flow in stocks.items() if stock not in read),
        *((stock, _moved(stock, (1.0,), (Name(_flow(stock, 0)),))) for stock in waiting),
    ]


def _names(expr: Expr) -> Iterator[str]:
    """The ids of the variables that an expression reads."""
    match expr:
        case Name(id):
            yield id
        case Interpolate(_, x):
            yield from _names(x)
        case Call(_, args):
            for arg in args:
                yield from _names(arg)


# -- functions and loops ----------------------------------------------------------------------------------------------


def _function(name: str, work: Iterable[Assignment], layout: Layout) -> Iterator[str]:
    """@name does all of `work` in order: in loops of `EQUATIONS`, in functions of `LOOPS` loops, which it calls."""
    calls = []
    loops = list(_parts(list(arraytext.filled(work, layout)), EQUATIONS))
    for number, group in enumerate(_parts(loops, LOOPS)):
        marks = [next(layout.marks) for _ in group]
        body = [line for mark, part in zip(marks, group, strict=True) for line in _loop(mark, part, layout)]
        yield _define(f"{name}.{number}", body)
        yield from (f"!{mark} = distinct !{{!{mark}, !0}}" for mark in marks)
        calls.append(f"  call void @{name}.{number}(ptr %space, ptr %lookups, double %time, double %dt)")
    yield _define(name, calls)


def _parts(items: list, size: int) -> Iterator[list]:
    return (items[k : k + size] for k in range(0, len(items), size))


def _define(name: str, body: list[str]) -> str:
    head = f"define internal void @{name}(ptr %space, ptr %lookups, double %time, double %dt)"
    return "\n".join([f"{head} noinline {{", *body, "  ret void", "}", ""])


def _loop(mark: int, work: list[Assignment], layout: Layout) -> list[str]:
    """The lines of one loop over the block, a vector of members at a time; !mark is its metadata."""
    name = f"l{mark}"
    loop = Loop(name, layout)
    for id, expr in work:
        if id == arraytext.FILL:
            loop.lines.append(arraytext.fill(expr, loop))
            continue
        loop.held[id] = compute(expr, loop)
        at = address(id, loop)
        loop.lines.append(f"  store {layout.vector} {loop.held[id]}, ptr {at}, align {layout.align}")
    return [
        f"  br label %{name}.begin",
        f"{name}.begin:",
        f"  br label %{name}",
        f"{name}:",
        f"  %{name}.j = phi i64 [ 0, %{name}.begin ], [ %{name}.next, %{name} ]",
        f"  %{name}.base = getelementptr {layout.real}, ptr %space, i64 %{name}.j",
        *loop.lines,
        f"  %{name}.next = add i64 %{name}.j, {layout.lanes}",
        f"  %{name}.more = icmp ult i64 %{name}.next, {layout.block}",
        f"  br i1 %{name}.more, label %{name}, label %{name}.end, !llvm.loop !{mark}",
        f"{name}.end:",
    ]
