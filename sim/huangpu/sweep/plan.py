"""A sweep file, checked against its scenario, its model and the posterior: all that determines every value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from huangpu import measurement, results
from huangpu.compiler import compile_model
from huangpu.files import shipped
from huangpu.fitted import digest_of
from huangpu.forecast import METRICS, MODEL, POSTERIOR, QUESTIONS
from huangpu.program import Program
from huangpu.response import settled
from huangpu.runtime.members import own_constants, read_columns, read_members
from huangpu.runtime.scenario import Scenario, ScenarioError, check, load_scenario
from huangpu.runtime.scenario.places import found, report
from huangpu.runtime.scenario.resolve import inside_project
from huangpu.runtime.scenario.validate import matched_as
from huangpu.sweep.asked import Known, plan_outputs
from huangpu.sweep.choose import Basis, choose
from huangpu.sweep.designs import Design
from huangpu.sweep.factors import Factor
from huangpu.sweep.form import SweepFile, known_keys
from huangpu.sweep.layout import draws_of, lay_out, read_table
from huangpu.sweep.outputs import Output, Reader
from huangpu.yamlfile import Document, Key, nearest, read_yaml

PACKAGES = ("huangpu", "numpy", "scipy", "SALib", "llvmlite", "numba")  # whose versions may move a bit


@dataclass(frozen=True)
class Sweep:
    """What `load_sweep` makes of a file.

    identity  canonical JSON of everything that determines the values, and of nothing else
    scenario  the base, its deliveries that would be drawn at their middle
    medians   parameter or column that does not vary -> its median in the posterior
    draws     the same -> all its draws, where `others` is "posterior"; else empty
    notes     what a person should know before trusting the answer, one line each
    reader    how the outputs come out of a run
    """

    path: Path
    name: str
    title: str
    question: str
    identity: str
    program: Program
    scenario: Scenario
    design: Design
    factors: tuple[Factor, ...]
    outputs: tuple[Output, ...]
    seed: int
    medians: Mapping[str, float]
    draws: Mapping[str, np.ndarray]
    notes: tuple[str, ...]
    reader: Reader

    @property
    def size(self) -> int:
        """Number of members."""
        return self.design.size


def load_sweep(path: Path | str) -> Sweep:
    """The sweep of a file. Raises ScenarioError with every problem, one a line; ModelError, MembersError or DataError
    where the model, the posterior or the files of figures and targets are at fault."""
    document, folder = read_yaml(path), Path(path).resolve().parent
    if document.problems:
        raise ScenarioError(document.report(document.problems))
    form, problems = matched_as(document.data, SweepFile, known_keys)
    base, trouble = (None, "") if form is None else _base(folder, form.base)
    if form is None or trouble:
        raise _error(document, problems or [(("base",), trouble)])
    scenario = load_scenario(base)
    program = compile_model(scenario.model or shipped(MODEL))
    basis, posterior = _basis(settled(check(scenario, program)), program)
    columns, table, problems = read_table(form.design, folder)
    choices, wrong = choose(form, basis, columns)
    problems += [] if problems and form.design.kind == "file" else wrong
    if form.design.kind == "posterior":
        columns = draws_of(choices.factors, basis.members.parameters | basis.members.columns)
    design, wrong = lay_out(form.design, choices.factors, columns, form.seed)
    problems += wrong
    reader, wrong = plan_outputs(form.outputs, _known(program, basis.scenario.end))
    problems += wrong
    if problems or design is None or reader is None:
        raise _error(document, problems)
    return Sweep(
        path=Path(path),
        name=form.name,
        title=form.title or form.name,
        question=form.question,
        identity=_identity(form, basis, posterior, table),
        program=program,
        scenario=basis.scenario,
        design=design,
        factors=design.factors,
        outputs=reader.outputs,
        seed=form.seed,
        medians=choices.medians,
        draws=choices.draws,
        notes=choices.notes,
        reader=reader,
    )


def _error(document: Document, problems: Iterable[tuple[Key, str]]) -> ScenarioError:
    return ScenarioError(report(found((document, key), message) for key, message in problems))


def _base(folder: Path, name: str) -> tuple[Path | None, str]:
    """The scenario file that a sweep names: beside it, or a shipped one by its name. What is wrong with it else."""
    path, trouble = inside_project(folder, name)
    if trouble or path.is_file():
        return path, trouble
    there = {file.stem: file for file in sorted(shipped("scenarios").glob("*.yaml"))}
    if name.removesuffix(".yaml") in there:
        return there[name.removesuffix(".yaml")], ""
    near = nearest(Path(name).stem, there)
    return None, f"there is no scenario '{name}', neither relative to this file nor among the shipped ones{near}"


def _basis(scenario: Scenario, program: Program) -> tuple[Basis, str]:
    """The scenario with its posterior, and the SHA-256 of the posterior's file, "" where there is none."""
    if scenario.posterior == "none":
        return Basis(program, scenario, own_constants()), ""
    path = shipped(POSTERIOR) if scenario.posterior == "default" else Path(scenario.posterior)
    members = read_members(path, program)
    return Basis(program, scenario, members, read_columns(path)[1]), digest_of(path)


def _known(program: Program, end: float) -> Known:
    """What outputs may speak of; the files of figures and targets are read when first asked for."""
    metrics = cache(lambda: measurement.read_metrics(shipped(METRICS)))
    units = cache(lambda: {name: quantity.unit for name, quantity in metrics().quantities.items()})
    return Known(program, end, metrics, cache(lambda: results.read_questions(shipped(QUESTIONS), units())))


# of a scenario what does not move a member: words, where files lie, what only a run of its own reads
_ELSE = ("name", "title", "description", "base", "changes", "model", "members", "seed", "posterior", "shocks", "save")


def _identity(form: SweepFile, basis: Basis, posterior: str, table: str) -> str:
    """What is said for people only (name, title, question) and where files lie is no part of it."""
    asked = form.outputs
    files = [METRICS] * bool(asked.metrics or asked.targets)
    files += [f"{QUESTIONS}/targets.csv", f"{QUESTIONS}/readings.yaml"] * bool(asked.targets)
    made_of = {
        "sweep": form.model_dump(mode="json", exclude={"name", "title", "question", "base"}),
        "scenario": basis.scenario.form.model_dump(mode="json", exclude=set(_ELSE)),
        "model": basis.program.model_hash,
        "program": basis.program.hash,
        "posterior": posterior,
        "table": table,
        "files": {name: digest_of(shipped(name)) for name in files},
        "versions": {name: version(name) for name in PACKAGES},
    }
    return json.dumps(made_of, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
