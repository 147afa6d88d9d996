"""`huangpu check --support` lists all that is not supported, with its line, also several things in one equation."""

import pytest

import modelfile
import xmilefile
from huangpu.cli import main
from huangpu.compiler import unsupported


def lines(path, **more):
    return [problem.partition(f"{path.name}:")[2][:40] for problem in unsupported(path, **more)]


def test_all_of_it_in_the_order_of_the_file(tmp_path):
    equations = ("x = FOO BAR(3) + WOBBLE(FOO BAR(Time))", "y = (((", "z = 2 * FOO BAR(x)", "w = NEW ONE(1)")
    path = modelfile.write(tmp_path, "|".join(equations))
    found = lines(path)
    assert len(found) == 5
    assert [text.partition(":")[0] for text in found] == ["2", "2", "3", "4", "5"]
    assert "FOO BAR" in found[0] and "WOBBLE" in found[1] and "cannot be read" in found[2]


def test_more_problems_than_a_message_shows(tmp_path):
    path = modelfile.write(tmp_path, "".join(f"x{k} = FOO {k}(1) ~~|\n" for k in range(40)))
    assert len(lines(path)) == 40


def test_a_graphical_function_that_cannot_be_read_is_listed_where_it_is_called_as_well(tmp_path):
    graph = "<gf><xpts>0,1,2</xpts><ypts>0,1</ypts></gf>"
    text = xmilefile.aux("table", "TIME", inside=graph) + xmilefile.aux("x", "table(2)")
    found = lines(xmilefile.written(tmp_path, xmilefile.xmile(text)))
    assert len(found) == 1 and "table: a graphical function" in found[0]


def test_a_circle_is_listed_where_there_is_nothing_else(tmp_path):
    assert "circle" in unsupported(modelfile.write(tmp_path, "x = y | y = x"))[0]


@pytest.mark.parametrize(("equations", "code"), [("x = 1", 0), ("x = FOO BAR(1)", 2)])
def test_the_command(tmp_path, capsys, equations, code):
    assert main(["check", "--support", str(modelfile.write(tmp_path, equations))]) == code
    assert ("all of it is supported" if code == 0 else "FOO BAR") in capsys.readouterr().out


def test_series_from_other_runs_may_be_missing(tmp_path):
    assert unsupported(modelfile.write(tmp_path, "price ~ dmnl ~ | x = price * 2")) == ()
