"""XMILE files: modules, macros, graphical functions, what a stock or flow may say, time settings, views."""

import numpy as np
import pytest

from huangpu.compiler import compile_model, ordered_model
from huangpu.compiler.read import read_model
from huangpu.compiler.syntax import key
from huangpu.ir import ModelError
from xmilefile import aux, run, run_simlin, written, xmile

POP = """<model name="Pop"><variables>
<stock name="people"><eqn>100</eqn><inflow>births</inflow></stock>
<flow name="births"><eqn>people*rate</eqn></flow>
<aux name="rate" access="input"><eqn>0.1</eqn></aux></variables></model>"""
OUTER = """<model name="Outer"><variables><module name="Pop"><connect to="Pop.rate" from="share"/></module>
<aux name="share" access="input"/><aux name="twice"><eqn>Pop.people*2</eqn></aux></variables></model>"""
MODULES = {
    "one": ('<module name="Pop"><connect to="Pop.rate" from="r"/></module>' + aux("out", "Pop.people*2"), POP),
    "from the top": ('<module name="Pop"><connect to="Pop.rate" from=".r"/></module>' + aux("out", "Pop.rate"), POP),
    "the same twice": (
        '<module name="P 1" model_name="Pop"><connect to="P_1.rate" from="r"/></module>'
        '<module name="P2" model_name="Pop"><connect to="P2.rate" from="P_1.rate"/></module>'
        + aux("out", "P_1.people+P2.people"),
        POP,
    ),
    "in one another": (
        '<module name="Outer"><connect to="Outer.share" from="r"/></module>' + aux("deep", "Outer.Pop.people"),
        POP + OUTER.replace('access="input"/>', 'access="input"><eqn>0</eqn></aux>'),
    ),
}
MACROS = {  # a call -> the macros that it needs
    "LERP(0, TIME)": """<macro name="lerp"><eqn>a + (b-a)*t</eqn><parm>a</parm><parm>b</parm>
<parm default="0.25">t</parm></macro>""",
    "acc(TIME, 5)": """<macro name="ACC"><parm>x</parm><parm>i</parm><eqn>s*2</eqn><variables>
<stock name="s"><eqn>i</eqn><inflow>f</inflow></stock><flow name="f"><eqn>x</eqn></flow></variables></macro>""",
    "twice(TIME)": """<macro name="TWICE"><parm>x</parm><eqn>dbl(x)+dbl(1)</eqn></macro>
<macro name="DBL"><parm>x</parm><eqn>x*2</eqn></macro>""",
    "g(TIME)": """<macro name="G"><parm>x</parm><eqn>h</eqn><variables><aux name="h"><eqn>x</eqn>
<gf><xscale min="0" max="4"/><ypts>0,1,4</ypts></gf></aux></variables></macro>""",
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HUANGPU_CACHE", str(tmp_path / "cache"))


def agree(ours: dict, theirs: dict, *names: str) -> None:
    for name in names or [name for name in ours if key(name) in theirs]:
        np.testing.assert_allclose(ours[name], theirs[key(name)], rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("case", MODULES)
def test_modules_agree_with_simlin(case, tmp_path):
    variables, models = MODULES[case]
    path = written(tmp_path, xmile(variables + aux("r", "0.2+TIME/100"), models=models))
    ours = run(path)
    assert any("." in name for name in ours)
    agree(ours, run_simlin(path))


@pytest.mark.parametrize("call", [call for call in MACROS if "LERP" not in call])
def test_macros_agree_with_simlin(call, tmp_path):
    path = written(tmp_path, xmile(aux("v", call), more=MACROS[call], dims=""))
    agree(run(path), run_simlin(path), "v")


def test_macros_have_defaults(tmp_path):
    call = "LERP(0, TIME)"
    short = run(written(tmp_path, xmile(aux("v", call), more=MACROS[call])))
    np.testing.assert_allclose(short["v"], np.arange(0, 5.25, 0.5) / 4)


def graph(kind: str, points: str) -> str:
    return aux("v", "TIME", inside=f'<gf type="{kind}">{points}</gf>')


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (graph("continuous", "<xpts>1,2,3</xpts><ypts>5,7,2</ypts>"), [5, 5, 5, 6, 7, 4.5, 2, 2, 2, 2, 2]),
        (graph("extrapolate", "<xpts>1,2,3</xpts><ypts>5,7,2</ypts>"), [3, 4, 5, 6, 7, 4.5, 2, -0.5, -3, -5.5, -8]),
        (graph("discrete", "<xpts>0,1,2</xpts><ypts>5,7,2</ypts>"), [5, 5, 7, 7, 2, 2, 2, 2, 2, 2, 2]),
        (graph("discrete", "<xpts>-1,0,5</xpts><ypts>5,7,2</ypts>"), [7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 2]),
        (graph("continuous", '<xpts sep=";">3;2;1</xpts><ypts>2,7,5</ypts>'), [5, 5, 5, 6, 7, 4.5, 2, 2, 2, 2, 2]),
        (graph("continuous", '<xscale min="0" max="5"/><ypts>0,10</ypts>'), list(range(11))),
        (graph("continuous", "<xpts>1</xpts><ypts>5</ypts>"), [5] * 11),
        (
            aux("g", "TIME", inside='<gf><xscale min="0" max="5"/><ypts>0,10</ypts></gf>') + aux("v", "LOOKUP(g, 1)+g"),
            list(range(2, 13)),
        ),
        (
            '<gf name="g"><xscale min="0" max="5"/><ypts>0,10</ypts></gf>' + aux("v", "g(TIME) + LOOKUP(g, 1)"),
            list(range(2, 13)),
        ),
        (aux("f", "TIME-3", kind="flow", inside="<non_negative/>") + aux("v", "f"), [0] * 7 + [0.5, 1, 1.5, 2]),
        (
            aux("v", "2", kind="stock", inside="<outflow>f</outflow><non_negative/>") + aux("f", "1", kind="flow"),
            [2, 1.5, 1, 0.5, 0, 0, 0, 0, 0, 0, 0],
        ),
        (aux("v", "s", inside="<init_eqn>7</init_eqn>") + aux("s", "v", kind="stock"), [7] * 11),
    ],
)
def test_graphical_functions_and_what_a_variable_says_of_itself(variables, expected, tmp_path):
    np.testing.assert_allclose(run(written(tmp_path, xmile(variables)))["v"], expected, rtol=1e-12, atol=1e-12)


