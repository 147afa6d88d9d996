"""Every figure says where it comes from: sources that are cited exist, and only what has none cites none."""

import csv
import re

import pytest

from huangpu.files import shipped
from huangpu.yamlfile import read_yaml

UNSOURCED = {"recalled", "inferred", "none"}
TABLES = [
    "calibration/observations.csv",
    "results/targets.csv",
    "results/outcomes.csv",
    "models/plan_levers.csv",
]


def rows(relative: str) -> list[dict[str, str]]:
    with shipped(relative).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


SOURCES = [row["source_id"] for row in rows("calibration/sources.csv")]


def test_sources_are_unique_and_named():
    assert len(set(SOURCES)) == len(SOURCES)
    assert all(SOURCES)


@pytest.mark.parametrize("table", TABLES)
def test_every_source_exists_and_is_missing_only_where_there_is_none(table):
    for row in rows(table):
        if row["source_id"]:
            assert row["source_id"] in SOURCES, row
        else:
            assert row.get("verification") in UNSOURCED, row


def test_the_provenance_columns_came_along():
    observed = {
        "row_id",
        "published",
        "source_id",
        "verification",
        "tier",
        "conflict_group",
        "preferred",
        "use",
        "note",
    }
    assert observed <= set(rows("calibration/observations.csv")[0])
    assert {"source_id", "section", "strength", "scope_note"} <= set(rows("results/targets.csv")[0])
    assert {"evidence", "verification", "published", "source_id"} <= set(rows("results/outcomes.csv")[0])


def test_ids_are_unique():
    for table, key in {"calibration/observations.csv": "row_id", "results/targets.csv": "id"}.items():
        ids = [row[key] for row in rows(table)]
        assert len(set(ids)) == len(ids)
        assert all(ids)


def test_outcomes_are_outcomes_of_targets():
    targets = {row["id"] for row in rows("results/targets.csv")}
    assert {row["target_id"] for row in rows("results/outcomes.csv")} - {""} <= targets


def test_preferred_rows_are_one_a_cell():
    cells = ("metric", "scope", "kind", "basis", "year", "period", "date")
    preferred = [
        tuple(row[c] for c in cells) for row in rows("calibration/observations.csv") if row["preferred"] == "1"
    ]
    assert len(set(preferred)) == len(preferred)


def cited(node: object, key: str = "") -> list[str]:
    """All values of the keys `source` and `sources` in a tree of YAML data."""
    match node:
        case dict():
            return [s for k, v in node.items() for s in cited(v, k)]
        case list():
            return [s for v in node for s in cited(v, key)]
        case str() if key in ("source", "sources", "source_id"):
            return [node]
        case _:
            return []


@pytest.mark.parametrize("name", ["calibration/priors.yaml", "calibration/metrics.yaml", "results/readings.yaml"])
def test_sources_that_priors_metrics_and_readings_cite(name):
    document = read_yaml(shipped(name))
    assert document.problems == ()
    unknown = {s.strip() for text in cited(document.data) for s in text.split(",")} - set(SOURCES) - {"judgement"}
    assert not unknown


def test_every_prior_gives_reason_and_source():
    parameters = read_yaml(shipped("calibration/priors.yaml")).data["parameters"]
    bare = [name for name, prior in parameters.items() if not (prior.get("reason") and prior.get("source"))]
    assert bare == []


@pytest.mark.parametrize(
    "name", ["models/shanghai_industry.mdl", "calibration/priors.yaml", "calibration/metrics.yaml"]
)
def test_rows_and_sources_named_in_running_text_exist(name):
    text = shipped(name).read_text(encoding="utf-8")
    observed = {row["row_id"] for row in rows("calibration/observations.csv")}
    named = set(re.findall(r"\bo[0-9]{4}\b", text)), set(re.findall(r"\b(?:s[0-9]{3}|plan_[a-z0-9]+)\b", text))
    assert named[0] - observed == set()
    assert named[1] - set(SOURCES) == set()
    if name != "calibration/metrics.yaml":
        assert all(named)
