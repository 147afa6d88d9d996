"""Units of equations by Vensim's rules: each rule met, and each broken with the message that a modeller sees."""

from fractions import Fraction

import pytest

import modelfile
from huangpu.compiler.dimension import SYNONYMS, names, read_unit, text
from huangpu.compiler.read import read_model
from huangpu.compiler.units import check_units
from huangpu.ir import ModelError

GIVEN = """
Robots = 10 ~ robot ~ | Workers = 5 ~ person ~ | Life = 4 ~ years ~ | Share = 1 ~ dmnl ~ | Arrivals = 2 ~ robot/year ~ |
Table((0,0),(1,1)) ~ robot ~ | Speed = 2 ~ 1/year ~ | Bare = 3 ~ ~ | Kind: a, b ~ ~ | Sizes[Kind] = 1, 2 ~ robot ~ |
"""
SETTINGS = "\n///---\\\\\\\n:L<%^E!@\n22:robot,机器人\n22:Item,Items\n"


def checked(tmp_path, equations: str, **more):
    return check_units(read_model(modelfile.write(tmp_path, GIVEN + equations, **more)))


def verdict(tmp_path, equation: str, unit: str) -> list[str]:
    return [problem.what for problem in checked(tmp_path, f"X = {equation} ~ {unit} ~ |").problems]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("robot", "robot"),
        ("Robot / (Person * Year)", "robot/(person*year)"),
        ("robot/person/year", "robot/(person*year)"),
        ("person*robot/person", "robot"),
        ("1/year", "1/year"),
        ("1/(years*Year)", "1/(year*year)"),
        ("m^2/s^-1", "m*m*s"),
        ("m^4", "m^4"),
        ("10000 person", "10000 person"),
        ("Degrees  Fahrenheit", "degrees fahrenheit"),
        ("Dmnl", "dmnl"),
        ("fraction/month", "1/month"),
        ("亿元/年", "亿元/年"),
        ("((a/(b)))", "a/b"),
    ],
)
def test_a_unit_is_a_product_of_powers_of_names(written, shown):
    assert text(read_unit(written, names(SYNONYMS))) == shown


@pytest.mark.parametrize(
    "written", ["robot/", "/robot", "(robot", "robot)", "a(b)", "a^b", "a^0.5", "*", "(" * 30, "a" * 501]
)
def test_what_is_no_unit_is_refused(written):
    with pytest.raises(ModelError):
        read_unit(written, {})


def test_a_root_shows_as_a_fraction():
    assert text((("m", Fraction(1, 2)),)) == "m^(1/2)"


@pytest.mark.parametrize(
    ("equation", "unit"),
    [
        ("Robots / Workers", "robot/person"),
        ("Robots + 0", "robot"),
        ("-Robots * 2", "robot"),
        ("Robots ^ 2", "robot*robot"),
        ("SQRT(Robots * Robots)", "robot"),
        ("(Robots ^ (1/2)) * Robots ^ 0.5", "robot"),
        ("(Robots / Robots) ^ Share", "dmnl"),
        ("EXP(-Speed * Life) + LN(Share) + 1", "dmnl"),
        ("MAX(Robots, 0)", "robot"),
        ("IF THEN ELSE(Robots > 0 :AND: Share = 1, Robots, 0)", "robot"),
        ("INTEG(Arrivals - Robots / Life, Robots)", "robot"),
        ("INTEG(Arrivals, 5)", "robot"),
        ("SMOOTH(Robots, Life) + DELAY3(Robots, Life) + SMOOTHI(Robots, 3, Robots)", "robot"),
        ("TREND(Robots, Life, 0)", "1/year"),
        ("STEP(Robots, 5) + RAMP(Arrivals, 2, Life)", "robot"),
        ("PULSE(2, Life) * Robots", "robot"),
        ("XIDZ(Robots, Life, Arrivals) + ZIDZ(Robots, Life)", "robot/year"),
        ("SUM(Sizes[Kind!]) + VMAX(Sizes[Kind!])", "robot"),
        ("PROD(Sizes[Kind!])", "robot*robot"),
        ("Table(Share)", "robot"),
        ("WITH LOOKUP(Share, ((0,0),(1,1)))", "robot"),
        ("MODULO(Robots, Robots) + INTEGER(Robots) + ABS(Robots)", "robot"),
        ("ACTIVE INITIAL(Robots, Robots) ", "robot"),
        ("(Time - INITIAL TIME) * Arrivals", "robot"),
        ("10 + STEP(5, 10)", "robot"),
        ("12 * 1000", "robot"),
        ("Bare * Robots", "anything"),
        ("Kind a * Robots", "robot"),
        ("0 * Arrivals", "robot/year"),
    ],
)
def test_an_equation_with_its_own_unit_is_fine(equation, unit, tmp_path):
    extra = "Kind a = 1 ~ dmnl ~ |" if "Kind a" in equation else ""
    assert checked(tmp_path, f"{extra} X = {equation} ~ {unit} ~ |").problems == ()


