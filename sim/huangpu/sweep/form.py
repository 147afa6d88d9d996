"""The form of a sweep file: which keys there are, what they hold, and the rules among them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Tag, model_validator

from huangpu.runtime.scenario.form import DELIVERED, ScenarioFile, either, refuse
from huangpu.runtime.scenario.form import Form as Base
from huangpu.yamlfile import Key

FACTORS = 2000
OUTPUTS = 1000
LONGEST = 1000  # characters of an expression
MEMBERS = 1_000_000_000  # docs/scale.md goes so far; beyond, one store and one manifest are no longer the right thing
PATH = 200  # characters of a file's name
ALL = "all"
POSTERIOR = "posterior"

_NAME = ScenarioFile.model_fields["name"].metadata  # the same rule, as it names a folder too


class DesignForm(Base):
    """Which keys a kind takes, `designs.KINDS` says."""

    kind: Literal["sobol", "morris", "latin", "fast", "factorial", "one_at_a_time", "file", "posterior"] = Field(
        description="How members are laid out; docs/sweeps.md says what each is for"
    )
    n: int | None = Field(
        None,
        ge=1,
        le=MEMBERS,
        description="sobol: points of the base sequence, a power of two; fast: members a factor, 577 or more; latin "
        "and posterior: members",
    )
    trajectories: int | None = Field(None, ge=2, le=MEMBERS, description="morris: walks through the levels")
    levels: int | None = Field(
        None, ge=2, le=1000, description="morris (even, 4 without it), factorial, one_at_a_time (2): values of a factor"
    )
    second_order: bool | None = Field(None, description="sobol: indices of pairs too, for twice the members; true")
    path: str | None = Field(
        None, max_length=PATH, description="file: CSV or netCDF beside this file, a column a factor"
    )


class Spread(Base):
    """What a factor is drawn from; which numbers a distribution takes, `factors.DISTRIBUTIONS` says."""

    distribution: Literal["uniform", "loguniform", "triangular", "normal", "lognormal", "logitnormal"] = Field(
        "uniform", description="uniform without it"
    )
    low: float | None = None
    high: float | None = None
    mode: float | None = Field(None, description="triangular: where it is highest")
    mean: float | None = None
    median: float | None = None
    sd: float | None = None
    log_sd: float | None = None
    logit_sd: float | None = None


class Lever(Base):
    low: float = Field(0.0, ge=0, le=DELIVERED, description="Times what the scenario delivers of the lever; 0 is none")
    high: float = Field(1.5, ge=0, le=DELIVERED, description="1 is as the scenario has it, 1.5 half as much again")
    plan: str = Field("", description="Only the windows of this plan are scaled; without it all of them")

    @model_validator(mode="after")
    def _rules(self) -> Lever:
        refuse(self.low >= self.high, f"low {self.low:g} is not below high {self.high:g}")
        return self


_Years = Annotated[
    Annotated[float, Tag("a_year")]
    | Annotated[list[float], Field(min_length=1, max_length=OUTPUTS), Tag("a_list_of_years")],
    either(a_year=(int, float), a_list_of_years=list),
]
_Names = Annotated[list[str], Field(min_length=1, max_length=FACTORS), Tag("a_list_of_names")]


class OutputsForm(Base):
    variables: dict[str, _Years] = Field(
        {}, description="Variable or element of the model: years at whose beginning (2027.5: middle) it is read"
    )
    metrics: dict[str, _Years] = Field(
        {}, description="Quantity of calibration/metrics.yaml: calendar years; the model's own figure"
    )
    targets: list[str] = Field(
        [], description="Ids of results/targets.csv, or plans, for all of theirs: the figure and whether it is met"
    )
    expressions: dict[str, Annotated[str, Field(min_length=1, max_length=LONGEST)]] = Field(
        {}, description='name: formula over variables, as "emerging_output / output @ 2027"'
    )

    @model_validator(mode="after")
    def _rules(self) -> OutputsForm:
        refuse(
            not (self.variables or self.metrics or self.targets or self.expressions),
            "names nothing, expected variables, metrics, targets or expressions",
        )
        return self


class SweepFile(Base):
    name: Annotated[str, *_NAME] = Field(description="Names its results")
    title: str = Field("", description="One line for tables and charts")
    question: str = Field("", description="What the sweep asks, for people")
    base: str = Field(
        min_length=1, max_length=PATH, description="Scenario: a file relative to this one, or the name of a shipped one"
    )
    design: DesignForm
    vary: Annotated[
        _Names
        | Annotated[
            dict[
                str,
                Annotated[
                    Annotated[Literal["posterior"], Tag("posterior")] | Annotated[Spread, Tag("a_range")],
                    either(posterior=str, a_range=(dict, Spread)),
                ],
            ],
            Field(max_length=FACTORS),
            Tag("a_mapping"),
        ],
        either(a_list_of_names=list, a_mapping=dict),
    ] = Field(
        {},
        description="Parameters and deliveries: a list of names, or name: `posterior`, {low, high} or {distribution, "
        "...}. `all` is everything else that the posterior knows and the run reads",
    )
    levers: Annotated[
        _Names | Annotated[dict[str, Lever], Field(max_length=FACTORS), Tag("a_mapping")],
        either(a_list_of_names=list, a_mapping=dict),
    ] = Field(
        {},
        description="Levers: how many times what the scenario delivers of them; of a lever without a window its "
        "strength itself. `all` is every other lever that the scenario moves",
    )
    others: Literal["median", "posterior"] = Field(
        "median", description="What parameters that do not vary have: the posterior's medians, or its draws"
    )
    outputs: OutputsForm
    seed: int = Field(0, ge=0, lt=2**63, description="All draws follow from it")


def known_keys(key: Key) -> list[str]:
    """The keys that may stand where `key`, the path of an unknown one, stands."""
    match key[:-1]:
        case ("design",):
            form = DesignForm
        case ("outputs",):
            form = OutputsForm
        case ("vary", _):
            form = Spread
        case ("levers", _):
            form = Lever
        case _:
            form = SweepFile
    return list(form.model_fields)


def json_schema() -> dict:
    """JSON Schema of a sweep file, for editors."""
    schema = SweepFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Huangpu sweep"}
