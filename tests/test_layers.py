"""Who may import whom, read from the source. Things go one way: model file -> program -> run -> answer."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import huangpu

ROOT = Path(huangpu.__file__).parent

# part of the package -> the other parts that it may import; `cli` may import all, but only inside its functions
LAYERS = {
    "ir": set(),
    "program": set(),
    "yamlfile": set(),
    "files": set(),
    "cache": set(),
    "progress": set(),
    "compiler": {"ir", "program", "cache"},
    "runtime": {"program", "cache", "yamlfile"},
    "measurement": {"yamlfile"},
    "calibration": {"compiler", "runtime", "measurement", "response", "program", "yamlfile", "files", "ir"},
    "results": {"measurement", "yamlfile"},
    "structure": {"ir", "program", "compiler", "runtime"},
    "anymodel": {"compiler", "runtime", "program", "ir"},
    "loops": {"structure", "yamlfile", "ir"},
    "graph": {"structure", "ir"},
    "reference": {"structure", "compiler", "ir"},
    "response": {"runtime", "measurement", "program", "yamlfile"},
    "figures": {"measurement", "yamlfile"},
    "fitted": {"runtime", "program", "files", "yamlfile"},
    "variance": {"forecast", "measurement", "results", "response", "runtime"},
    "history": {"compiler", "runtime", "measurement", "results", "fitted", "forecast", "response", "program", "files"},
    "forecast": {
        "compiler",
        "runtime",
        "measurement",
        "results",
        "fitted",
        "response",
        "ir",
        "program",
        "files",
        "yamlfile",
    },
    "backtest": {
        "forecast",
        "calibration",
        "results",
        "compiler",
        "runtime",
        "measurement",
        "response",
        "program",
        "files",
        "yamlfile",
    },
    "update": {"forecast", "runtime", "measurement", "results", "fitted", "response", "program", "files"},
    "collect": {"forecast", "measurement", "results"},
    "checks": {
        "calibration",
        "runtime",
        "measurement",
        "results",
        "fitted",
        "forecast",
        "update",
        "compiler",
        "program",
        "files",
    },
    "sweep": {
        "forecast",
        "fitted",
        "response",
        "results",
        "compiler",
        "runtime",
        "measurement",
        "program",
        "files",
        "yamlfile",
    },
    "cli": {"files", "progress"},
    "__main__": {"cli"},
    "": set(),
}
# files of a folder that do not know one another; only its __init__ knows their order
STAGES = {
    "compiler": {"read", "expand", "order", "python", "llvm", "units"},
    "runtime": {"kernel", "ensemble", "members", "dataset", "scenario"},
}
SERVES = {("runtime.ensemble", "runtime.kernel")}  # a run needs its kernel, and is called from calibration directly
# library -> the only files that know it; a name that ends in a dot is a whole folder
BEHIND = {
    "pysd": {"compiler.read", "compiler.guard"},
    "lxml": {"compiler.xmile_xml"},
    "yaml": {"yamlfile"},
    "emcee": {"calibration.sampling", "calibration.moves"},
    "arviz_stats": {"calibration.diagnostics", "update.weights"},
    "arviz_base": {"calibration.diagnostics"},
    "networkx": {"structure.", "loops.", "graph."},
    "openpyxl": {"compiler.sheets"},
    "xlrd": {"compiler.sheets"},
    "defusedxml": {"compiler.sheets"},
    "netCDF4": {"runtime.members", "runtime.dataset"},
    "matplotlib": {
        "results.charts",
        "calibration.chart",
        "backtest.charts",
        "checks.sheets",
        "checks.rank_chart",
        "sweep.charts",
    },
    "llvmlite": {"runtime.kernel", "compiler.host"},
    "numba": {"runtime.kernel"},
    "typer": {"cli."},
    "platformdirs": {"cache"},
    "rich": {
        "cli.page",
        "progress",
        "figures",
        "history",
        "variance",
        "results.table",
        "calibration.diagnostics",
        "calibration.report",
        "update.report",
        "collect.report",
        "checks.report",
        "sweep.report",
    },
    "pydantic": {"runtime.scenario.", "measurement.", "calibration.", "backtest.vintage", "sweep.form", "update.news"},
    "SALib": {"sweep."},
    "zarr": {"sweep.store"},
    "dask": {"sweep.cluster"},
    "distributed": {"sweep.cluster"},
    "xarray": {
        "runtime.dataset",
        "runtime",
        "anymodel",
        "sweep.analysis",
        "sweep.report",
        "sweep.store",
        "sweep.review",
    },
    "scipy": {
        "measurement.censored",
        "calibration.priors",
        "calibration.reference",
        "backtest.naive",
        "backtest.student",
        "checks.ranks",
        "checks.residuals",
        "sweep.bootstrap",
        "sweep.designs",
        "sweep.factors",
        "sweep.given_data",
    },
}


def name_of(path: Path) -> str:
    """`compiler.read` for compiler/read.py, `compiler` for compiler/__init__.py, "" for the package's own."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {name_of(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}


