"""The updated posterior as a file of members: that of the fit with other members, and marks of what made it so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from huangpu.fitted import digest_of
from huangpu.runtime.dataset import Array, Table, read_netcdf

SHARE = "updated_effective"  # attribute: share of the draws once fitted that the members are worth
ROWS = "updated_rows"  # attribute: ids of the rows taken up without a fit
FROM = "updated_from"  # attribute: SHA-256 of the file whose members were weighed


def updated_table(
    source: Path, observations: Path, draws: np.ndarray, log_ratio: np.ndarray, marks: Mapping[str, object]
) -> Table:
    """The members `draws` (member,) of a posterior; log_ratio (member,) is added to the log posterior of each.

    marks: `row_ids` of all rows that these members know, `figures` what these say, `new` row ids of this update,
    `effective` share.
    """
    table = read_netcdf(source)
    files = json.loads(str(table.attrs.get("files", "{}"))) | {"observations.csv": digest_of(observations)}
    earlier = json.loads(str(table.attrs.get(ROWS, "[]")))
    attrs = {
        **table.attrs,
        "row_ids": json.dumps(marks["row_ids"]),
        "figures": json.dumps(marks["figures"]),
        "files": json.dumps(files),
        ROWS: json.dumps([*earlier, *marks["new"]]),
        SHARE: float(marks["effective"]),
        FROM: digest_of(source),
    }
    variables = {name: _drawn(array, draws) for name, array in table.variables.items()}
    coords = {name: _drawn(array, draws) for name, array in table.coords.items()}
    density = variables.get("log_posterior")
    if density is not None:
        values = (density.values + log_ratio[draws]).astype(density.values.dtype)
        variables["log_posterior"] = replace(density, values=values)
    return Table(variables, coords, attrs)


def _drawn(array: Array, draws: np.ndarray) -> Array:
    return replace(array, values=array.values[draws]) if array.dims == ("member",) else array
