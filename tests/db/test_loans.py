"""Connections are lent for one ledger each, by whoever asks, and only while they live."""

import asyncio

import psycopg
import pytest

from db import loans, statements
from db.connections import PooledConnection
from db.ledgers import DEFAULT_LEDGER_ID
from db.pool import LOAN, Loan, Pool, open_pool
from db.statements import Connection
from server.settings import Settings

LEDGER = "SELECT current_setting('florin.ledger_id', true)"
TERMINATE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


async def lent_for(conn: Connection) -> str:
    (found,) = await statements.all_values(conn, str, LEDGER, {})
    return found


async def test_each_kind_of_loan_says_which_ledger_it_is_for(pool: Pool) -> None:
    async with loans.reading(pool, 7) as conn:
        assert await lent_for(conn) == "7"
    async with loans.frozen(pool, 8) as conn:
        assert await lent_for(conn) == "8"
    async with loans.writing(pool, 9) as conn:
        assert await lent_for(conn) == "9"
    async with loans.directory(pool) as conn:
        assert await lent_for(conn) == ""
    assert LOAN.get() == Loan()


async def test_many_tasks_on_few_connections_never_get_each_others_ledger(
    database_url: str,
) -> None:
    configured = Settings(pool_size_min=1, pool_size_max=2)
    async with open_pool(database_url, configured.pool) as pool:

        async def borrow(ledger_id: int) -> tuple[str, str]:
            async with loans.reading(pool, ledger_id) as conn:
                before = await lent_for(conn)
                await asyncio.sleep(0)
                return before, await lent_for(conn)

        found = await asyncio.gather(*(borrow(number) for number in range(200)))
    assert found == [(str(number), str(number)) for number in range(200)]


async def test_a_loan_within_a_loan_is_one_of_its_own(pool: Pool) -> None:
    async with loans.reading(pool, 1) as outer:
        async with loans.reading(pool, 2) as inner:
            assert [await lent_for(outer), await lent_for(inner)] == ["1", "2"]
        assert await lent_for(outer) == "1"


async def test_a_failed_transaction_leaves_the_loans_ledger_as_it_was(pool: Pool) -> None:
    async with loans.reading(pool, 1) as conn:
        with pytest.raises(psycopg.errors.DivisionByZero):
            async with statements.transaction(conn):
                await (await conn.execute("SELECT 1 / 0")).fetchone()
        assert await lent_for(conn) == "1"


async def test_a_storm_of_terminated_backends_is_no_error_to_anybody(
    database_url: str, pool: Pool
) -> None:
    for _ in range(20):
        with psycopg.connect(database_url, autocommit=True) as conn:
            conn.execute(TERMINATE)
        found = await asyncio.gather(*(_ledger_of(pool, number) for number in range(10)))
        assert found == [str(number) for number in range(10)]


async def test_a_storm_of_terminated_backends_is_no_error_to_what_is_read_without_a_check(
    database_url: str, pool: Pool
) -> None:
    for _ in range(20):
        with psycopg.connect(database_url, autocommit=True) as conn:
            conn.execute(TERMINATE)
        found = await asyncio.gather(*(loans.read(pool, 1, lent_for) for _ in range(10)))
        assert found == ["1"] * 10


async def test_what_is_read_is_of_its_ledger_whatever_was_read_before(database_url: str) -> None:
    configured = Settings(pool_size_min=1, pool_size_max=2)
    async with open_pool(database_url, configured.pool) as pool:
        ledger_ids = [(number * number) % 7 for number in range(200)]
        found = await asyncio.gather(*(loans.read(pool, one, lent_for) for one in ledger_ids))
        assert found == [str(one) for one in ledger_ids]
        async with loans.directory(pool) as conn:
            assert await lent_for(conn) == ""
        assert await loans.read(pool, 1, lent_for) == "1"


async def test_a_read_whose_connection_is_lost_is_run_once_more(
    database_url: str, pool: Pool
) -> None:
    ran: list[int] = []

    async def lose(conn: Connection) -> str:
        ran.append(conn.info.backend_pid)
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [ran[-1]])
        return await lent_for(conn)

    with pytest.raises(psycopg.OperationalError):
        await loans.read(pool, 1, lose)
    first, second = ran
    assert first != second


async def test_a_read_that_fails_for_another_reason_is_not_run_again(pool: Pool) -> None:
    ran = 0

    async def fail(conn: Connection) -> None:
        nonlocal ran
        ran += 1
        await conn.execute("SELECT 1 / 0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        await loans.read(pool, 1, fail)
    assert ran == 1


async def sleep(conn: Connection) -> None:
    await conn.execute("SELECT pg_sleep(10)")


async def test_a_connection_knows_its_ledger_whatever_happened_to_it(database_url: str) -> None:
    configured = Settings(pool_size_min=1, pool_size_max=1)
    async with open_pool(database_url, configured.pool) as pool:

        async def check(conn: Connection) -> None:
            assert isinstance(conn, PooledConnection)
            assert conn.ledger_id == await lent_for(conn)

        await loans.read(pool, 1, check)
        with pytest.raises(psycopg.errors.DivisionByZero):
            async with loans.writing(pool, 2) as conn:
                await (await conn.execute("SELECT 1 / 0")).fetchone()
        await loans.read(pool, 2, check)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await loans.read(pool, 3, sleep)
        await loans.read(pool, 3, check)
        async with loans.frozen(pool, 4) as conn:
            await check(conn)
        for _ in range(2):
            # Another's, and then the same without being asked again.
            await loans.read(pool, 5, check)


async def test_what_is_lent_runs_as_the_apps_role(pool: Pool) -> None:
    async with loans.reading(pool, DEFAULT_LEDGER_ID) as conn:
        found = await statements.all_values(conn, str, "SELECT current_user::text", {})
    assert found == ["florin_app"]


async def _ledger_of(pool: Pool, ledger_id: int) -> str:
    async with loans.reading(pool, ledger_id) as conn:
        return await lent_for(conn)
