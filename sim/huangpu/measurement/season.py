"""The season: what a model without one cannot say of a part of a year.

A part year is compared with the same part of the model's year. What then remains is the season, by which the mean of
the first m months differs from that of twelve. Taken as a random walk over the months that is tied to 0 at the end of
the year (a bridge), this difference has a variance in proportion to (12 - m) / m, so one number says it for any months,
the standard error at six; and the difference at fewer months is that at more months plus something independent, so the
parts of one year repeat one another's error and do not count as so many witnesses.

A level or a share carries the season itself, alike in every year. Growth carries only what changed of it from year to
year.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

from huangpu.measurement.rows import Row


def widening(months: int) -> float:
    """Standard error of the season in so many months from January, where it is 1 in six."""
    return sqrt((12 - months) / months)


def season_loadings(rows: Sequence[Row]) -> tuple[tuple[str, ...], np.ndarray]:
    """(names (G,), (G, n) of each row on these independent standard normal errors of season, in the transformed unit).

    Levels of one quantity share them over all years, growth only where it compares the same years.
    """
    shared: dict[tuple, list[int]] = {}
    for i, row in enumerate(rows):
        if row.season:
            years = tuple(year for _, year in row.terms) if row.form == "growth" else ()
            shared.setdefault((row.quantity, row.form, years), []).append(i)
    found: dict[str, np.ndarray] = {}
    for (quantity, form, years), members in shared.items():
        lengths = sorted({rows[i].months for i in members})
        for months, longer in zip(lengths, [*lengths[1:], 12], strict=True):
            size = sqrt(widening(months) ** 2 - widening(longer) ** 2)
            error = np.zeros(len(rows))
            for i in members:
                error[i] = size * rows[i].season * (rows[i].months <= months)
            found[f"{quantity} {form} {years} {months}"] = error
    return tuple(found), np.array(list(found.values())).reshape(len(found), len(rows))
