"""metrics.yaml: which figures are reported, what they are in the model, and how far the two may drift apart.

A *quantity* is a figure as it would be reported. Its transform (log, logit or none) of the simulated variable plus the
discrepancy processes it loads on plus the offset of its statistical basis is the transform of the figure. A *series*
says which reported rows meet which quantity.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from pydantic import Field

from huangpu.measurement.datafile import Strict, check, load_yaml
from huangpu.yamlfile import Document, Problem, nearest

ANNUAL = "annual_mean"


class Quantity(Strict):
    """A figure: either `variable` with `operator` and `transform`, or derived as a `ratio` or `sum` of others.

    scale       figure = scale x variable (100 where the model has a fraction and the figure is in percent)
    operator    annual_mean (a rate, over the calendar year), at_date or year_end (a stock, at a point in time)
    discrepancy process -> loading
    basis       the definition on which the figure is predicted; "" where there is only one
    informed_by quantities whose figures are about it too
    keeps       share of itself that a stock keeps from one year's end to the next at least, in predictions
    season      how much stronger its season is than `part_year` says
    """

    label: str = ""
    label_zh: str = ""
    unit: str = ""
    variable: str | None = None
    operator: Literal["annual_mean", "at_date", "year_end"] | None = None
    transform: Literal["log", "logit", "identity"] | None = None
    scale: float = 1.0
    discrepancy: dict[str, float] = Field({})
    basis: str = ""
    ratio: tuple[str, str] | None = Field(None, strict=False)
    sum: tuple[str, ...] | None = Field(None, strict=False)
    chart: bool = False
    informed_by: tuple[str, ...] = Field((), strict=False)
    keeps: float | None = Field(None, ge=0, le=1)
    season: float = Field(1.0, ge=0)
    reason: str = ""

    @property
    def derived(self) -> bool:
        return self.variable is None

    @property
    def parts(self) -> tuple[str, ...]:
        """The quantities that a derived one is made of."""
        return self.ratio or self.sum or ()


class Series(Strict):
    """Rows of observations.csv of one metric, scope and kind (and basis, if given) that are figures of a quantity.

    anchors    all, or last: only the latest full-year row of each basis
    months     only rows that cover so many months
    parts      every part of a year enters beside the others, not only the longest
    years      only rows of these years
    rows       only these row_ids; leave_out  row_id -> why it is not used
    """

    quantity: str
    metric: str
    scope: str
    kind: str
    form: Literal["level", "growth"]
    basis: str | None = None
    anchors: Literal["all", "last"] = "all"
    months: int | None = None
    parts: bool = False
    years: tuple[int, ...] = Field((), strict=False)
    rows: tuple[str, ...] = Field((), strict=False)
    leave_out: dict[str, str] = Field({})
    reason: str = ""


class Offset(Strict):
    """A basis differs from the reference by Normal(0, sd), in transformed units, alike for all its quantities."""

    quantities: tuple[str, ...] = Field(strict=False, min_length=1)
    basis: str
    sd: float = Field(gt=0)
    name: str = ""
    reason: str = ""

    @property
    def id(self) -> str:
        return self.name or f"{self.quantities[0]}.{self.basis}"


class Process(Strict):
    """A random walk in which quantities drift from the model.

    sigma   the parameter that is its yearly standard deviation, `sigma.<process>` unless several processes share one
    phi     what is left of a deviation a year on, if it is no walk but returns to 0; see `processes.py`
    start   decimal year in which it begins, for what did not exist before; else with the model
    shocks  whether dated shock years count several times for it
    """

    sigma: str = Field("", pattern=r"^(sigma\..+)?$")
    phi: float | None = Field(None, gt=0, lt=1)
    start: float | None = None
    shocks: bool = True
    reason: str = ""


class Driver(Strict):
    """A constant of the model that runs through time, drawn for every member: see `drivers.py`.

    phi     what is left of a year's value in the next
    sigma   the parameter that is the standard deviation of a year's innovation, `sigma.<name>` if not given
    shocks  whether the innovations of dated shock years are larger
    """

    process: Literal["ar1"]
    phi: float = Field(ge=0, lt=1)
    sigma: str = Field("", pattern=r"^(sigma\..+)?$")
    shocks: bool = False
    reason: str = Field(min_length=1)


class PartYear(Strict):
    """Standard error of the season in six months: growth and shares in points, levels relative. See `season.py`."""

    growth_points: float = Field(0.0, ge=0)
    level_relative: float = Field(0.0, ge=0)
    share_points: float = Field(0.0, ge=0)


class Tails(Strict):
    """Innovations of years to come are Student-t with these degrees of freedom, as large as the normal ones."""

    degrees: float = Field(gt=2)


class FutureShocks(Strict):
    """A year to come is a shock year with this chance; its variance is then this many times a plain year's."""

    chance: float = Field(ge=0, le=1)
    factor: float = Field(gt=0)