@pytest.mark.parametrize(
    ("equation", "unit", "message"),
    [
        (
            "Robots / Workers",
            "robot",
            "the equation gives robot/person, the model says robot. Multiply by .* of person,",
        ),
        ("Robots", "robots", "robot and robots are two units"),
        ("Robots + Workers", "robot", r"Robots \+ Workers joins Robots \(robot\) and Workers \(person\)"),
        ("(Robots - Life) * Share", "robot", "joins"),
        ("Robots * (1 + Share) / 2", "person", "gives robot, the model says person"),
        ("IF THEN ELSE(Robots > Workers, 1, 2)", "dmnl", "Robots > Workers joins"),
        ("IF THEN ELSE(Share > 1, Robots, Workers)", "robot", "joins Robots .* and Workers"),
        ("IF THEN ELSE(Robots, 1, 2)", "dmnl", "Robots is robot, but must be a pure number"),
        ("IF THEN ELSE(:NOT: Robots, 1, 2)", "dmnl", "must be a pure number"),
        ("MIN(Robots, Life)", "robot", "joins"),
        ("EXP(Robots)", "dmnl", r"in EXP\(Robots\), Robots is robot, but must be a pure number. Divide"),
        ("SIN(Time)", "dmnl", r"in SIN\(Time\), Time is year"),
        ("LOG(Robots, 10)", "dmnl", "must be a pure number"),
        ("2 ^ Robots", "dmnl", "must be a pure number"),
        ("Robots ^ Share", "robot", "raises robot to a power that is no typed number"),
        ("SQRT(Robots)", "robot", r"gives robot\^\(1/2\), the model says robot"),
        ("SMOOTH(Robots, Workers)", "robot", "Workers is person, but must be in year"),
        ("DELAY1(Robots, Share)", "robot", "Share is dmnl, but must be in year"),
        ("SMOOTHI(Robots, Life, Workers)", "robot", "joins Robots .* and Workers"),
        ("STEP(Robots, Workers)", "robot", "Workers is person, but must be in year"),
        ("PULSE(Life, Workers)", "dmnl", "must be in year"),
        ("RAMP(Robots, 2, 3)", "robot", r"gives robot\*year, the model says robot"),
        ("TREND(Robots, Life, 0)", "dmnl", "gives 1/year"),
        ("XIDZ(Robots, Life, Robots)", "robot/year", r"joins Robots / Life \(robot/year\) and Robots \(robot\)"),
        ("ZIDZ(Robots, Life)", "robot", "gives robot/year"),
        ("SUM(Sizes[Kind!]) + Life", "robot", r"SUM\(Sizes\[Kind\]\) \(robot\)"),
        ("PROD(Sizes[Kind!])", "robot", r"gives robot\*robot"),
        ("Table(Share)", "person", "gives robot, the model says person"),
        ("MODULO(Robots, Life)", "robot", "joins"),
        ("INTEG(Robots, Robots)", "robot", "net flow gives robot, a stock in robot needs robot/year"),
        ("INTEG(Arrivals, Life)", "robot", "initial value gives year, the model says robot"),
        ("INITIAL(Robots)", "person", "gives robot"),
        ("ACTIVE INITIAL(Robots, Life)", "robot", "joins"),
        ("Robots", "robot/(year", "the unit .* cannot be read: a parenthesis is not closed"),
    ],
)
def test_an_equation_with_another_unit_is_a_problem(equation, unit, message, tmp_path):
    found = verdict(tmp_path, equation, unit)
    assert len(found) == 1
    assert modelfile.matches(message, found[0])


