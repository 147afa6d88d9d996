"""Folders with a small model, its posterior and a scenario, and a sweep of it."""

import pytest
from tests.sweep import shelf, small


@pytest.fixture
def folder(tmp_path):
    return shelf.make(tmp_path)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("sweep")


@pytest.fixture(scope="module")
def sweep(place):
    return small.sweep(place)