class Redefinition(Strict):
    """What a rebasing adds to the figures of these quantities, Normal(mean, sd) in transformed units, alike for all."""

    quantities: tuple[str, ...] = Field(strict=False, min_length=1)
    mean: float = 0.0
    sd: float = Field(gt=0)
    reason: str = ""


class Rebasing(Strict):
    """Accounts to come: each year to come all of `sizes` happen with this chance, and stay. Off unless asked for."""

    chance: float = Field(gt=0, le=1)
    sizes: tuple[Redefinition, ...] = Field(strict=False, min_length=1)
    reason: str = ""


class Revision(Strict):
    """Standard error of a first release against the later figure: growth and shares in points, levels relative."""

    growth_points: float = Field(0.0, ge=0)
    level_relative: float = Field(0.0, ge=0)
    share_points: float = Field(0.0, ge=0)


class _File(Strict):
    shock_years: dict[str, float] = Field({})
    future_shocks: FutureShocks | None = None
    tails: Tails | None = None
    rebasing: Rebasing | None = None
    discrepancy_phi: float | None = Field(None, gt=0, lt=1)
    revision: Revision | None = None
    recalled_factor: float = Field(3.0, ge=1)
    part_year: PartYear = PartYear()
    bound_reach: float = Field(math.inf, gt=0)
    drivers: dict[str, Driver] = Field({})
    processes: dict[str, Process] = Field({})
    quantities: dict[str, Quantity]
    series: tuple[Series, ...] = Field((), strict=False)
    offsets: tuple[Offset, ...] = Field((), strict=False)


@dataclass(frozen=True)
class Metrics:
    """metrics.yaml, checked.

    shock_years      year -> variance of a year's drift, as a multiple of a plain year's
    discrepancy_phi  the phi of processes that have none of their own; None for walks
    future_shocks, tails, rebasing  of years to come, see `future.py`
    recalled_factor  by which the error of a figure without a source is widened, where such figures are let in
    """

    path: str
    shock_years: Mapping[int, float]
    part_year: PartYear
    bound_reach: float
    drivers: Mapping[str, Driver]
    processes: Mapping[str, Process]
    quantities: Mapping[str, Quantity]
    series: tuple[Series, ...]
    offsets: tuple[Offset, ...]
    discrepancy_phi: float | None = None
    future_shocks: FutureShocks | None = None
    tails: Tails | None = None
    rebasing: Rebasing | None = None
    revision: Revision | None = None
    recalled_factor: float = 3.0

    def phi_of(self, process: str) -> float:
        """What is left of a deviation a year on; 1 for a walk."""
        return self.processes[process].phi or self.discrepancy_phi or 1.0

    def sigma_of(self, process: str) -> str:
        """Name of the parameter that is the process's yearly standard deviation."""
        return self.processes[process].sigma or f"sigma.{process}"

    def driver_sigma(self, driver: str) -> str:
        """Name of the parameter that is the standard deviation of the driver's innovations."""
        return self.drivers[driver].sigma or f"sigma.{driver}"

    def sigmas(self) -> tuple[str, ...]:
        """Every sigma once, in file order."""
        found = [*map(self.driver_sigma, self.drivers), *map(self.sigma_of, self.processes)]
        return tuple(dict.fromkeys(found))

    def season_of(self, quantity: str) -> PartYear:
        """Standard errors of the quantity's season in six months."""
        times = self.quantities[quantity].season
        return PartYear(**{name: times * error for name, error in self.part_year})

    def offsets_of(self, quantity: str, basis: str) -> list[Offset]:
        return [o for o in self.offsets if quantity in o.quantities and o.basis == basis]


