"""Whole nodes for the live tests: one for those that only use it, a fresh one for those that break it."""

import os
from collections.abc import Iterator

import pytest

from tests.live.node import Node


def _node(folder: pytest.TempPathFactory) -> Iterator[Node]:
    if os.geteuid() != 0:
        pytest.fail("live tests need root")
    with Node(folder.mktemp("node")) as made:
        made.start()
        made.import_images()
        yield made


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Running, with images; shared by all tests of the session."""
    yield from _node(tmp_path_factory)


@pytest.fixture(scope="module")
def own_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Running, with images; of one test file."""
    yield from _node(tmp_path_factory)
