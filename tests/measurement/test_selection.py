"""Which reported rows enter, as what, and why the others do not."""

from math import log

import numpy as np
import pytest
from tests.measurement.conftest import write

from huangpu.measurement import DataError, load_layer


def test_growth_of_a_year_and_level(layer_of, row):
    layer = layer_of(row("g", "growth", 2012, 5.0, 0.1), row("l", "level", 2013, 250.0, 2.5, basis="new"))
    growth, level = layer.rows
    assert growth.y == pytest.approx(log(1.05))
    assert growth.se == pytest.approx(0.1 / 105)
    assert growth.terms == ((1.0, 2012.0), (-1.0, 2011.0))
    assert level.y == pytest.approx(log(250))
    assert level.se == pytest.approx(0.01)
    assert level.terms == ((1.0, 2013.0),)


def test_average_rate_and_total_growth_over_years(layer_of, row):
    layer = layer_of(
        row("a", "growth", 2014, 5.0, 0.1, period="avg_2012-2014", months=""),
        row("c", "growth", 2015, 20.0, 0.6, period="cum_2013-2015", months=""),
    )
    average, total = layer.rows
    assert (average.y, average.se) == pytest.approx((3 * log(1.05), 3 * 0.1 / 105))
    assert average.terms == ((1.0, 2014.0), (-1.0, 2011.0))
    assert (total.y, total.se) == pytest.approx((log(1.2), 0.6 / 120))
    assert total.terms == ((1.0, 2015.0), (-1.0, 2012.0))


def test_shares_are_log_odds(layer_of, row):
    (share,) = layer_of(row("s", "share", 2012, 25.0, 0.5)).rows
    assert share.y == pytest.approx(log(1 / 3))
    assert share.se == pytest.approx(0.005 / (0.25 * 0.75))


def test_dated_stocks_stand_at_their_day_and_years_at_their_end(layer_of, row):
    layer = layer_of(
        row("d", "count", 2012, 12, 0.5, date="2012-06-30"),
        row("e", "count", 2013, 14, 0.5, date="2013-12-31"),
        row("y", "count", 2014, 15, 0.5, period="FY", months=12),
    )
    assert [r.terms[0][1] for r in layer.rows] == pytest.approx([2012 + 182 / 366, 2014.0, 2015.0])


def test_part_years_of_flows_are_yearly_rates_and_carry_a_season(layer_of, row):
    layer = layer_of(
        row("g", "growth", 2012, 5.0, 0.5, months=9),
        row("l", "level", 2013, 90.0, 0.9, months=9, basis="new"),
        row("s", "share", 2014, 20.0, 0.3, months=9),
        row("y", "growth", 2013, 5.0, 0.5),
    )
    growth, level, share, year = layer.rows
    assert (growth.se, growth.season) == pytest.approx((0.5 / 105, 0.6 / 105))
    assert (growth.terms, growth.months) == (((1.0, 2012.0), (-1.0, 2011.0)), 9)
    assert (level.y, level.se, level.season) == pytest.approx((log(120), 0.01, 0.06))
    assert (share.y, share.se, share.season) == pytest.approx((log(0.25), 0.3 / 16, 0.9 / 16))
    assert year.season == 0


def test_a_span_may_compare_parts_of_its_years(layer_of, row):
    layer = layer_of(row("a", "growth", 2014, 5.0, 0.1, period="avg_2012-2014:H1", months=""))
    (half,) = layer.rows
    assert half.terms == ((1.0, 2014.0), (-1.0, 2011.0))
    assert (half.months, half.season) == pytest.approx((6, 0.6 / 105))
    assert layer.requirements().parts == {6: ((2011, 2014), ("volume",))}
    assert layer.last_time() == 2014.5


def test_a_stock_in_part_of_a_year_stands_at_its_end(layer_of, row):
    layer = layer_of(
        row("h", "count", 2012, 12, 0.5, period="H1", months=6),
        row("q", "count", 2012, 13, 0.5, period="Q1-3", months=9),
    )
    assert [(r.row_id, r.terms[0][1], r.season) for r in layer.rows] == [("h", 2012.5, 0), ("q", 2012.75, 0)]
    assert layer.requirements().parts == {}