def test_any_prefix_of_the_namespace_and_none(tmp_path):
    text = xmile(aux("v", "TIME*2"))
    plain = text.replace(' xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"', "")
    tags = "xmile header vendor product name sim_specs start stop dt dimensions dim elem model variables aux eqn"
    prefixed = text.replace("xmlns=", "xmlns:x=")
    for tag in tags.split():
        prefixed = prefixed.replace(f"<{tag}>", f"<x:{tag}>").replace(f"<{tag} ", f"<x:{tag} ")
        prefixed = prefixed.replace(f"</{tag}>", f"</x:{tag}>")
    foreign = text.replace("<aux", '<isee:aux name="v"><eqn>1</eqn></isee:aux><aux', 1)
    for one in (plain, prefixed, foreign, text.replace('"utf-8"', '"utf-16"').encode("utf-16")):
        path = tmp_path / "model.stmx"
        path.write_bytes(one if isinstance(one, bytes) else one.encode())
        assert run(path)["v"][-1] == 10


def test_time_settings(tmp_path):
    text = xmile(aux("v", "DT"), dt="4").replace("<dt>", '<dt reciprocal="true">')
    program = compile_model(written(tmp_path, text))
    assert (program.initial_time, program.final_time, program.time_step, program.saveper) == (0, 5, 0.25, 0.25)
    bare = xmile(aux("v", "1")).replace("<dt>0.5</dt>", "")
    assert compile_model(written(tmp_path, bare)).time_step == 1
    saved = xmile(aux("v", "1")).replace("</dt>", "</dt><savestep>1</savestep>")
    assert compile_model(written(tmp_path, saved)).saveper == 1
    differs = xmile(aux("TIME STEP", "0.25"))
    with pytest.raises(ModelError, match=r"model\.xmile:8: TIME STEP: 0\.25, but <dt> on line 4 is 0\.5"):
        compile_model(written(tmp_path, differs))


def test_the_method_is_the_files_unless_one_is_asked_for(tmp_path):
    path = written(tmp_path, xmile(aux("v", "1"), specs='method="RK4"'))
    assert compile_model(path).method == "rk4"
    assert compile_model(path, method="euler").method == "euler"
    other = written(tmp_path, xmile(aux("v", "1"), specs='method="gear"'), "other.xmile")
    assert compile_model(other, method="rk4").method == "rk4"
    with pytest.raises(ModelError, match="the method 'gear' is not known"):
        compile_model(other)


def test_units_documentation_and_views(tmp_path):
    view = '<views><view name="Levers"><aux name="A_b" x="1" y="1"/><aux name="nobody"/></view></views>'
    text = xmile(aux("A b", "1", inside="<units>people/year</units><doc>Two\nlines.</doc>"))
    source = read_model(written(tmp_path, text.replace("</model>", f"{view}</model>")))
    element = next(e for e in source.elements if e.key == "a_b")
    assert (element.label, element.units, element.doc) == ("A b", "people/year", "Two lines.")
    assert source.views == {"Levers": ("a_b",)}
    assert element.definitions[0].place.line == 8


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (xmile(aux("v", "")), r"model\.xmile:8: v: it has no equation"),
        (
            xmile(aux("v", "1 +") + "\n" + aux("w", "nobody")),
            r"(?s):8: v: it ends too early.*:9: w: there is no nobody",
        ),
        (xmile(aux("v", "SMTH1(1)")), "v: SMTH1 takes 2 to 3 arguments, not 1"),
        (xmile(aux("v", "IRR(1, 2)")), "v: the function IRR is not supported"),
        (xmile(aux("v", "1") + aux("V", "2")), "V: defined twice, on line 8"),
        (xmile(aux("%", "1")), "%: a name without a letter or digit"),
        (xmile(aux("v", "1", kind="stock", inside="<conveyor/>")), "v: <conveyor> is not supported"),
        (xmile(aux("v", "TIME", inside="<gf><ypts>1,2</ypts></gf>")), "without <xpts> and <xscale>"),
        (xmile(aux("v", "TIME", inside="<gf><xpts>1</xpts><ypts>1,2</ypts></gf>")), "1 x and 2 y"),
        (xmile('<module name="P"/>'), "P: there is no model P in the file"),
        (xmile('<module name="Pop"><connect to="q" from="v"/></module>' + aux("v", "1"), models=POP), "there is no q"),
        (xmile(aux("v", "F(1)"), more='<macro name="F"><parm>x</parm><eqn>F(x)</eqn></macro>'), "calls itself"),
        (xmile('<module name="A"/>', models='<model name="A"><module name="A"/></model>'), "contains itself"),
        (xmile(aux("Stock", "1") + aux("v", "Stokc")), "Did you mean Stock"),
        ("<xmile/>", "no <model>"),
        ("<a><b></a>", "not XML"),
        (xmile(aux("v", "1"))[:-20], "not XML"),
        ("", "empty"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text, what, tmp_path):
    with pytest.raises(ModelError, match=what):
        ordered_model(written(tmp_path, text))
