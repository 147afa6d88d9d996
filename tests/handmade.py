"""Small models written down as data, and a plain numpy run of them: what the kernels are checked against."""

from __future__ import annotations

import hashlib

import numpy as np

from huangpu.compiler import llvm, plain
from huangpu.compiler.functions import OPS, SMALL
from huangpu.compiler.methods import METHODS
from huangpu.ir import Call, Expr, FlatModel, Interpolate, Name, Number, Ordered, Table, Time, Variable
from huangpu.program import Entry, Program


def n(value) -> Expr:
    return (
        value if not isinstance(value, int | float | str) else Name(value) if isinstance(value, str) else Number(value)
    )


def call(op: str, *args) -> Call:
    return Call(op, tuple(n(arg) for arg in args))


def constant(id: str, value: float, **more) -> Variable:
    return Variable(id, id, "constant", Number(value), base=id, **more)


def auxiliary(id: str, equation, initial=None, **more) -> Variable:
    return Variable(id, id, "auxiliary", n(equation), None if initial is None else n(initial), base=id, **more)


def stock(id: str, flow, start, **more) -> Variable:
    return Variable(id, id, "stock", n(flow), n(start), base=id, **more)


def ordered(
    *variables: Variable,
    tables: tuple[Table, ...] = (),
    driven: tuple[str, ...] = (),
    times: tuple[float, float, float] = (2000.0, 2010.0, 0.25),
    once: tuple[str, ...] = (),
) -> Ordered:
    """A model whose variables are given in an order in which they can be computed; `once` keep their first value."""
    start, end, dt = times
    model = FlatModel("handmade", variables, tables, {}, {}, {}, start, end, dt, dt)
    initial = tuple(v.id for v in variables if v.kind != "constant")
    step = tuple(v.id for v in variables if v.kind == "auxiliary" and v.id not in once)
    return Ordered(model, initial, step, driven)


def program(ordered: Ordered, method: str = "euler", lanes: int = 8, precision: str = "double", **layout) -> Program:
    model = ordered.model
    rows = {v.id: row for row, v in enumerate(model.variables)}
    text = llvm.emit(ordered, method, lanes=lanes, precision=precision, **layout)
    return Program(
        name=model.name,
        hash=hashlib.sha256(text.encode()).hexdigest(),
        model_hash="0" * 64,
        method=method,
        rows=tuple(Entry(v.id, v.label, v.kind, v.base, v.elements, v.units, v.doc, v.hidden) for v in model.variables),
        constants=tuple((rows[v.id], v.equation.value) for v in model.variables if v.kind == "constant"),
        driven=tuple(rows[id] for id in ordered.driven),
        tables=tuple((t.id, t.xs, t.ys, t.extrapolate) for t in model.tables),
        subscripts=model.subscripts,
        dims=model.dims,
        views=model.views,
        labels=model.labels,
        initial_time=model.initial_time,
        final_time=model.final_time,
        time_step=model.time_step,
        saveper=model.saveper,
        kernel=text,
        readable="",
        precision=precision,
    )


def oscillator(times=(0.0, 8.0, 0.125)) -> Ordered:
    """A mass on a spring: position cos(omega t), velocity -omega sin(omega t)."""
    return ordered(
        constant("omega", 1.25),
        stock("position", "velocity", 1.0),
        stock("velocity", call("neg", call("mul", call("mul", "omega", "omega"), "position")), 0.0),
        times=times,
    )


def economy(**more) -> Ordered:
    """Something of everything but the C library: stocks, a lookup, a lever, a value kept from the start."""
    return ordered(
        constant("lifetime", 12.0),
        constant("share", 0.2),
        constant("lever", 0.0),
        Variable("capital_at_start", "capital_at_start", "frozen", None, n(100.0), base="capital_at_start"),
        stock("capital", call("sub", "investment", "scrapping"), call("mul", "capital_at_start", 1.5)),
        stock("labour", call("mul", "labour", call("sub", "crowding", 1.0)), 50.0),
        auxiliary("crowding", Interpolate("crowding_of", call("div", "labour", "capital"))),
        auxiliary("output", call("min", call("mul", "capital", 0.5), call("mul", "labour", "crowding"))),
        auxiliary("late", call("ge", Time(), 2005.0)),
        auxiliary("boost", call("if", call("and", "late", call("gt", "lever", 0.0)), call("add", "lever", 1.0), 1.0)),
        auxiliary("investment", call("mul", call("mul", "output", "share"), "boost")),
        auxiliary("scrapping", call("zidz", "capital", "lifetime")),
        tables=(Table("crowding_of", "crowding_of", (0.0, 0.2, 0.5, 1.0), (1.1, 1.02, 0.99, 0.8)),),
        driven=("lever",),
        **more,
    )


