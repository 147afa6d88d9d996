"""Reading a scenario file: YAML, then its form, then the data that the rest of the program uses."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from pathlib import Path

from pydantic import ValidationError

from huangpu.runtime.scenario.data import LeverWindow, Scenario, ScenarioError
from huangpu.runtime.scenario.form import Horizon, Quantity, Ramp, Range, Save, ScenarioFile, Window
from huangpu.yamlfile import Document, Key, Problem, nearest, parse_yaml, read_yaml


def load_scenario(path: Path | str) -> Scenario:
    """Read a scenario file and check its form; raises ScenarioError with every problem. `check` must follow."""
    document = read_yaml(path)
    form = _form(document)
    model = _inside(document, "model", form.model) if form.model else None
    posterior = form.posterior
    if posterior not in ("default", "none"):
        posterior = str(_inside(document, "posterior", posterior))
    return _scenario(document, form, model, posterior)


def stored_scenario(text: str, file: str) -> Scenario:
    """The scenario whose text a results or posterior file keeps, for a model and members that the caller has: files
    that the text names are not looked for. `file` names it in errors. Raises ScenarioError; `check` must follow."""
    document = parse_yaml(text, file)
    return _scenario(document, _form(document), None, "none")


def _form(document: Document) -> ScenarioFile:
    problems = list(document.problems)
    form = None
    if document.data is not None or not problems:
        form, found = _validate(document)
        known = {p.key for p in problems}
        problems += [p for p in found if p.key not in known]
    if form is None or problems:
        raise ScenarioError(document.report(problems))
    return form


def _scenario(document: Document, form: ScenarioFile, model: Path | None, posterior: str) -> Scenario:
    return Scenario(
        name=form.name,
        title=form.title or form.name,
        description=form.description,
        model=model,
        start=form.horizon.start,
        end=form.horizon.end,
        members=form.members,
        seed=form.seed,
        posterior=posterior,
        save=tuple(dict.fromkeys(form.save.variables)),
        save_every=form.save.every,
        parameters={k: v.value if isinstance(v, Quantity) else v for k, v in form.parameters.items()},
        levers=tuple(_windows(form)),
        document=document,
        form=form,
    )


def _windows(form: ScenarioFile) -> Iterator[LeverWindow]:
    for lever, given in form.levers.items():
        if not isinstance(given, list):
            yield LeverWindow(lever, f"{lever}||0", hold=given)
            continue
        plans: list[str] = []
        for w in given:
            delivery = (w.delivery.low, w.delivery.high) if isinstance(w.delivery, Range) else w.delivery
            stream = f"{lever}|{w.plan}|{plans.count(w.plan)}"
            plans.append(w.plan)
            if w.series is not None:
                points = tuple(sorted((float(year), value) for year, value in w.series.items()))
                yield LeverWindow(lever, stream, points=points, delivery=delivery)
                continue
            fade = w.fade or Ramp(shape="step")
            yield LeverWindow(
                lever,
                stream,
                start=w.start,
                ramp=(w.ramp.shape, w.ramp.years),
                hold=w.hold,
                end=inf if w.end is None else w.end,
                fade=(fade.shape, fade.years),
                delivery=delivery,
            )


def _inside(document: Document, key: str, relative: str) -> Path:
    """A file named by a scenario: relative to it, and not outside the project that the scenario belongs to."""
    folder = Path(document.file).resolve().parent
    shelf = next((p for p in (folder, *folder.parents) if p.name == "scenarios"), folder)
    target = (folder / relative).resolve()
    if Path(relative).is_absolute() or not target.is_relative_to(shelf.parent):
        message = f"found '{relative}', expected a path relative to this file and inside {shelf.parent.name}/"
        raise ScenarioError(document.report([document.problem((key,), message)]))
    return target


_EXPECTED = {
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "text",
    "list_type": "a list (lines that begin with '- ')",
    "dict_type": "a mapping (lines of 'key: value')",
    "model_type": "a mapping (lines of 'key: value')",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "greater_than": "more than {gt}",
    "less_than": "less than {lt}",
    "literal_error": "{expected}",
    "too_short": "at least one entry",
    "string_too_short": "at least {min_length} character",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": 'a name without spaces or any of / \\ : * ? " < > |, not beginning with . or -',
}


def _validate(document: Document) -> tuple[ScenarioFile | None, list[Problem]]:
    try:
        return ScenarioFile.model_validate(document.data), []
    except ValidationError as error:
        return None, [_problem(document, e) for e in error.errors(include_url=False)]


def _problem(document: Document, error: dict) -> Problem:
    key = _path(document.data, error["loc"])
    match error["type"]:
        case "missing":
            return document.problem((*key, error["loc"][-1]), "is missing")
        case "extra_forbidden":
            return document.problem(key, f"unknown key{nearest(str(key[-1]), _known_keys(key))}")
        case "rule" if not error["msg"].startswith("expected"):
            return document.problem(key, error["msg"])
        case kind:
            template = _EXPECTED.get(kind)
            expected = f"expected {template.format(**error.get('ctx', {}))}" if template else error["msg"]
            return document.problem(key, f"found {_shown(error['input'])}, {expected}{_colon(error['input'])}")


def _path(data: object, loc: tuple) -> Key:
    """Where an error lies in the data; the names of the alternatives that pydantic adds are left out."""
    key: list = []
    for part in loc:
        if (isinstance(data, dict) and part in data) or (isinstance(data, list) and isinstance(part, int)):
            data = data[part]
            key.append(part)
    return tuple(key)


def _known_keys(key: Key) -> list[str]:
    match key[:-1]:
        case ():
            form = ScenarioFile
        case ("horizon",):
            form = Horizon
        case ("save",):
            form = Save
        case ("parameters", _):
            form = Quantity
        case ("levers", _, _):
            form = Window
        case (*_, "delivery"):
            form = Range
        case _:
            form = Ramp
    return list(form.model_fields)


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            text = repr(value)
            return text if len(text) <= 60 else text[:57] + "..."


def _colon(value: object) -> str:
    return "; for a key write ': ' and not the full-width '：'" if isinstance(value, str) and "：" in value else ""
