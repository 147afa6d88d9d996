"""show, loops and graph take every model that the compiler takes: subscripts, macros, vector functions, memories."""

from pathlib import Path

import pytest
from tests.test_corpus import data_of

from huangpu.cli import main

WORDS = ("macro", "vector_order", "3d", "mapping", "invert", "control", "delay", "data_", "trend")  # a minute for all
MODELS = sorted(
    path for path in (Path(__file__).parent / "corpus").glob("*/*.mdl") if any(w in path.parent.name for w in WORDS)
)


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HUANGPU_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_show_loops_and_graph(path, capsys):
    data = [f"--data={file}" for file in data_of(path)]
    for command in (["show"], ["loops"], ["graph"], ["graph", "--kind", "causal", "--format", "mermaid"]):
        assert main([command[0], str(path), *command[1:], *data]) == 0
        assert capsys.readouterr().out.strip()


def test_there_are_some():
    assert len(MODELS) > 15
