import pytest
from tests.backtest.world import build


@pytest.fixture
def world(tmp_path):
    """The folder of a small economy, see world.py."""
    build(tmp_path)
    return tmp_path