def test_of_a_years_parts_the_longest_that_can_be_used_stays(layer_of, row):
    rows = [
        row("q", "growth", 2012, 4.0, 0.1, months=3),
        row("h", "growth", 2012, 4.5, 0.1, months=6),
        row("n", "growth", 2012, 5.0, 0.1, months=9),
        row("t", "growth", 2012, -100.0, 0.1, months=10),
    ]
    layer = layer_of(*rows)
    assert layer.row_ids() == ("n",)
    reasons = dict(layer.unused)
    assert reasons["q"] == reasons["h"] == "overlaps n, which covers more of the year"
    assert reasons["t"] == "growth of -100 percent"


def test_a_series_may_ask_for_the_parts_beside_the_year(layer_of, row, metrics_text):
    old = "kind: growth_real, form: growth}"
    layer = layer_of(
        row("q", "growth", 2012, 4.0, 0.1, months=3),
        row("h", "growth", 2012, 4.5, 0.1, months=6),
        row("again", "growth", 2012, 4.6, 0.1, months=6),
        row("y", "growth", 2012, 5.0, 0.1),
        metrics=metrics_text.replace(old, old[:-1] + ", parts: true}"),
    )
    assert layer.row_ids() == ("q", "again", "y")
    assert dict(layer.unused)["h"] == "overlaps again, which stands later in the file"
    assert layer.requirements().parts == {3: ((2011, 2012), ("volume",)), 6: ((2011, 2012), ("volume",))}


def test_single_months_are_no_part_from_january(layer_of, row):
    layer = layer_of(row("m", "growth", 2012, 4.0, 0.1, period="May", months=1))
    assert dict(layer.unused)["m"] == "May does not begin with the year"


def test_every_row_that_does_not_enter_has_a_reason(layer_of, row):
    layer = layer_of(
        row("used", "growth", 2012, 5.0, 0.1),
        row("check", "growth", 2013, 5.0, 0.1, use="check"),
        row("repeat", "growth", 2014, 5.0, 0.1, preferred=0),
        row("recalled", "growth", 2015, 5.0, 0.1, verification="recalled"),
        row("early", "growth", 2010, 5.0, 0.1),
        row("other", "growth", 2016, 5.0, 0.1, metric="x"),
        row("unit", "level", 2016, 5.0, 0.1, unit="dollar", basis="new"),
        row("zero", "level", 2015, 0.0, 0.1, basis="new"),
        row("dated", "level", 2014, 5.0, 0.1, date="2014-05-01", months="", basis="new"),
    )
    assert layer.row_ids() == ("used",)
    assert dict(layer.unused) == {
        "check": "use is check",
        "repeat": "not the preferred row of its cell",
        "recalled": "recalled, no source",
        "early": "needs 2009, the simulation begins in 2010",
        "other": "no series asks for x, all, growth_real",
        "unit": "unit dollar, the quantity is in yuan",
        "zero": "value 0 with standard error 0.1 has no log with an error",
        "dated": "a dated figure of an annual quantity",
    }


def test_anchors_keep_the_latest_full_year_of_each_basis(layer_of, row, metrics_text):
    metrics = metrics_text.replace("kind: level, form: level}", "kind: level, form: level, anchors: last}")
    layer = layer_of(
        row("o1", "level", 2011, 200.0, 1, basis="old"),
        row("o2", "level", 2012, 210.0, 1, basis="old"),
        row("n1", "level", 2014, 250.0, 1, basis="new"),
        row("n2", "level", 2015, 190.0, 1, basis="new", months=9),
        metrics=metrics,
    )
    assert layer.row_ids() == ("o2", "n1")
    assert dict(layer.unused) == {"o1": "o2 is the anchor of this basis", "n2": "n1 is the anchor of this basis"}