def read_metrics(path: Path | str) -> Metrics:
    """Read and check metrics.yaml. Raises DataError with every problem, one a line."""
    document, file = load_yaml(path, _File)
    check(document, _problems(document, file))
    shocks = {int(year): factor for year, factor in file.shock_years.items()}
    alike = {field.name: getattr(file, field.name) for field in fields(Metrics) if field.name in _File.model_fields}
    return Metrics(**alike | {"path": str(path), "shock_years": shocks})


def _problems(document: Document, file: _File) -> Iterator[Problem]:
    for year, factor in file.shock_years.items():
        if not year.isdigit() or factor <= 0:
            yield document.problem(("shock_years", year), f"expected a year and a factor above 0, found {factor}")
    walks = {process.sigma or f"sigma.{name}" for name, process in file.processes.items()}
    for name, driver in file.drivers.items():
        if (sigma := driver.sigma or f"sigma.{name}") in walks:
            message = f"'{sigma}' is the size of a process too; a driver has a size of its own, give it another name"
            yield document.problem(("drivers", name, "sigma"), message)
    seen: list[str] = []
    for name, quantity in file.quantities.items():
        for message in _quantity_problems(quantity, file, seen):
            yield document.problem(("quantities", name), message)
        seen.append(name)
    for position, series in enumerate(file.series):
        for message in _series_problems(series, file):
            yield document.problem(("series", position), message)
    for position, size in enumerate(file.rebasing.sizes if file.rebasing else ()):
        for message in _shifted_problems(size.quantities, file):
            yield document.problem(("rebasing", "sizes", position), message)
    names: set[str] = set()
    for position, offset in enumerate(file.offsets):
        key = ("offsets", position)
        for message in _shifted_problems(offset.quantities, file):
            yield document.problem(key, message)
        if offset.id in names:
            yield document.problem(key, f"a second offset named '{offset.id}'; give one of them another name")
        names.add(offset.id)


def _shifted_problems(names: tuple[str, ...], file: _File) -> Iterator[str]:
    for name in names:
        if name not in file.quantities:
            yield f"unknown quantity '{name}'{nearest(name, file.quantities)}"
        elif file.quantities[name].derived:
            yield f"quantity '{name}' is derived; give the offset to its parts"


def _quantity_problems(quantity: Quantity, file: _File, seen: list[str]) -> Iterator[str]:
    for other in quantity.informed_by:
        if other not in file.quantities:
            yield f"informed_by: unknown quantity '{other}'{nearest(other, file.quantities)}"
    made = [quantity.variable is not None, quantity.ratio is not None, quantity.sum is not None]
    if made.count(True) != 1:
        yield "expected exactly one of variable, ratio and sum"
    elif quantity.derived:
        if quantity.operator or quantity.transform or quantity.discrepancy or quantity.basis:
            yield "a ratio or sum takes its operator, transform, discrepancy and basis from its parts"
        for part in quantity.parts:
            if part not in seen:
                yield f"'{part}' is not a quantity above this one{nearest(part, seen)}"
    elif not quantity.operator or not quantity.transform:
        yield "expected an operator and a transform"
    elif quantity.transform == "logit" and quantity.unit != "percent":
        yield f"logit needs a figure in percent, the unit is '{quantity.unit}'"
    if quantity.scale <= 0:
        yield f"scale must be above 0, found {quantity.scale}"
    for process in quantity.discrepancy:
        if process not in file.processes:
            yield f"unknown process '{process}'{nearest(process, file.processes)}"


def _series_problems(series: Series, file: _File) -> Iterator[str]:
    quantity = file.quantities.get(series.quantity)
    if quantity is None:
        yield f"unknown quantity '{series.quantity}'{nearest(series.quantity, file.quantities)}"
    elif quantity.derived:
        yield f"quantity '{series.quantity}' is derived; figures meet its parts"
    elif series.form == "level" and not quantity.unit:
        yield f"quantity '{series.quantity}' needs a unit, so that reported levels can be checked against it"
    elif series.form == "growth" and quantity.transform != "log":
        yield f"growth needs a quantity in logs, '{series.quantity}' is in {quantity.transform}"
