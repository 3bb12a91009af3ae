"""A server that says nothing is not waited for: connections hang up in time."""

import asyncio
import gc
import time
from typing import Any

import psutil
import psycopg
import pytest

from db import loans
from db.deadlines import ROUND_TRIP_SECONDS, impatient
from db.ledgers import DEFAULT_LEDGER_ID
from db.pool import open_pool
from server.settings import Settings
from tests.api import POST_TRANSACTION, serving, transaction
from tests.faults import proxy

STATEMENT_SECONDS = 0.5
# What a busy machine adds to any of it.
SLACK_SECONDS = 2.0
WAITING = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
SETTINGS: dict[str, Any] = {"statement_timeout_seconds": STATEMENT_SECONDS}


async def test_a_statement_that_is_not_answered_is_broken_off(database_url: str) -> None:
    async with (
        proxy.before(database_url) as (between, url),
        open_pool(url, Settings(**SETTINGS).pool) as pool,
        loans.reading(pool, DEFAULT_LEDGER_ID) as conn,
    ):
        between.silence()
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError):
            await conn.execute("SELECT 1")
        took = time.monotonic() - began
        assert STATEMENT_SECONDS < took < STATEMENT_SECONDS + ROUND_TRIP_SECONDS + SLACK_SECONDS
        assert conn.closed


async def test_who_is_cancelled_waits_no_longer_than_a_cancellation_takes(
    database_url: str,
) -> None:
    async with (
        proxy.before(database_url) as (between, url),
        open_pool(url, Settings().pool) as pool,
        loans.reading(pool, DEFAULT_LEDGER_ID) as conn,
    ):
        between.silence()
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await conn.execute("SELECT 1")
        assert time.monotonic() - began < 2 * ROUND_TRIP_SECONDS + SLACK_SECONDS
        assert conn.closed


async def test_a_connection_that_does_not_come_about_leaves_nothing_open(
    database_url: str,
) -> None:
    async with proxy.before(database_url) as (between, url):
        between.silence()
        # What only the collector would close is not closed.
        gc.disable()
        try:
            with pytest.raises(psycopg.OperationalError):
                await impatient(STATEMENT_SECONDS).connect(url, connect_timeout=2)
            assert _lines_to(between.port) == 0
        finally:
            gc.enable()


def _lines_to(port: int) -> int:
    mine = psutil.Process().net_connections(kind="tcp4")
    return sum(bool(line.raddr) and line.raddr.port == port for line in mine)


async def test_a_connection_that_says_nothing_is_not_lent(database_url: str) -> None:
    async with (
        proxy.before(database_url) as (between, url),
        serving(url, pool_size_min=1, pool_size_max=1) as api,
    ):
        between.silence()
        began = time.monotonic()
        assert (await api.send("{ ledger { code } }")).status_code == 503
        assert time.monotonic() - began < 2 * ROUND_TRIP_SECONDS + SLACK_SECONDS
        between.speak()
        async with asyncio.timeout(10):
            while (await api.send("{ ledger { code } }")).status_code != 200:  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def test_a_commit_that_is_not_answered_ends_and_its_key_settles_it(
    database_url: str,
) -> None:
    async with (
        proxy.before(database_url) as (between, url),
        serving(url, operation_timeout_seconds=1.0) as api,
    ):
        await api.open_account("cash", floor=None)
        await api.open_account("wallet")
        # The last word before the silence is the COMMIT's: it is done, and nobody hears of it.
        with psycopg.connect(database_url, autocommit=True) as conn:
            _hold_commits(conn)
            posting = asyncio.create_task(
                api.send(POST_TRANSACTION, {"input": transaction("k", ("cash", "wallet", "1"))})
            )
            await _is_held(conn)
            between.silence()
            conn.execute("SELECT pg_advisory_unlock_all()")
        began = time.monotonic()
        answer = await posting
        assert answer.status_code in {503, 504}
        assert time.monotonic() - began < 1 + 4 * ROUND_TRIP_SECONDS + SLACK_SECONDS
        between.cut()
        between.speak()
        async with asyncio.timeout(10):
            while True:
                again = await api.send(
                    POST_TRANSACTION, {"input": transaction("k", ("cash", "wallet", "1"))}
                )
                if again.status_code == 200:
                    break
                await asyncio.sleep(0.1)
        assert again.json()["data"]["postTransaction"]["replayed"]


def _hold_commits(conn: psycopg.Connection) -> None:
    """Have every commit of a transaction wait for a lock that this session has."""
    conn.execute("SELECT pg_advisory_lock(53)")
    conn.execute("""
        CREATE FUNCTION florin.wait() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock(53); RETURN NULL; END'
    """)
    conn.execute("""
        CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON florin.transactions
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION florin.wait()
    """)


async def _is_held(conn: psycopg.Connection) -> None:
    async with asyncio.timeout(10):
        while not conn.execute(WAITING).fetchall():  # noqa: ASYNC110 - another session waits
            await asyncio.sleep(0.02)
