"""One pass over a finished sweep: the summary is that of all members, and what went wrong is said."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from tests.sweep import shelf, small

from huangpu.sweep import load_sweep
from huangpu.sweep.alarms import Alarm, alarms, moved, told
from huangpu.sweep.review import QUARANTINED, SUMMARY, review, write_quarantined, write_summary
from huangpu.sweep.run import run
from huangpu.sweep.store import open_store


def finished(folder, design, base="plain", chunk=64):
    """A sweep that has been run, and its review."""
    sweep = small.sweep(folder, design, base)
    run(sweep, folder / "out", chunk=chunk)
    return sweep, review(sweep, open_store(folder / "out"))


def kinds(rows):
    return [row.kind for row in rows]


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_summary_is_that_of_the_finite_members(tmp_path):
    sweep, found = finished(tmp_path, "{kind: latin, n: 1000}")
    held = small.arrays(tmp_path / "out")
    values = held["outputs"][held["flags"] & 1 == 0]
    write_summary(sweep, found, tmp_path)
    lines = rows(tmp_path / SUMMARY)
    assert [line["output"] for line in lines] == ["stock@5", "stock@10", "depth@10"]
    for line, column in zip(lines, values.T, strict=True):
        assert int(line["members"]) == len(values) and int(line["not_finite"]) == 1000 - len(values) > 0
        assert float(line["mean"]) == pytest.approx(column.mean(), rel=1e-8)
        assert float(line["sd"]) == pytest.approx(column.std(ddof=1), rel=1e-8)
        assert (float(line["min"]), float(line["max"])) == pytest.approx((column.min(), column.max()), rel=1e-8)
        assert float(line["q05"]) == pytest.approx(np.quantile(column, 0.05, method="inverted_cdf"), rel=2e-3)
        assert float(line["q50"]) == pytest.approx(np.quantile(column, 0.5, method="inverted_cdf"), rel=2e-3)


def test_members_that_are_not_finite_are_listed_and_counted(tmp_path):
    sweep, found = finished(tmp_path, "{kind: latin, n: 1000}")
    held = small.arrays(tmp_path / "out")
    bad = np.flatnonzero(np.isnan(held["outputs"]).any(axis=1))
    write_quarantined(sweep, found, tmp_path)
    lines = rows(tmp_path / QUARANTINED)
    assert [int(line["member"]) for line in lines] == bad.tolist()
    assert {line["outputs"] for line in lines} == {"depth@10"}
    assert [float(line["growth"]) for line in lines] == held["inputs"][bad, 0].tolist()
    assert f"{len(bad)} of 1,000 members" in next(a.text for a in alarms(sweep, found) if a.kind == "not_finite")


@pytest.mark.parametrize(
    ("design", "paired"),
    [
        ("{kind: sobol, n: 32}", True),
        ("{kind: sobol, n: 32, second_order: false}", True),
        ("{kind: morris, trajectories: 20}", True),
        ("{kind: one_at_a_time}", True),
        ("{kind: factorial, levels: 3}", False),
        ("{kind: latin, n: 300}", False),
        ("{kind: fast, n: 577}", False),
    ],
)
@pytest.mark.parametrize("chunk", [7, 512])
def test_a_factor_that_moves_nothing_is_found_by_any_design(tmp_path, design, paired, chunk):
    """By pairs of its own members where the design has them, also where a pair lies in two chunks."""
    sweep, found = finished(tmp_path, design, chunk=chunk if paired else 512)
    assert (found.pairs > 0).all() == paired
    moves, known = moved(sweep, found)
    assert moves[:2, :2].all() and not moves[2].any() and known[:, :2].all()
    dead = [alarm for alarm in alarms(sweep, found) if alarm.kind == "dead"]
    assert [(alarm.factor, alarm.text) for alarm in dead] == [("idle", "parameter 'idle' moves no output at all")]


def test_pairs_are_those_that_differ_in_one_factor(tmp_path):
    """Sobol's, first order only: in each group the head with each AB, where both are finite."""
    _, found = finished(tmp_path, "{kind: sobol, n: 64, second_order: false}")
    finite = (small.arrays(tmp_path / "out")["flags"] & 1 == 0).reshape(64, 5)
    assert found.pairs[:, 2].tolist() == (finite[:, :1] & finite[:, 1:4]).sum(axis=0).tolist()
    assert (found.pairs[:, :2] == 64).all()


def test_a_scenario_that_gives_what_its_base_gives(tmp_path):
    sweep, found = finished(tmp_path, "{kind: latin, n: 40}", base="halved")
    same = [alarm for alarm in alarms(sweep, found) if alarm.kind == "same"]
    assert len(same) == 1 and "plain.yaml" in same[0].text and "bit by bit" in same[0].text


