"""The sweeper: expired holds are given back in the background, and nothing ever waits for it."""

import asyncio

import psycopg

from db import holds, loans
from db.ledgers import DEFAULT_LEDGER_ID
from db.pool import Pool
from server import sweeper
from tests.api import BALANCE, Api, serving, transaction
from tests.expiry import expire
from tests.integrity import assert_sound

STORED = """
    SELECT state, resolved_at = expires_at FROM florin.transactions
    WHERE idempotency_key LIKE 'hold%' ORDER BY idempotency_key
"""
PENDING = "SELECT sum(debits_pending), sum(credits_pending) FROM florin.accounts"


async def held(api: Api, count: int) -> None:
    """So many holds of a dollar, over one wallet."""
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")
    await api.open_account("shop")
    await api.post("fund", ("cash", "wallet", "5000.00"))
    wanted = [
        transaction(f"hold {number:04}", ("wallet", "shop", "1.00"), pending=True)
        for number in range(count)
    ]
    for start in range(0, count, 1000):
        assert (await api.post_batch(wanted[start : start + 1000]))["committed"]


def stored(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(query.encode()).fetchall()


async def test_a_server_sweeps_what_expires_while_it_serves(database_url: str) -> None:
    async with serving(database_url, sweep_interval_seconds=0.05) as api:
        await held(api, 3)
        expire(database_url)
        deadline = asyncio.get_running_loop().time() + 20
        while stored(database_url, STORED) != [("EXPIRED", True)] * 3:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.05)
        assert stored(database_url, PENDING) == [(0, 0)]
        balance = (await api(BALANCE, code="wallet"))["account"]["balance"]
        assert balance["available"] == "5000.00"
    await assert_sound(database_url)


async def test_what_has_expired_is_swept_in_batches_and_the_rest_stays(
    api: Api, pool: Pool, database_url: str
) -> None:
    await held(api, holds.SWEEP_MAX + 7)
    expire(database_url)
    more = transaction("stays", ("wallet", "shop", "2.00"), pending=True)
    assert (await api.post_batch([more]))["committed"]
    before = (await api(BALANCE, code="wallet"))["account"]
    assert await sweeper.sweep(pool, DEFAULT_LEDGER_ID) == holds.SWEEP_MAX + 7
    assert await sweeper.sweep(pool, DEFAULT_LEDGER_ID) == 0
    # Nobody could tell the difference: it had all been free before.
    assert (await api(BALANCE, code="wallet"))["account"] == before
    assert before["balance"]["available"] == "4998.00"
    assert set(stored(database_url, STORED)) == {("EXPIRED", True)}
    assert stored(database_url, PENDING) == [(200, 200)]
    await assert_sound(database_url)


async def test_one_worker_sweeps_at_a_time(api: Api, pool: Pool, database_url: str) -> None:
    await held(api, 2)
    expire(database_url)
    async with loans.writing(pool, DEFAULT_LEDGER_ID) as conn:
        assert await holds.sweep(conn, DEFAULT_LEDGER_ID, limit=1) == 1
        # While that one has not committed, there is nothing to do for others, nor to wait for.
        assert await asyncio.wait_for(sweeper.sweep(pool, DEFAULT_LEDGER_ID), timeout=10) == 0
    assert await sweeper.sweep(pool, DEFAULT_LEDGER_ID) == 1


async def test_a_sweeper_that_dies_leaves_its_duty_to_others(
    api: Api, pool: Pool, database_url: str
) -> None:
    await held(api, 1)
    expire(database_url)
    dying = await psycopg.AsyncConnection.connect(database_url, autocommit=True)
    await dying.execute("BEGIN")
    await dying.execute("SELECT * FROM florin.duties FOR UPDATE")
    assert await sweeper.sweep(pool, DEFAULT_LEDGER_ID) == 0
    await dying.close()
    assert await sweeper.sweep(pool, DEFAULT_LEDGER_ID) == 1
