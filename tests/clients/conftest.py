"""The clients of this folder: Node.js, and the packages that package-lock.json pins."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests import servers
from tests.clients.clients import Clients
from tools import node

FOLDER: Final = Path(__file__).parent


@pytest.fixture(scope="session")
def clients() -> Clients:
    """Node with the packages installed. Without Node tests are skipped, except in CI."""
    try:
        found = node.find()
        node.packages(FOLDER, found)
    except node.NodeError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    return Clients(found, FOLDER)


@pytest.fixture(scope="module")
def address(shared_database_url: str) -> Iterator[str]:
    """A real server over a database of the module's own."""
    with servers.running(shared_database_url) as serving:
        yield serving
