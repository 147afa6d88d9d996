"""The form of a scenario file: which keys there are, what they hold, and the rules among them."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

MEMBERS = 10_000_000
DELIVERED = 10.0  # times what a plan states
BASES = 20
CHANGES = 200
WINDOWS = 1000  # of one lever
LEVERS = 2000
SHIFT = 100.0  # years


class Form(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


def refuse(wrong: bool, message: str) -> None:
    if wrong:
        raise PydanticCustomError("rule", "{message}", {"message": message})


def _year(text: str) -> float | None:
    try:
        year = float(text)
    except ValueError:
        return None
    return year if isfinite(year) else None


def _not_years(series: Mapping[str, float]) -> list[str]:
    return [repr(key) for key in series if _year(key) is None]


class Ramp(Form):
    shape: Literal["step", "linear", "smooth"] = Field(description="step: at once; smooth: slow, fast, slow")
    years: float = Field(0.0, ge=0, le=100, description="How long it takes; 0 for a step")

    @model_validator(mode="after")
    def _rules(self) -> Ramp:
        refuse(self.shape == "step" and self.years > 0, "a step takes 0 years; leave out `years` or choose linear")
        refuse(self.shape != "step" and self.years == 0, f"a {self.shape} ramp needs `years` above 0")
        return self


class Range(Form):
    low: float = Field(ge=0, le=DELIVERED)
    high: float = Field(ge=0, le=DELIVERED)

    @model_validator(mode="after")
    def _rules(self) -> Range:
        refuse(self.low > self.high, f"low {self.low:g} is above high {self.high:g}")
        return self


class Quantity(Form):
    value: float
    unit: str = Field(description="Must equal the model's unit of this constant")


class Horizon(Form):
    start: float | None = Field(None, description="Year; the model's first")
    end: float | None = Field(None, description="Year; at most the model's last")


class Save(Form):
    variables: list[str] = Field(min_length=1, description="Variables (output) or elements (output[electronics])")
    every: float = Field(1.0, gt=0, description="Years between saved times, a multiple of the model's step")


def either(**kinds: type) -> Discriminator:
    """Tells the kinds of value that a key accepts apart by their YAML type."""

    def tag(value: object) -> str | None:
        if isinstance(value, bool):
            return None
        return next((name for name, kind in kinds.items() if isinstance(value, kind)), None)

    names = " or ".join(name.replace("_", " ") for name in kinds)
    return Discriminator(tag, custom_error_type="rule", custom_error_message=f"expected {names}")


_NUMBER = (int, float)


class Window(Form):
    plan: str = Field(
        "", description="The plan that it comes from; names the window in results and for its draws, and for changes"
    )
    start: float | None = Field(None, description="Year in which it begins")
    ramp: Ramp = Field(Ramp(shape="step"), description="How it gets from 0 to `hold`")
    hold: float = Field(1.0, description="Strength: 1 = as the plan states it; of a driver, in its own unit")
    unit: str | None = Field(None, description="Unit of `hold` or `series`; must equal the model's")
    end: float | None = Field(None, description="Year in which it begins to fade; without it, it stays")
    fade: Ramp | None = Field(None, description="How it gets from `hold` back to 0")
    delivery: Annotated[
        Annotated[float, Field(ge=0, le=DELIVERED), Tag("a_number")]
        | Annotated[Range, Tag("low_and_high")]
        | Annotated[str, Tag("the_name_of_a_posterior_column")],
        either(a_number=_NUMBER, low_and_high=(dict, Range), the_name_of_a_posterior_column=str),
    ] = Field(1.0, description="Share that is carried out: a number, a range drawn per member, or a posterior column")
    series: dict[str, float] | None = Field(None, min_length=1, description="year: value, straight lines between")

    @model_validator(mode="after")
    def _rules(self) -> Window:
        if self.series is not None:
            extra = {"start", "ramp", "hold", "end", "fade"} & self.model_fields_set
            refuse(bool(extra), f"`series` says it all; leave out {', '.join(sorted(extra))}")
            years = [_year(key) for key in self.series]
            refuse(None in years, f"`series` has keys that are no years: {', '.join(_not_years(self.series))}")
            refuse(len(set(years)) < len(years), "`series` gives a year twice")
            return self
        refuse(self.start is None, "expected `start` (a year) or `series`")
        refuse(self.fade is not None and self.end is None, "`fade` needs `end`, the year in which it begins")
        if self.end is not None:
            refuse(self.end <= self.start, f"end {self.end:g} is not after start {self.start:g}")
        return self


# what a change does: key -> how it is said
ACTIONS = {
    "remove": "true: the plan's windows are taken out",
    "keep": "Of the plan's windows only those of these levers stay",
    "delay": "Years by which the windows begin and end later; below 0, earlier",
    "scale": "Times this number: `hold` or `series`, and with it what each member carries out, hold times delivery",
    "hold": "New strength",
    "end": "New year in which the windows begin to fade",
}


def _action(name: str, **rules: object) -> object:
    return Field(None, description=ACTIONS[name], **rules)


class Change(Form):
    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": [name]} for name in ACTIONS]})

    plan: str = Field(min_length=1, description="The plan whose windows, as they came from the base, are changed")
    levers: list[str] | None = Field(
        None, min_length=1, max_length=WINDOWS, description="Only those of these levers; without it, all of the plan's"
    )
    but: list[str] | None = Field(
        None, min_length=1, max_length=WINDOWS, description="All of the plan's but those of these levers"
    )
    remove: Literal[True] | None = _action("remove")
    keep: list[str] | None = _action("keep", min_length=1, max_length=WINDOWS)
    delay: float | None = _action("delay", ge=-SHIFT, le=SHIFT)
    scale: float | None = _action("scale", ge=0, le=DELIVERED)
    hold: float | None = _action("hold")
    end: float | None = _action("end")
    fade: Ramp | None = Field(None, description="With `end`: how they get back to 0; without it, as they did")

    @property
    def action(self) -> str:
        """Which of ACTIONS it is; there is exactly one."""
        return next(name for name in ACTIONS if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _rules(self) -> Change:
        given = [name for name in ACTIONS if getattr(self, name) is not None]
        what = f"expected one of {', '.join(ACTIONS)}"
        refuse(not given, f"says nothing to do, {what}")
        refuse(len(given) > 1, f"{' and '.join(given)} in one change, {what}; write a change for each")
        refuse(self.fade is not None and self.end is None, "`fade` needs `end`, the year in which it begins")
        named = [name for name in ("levers", "but", "keep") if getattr(self, name) is not None]
        refuse(len(named) > 1, f"{' and '.join(f'`{name}`' for name in named)} all name levers, expected one of them")
        return self


_Course = Annotated[
    Annotated[float, Tag("a_number")] | Annotated[list[Window], Field(max_length=WINDOWS), Tag("a_list_of_windows")],
    either(a_number=_NUMBER, a_list_of_windows=list),
]
_Courses = Annotated[dict[str, _Course], Field(max_length=LEVERS)]


class ScenarioFile(Form):
    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["save"]}, {"required": ["base"]}]})

    name: str = Field(pattern=r'^[^\s/\\:*?"<>|.\-][^\s/\\:*?"<>|]*$', max_length=100, description="Names its results")
    title: str = Field("", description="One line for tables and charts")
    description: str = Field("", description="What the scenario asks, for people")
    base: Annotated[
        Annotated[str, Tag("a_file_name")]
        | Annotated[list[str], Field(min_length=1, max_length=BASES), Tag("a_list_of_file_names")],
        either(a_file_name=str, a_list_of_file_names=list),
    ] = Field(
        [],
        description="Scenario file that this one changes, relative to this file, or a list of them, whose windows add "
        "up. What is given here stands over it; name, title and description never come from it",
    )
    changes: list[Change] = Field(
        [], max_length=CHANGES, description="Changes, in this order, to the windows of levers that came from the base"
    )
    model: str | None = Field(None, description="Model file, relative to this file; without it the shipped model")
    horizon: Horizon = Field(Horizon(), description="Years; without it the model's own")
    members: int = Field(1000, ge=1, le=MEMBERS, description="Size of the ensemble")
    seed: int = Field(0, ge=0, lt=2**63, description="All draws follow from it")
    posterior: str = Field("default", min_length=1, description="default, none, or a file of members")
    shocks: Literal["drawn", "none"] = Field(
        "drawn",
        description="drawn: members get driver paths of their own, on top of what stands under `drivers`; none: they "
        "do not",
    )
    save: Save = Field(None, description="What goes into run.nc; the base's without it")  # None until the base is read
    parameters: dict[
        str,
        Annotated[
            Annotated[float, Tag("a_number")] | Annotated[Quantity, Tag("value_and_unit")],
            either(a_number=_NUMBER, value_and_unit=(dict, Quantity)),
        ],
    ] = Field({}, description="Constants that are the same for all members")
    levers: _Courses = Field(
        {},
        description="Levers over time; a plain number holds over the whole horizon. A lever given here replaces the "
        "base's windows of it, an empty list removes them",
    )
    drivers: _Courses = Field(
        {},
        description="What is driven but is no lever (demand, prices, investment), over time as levers are, of any "
        "sign, the same for all members",
    )


def json_schema() -> dict:
    """JSON Schema of a scenario file, for editors."""
    schema = ScenarioFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Huangpu scenario"}
