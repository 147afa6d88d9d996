"""Plain YAML behind the guard: nothing changes its meaning in silence, nothing crashes, every problem has its line."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huangpu.yamlfile import DEPTH, SIZE, dotted, nearest, parse_yaml, read_yaml, write_yaml


def read(tmp_path, text):
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return read_yaml(path)


def messages(document):
    return document.report(document.problems).replace(document.file, "F").splitlines()


def test_plain_data_and_the_line_of_every_key(tmp_path):
    document = read(tmp_path, "a: {x: 1, y: [2, 3.5]}\nb:\n  - c: text\n    d: 'quoted'\n  - ~\ne: true\n")
    assert document.data == {"a": {"x": 1, "y": [2, 3.5]}, "b": [{"c": "text", "d": "quoted"}, None], "e": True}
    assert document.problems == ()
    assert document.line(("b", 0, "d")) == 4
    assert document.line(("b", 1, "missing")) == 5


@pytest.mark.parametrize(
    ("plain", "value"),
    [
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("0x10", "0x10"),
        ("2024-01-01", "2024-01-01"),
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("0", 0),
        ("0.5", 0.5),
        ("'012'", "012"),
        ("上海", "上海"),
    ],
)
def test_plain_words_mean_what_they_say(tmp_path, plain, value):
    document = read(tmp_path, f"key: {plain}\n")
    assert document.problems == ()
    assert document.data == {"key": value}
    assert type(document.data["key"]) is type(value)


def test_keys_stay_text(tmp_path):
    assert read(tmp_path, "2010: 1\nno: 2\n012: 3\n").data == {"2010": 1, "no": 2, "012": 3}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", "F:3: a: this key is given twice, first on line 1; keep one"),
        ("a:\n  b: {c: 1}\n  b: {c: 2}\n", "F:3: a.b: this key is given twice, first on line 2; keep one"),
        ("a: 012\n", "F:1: a: 012 begins with 0; write 12 for the number or '012' for text"),
        ("a: .inf\n", "F:1: a: .inf is not a finite number"),
        ("a: 1e999\n", "F:1: a: 1e999 is not a finite number"),
        ("a: &x [1]\n", "F:1: a: anchor &x is not supported; write the value where it is needed"),
        ("a: *x\n", "F:1: a: alias *x is not supported; write the value out"),
        ("a: 1\n---\nb: 1\n", "F:2: a second document begins here; expected one document without '---' inside"),
        ("? [a]\n: 1\n", "F:1: a key must be plain text, not a mapping or a list"),
        ("[" * 200_000, f"F:1: nested more than {DEPTH} levels deep"),
        ("a： 1\nb: 2\n", "F:2: not YAML: mapping values are not allowed in this context; "
                         "there is a full-width colon '：' here, write ': '"),
        ("a:\n\tb: 1\n", "F:2: not YAML: found character that cannot start any token; indent with spaces, not tabs"),
        ("a: \x07\n", "F:1: not YAML: control characters are not allowed"),
    ],
)  # fmt: skip
def test_problem_with_its_line(tmp_path, text, problem):
    assert messages(read(tmp_path, text)) == [problem]


def test_tags_build_nothing(tmp_path):
    canary = tmp_path / "canary"
    document = read(tmp_path, f"a: !!python/object/apply:os.mkdir ['{canary}']\n")
    assert "is not supported" in messages(document)[0]
    assert not canary.exists()


def test_all_problems_at_once(tmp_path):
    assert len(messages(read(tmp_path, "a: 01\nb: &x 1\na: 2\nc: .nan\n"))) == 4


def test_of_two_equal_keys_the_first_keeps_its_value(tmp_path):
    assert read(tmp_path, "a: {x: 1}\na: {y: 2}\nb: 3\n").data == {"a": {"x": 1}, "b": 3}


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "plan.yaml").write_text("a: 1\n")
    (tmp_path / "latin.yaml").write_bytes(b"a: caf\xe9\n")
    (tmp_path / "large.yaml").write_bytes(b"#" * (SIZE + 1))
    os.mkfifo(tmp_path / "pipe.yaml")
    texts = {
        "": "is a folder, expected a YAML file",
        "plam.yaml": "no such file; did you mean 'plan.yaml'?",
        "latin.yaml": "is not UTF-8 text (byte 7); save it as UTF-8",
        "large.yaml": f"is {SIZE + 1:,} bytes long, expected at most {SIZE:,}",
        "pipe.yaml": "is not a regular file",
    }
    for name, text in texts.items():
        document = read_yaml(tmp_path / name)
        assert document.data is None
        assert [p.message for p in document.problems] == [text]


def test_an_escape_in_a_key_does_not_reach_the_terminal():
    assert "\x1b" not in dotted(("levers", "\x1b[31mred"))


def test_nearest():
    assert nearest("robot_subsidi", ["robot_subsidy", "land"]) == "; did you mean 'robot_subsidy'?"
    assert nearest("xyz", ["robot_subsidy"]) == ""


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab01:- \n\t[]{},'\"&*!|>?%@#~.：\x00", max_size=60))
def test_no_text_crashes_the_reader(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("any") / "file.yaml"
    path.write_text(text, encoding="utf-8")
    document = read_yaml(path)
    assert all(p.message for p in document.problems)


WORDS = st.one_of(
    st.text(alphabet="ab01:- \n\t[]{},'\"&*!|>?%@#~.+e：汽车", max_size=20),
    st.sampled_from(
        ["no", "on", "null", "~", "true", "1e5", "08", "1:30", "0x1f", "1_000", ".5", ".inf", "=", "<<", "-"]
    ),
)
PLAIN = st.recursive(
    st.one_of(
        WORDS,
        st.none(),
        st.booleans(),
        st.integers(-(10**17), 10**17),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(WORDS, PLAIN, max_size=5))
def test_what_is_written_reads_back(data):
    document = parse_yaml(write_yaml(data), "F")
    assert document.problems == ()
    assert document.data == data
    assert repr(document.data) == repr(data)  # 1 is not 1.0 nor true, and the order stays


def test_what_stands_in_two_places_is_written_twice():
    ramp = {"shape": "linear", "years": 1}
    assert write_yaml({"a": [ramp, ramp]}) == "a:\n- {shape: linear, years: 1}\n- {shape: linear, years: 1}\n"
