"""A folder with one scenario in it."""

import pytest
from tests.runtime.shelves import BOTH, write


@pytest.fixture
def shelf(tmp_path):
    folder = tmp_path / "project" / "scenarios"
    folder.mkdir(parents=True)
    write(folder, both=BOTH)
    return folder
