"""What an account shows as pending is exact: swept or not, and after a wait for the sweeper."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from db import accounts, loans
from db.accounts import Account
from db.ledgers import DEFAULT_LEDGER_ID
from db.pool import Pool
from tests import histories
from tests.histories import Hold

PAST = datetime(2024, 1, 1, tzinfo=UTC)
LATER = datetime.now(UTC) + timedelta(days=1)

HOLDS = [
    Hold("DEBIT", 30, PAST, PAST + timedelta(days=1)),  # expired
    Hold("DEBIT", 30, PAST, LATER),
    Hold("CREDIT", 7, PAST, PAST + timedelta(days=1)),  # expired
    Hold("CREDIT", 5, PAST),
]
SWEEP_HOLDS = """
    UPDATE florin.holds SET resolved_at = expires_at
    WHERE resolved_at IS NULL AND expires_at <= now()
"""
SWEEP_ACCOUNT = """
    UPDATE florin.accounts
    SET debits_pending = debits_pending - 30, credits_pending = credits_pending - 7
"""


@pytest.fixture
def account_id(database_url: str) -> UUID:
    with psycopg.connect(database_url) as conn:
        return histories.write(conn, "a", "CREDIT", [], HOLDS)


def pending(account: Account | None) -> tuple[int, int]:
    assert account is not None
    return account.debits_pending, account.credits_pending


async def test_an_expired_hold_is_no_longer_pending_before_anybody_swept_it(
    pool: Pool, account_id: UUID
) -> None:
    async with loans.writing(pool, DEFAULT_LEDGER_ID) as conn:
        locked = await accounts.lock(conn, DEFAULT_LEDGER_ID, account_id)
        assert locked is not None
        updated = await accounts.update(conn, DEFAULT_LEDGER_ID, locked)
    async with loans.reading(pool, DEFAULT_LEDGER_ID) as conn:
        [by_code] = await accounts.by_codes(conn, DEFAULT_LEDGER_ID, ["a"])
    for account in (locked, updated, by_code):
        assert pending(account) == (30, 5)


async def test_a_sweep_changes_nothing_that_is_shown(
    pool: Pool, account_id: UUID, database_url: str
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute(SWEEP_HOLDS)
        conn.execute(SWEEP_ACCOUNT)
    async with loans.reading(pool, DEFAULT_LEDGER_ID) as conn:
        [swept] = await accounts.by_ids(conn, DEFAULT_LEDGER_ID, [account_id])
    assert pending(swept) == (30, 5)


async def test_a_lock_that_waited_for_a_sweep_counts_no_hold_twice(
    pool: Pool, account_id: UUID, database_url: str
) -> None:
    async def lock() -> Account | None:
        async with loans.writing(pool, DEFAULT_LEDGER_ID) as conn:
            return await accounts.lock(conn, DEFAULT_LEDGER_ID, account_id)

    async with await psycopg.AsyncConnection.connect(database_url) as sweeper:
        await sweeper.execute(SWEEP_HOLDS)
        await sweeper.execute(SWEEP_ACCOUNT)
        waiting = asyncio.create_task(lock())
        while not await _somebody_waits(database_url):
            assert not waiting.done()
        await sweeper.commit()
    assert pending(await waiting) == (30, 5)


async def _somebody_waits(database_url: str) -> bool:
    async with await psycopg.AsyncConnection.connect(database_url) as conn:
        found = await conn.execute(
            "SELECT FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)"
            " WHERE NOT l.granted AND a.datname = current_database()"
        )
        return await found.fetchone() is not None