def imports(tree: ast.AST) -> set[str]:
    """Names of all modules that a tree imports; `from a import b` counts as a.b where that is one of our files."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole module, they are not relative"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                ours = whole.removeprefix("huangpu.") in SOURCES and whole.startswith("huangpu.")
                found.add(whole if ours else node.module)
    return found


def ours(names: set[str]) -> set[str]:
    return {name.removeprefix("huangpu").removeprefix(".") for name in names if name.split(".")[0] == "huangpu"}


def at_top(tree: ast.Module) -> set[str]:
    """Imports outside functions; those under `if TYPE_CHECKING` count too."""
    inside = {id(n) for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)}
    kept = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom) and id(n) not in inside]
    return imports(ast.Module(body=kept, type_ignores=[]))


def part(name: str) -> str:
    return name.split(".")[0]


def test_layers():
    assert {part(name) for name in SOURCES} <= set(LAYERS)
    wrong = []
    for name, tree in SOURCES.items():
        for other in ours(at_top(tree)):
            if part(other) not in LAYERS[part(name)] | {part(name), ""}:
                wrong.append(f"{name} imports {other}")
    assert wrong == []


def test_stages_do_not_know_one_another():
    wrong = []
    for folder, stages in STAGES.items():
        for name, tree in SOURCES.items():
            own = name.split(".")[1:2]
            if part(name) != folder or not own or own[0] not in stages:
                continue
            for other in ours(imports(tree)):
                path = other.split(".")
                if path[0] == folder and path[1:2] != own and path[1:2] and path[1] in stages:
                    wrong.append((name, other))
    assert set(wrong) <= SERVES


def test_our_own_imports_stand_at_the_top_except_where_starting_fast_counts():
    lazy = {name for name, tree in SOURCES.items() if ours(imports(tree)) - ours(at_top(tree))}
    assert lazy <= {
        "cli",
        "cli.asking",
        "cli.checking",
        "cli.fitting",
        "cli.models",
        "cli.page",
        "cli.simulating",
        "cli.sweeping",
        "",
        "compiler",
        "runtime",
        "forecast",
    }


def test_each_library_is_behind_its_files():
    wrong = []
    for name, tree in SOURCES.items():
        for library in {other.split(".")[0] for other in imports(tree)} & set(BEHIND):
            allowed = BEHIND[library]
            if name not in allowed and not any(f"{name}.".startswith(a) for a in allowed if a.endswith(".")):
                wrong.append(f"{name} imports {library}")
    assert wrong == []


def test_every_library_is_a_declared_and_pinned_dependency():
    root = ROOT.parents[1]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {plain(re.split(r"[=<>]", text)[0]) for text in project["dependencies"]}
    pinned = dict(line.split("==") for line in (root / "constraints.txt").read_text().splitlines() if "==" in line)
    belongs = metadata.packages_distributions()
    used = {other.split(".")[0] for tree in SOURCES.values() for other in imports(tree)}
    used -= {"huangpu", "__future__", *sys.stdlib_module_names}
    clustered = {"dask", "distributed"}  # an extra; who asks for workers without it is told so
    assert set(project["optional-dependencies"]["cluster"]) == {"distributed"}
    assert {name for name in used - clustered if not {plain(d) for d in belongs[name]} & declared} == set()
    assert declared | {plain(t) for t in project["optional-dependencies"]["test"]} <= {plain(name) for name in pinned}


def plain(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_netcdf_is_written_in_one_place():
    writers = {
        name
        for name, tree in SOURCES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("to_netcdf", "createVariable")
    }
    assert writers == {"runtime.dataset"}


def test_starting_is_light():
    """The command line and the warm path of a run load nothing heavy before they need it."""
    heavy = {"numba", "pysd", "pandas", "matplotlib", "xarray", "emcee", "scipy"}
    for name in ("cli", "files", "cache", "program", "ir", "runtime.kernel", "runtime.ensemble", "compiler"):
        if name in SOURCES:
            assert not {other.split(".")[0] for other in at_top(SOURCES[name])} & heavy, name


def test_what_a_run_waits_for_is_light():
    """All that is imported before the members run; scipy comes when they are scored, rich when a table is shown."""
    code = "import sys; from huangpu import cli, forecast; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numba", "pysd", "pandas", "matplotlib", "xarray", "emcee", "scipy", "rich"}
    assert heavy & set(done.stdout.split()) == set()
