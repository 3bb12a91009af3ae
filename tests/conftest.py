"""A real PostgreSQL for every test that touches data: cloned from a migrated template."""

import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from db import setup
from db.pool import Pool, open_pool
from server import background, embedded
from server.settings import Settings
from tests.api import Api, serving

_numbers = itertools.count()


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No look for credentials every second: tests count what is borrowed and sent."""
    monkeypatch.setattr(background, "CREDENTIALS_SECONDS", 0)


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """A server that tests may create databases on: TEST_DATABASE_URL's, or an embedded one."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield given
        return
    with (
        tempfile.TemporaryDirectory(prefix="florin-test-", ignore_cleanup_errors=True) as folder,
        embedded.running(Path(folder)) as url,
    ):
        with psycopg.connect(url, autocommit=True) as conn:
            # Nothing here outlives the run; without the flushes the tests take half the time.
            conn.execute("ALTER SYSTEM SET fsync = off")
            conn.execute("SELECT pg_reload_conf()")
        yield url


@pytest.fixture(scope="session")
def template(server_url: str) -> Iterator[str]:
    """The name of a migrated database that nobody is connected to."""
    name = f"florin_test_{os.getpid()}_template"
    with _database(server_url, name) as url:
        setup.prepare(url)
        yield name


@pytest.fixture
def database_url(server_url: str, template: str) -> Iterator[str]:
    """A migrated database of the test's own."""
    name = f"florin_test_{os.getpid()}_{next(_numbers)}"
    with _database(server_url, name, template=template) as url:
        yield url


@pytest.fixture
def other_database_url(server_url: str, template: str) -> Iterator[str]:
    """Another migrated database of the test's own."""
    name = f"florin_test_{os.getpid()}_{next(_numbers)}"
    with _database(server_url, name, template=template) as url:
        yield url


@pytest.fixture(scope="module")
def shared_database_url(server_url: str, template: str) -> Iterator[str]:
    """A migrated database for all tests of a module, which roll back what they do to it."""
    name = f"florin_test_{os.getpid()}_{next(_numbers)}"
    with _database(server_url, name, template=template) as url:
        yield url


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """A database of the test's own, with nothing in it."""
    with _database(server_url, f"florin_test_{os.getpid()}_{next(_numbers)}") as url:
        yield url


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """An open pool over the test's database."""
    async with open_pool(database_url, Settings().pool) as opened:
        yield opened


@pytest.fixture
async def api(database_url: str) -> AsyncIterator[Api]:
    """The whole application over the test's database."""
    async with serving(database_url) as served:
        yield served


@contextmanager
def _database(server_url: str, name: str, *, template: str = "template0") -> Iterator[str]:
    with psycopg.connect(server_url, autocommit=True) as conn:
        create = SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'")
        conn.execute(create.format(Identifier(name), Identifier(template)))
        try:
            yield make_conninfo(server_url, dbname=name)
        finally:
            conn.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