def test_named_rows_years_and_rows_left_out(layer_of, row, metrics_text):
    old = "kind: growth_real, form: growth}"
    rows = [row(f"g{year}", "growth", year, 5.0, 0.1) for year in (2011, 2012, 2013)]
    assert layer_of(*rows, metrics=metrics_text.replace(old, old[:-1] + ", years: [2012]}")).row_ids() == ("g2012",)
    assert layer_of(*rows, metrics=metrics_text.replace(old, old[:-1] + ", rows: [g2013]}")).row_ids() == ("g2013",)
    layer = layer_of(*rows, metrics=metrics_text.replace(old, old[:-1] + ", leave_out: {g2012: counted elsewhere}}"))
    assert layer.row_ids() == ("g2011", "g2013")
    assert dict(layer.unused) == {"g2012": "counted elsewhere"}


def test_levels_on_two_bases_need_an_offset(layer_of, row):
    with pytest.raises(DataError, match=r"quantities.nominal: levels on bases 'older' .row l., 'oldest' .row k."):
        layer_of(
            row("l", "level", 2013, 250.0, 2.5, basis="older"), row("k", "level", 2012, 240.0, 2.5, basis="oldest")
        )


def test_rows_behind_a_derived_quantity_are_those_of_its_parts(layer_of, row):
    layer = layer_of(row("g", "growth", 2012, 5.0, 0.1), row("l", "level", 2013, 250.0, 2.5, basis="new"))
    behind = layer.rows_behind()
    assert behind["real"] == ("g",)
    assert set(behind["ratio"]) == {"g", "l"}
    assert behind["stock"] == ()
    assert layer.last_time() == 2014
    assert layer.requirements() == (("volume", "value", "share"), ("stock",), {})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("transform: logit", "transfrom: logit", "quantities.share.transfrom: no such key; did you mean 'transform'"),
        ("{volume: 1}}", "{volum: 1}}", "quantities.real: unknown process 'volum'; did you mean 'volume'?"),
        ("quantity: stock", "quantity: stok", "unknown quantity 'stok'; did you mean 'stock'?"),
        ("ratio: [nominal, real]", "ratio: [nominal, later]", "'later' is not a quantity above this one"),
        ("scale: 100, operator: annual_mean, ", "scale: 100, ", "quantities.share: expected an operator and a tr"),
        ("sd: 0.1", "sd: 0", "offsets[1].sd: input should be greater than 0"),
        ("reason: drift of price}", "reason: prices, and more}", "a text with a comma in it needs quotes"),
        ("quantity: real, metric: m", "quantity: share, metric: m", "growth needs a quantity in logs"),
        ("shock_years: {2013: 4.0}", "shock_years: {2013: 4.0, 2013: 1.0}", "given twice"),
        ("share_points: 0.9", "share_points: -1", "part_year.share_points: input should be greater than or equal to 0"),
        ("{quantity: nominal, metric: m, scope: all, kind: level, form: level}",
         "{quantity: real, metric: m, scope: all, kind: growth_real, form: growth}", "row g already enters as real"),
    ],
)  # fmt: skip
def test_mistakes_in_metrics_are_named(layer_of, row, metrics_text, old, new, message):
    assert old in metrics_text
    with pytest.raises(DataError) as error:
        layer_of(row("g", "growth", 2012, 5.0, 0.1), metrics=metrics_text.replace(old, new))
    assert "metrics.yaml" in str(error.value)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"value": "five"}, "row_id g: value is 'five', expected a number"),
        ({"bound": "=="}, "row_id g: bound is '=='"),
        ({"date": "31.12.2012"}, "row_id g: date is '31.12.2012', expected YYYY-MM-DD"),
        ({"period": "avg_2012-2014:May"}, "row_id g: period 'avg_2012-2014:May' compares parts of a year"),
    ],
)
def test_mistakes_in_observations_name_the_row(layer_of, row, change, message):
    with pytest.raises(DataError) as error:
        layer_of(row("g", "growth", 2012, 5.0, 0.1) | change)
    assert message in str(error.value)


