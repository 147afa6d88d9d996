"""Reading a scenario file: YAML, then its form, then the data that the rest of the program uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import inf
from pathlib import Path

from huangpu.runtime.scenario.data import LeverWindow, Scenario, ScenarioError
from huangpu.runtime.scenario.form import Quantity, Ramp, Range, Window
from huangpu.runtime.scenario.parts import SHIPPED, Resolved
from huangpu.runtime.scenario.places import Finding, at_places, report
from huangpu.runtime.scenario.resolve import alone, resolve
from huangpu.runtime.scenario.validate import matched
from huangpu.yamlfile import SIZE, parse_yaml, read_yaml, write_yaml


def load_scenario(path: Path | str) -> Scenario:
    """Read a scenario file and those it is based on, and check their form; raises ScenarioError with every problem.
    `check` must follow."""
    return _scenario(*resolve(read_yaml(path)))


def parse_scenario(text: str, file: str) -> Scenario:
    """As `load_scenario`, of text that would stand in `file`, which need not be there: bases are looked for from it."""
    return _scenario(*resolve(parse_yaml(text, file)))


def stored_scenario(text: str, file: str) -> Scenario:
    """The scenario whose text a results or posterior file keeps, for a model and members that the caller has: files
    that the text names are not looked for. `file` names it in errors. Raises ScenarioError; `check` must follow."""
    return replace(_scenario(*alone(parse_yaml(text, file))), model=None, posterior="none")


def _scenario(resolved: Resolved | None, findings: list[Finding]) -> Scenario:
    if resolved is None or findings:
        raise ScenarioError(report(findings))
    data, places, document = resolved.data(), resolved.places(), resolved.document
    form, problems = matched(data)
    text = write_yaml(data) if resolved.bases else document.text
    if len(text) > SIZE:
        problems.append((("base",), f"the whole scenario is {len(text):,} characters long, expected at most {SIZE:,}"))
    if form is None or problems:
        raise ScenarioError(report(at_places(problems, places, document)))
    return Scenario(
        name=form.name,
        title=form.title or form.name,
        description=form.description,
        model=(resolved.folder / form.model).resolve() if form.model else None,
        start=form.horizon.start,
        end=form.horizon.end,
        members=form.members,
        seed=form.seed,
        posterior=form.posterior if form.posterior in SHIPPED else str((resolved.folder / form.posterior).resolve()),
        shocks=form.shocks == "drawn",
        save=tuple(dict.fromkeys(form.save.variables)),
        save_every=form.save.every,
        parameters={k: v.value if isinstance(v, Quantity) else v for k, v in form.parameters.items()},
        levers=tuple(_windows(form.levers)),
        drivers=tuple(_windows(form.drivers)),
        text=text,
        document=document,
        form=form,
        places=places,
        bases=tuple(_scenario(replace(base, bases=()), []) for base in resolved.bases),
    )


def _windows(courses: Mapping[str, float | list[Window]]) -> Iterator[LeverWindow]:
    for lever, given in courses.items():
        if not isinstance(given, list):
            yield LeverWindow(lever, f"{lever}||0", hold=given)
            continue
        of_plan: Counter[str] = Counter()
        for w in given:
            delivery = (w.delivery.low, w.delivery.high) if isinstance(w.delivery, Range) else w.delivery
            stream = f"{lever}|{w.plan}|{of_plan[w.plan]}"
            of_plan[w.plan] += 1
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
