"""A folder with a small model, its posterior and a scenario."""

import pytest
from tests.sweep import shelf


@pytest.fixture
def folder(tmp_path):
    return shelf.make(tmp_path)
