"""`huangpu check`: everything at once, with equation and line; notes do not fail unless asked to."""

from pathlib import Path

import pytest

import modelfile
from huangpu.cli import main
from huangpu.compiler import check_model
from huangpu.compiler.check import text

CORPUS = sorted((Path(__file__).parents[1]).glob("corpus*/*/*.mdl"))
GOOD = "Robots = INTEG(Arrivals, 3) ~ robot ~ In use. | Arrivals = 2 * Robots / Life ~ robot/year ~ Bought. |"
LIFE = "Life = 4 ~ year ~ Judgement. |"
WRONG = """
Robot Density = Robots / Workers ~ robot ~ How many.
|
Robots = INTEG(Sales, 3) ~ robot ~ In use. | Sales = Robots ~ robot ~ Bought. | Workers = 7 ~ person ~ Given.
"""


def notes(tmp_path, equations: str, **more) -> dict[str, list[str]]:
    """Title up to its first word of explanation -> names."""
    report = check_model(modelfile.write(tmp_path, equations, **more))
    return {title: [n.equation for n in found] for title, found in report.notes.items() if found}


def test_a_good_model_has_nothing_to_say(tmp_path, capsys):
    path = modelfile.write(tmp_path, GOOD + LIFE)
    assert main(["check", str(path), "--strict"]) == 0
    assert capsys.readouterr().out == f"{path}: 7 equations, 0 unit errors, 0 notes\n"


def test_unit_errors_are_printed_with_place_and_advice_and_fail(tmp_path, capsys):
    path = modelfile.write(tmp_path, WRONG)
    assert main(["check", str(path)]) == 1
    out = capsys.readouterr().out
    assert out.startswith(
        f"{path}:2: Robot Density = Robots / Workers\n"
        "  units differ: the equation gives robot/person, the model says robot. "
        "Multiply by a constant of person, or correct the unit.\n"
    )
    assert f"{path}:5: Robots = INTEG(Sales, 3)\n  units differ: the net flow gives robot" in out
    assert "8 equations, 2 unit errors, 1 note\n" in out


def test_notes_fail_only_where_strictness_is_asked_for(tmp_path, capsys):
    path = modelfile.write(tmp_path, GOOD + LIFE + "Idle = 3 ~ dmnl ~ For nothing. |")
    assert main(["check", str(path)]) == 0
    assert "constants never used (1)\n" in capsys.readouterr().out
    assert main(["check", str(path), "--strict"]) == 1


def test_what_cannot_be_compiled_is_named_beside_the_unit_errors(tmp_path, capsys):
    path = modelfile.write(tmp_path, "X = Y ~ year ~ | Y = 3 ~ robot ~ | Z = FOO(X) + Nowhere ~ ~ |")
    assert main(["check", str(path)]) == 2
    found = capsys.readouterr()
    assert "the equation gives robot, the model says year" in found.out
    assert "FOO is not supported" in found.err


def test_a_file_that_is_no_model_is_refused(tmp_path, capsys):
    (tmp_path / "x.mdl").write_text("nothing")
    assert main(["check", str(tmp_path / "x.mdl")]) == 2
    assert "not a Vensim" in capsys.readouterr().err


def test_what_is_missing_or_idle_is_noted(tmp_path):
    found = notes(
        tmp_path,
        GOOD
        + """Life = 4 ~ ~ Judgement. | Mute = Robots ~ robot ~ | Idle = 3 ~ dmnl ~ For nothing. |
        Curve((0,0),(1,1)) ~ dmnl ~ Never read. | Shape((0,0),(1,1)) ~ dmnl ~ Read. |
        Read = Shape(1) ~ dmnl ~ Out. ~ :SUPPLEMENTARY | Self = INTEG(-Self, 1) ~ dmnl ~ Feeds itself only. |
        Firm: a, b ~ ~ | Empty: c, d ~ ~ | Half: b ~ ~ | Size[Firm] = 1, 2 ~ dmnl ~ Used. |
        Sum of Sizes = SUM(Size[Firm!]) ~ dmnl ~ Out. ~ :SUPPLEMENTARY |""",
    )
    assert found == {
        "without a unit": ["Life"],
        "without documentation": ["Mute"],
        "constants never used": ["Idle"],
        "lookups never read": ["Curve"],
        "variables that feed nothing; flag outputs :SUPPLEMENTARY": ["Mute", "Self"],
        "subscript ranges never used": ["Empty", "Half"],
    }


def test_ranges_are_used_by_their_elements_and_by_one_another(tmp_path):
    found = notes(
        tmp_path,
        GOOD
        + LIFE
        + """Alone: a, b ~ ~ | Part: c, d ~ ~ | Whole: Part, e ~ ~ | Copy <-> Whole ~ ~ |
        Left: f, g -> Right ~ ~ | Right: h, i ~ ~ | Asked: j ~ ~ |
        X[a] = 1 ~ dmnl ~ x ~ :SUPPLEMENTARY | Y[Whole] = 1 ~ dmnl ~ y ~ :SUPPLEMENTARY |
        N = ELMCOUNT(Asked) ~ dmnl ~ n ~ :SUPPLEMENTARY |""",
    )
    assert found == {"subscript ranges never used": ["Copy", "Left"]}


def test_what_is_drawn_among_the_outputs_need_feed_nothing(tmp_path):
    sketch = "V300\n*Outputs\n10,1,Mute,0,0,1,1,8,3,0,0,0,0,0,0\n"
    assert notes(tmp_path, GOOD + LIFE + "Mute = Robots ~ robot ~ Seen. |", sketch=sketch) == {}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_any_model_is_reported_on_or_refused(path, capsys):
    """No internal error: a report, and exit code 2 exactly where the compiler does not take the model."""
    code = main(["check", str(path)])
    assert code == 2 if "unsupported" in str(path) else code in (0, 1)
    assert "internal error" not in capsys.readouterr().err


def test_text_of_the_file_cannot_steer_the_terminal(tmp_path):
    path = modelfile.write(tmp_path, '"X\x1b31m" = 3 ~ ro\x1bbot ~ | Y = "X\x1b31m" ~ year\x1b0m ~ |')
    assert "\x1b" not in text(check_model(path))
