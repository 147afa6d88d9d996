"""XMILE from anybody: nothing is fetched or run, nothing grows without end, and every refusal is a `ModelError`."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huangpu.compiler import ordered_model
from huangpu.compiler.xmile import read_xmile
from huangpu.ir import ModelError
from xmilefile import aux, elements, xmile

SECONDS = 20  # of the processor; far more than any of them takes
GOOD = xmile(
    aux("A", "1,2,3", "D")
    + aux("v", "SUM(A[*]) + F(TIME) + P.q", inside='<gf><xscale min="0" max="9"/><ypts>0,1,4</ypts></gf>')
    + elements("M", ("D", "E"), {"a, x": "1", "b,y": "A[1]"}, inside="<eqn>SMTH1(TIME, 2)</eqn>")
    + aux("s", "A[D]", "D", kind="stock", inside="<inflow>f</inflow><non_negative/>")
    + aux("f", "IF A[D] > 1 THEN 2 ELSE s/4", "D", kind="flow")
    + '<module name="P"><connect to="P.r" from="v"/></module>',
    more='<macro name="F"><parm>x</parm><eqn>x*2</eqn></macro>',
    models='<model name="P"><aux name="r" access="input"/><aux name="q"><eqn>1</eqn></aux></model>',
)
ENTITY = '<!DOCTYPE xmile [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 9))
DOUBLING = "".join(f'<macro name="F{i}"><parm>x</parm><eqn>F{i + 1}(x)+F{i + 1}(x+1)</eqn></macro>' for i in range(40))
MODULES = "".join(
    f'<model name="M{i}"><module name="a" model_name="M{i + 1}"/><module name="b" model_name="M{i + 1}"/></model>'
    for i in range(25)
)
HEAD = '<?xml version="1.0" encoding="utf-8"?>'


def compiled(tmp_path, text: str | bytes, suffix: str = ".xmile"):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return ordered_model(path)


def test_the_good_one_is_good(tmp_path):
    assert compiled(tmp_path, GOOD).initial


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (GOOD.replace(HEAD, HEAD + ENTITY).replace("TIME, 2", "&e;"), "<!DOCTYPE is not read"),
        (GOOD.replace(HEAD, f'{HEAD}<!DOCTYPE x [<!ENTITY l0 "lol">{LAUGHS}]>'), "<!DOCTYPE is not read"),
        (GOOD.replace(HEAD, ENTITY).encode("utf-16"), "<!DOCTYPE is not read"),
        (GOOD.replace("TIME, 2", "&nobody;"), "not XML"),
        (GOOD.replace("utf-8", "utf-7"), "not XML|not text|no sense|unknown"),
        (GOOD.replace("utf-8", "rot13"), "unknown encoding|not text"),
        (b"\xff\xfe\x00" + GOOD.encode(), "not text"),
        (GOOD.replace("<macro", "<a>" * 300 + "</a>" * 300 + "<macro"), "tags in one another|not XML"),
        (GOOD.replace("TIME, 2", "(" * 5000 + "1" + ")" * 5000), "nested more than"),
        (GOOD.replace("TIME, 2", "TIME, " + "9" * 100_000), "400 digits"),
        (GOOD.replace('name="D"', 'name="' + "D" * 100_000 + '"'), "more than 5000 characters"),
        (GOOD.replace('size="3"', 'size="999999999"'), "its size must be 1 to"),
        (GOOD.replace("TIME, 2", '__import__("os").system("id")'), "M: it makes no sense"),
        (GOOD.replace("0,1,4", "0,__import__,4"), "is no number"),
        (xmile(aux("v", "F0(1)"), more=DOUBLING + '<macro name="F40"><parm>x</parm><eqn>x</eqn></macro>'), "variables"),
        (xmile('<module name="M0"/>', models=MODULES + '<model name="M25"><aux name="x"/></model>'), "modules"),
        (
            xmile(
                "".join(aux(f"v{i}", "IF N=1 THEN 1 ELSE q[N-1]", "N", "B") for i in range(200)) + aux("q", "1", "N"),
                dims='<dim name="N" size="300"/><dim name="B" size="300"/>',
            ),
            "too large|more than",
        ),
        (xmile("".join(aux(f"v{i}", f"nobody {i}") for i in range(20_000))), "and .* problems more"),
        (xmile("".join(aux(f"v{i}", f"nobody_{i}") for i in range(20_000))), "and .* problems more"),
    ],
)
def test_payloads_are_refused_soon(text, what, tmp_path):
    begun = time.process_time()
    with pytest.raises(ModelError, match=what):
        compiled(tmp_path, text)
    assert time.process_time() - begun < SECONDS


def test_names_and_comments_are_text_only(tmp_path):
    name = "&quot;&quot;&quot;;import os;os.system(&quot;id&quot;)#"
    text = xmile(aux(name, "1", inside='<doc>"""\nimport os\n"""</doc><units>"""</units>') + aux("v", "TIME"))
    ordered = compiled(tmp_path, text)
    assert all("\n" not in v.label + v.doc + v.units for v in ordered.model.variables)


def read(data: bytes) -> None:
    begun = time.process_time()
    try:
        read_xmile("model.xmile", data)
    except ModelError as error:
        assert str(error)
    assert time.process_time() - begun < SECONDS


QUICK = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
PIECES = st.sampled_from(
    (
        """< > " ( ) [ ] * , - ^ SELF D { } &amp; &#0; <![CDATA[ <!-- <eqn> </eqn> <stock> <element> . : 0 IF 9e999"""
        """ \x00 <stock%name="q"> <element%subscript="a,x"> size="9999" <dim%name="D"/> <gf> </gf> <module%name="P"/>"""
    )
    .replace("%", "\t")
    .split(" ")
)


@QUICK
@given(st.binary(max_size=300))
def test_random_bytes(data):
    read(data)
    read(b"<xmile><model>" + data + b"</model></xmile>")


@QUICK
@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 20), PIECES), min_size=1, max_size=6))
def test_mutated_files(changes):
    text = GOOD
    for at, length, piece in changes:
        text = text[:at] + piece + text[at + length :]
    read(text.encode())