# -- the plain run ----------------------------------------------------------------------------------------------------


def _xidz(a, b, c):
    return np.where(np.abs(b) < SMALL, c, a / b)


_NAMES = {
    "np": np,
    **{name: getattr(plain, name) for name in ("exp", "ln", "power", "sin", "cos", "tan", "normal", "probit")},
    "xidz": _xidz,
    "zidz": lambda a, b: _xidz(a, b, 0.0),
    "quantum": lambda a, b: np.where(b < SMALL, a, b * np.trunc(a / b)),
}


def evaluate(expr: Expr, values: dict, tables: dict[str, Table]):
    match expr:
        case Number(value):
            return np.float64(value)
        case Time():
            return values["(time)"]
        case Name(id):
            return values[id]
        case Interpolate(table, x):
            return read(tables[table], evaluate(x, values, tables))
        case Call(op, args):
            given = {f"a{k}": evaluate(arg, values, tables) for k, arg in enumerate(args)}
            if op == "if":
                given["a0"] = given["a0"] != 0
            return 1.0 * eval(OPS[op].text.format(*given), _NAMES | given)


def read(table: Table, x):
    xs, ys = np.array(table.xs), np.array(table.ys)
    inside = np.where(np.isnan(x), x, np.interp(x, xs, ys))
    if not table.extrapolate:
        return inside
    slopes = np.diff(ys) / np.diff(xs)
    below = np.where(x < xs[0], slopes[0] * (x - xs[0]) + ys[0], inside)
    return np.where(x >= xs[-1], slopes[-1] * (x - xs[-1]) + ys[-1], below)


def plain_run(ordered: Ordered, method: str, members: int, parameters=None, driven=None) -> dict[str, np.ndarray]:
    """Every variable at every step, (n_steps + 1, members); driven: id -> (n_steps + 1, members)."""
    model, tableau = ordered.model, METHODS[method]
    variables = {v.id: v for v in model.variables}
    tables = {t.id: t for t in model.tables}
    stocks = [v for v in model.variables if v.kind == "stock"]
    steps = round((model.final_time - model.initial_time) / model.time_step)
    dt = model.time_step
    now = {v.id: v.equation.value for v in model.variables if v.kind == "constant"} | (parameters or {})
    out = {id: np.empty((steps + 1, members)) for id in variables}

    def flows(time):
        now["(time)"] = np.float64(time)
        for id in ordered.step:
            now[id] = evaluate(variables[id].equation, now, tables)
        return [evaluate(s.equation, now, tables) for s in stocks]

    def moved(start, coefficients, ks):
        terms = [k if c == 1.0 else c * k for c, k in zip(coefficients, ks, strict=False) if c != 0.0]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return start + dt * total

    with np.errstate(all="ignore"):
        for i in range(steps + 1):
            time = model.initial_time + i * dt
            now |= {id: series[i] for id, series in (driven or {}).items()}
            if i == 0:
                now["(time)"] = np.float64(time)
                for id in ordered.initial:
                    v = variables[id]
                    now[id] = evaluate(v.equation if v.initial is None else v.initial, now, tables)
            ks = [flows(time)]
            for id in variables:
                out[id][i] = now[id]
            start = [now[s.id] for s in stocks]
            for node, stage in zip(tableau.nodes[1:], tableau.stages[1:], strict=True):
                for k, s in enumerate(stocks):
                    now[s.id] = moved(start[k], stage, [flow[k] for flow in ks])
                ks.append(flows(time + node * dt))
            for k, s in enumerate(stocks):
                now[s.id] = moved(start[k], tableau.weights, [flow[k] for flow in ks])
    return out