def test_a_scenario_that_differs_raises_none(tmp_path):
    (tmp_path / "model").mkdir()
    small.write_files(tmp_path)
    (tmp_path / "other.yaml").write_text("name: other\nbase: plain.yaml\nparameters: {loss: 2}\n")
    sweep, found = finished(tmp_path, "{kind: latin, n: 40}", base="other")
    assert "same" not in kinds(alarms(sweep, found))


def test_outputs_that_nothing_moves_and_members_outside(tmp_path):
    sweep, found = finished(tmp_path, "{kind: latin, n: 40}")
    still = found.moved.copy()
    still[:, :2] = True
    still[:, 2] = False
    made = replace(found, moved=still, pairs=np.full((3, 3), 9), outside=7)
    raised = alarms(sweep, made)
    assert [(a.kind, a.output) for a in raised if a.kind == "unmoved"] == [("unmoved", "depth@10")]
    assert any(a.kind == "outside" and "7 of 40 members" in a.text for a in raised)


def test_one_pair_of_factor_and_output_goes_to_the_table_only(tmp_path):
    sweep, found = finished(tmp_path, "{kind: latin, n: 40}")
    moves = np.array([[True, True, True], [True, False, True], [True, True, True]])
    raised = [
        a for a in alarms(sweep, replace(found, moved=moves, pairs=np.full((3, 3), 9))) if a.kind == "dead_output"
    ]
    assert [(a.factor, a.output, a.shown) for a in raised] == [("start", "stock@10", False)]


def test_the_review_has_the_same_bits_whatever_the_chunks(tmp_path):
    found = []
    for name, chunk in (("a", 64), ("b", 64)):
        (tmp_path / name).mkdir()
        found.append(finished(tmp_path / name, "{kind: latin, n: 500}", chunk=chunk)[1])
    assert found[0].moments.mean.tobytes() == found[1].moments.mean.tobytes()
    assert found[0].sketch.buckets.tobytes() == found[1].sketch.buckets.tobytes()


def test_an_output_that_is_never_finite_is_said_to_be_so(tmp_path, recwarn):
    """Not that nothing moves it; and infinite values, whose differences are no numbers, warn nobody."""
    file = small.write_files(tmp_path, "{kind: sobol, n: 32}")
    text = file.read_text().replace("depth: 10}", "depth: 10}\n  expressions: {worse: stock / 0 @ 10}")
    file.write_text(text)
    sweep = load_sweep(file)
    run(sweep, tmp_path / "out")
    found = review(sweep, open_store(tmp_path / "out"))
    raised = alarms(sweep, found)
    assert [(a.kind, a.text) for a in raised if a.output == "worse"] == [
        ("never", "output 'worse' is finite in no member")
    ]
    assert found.finite[3] == 0 and found.moved[:2, :2].all() and not recwarn.list
    assert [a.factor for a in raised if a.kind == "dead"] == ["idle"]


def test_many_alarms_of_a_kind_are_cut_short_on_the_terminal():
    rows = [Alarm("same", "", "", "one"), *(Alarm("unmoved", "", f"o{k}", f"output {k}") for k in range(8))]
    rows.append(Alarm("dead_output", "f", "o", "for the table"))
    lines = told(tuple(rows))
    assert lines == ["one", *(f"output {k}" for k in range(5)), "3 more like the last, see alarms.csv"]


def test_the_slowest_factor_of_a_factorial_is_probed_too(tmp_path):
    """In the first hundred members of 10 by 10 by 10 it stands still."""
    (tmp_path / "out").mkdir()
    file = small.write_files(tmp_path, "{kind: factorial, levels: 10}")
    lines = file.read_text().splitlines(keepends=True)
    idle = next(k for k, line in enumerate(lines) if "idle:" in line)
    lines.insert(lines.index("vary:\n") + 1, lines.pop(idle))  # the first is the slowest
    file.write_text("".join(lines))
    sweep = load_sweep(file)
    run(sweep, tmp_path / "out")
    raised = alarms(sweep, review(sweep, open_store(tmp_path / "out")))
    assert [(a.kind, a.factor) for a in raised if "dead" in a.kind] == [("dead", "idle")]


@pytest.mark.parametrize("design", ["{kind: latin, n: 40}", "{kind: posterior, n: 40}"])
def test_a_probe_where_the_others_are_drawn(tmp_path, design):
    sweep = shelf.sweep(shelf.make(tmp_path), ("{kind: sobol, n: 16}", f"{design}\nothers: posterior"))
    run(sweep, tmp_path / "out")
    raised = alarms(sweep, review(sweep, open_store(tmp_path / "out")))
    assert [(a.kind, a.output) for a in raised if a.shown] == [("unmoved", "output@2010")]
    assert ("push", "output@2012") in {(a.factor, a.output) for a in raised}
