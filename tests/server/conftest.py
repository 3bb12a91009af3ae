"""What the tests of the transports begin with: a server on a real port, and money in a wallet."""

import io
from collections.abc import AsyncIterator, Iterator

import pytest

from tests import logged as logs
from tests.api import Api, serving
from tests.sockets import Served, served


@pytest.fixture
async def florin(database_url: str) -> AsyncIterator[Served]:
    """Florin, listening."""
    async with served(database_url) as serving_:
        yield serving_


@pytest.fixture
async def funded(database_url: str) -> AsyncIterator[Api]:
    """Another Florin over the same database, with two accounts."""
    async with serving(database_url) as api:
        await api.open_account("cash", normal_side="DEBIT", floor=None)
        await api.open_account("wallet")
        yield api


@pytest.fixture
def logged(database_url: str) -> Iterator[io.StringIO]:
    """Everything that the test has logged."""
    with logs.everything(database_url) as stream:
        yield stream