def test_a_row_id_given_twice_and_a_missing_file(layer_of, row, tmp_path):
    with pytest.raises(DataError, match="row_id g is given twice"):
        layer_of(row("g", "growth", 2012, 5.0, 0.1), row("g", "growth", 2013, 5.0, 0.1))
    with pytest.raises(DataError, match="no such file"):
        load_layer(tmp_path / "none.yaml", tmp_path / "none.csv", start=2010)


def test_figures_without_a_source_enter_only_when_asked_for_with_wider_errors(tmp_path, row, metrics_text):
    recalled = {"verification": "recalled", "use": "check"}
    rows = [
        row("q", "level", 2012, 220, 2.2, basis="new"),
        row("r", "level", 2013, 230, 2.3, basis="new", **recalled),
        row("own", "level", 2013, 230, 2.3, basis="strange", **recalled),
        row("weak", "level", 2013, 231, 2.3, basis="new", preferred="0", **recalled),
        row("part", "level", 2014, 110, 1.1, basis="new", months="6", period="H1"),
        row("full", "level", 2014, 250, 2.5, basis="new", **recalled),
        row("check", "level", 2015, 250, 2.5, basis="new", use="check"),
    ]
    files = write(tmp_path, rows, metrics_text)
    plain, wide = (load_layer(*files, start=2010.0, recalled=asked) for asked in (False, True))
    assert plain.row_ids() == ("q", "part")
    assert dict(plain.unused)["r"] == "recalled, no source"
    assert wide.row_ids() == ("q", "r", "part")
    assert wide.rows[1].se == pytest.approx(3 * 2.3 / 230)
    assert wide.rows[0] == plain.rows[0]
    why = dict(wide.unused)
    assert why["own"] == "recalled, on a basis of its own"
    assert why["weak"] == "recalled, not the preferred row of its cell"
    assert why["full"] == "overlaps part, which has a source"
    assert why["check"] == "use is check"
    files = write(tmp_path, rows, "recalled_factor: 5\n" + metrics_text)
    assert load_layer(*files, start=2010.0, recalled=True).rows[1].se == pytest.approx(5 * 2.3 / 230)


def test_a_figure_without_a_source_is_no_anchor_beside_one_with(tmp_path, row, metrics_text):
    anchored = metrics_text.replace("kind: level, form: level}", "kind: level, form: level, anchors: last}")
    rows = [
        row("q", "level", 2012, 220, 2.2, basis="new"),
        row("r", "level", 2013, 230, 2.3, basis="new", verification="recalled", use="check"),
        row("old", "level", 2011, 200, 2.0, basis="old", verification="recalled", use="check"),
    ]
    layer = load_layer(*write(tmp_path, rows, anchored), start=2010.0, recalled=True)
    assert layer.row_ids() == ("q", "old")


def test_a_first_release_has_the_error_of_revisions_too(tmp_path, row, metrics_text):
    """In quadrature: points for rates and shares, relative for levels; what was revised has none."""
    rows = [
        row("g", "growth", 2012, 7.0, 0.3),
        row("f", "growth", 2013, 7.0, 0.3),
        row("l", "level", 2012, 200.0, 1.0, basis="new"),
        row("s", "share", 2012, 30.0, 0.1),
    ]
    status = {"g": "preliminary", "f": "final", "l": "preliminary", "s": "preliminary"}
    metrics, observations = write(
        tmp_path, rows, "revision: {growth_points: 0.4, level_relative: 0.01}\n" + metrics_text
    )
    lines = observations.read_text(encoding="utf-8").splitlines()
    said = [",".join([line, status.get(line.split(",")[0], "status")]) for line in lines]
    observations.write_text("\n".join(said) + "\n", encoding="utf-8")
    found = {r.row_id: r.se for r in load_layer(metrics, observations, start=2010.0).rows}
    assert found["g"] == pytest.approx(0.5 / 107) and found["f"] == pytest.approx(0.3 / 107)
    assert found["l"] == pytest.approx(np.hypot(1.0, 2.0) / 200)
    assert found["s"] == pytest.approx(0.1 / (100 * 0.3 * 0.7))
