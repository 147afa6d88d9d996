"""Model files are not trusted: `huangpu simulate` in a process of its own runs nothing that they hold, and ends."""

import os
import subprocess
import sys

import pytest

import modelfile

CONTROL = "INITIAL TIME = 0 ~~| FINAL TIME = 10 ~~| TIME STEP = 1 ~~| SAVEPER = 1 ~~|\n"
TOUCH = "__import__('pathlib').Path('pwned').touch()"
XMILE = """<?xml version="1.0"?>{dtd}<xmile version="1.0" xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0">
<header><name>m</name><vendor>x</vendor><product>y</product></header>
<sim_specs><start>0</start><stop>10</stop><dt>1</dt></sim_specs><model><variables>{inside}</variables></model></xmile>"""
GRAPH = "<gf><xscale min='0' max='{max}'/><ypts>0,1,2</ypts></gf>"

PAYLOADS = {  # equations -> what may come of them: refused (2), or run without harm (0)
    "lookup range": (f"x = WITH LOOKUP(Time, ([(0,0)-(10,10),{TOUCH}],(0,0),(10,10)))", {2}),
    "lookup range of a named lookup": (f"f([{TOUCH}],(0,0),(10,10)) ~~| x = f(Time)", {2}),
    "documentation with quotes": (f'x = 1 ~ m ~ """ + {TOUCH} + """', {0}),
    "documentation with a line break": (f"x = 1 ~ m ~ text\n{TOUCH}\n", {0}),
    "units with a line break": (f"x = 1 ~ m\n{TOUCH}\n ~", {0, 2}),
    "quoted name": (f'"a\\"; {TOUCH} #" = 1', {0, 2}),
    "quoted name with a line break": (f'"a\n{TOUCH}\n" = 1', {0, 2}),
    "quoted subscript": (f'"r\\"]; {TOUCH} #": A, B ~~| x["r\\"]; {TOUCH} #"] = 1', {0, 2}),
    "file name": (f"x = GET DIRECT CONSTANTS('\"\"\"; {TOUCH}', 'a', 'B2')", {2}),
    "path upwards": ("x = GET DIRECT CONSTANTS('../../secret.csv', ',', 'A1')", {2}),
    "absolute path": ("x = GET DIRECT CONSTANTS('/etc/passwd', ',', 'A1')", {2}),
    "device": ("x = GET DIRECT CONSTANTS('/dev/zero', ',', 'A1')", {2}),
    "address": ("x = GET DIRECT CONSTANTS('http://127.0.0.1:9/a.csv', ',', 'A1')", {2}),
    "nested parentheses": ("x = " + "(" * 5000 + "1" + ")" * 5000, {2}),
    "nested functions": ("x = " + "ABS(" * 3000 + "1" + ")" * 3000, {2}),
    "power of powers": ("x = 9^9^9^9", {0, 2}),
    "many digits": ("x = " + "9" * 100_000, {2}),
    "many elements": ("r: (A1-A999999999) ~~| x[r] = 1", {2}),
    "many elements together": (
        "".join(f"r{k}: (A1-A999) ~~|" for k in range(3)) + "x[r0,r1,r2] = 1",
        {2},
    ),
    "many points": ("f(" + ",".join(f"({k},0)" for k in range(20_000)) + ") ~~| x = f(Time)", {2}),
    "a macro in itself": (":MACRO: M(a) \n M = M(a) ~~| :END OF MACRO: x = M(1)", {2}),
    "a circle": ("x = y ~~| y = x", {2}),
    "import": ("x = __import__('os').system('touch pwned')", {2}),
    "attributes": ("x = (1).__class__", {2}),
    "no equation": ("\x00\x01\x02", {0, 2}),
}


def run(folder, *arguments, **environment):
    env = os.environ | {"HUANGPU_CACHE": str(folder / "cache"), **environment}
    command = [sys.executable, "-m", "huangpu", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)


