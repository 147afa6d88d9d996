"""Small XMILE files, and their runs by our readable text and by simlin."""

from pathlib import Path

import numpy as np

from huangpu.compiler import compile_model, python
from huangpu.compiler.syntax import key

DIMS = """<dim name="D"><elem name="a"/><elem name="b"/><elem name="c"/></dim><dim name="N" size="3"/>
<dim name="E"><elem name="x"/><elem name="y"/></dim><dim name="S"><elem name="a"/><elem name="b"/></dim>"""


def xmile(
    variables: str, *, dims: str = DIMS, more: str = "", models: str = "", specs: str = "", dt: str = "0.5"
) -> str:
    """The text of a model over time 0 to 5 with these variables; `more`: macros and the like."""
    return f"""<?xml version="1.0" encoding="utf-8"?>
<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0" xmlns:isee="http://iseesystems.com/XMILE">
<header><vendor>t</vendor><product version="1">t</product><name>t</name></header>
<sim_specs {specs or 'method="Euler"'}><start>0</start><stop>5</stop><dt>{dt}</dt></sim_specs>
<dimensions>{dims}</dimensions>{more}
<model><variables>
{variables}
</variables></model>{models}</xmile>"""


def escaped(equation: str) -> str:
    return equation.replace("&", "&amp;").replace("<", "&lt;")


def aux(name: str, equation: str, *dims: str, kind: str = "aux", inside: str = "") -> str:
    """A variable; `inside`: more tags in it."""
    over = _over(dims) if dims else ""
    return f'<{kind} name="{name}">{over}<eqn>{escaped(equation)}</eqn>{inside}</{kind}>'


def _over(dims: tuple[str, ...]) -> str:
    return "<dimensions>" + "".join(f'<dim name="{d}"/>' for d in dims) + "</dimensions>"


def elements(name: str, dims: tuple[str, ...], values: dict[str, str], *, inside: str = "") -> str:
    """An array with an equation for each element."""
    each = "".join(f'<element subscript="{e}"><eqn>{v}</eqn></element>' for e, v in values.items())
    return f'<aux name="{name}">{_over(dims)}{each}{inside}</aux>'


def written(folder: Path, text: str, name: str = "model.xmile") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def run(path: Path) -> dict[str, np.ndarray]:
    """Every variable at every step, by label, by the readable text."""
    program = compile_model(path)
    _, values = python.run(program.readable)
    return {row.label: values[row.id] for row in program.rows}


def run_simlin(path: Path) -> dict[str, np.ndarray]:
    """The same by simlin; by key, as it has names of its own."""
    import simlin

    results = simlin.load(str(path)).run(analyze_loops=False).results
    return {key(name): results[name].to_numpy() for name in results.columns}