def test_all_problems_of_all_equations_come_with_their_lines(tmp_path):
    found = checked(tmp_path, "X = Robots + Life ~ robot ~ |\nY = EXP(Robots) * SIN(Life) ~ robot ~ |").problems
    assert [(p.place.line - found[0].place.line, p.equation[:1]) for p in found] == [(0, "X")] + [(2, "Y")] * 3


def test_a_subscripted_equation_is_named_once(tmp_path):
    assert len(checked(tmp_path, "X[Kind] = Sizes[Kind] * Life ~ robot ~ |").problems) == 1


def test_synonyms_of_the_model_file_are_one_unit(tmp_path):
    equations = "X = Robots ~ 机器人 ~ | Y = 3 ~ item ~ | Z = Y ~ Items ~ |"
    assert checked(tmp_path, equations, sketch=SETTINGS).problems == ()
    assert len(checked(tmp_path, equations).problems) == 2


def test_typed_numbers_that_stand_for_a_quantity_are_warned_of(tmp_path):
    found = checked(tmp_path, "X = IF THEN ELSE(Time > 2020, MAX(Robots, 1), 0) ~ robot ~ |")
    assert found.problems == ()
    assert [w.what.partition(" stands")[0] for w in found.warnings] == ["in Time > 2020, 2020", "in MAX(Robots, 1), 1"]


def test_a_lookup_read_at_a_quantity_is_warned_of(tmp_path):
    found = checked(tmp_path, "X = Table(Life) ~ robot ~ |")
    assert found.problems == ()
    assert "Table(Life) reads a lookup at year" in found.warnings[0].what


def test_what_has_no_unit_is_named_with_what_its_equation_gives(tmp_path):
    found = checked(tmp_path, "X = Robots / Life | Y = X + Bare ~ robot/year ~ |")
    assert found.missing == {"bare": "", "x": "robot/year"}
    assert (found.equations, found.unknown, found.problems) == (14, 2, ())


def test_macros_are_checked_with_the_units_of_their_arguments(tmp_path):
    macro = ":MACRO: HALF(all, time constant)\nHALF = inner / 2 ~ ~ |\n"
    macro += "inner = INTEG((all - inner) / time constant, all) ~ ~ |\n:END OF MACRO:\n"
    good = checked(tmp_path, f"X = 1 ~ dmnl ~ |{macro} Y = HALF(Robots, Life) ~ robot ~ |")
    assert good.problems == ()
    bad = checked(tmp_path, f"X = 1 ~ dmnl ~ |{macro} Y = HALF(Robots, Life) ~ person ~ | Z = HALF(Life, Robots) ~ ~ |")
    assert "gives robot, the model says person" in bad.problems[0].what
    assert [p.equation[:1] for p in bad.problems] == ["Y", "Z"]


def test_control_variables_share_the_unit_of_time(tmp_path):
    path = modelfile.write(tmp_path, "X = 1 ~ dmnl ~ |")
    path.write_text(path.read_text().replace("FINAL TIME = 10 ~ year", "FINAL TIME = 10 ~ month"))
    assert "month, but time is in year" in check_units(read_model(path)).problems[0].what


def test_deep_and_wide_equations_end_quickly(tmp_path):
    nested = "Robots"
    for _ in range(25):
        nested = f"SMOOTH({nested}, Life)"
    long = " + ".join(["Robots"] * 3000)
    found = checked(tmp_path, f"X = {nested} ~ robot ~ |\nY = {long} ~ robot ~ |\nZ = {nested} ~ person ~ |")
    assert [p.equation[:1] for p in found.problems] == ["Z"]