def harmless(folder, done, codes=frozenset({2})):
    assert done.returncode in codes, done.stderr
    assert "Traceback" not in done.stderr and "internal error" not in done.stderr
    assert not (folder / "pwned").exists()
    if done.returncode:
        assert done.stderr.strip() and not (folder / "out.csv").exists()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_model_file_is_run_as_code_or_hangs(tmp_path, payload):
    equations, codes = PAYLOADS[payload]
    path = tmp_path / "setup.mdl"  # PySD's builder would write setup.py beside it
    (tmp_path / "setup.py").write_text("kept")
    more = "" if equations.count("~") >= 2 else " ~ ~ "
    path.write_text("{UTF-8}\n" + equations + more + "|\n" + CONTROL + modelfile.SKETCH, encoding="utf-8")
    harmless(tmp_path, run(tmp_path, "simulate", path, "--out", "out.csv"), codes)
    assert (tmp_path / "setup.py").read_text() == "kept"


@pytest.mark.parametrize(
    ("inside", "dtd"),
    [
        (f'<aux name="x"><eqn>TIME</eqn>{GRAPH.format(max=TOUCH)}</aux>', ""),
        ('<aux name="x"><eqn>&amp;e;</eqn></aux>', ""),
        ('<aux name="x"><eqn>&e;</eqn></aux>', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'),
        (
            '<aux name="x"><eqn>&d;</eqn></aux>',
            '<!DOCTYPE x [<!ENTITY a "9999999999">'
            + "".join(f'<!ENTITY {b} "{f"&{a};" * 100}">' for a, b in ("ab", "bc", "cd"))
            + "]>",
        ),
        ("<group>" * 50_000, ""),
        (f'<aux name="x"><eqn>{TOUCH}</eqn></aux>', ""),
    ],
    ids=["scale", "escape", "file entity", "entities in entities", "nesting", "import"],
)
def test_no_xmile_file_is_run_as_code_or_hangs(tmp_path, inside, dtd):
    (tmp_path / "m.xmile").write_text(XMILE.format(inside=inside, dtd=dtd), encoding="utf-8")
    harmless(tmp_path, run(tmp_path, "simulate", "m.xmile", "--out", "out.csv"))


@pytest.mark.parametrize(
    "options",
    [
        ["--set", "x"],
        ["--set", "=1"],
        ["--set", f"x={TOUCH}"],
        ["--set", "x=nan"],
        ["--set", "x=1e999"],
        ["--set", "x=1_0"],
        ["--set", "x=0x10"],
        ["--set", "x=1", "--set", "x=2"],
        ["--set", "\x1b[31mx=1"],
        ["--set", "x[a]=1"],
        ["--set", "TIME STEP=0"],
        ["--set", "TIME STEP=1e-12"],
        ["--set", "SAVEPER=-1"],
        ["--set", "FINAL TIME=1e300"],
        ["--end", "1e15"],
        ["--end", "-5"],
        ["--initial", "x=3"],
        ["--save", "nothing like it"],
        ["--members", "0"],
        ["--members", "99999999999"],
        ["--members", "3"],
        ["--members", "nothing.nc"],
        ["--from-state", "nothing.nc"],
        ["--from-state", "model.mdl"],
        ["--data", "nothing.tab"],
        ["--out", "out.txt"],
        ["--out", "/proc/out.csv"],
        ["--out", "model.mdl/out.csv"],
        ["--final-state", "/proc/state.nc"],
    ],
    ids=" ".join,
)
def test_options_that_make_no_sense_are_refused_in_a_line_or_two(tmp_path, monkeypatch, capsys, options):
    from huangpu.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUANGPU_CACHE", str(tmp_path / "cache"))
    modelfile.write(tmp_path, "x = 2 ~~| y = INTEG(x, 0) ~~|")
    code = main(["simulate", "model.mdl", "--out", "out.csv", *options])
    text = capsys.readouterr().err
    assert code == 2 and 0 < len(text.splitlines()) <= 3, text
    assert "internal error" not in text and "\x1b" not in text
    assert not (tmp_path / "out.csv").exists() and not (tmp_path / "pwned").exists()
