"""A scenario's data against its form, with pydantic's errors put in words for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pydantic import BaseModel, ValidationError

from huangpu.runtime.scenario.form import Change, Horizon, Quantity, Ramp, Range, Save, ScenarioFile, Window
from huangpu.runtime.scenario.places import MOST, Finding, found
from huangpu.yamlfile import Document, Key, nearest


def validate(document: Document) -> tuple[ScenarioFile | None, list[Finding]]:
    """The form of a file as written, or None; and all that is wrong with the file."""
    findings = [(document, problem) for problem in document.problems]
    if document.data is None and findings:
        return None, findings
    form, problems = matched(document.data)
    problems += _lacking(document.data)
    known = {problem.key for problem in document.problems}
    return form, findings + [found((document, key), text) for key, text in problems if key not in known]


def matched(data: object) -> tuple[ScenarioFile | None, list[tuple[Key, str]]]:
    """The data as a form, or None and what is wrong at which key."""
    return matched_as(data, ScenarioFile, _known_keys)


def matched_as(
    data: object, form: type[BaseModel], known: Callable[[Key], list[str]]
) -> tuple[BaseModel | None, list[tuple[Key, str]]]:
    """As `matched`, of another form. known: path of a key that is none -> those that are there instead."""
    try:
        return form.model_validate(data), []
    except ValidationError as error:
        return None, [_problem(data, e, known) for e in error.errors(include_url=False)[: MOST + 1]]


def _lacking(data: object) -> Iterator[tuple[Key, str]]:
    """What a scenario that stands on no base must have or cannot have."""
    if not isinstance(data, dict) or "base" in data:
        return
    if "save" not in data:
        yield ("save",), "is missing"
    if "changes" in data:
        yield ("changes",), "changes are made to the windows of a `base`, and none is given"


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
    "too_short": "at least one entry",
    "too_long": "at most {max_length} entries",
    "string_too_short": "at least {min_length} character",
    "string_too_long": "at most {max_length} characters",
    "string_pattern_mismatch": 'a name without spaces or any of / \\ : * ? " < > |, not beginning with . or -',
}


def _problem(data: object, error: dict, known: Callable[[Key], list[str]]) -> tuple[Key, str]:
    key = _path(data, error["loc"])
    match error["type"]:
        case "missing":
            return (*key, error["loc"][-1]), "is missing"
        case "extra_forbidden":
            return key, f"unknown key{nearest(str(key[-1]), known(key))}"
        case "rule" if not error["msg"].startswith("expected"):
            return key, error["msg"]
        case "literal_error":
            return key, f"found {_shown(error['input'])}, expected {error['ctx']['expected'].replace('True', 'true')}"
        case kind:
            template = _EXPECTED.get(kind)
            expected = f"expected {template.format(**error.get('ctx', {}))}" if template else error["msg"]
            return key, f"found {_shown(error['input'])}, {expected}{_colon(error['input'])}"


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
        case ("changes", _):
            form = Change
        case ("levers" | "drivers", _, _):
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
