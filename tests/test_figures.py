"""What `huangpu figures` says of every reported figure."""

import pytest
from rich.console import Console
from tests.measurement.conftest import METRICS, _row, write

from huangpu.cli import main
from huangpu.figures import figure_lines, print_figures
from huangpu.measurement import DataError, load_layer, read_observations

ROWS = [
    _row("year", "growth", 2013, 5.0, 0.1),
    _row("part", "growth", 2012, 5.0, 0.5, months=9, period="Q1-3"),
    _row("span", "growth", 2016, 5.0, 0.1, months="", period="avg_2014-2016:H1"),
    _row("level", "level", 2012, 90.0, 0.9, months=2, period="Jan-Feb", basis="new", bound=">"),
    _row("share", "share", 2014, 20.0, 0.3),
    _row("day", "count", 2012, 12, 0.6, date="2012-06-30"),
    _row("end", "count", 2013, 12, 0.6, months=12, period="FY"),
    _row("check", "growth", 2013, 5.0, 0.1, use="check"),
]


@pytest.fixture
def lines(tmp_path):
    metrics, observations = write(tmp_path, ROWS, METRICS + "bound_reach: 2\n")
    layer = load_layer(metrics, observations, start=2010.0)
    return lambda metric=None: figure_lines(layer, read_observations(observations), metric)


def test_how_each_figure_is_met(lines):
    assert {line.row_id: line.how for line in lines()} == {
        "year": "real, 2013 over 2012; error 0.095 %",
        "part": "real, Jan-Sep 2012 over Jan-Sep 2011; error 0.48 %; season 0.33 %",
        "span": "real, Jan-Jun 2016 over Jan-Jun 2013; error 0.29 %; season 0.57 %",
        "level": "nominal, mean of Jan-Feb 2012; error 1 %; season 13 %; lower bound, reaches 2 %; basis off by 5 %",
        "share": "share, mean of 2014; error 0.019 in log odds",
        "day": "stock, at 2012-06-30; error 5 %",
        "end": "stock, at 2013-12-31; error 5 %",
        "check": "use is check",
    }
    assert [line.row_id for line in lines() if not line.enters] == ["check"]
    assert {line.row_id: (line.period, line.value) for line in lines("m")}["level"] == (
        "Jan-Feb 2012",
        "> 90 yuan (new)",
    )


def test_figures_of_one_metric_in_order_of_time(lines):
    assert [line.row_id for line in lines("c")] == ["day", "end"]
    with pytest.raises(DataError, match="no reported figure of 'mm'; did you mean 'm'"):
        lines("mm")


def test_the_list_is_printed_whole_in_eighty_columns(lines, capsys):
    print_figures(lines(), Console(width=80))
    text = " ".join(capsys.readouterr().out.split())
    for line in lines():
        assert line.row_id in text
    assert "m, all, growth_real" in text
    assert "out: use is check" in text
    assert "7 of 8 figures enter the fit." in text


def test_the_shipped_figures_are_listed(capsys):
    assert main(["figures", "gdp"]) == 0
    assert "gdp, all_city, growth_real" in capsys.readouterr().out
    assert main(["figures", "gdpp"]) == 2
    assert "did you mean 'gdp'" in capsys.readouterr().err
