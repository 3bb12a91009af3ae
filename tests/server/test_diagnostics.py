"""Diagnostics: they show what is wrong, hint at what to do, never fail and quote nothing."""

import asyncio
from typing import Any, LiteralString

import psycopg

from db import loans
from server.top import DIAGNOSTICS
from tests.api import Api, serving
from tests.pooler import transaction_pooler

SESSIONS = """
    {
        diagnostics {
            sessions {
                hint
                sessions { pid application state waitsFor blockedBy statement hint }
            }
        }
    }
"""
TABLES = "{ diagnostics { tables { hint tables { name tableBytes deadRows hint } } } }"


async def sessions(api: Api) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api(SESSIONS))["diagnostics"]["sessions"]["sessions"]
    return found


async def test_every_section_is_there_and_none_fails_without_pg_stat_statements(api: Api) -> None:
    await api.open_account("wallet")
    found = (await api(DIAGNOSTICS))["diagnostics"]
    server = found["server"]
    assert 0 < server["connectionsUsed"] <= server["connectionsMax"]
    assert int(server["databaseBytes"]) > 1_000_000
    names = {table["name"] for table in found["tables"]["tables"]}
    assert names >= {"accounts", "entries", "transactions"}
    assert all(int(table["tableBytes"]) >= 0 for table in found["tables"]["tables"])
    unused = {index["name"] for index in found["indexes"]["indexes"] if index["unused"]}
    assert "transactions_metadata_idx" in unused
    assert "transactions_pkey" not in unused
    if not found["slowest"]["statements"]:
        assert "pg_stat_statements" in found["slowest"]["hint"]


async def test_a_transaction_left_open_is_shown_with_how_to_end_it(
    api: Api, database_url: str
) -> None:
    with psycopg.connect(database_url, application_name="psql") as other:
        other.execute("SELECT 'canary-4711'")
        (found,) = [one for one in await sessions(api) if one["pid"] == other.info.backend_pid]
    assert found["application"] == "psql"
    assert found["state"] == "idle in transaction"
    # Another application's statements have their values in them.
    assert found["statement"] is None


async def test_who_waits_for_a_lock_is_shown_with_who_holds_it(database_url: str) -> None:
    async with serving(database_url) as api:
        with psycopg.connect(database_url) as blocker:
            blocker.execute("LOCK TABLE florin.ledgers IN ACCESS EXCLUSIVE MODE")
            waiting = asyncio.create_task(api("{ ledger { code } }"))
            while True:
                found = [one for one in await sessions(api) if one["blockedBy"]]
                if found:
                    break
                await asyncio.sleep(0.05)
            (blocked,) = found
            assert blocked["blockedBy"] == [blocker.info.backend_pid]
            assert blocked["application"] == "florin"
            assert blocked["waitsFor"] == "Lock: relation"
            assert "FROM florin.ledgers" in blocked["statement"]
            assert f"pg_terminate_backend({blocker.info.backend_pid})" in blocked["hint"]
            tables = (await api(TABLES))["diagnostics"]["tables"]["tables"]
            (locked,) = [table for table in tables if table["name"] == "ledgers"]
            assert locked["tableBytes"] is None
            assert "locked" in locked["hint"]
            blocker.rollback()
        await waiting


async def test_dead_rows_that_pile_up_are_hinted_at(api: Api, database_url: str) -> None:
    fill: tuple[LiteralString, ...] = (
        "ALTER TABLE florin.currencies SET (autovacuum_enabled = off)",
        """
            INSERT INTO florin.currencies (ledger_id, code, exponent, name, created_at)
            SELECT 1, 'X' || n, 0, '', now() FROM generate_series(1, 3000) AS n
        """,
        "UPDATE florin.currencies SET name = 'x' WHERE code LIKE 'X%'",
        "SELECT pg_stat_force_next_flush()",
    )
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("SELECT set_config('florin.ledger_id', '1', false)")
        for statement in fill:
            conn.execute(statement)
    tables = (await api(TABLES))["diagnostics"]["tables"]["tables"]
    (currencies,) = [table for table in tables if table["name"] == "currencies"]
    assert int(currencies["deadRows"]) >= 3000
    assert "VACUUM ANALYZE florin.currencies" in currencies["hint"]


async def test_what_follows_in_the_same_request_is_read_as_the_app_again(api: Api) -> None:
    query = "query @snapshot { diagnostics { sessions { hint } } ledger { code } }"
    assert (await api(query))["ledger"]["code"] == "main"
    async with loans.directory(api.pool) as conn:
        row = await (await conn.execute("SELECT current_user::text")).fetchone()
    assert row == ("florin_app",)


async def test_it_works_behind_a_transaction_pooler_and_leaves_nothing_behind(
    database_url: str,
) -> None:
    with transaction_pooler(database_url, connections=1) as url:
        async with serving(url, transaction_pooler=True, pool_size_min=1) as api:
            for _ in range(2):
                found = (await api(DIAGNOSTICS))["diagnostics"]
                assert found["tables"]["tables"]
                assert (await api("{ ledger { code } }"))["ledger"]["code"] == "main"


async def test_no_section_shows_a_value_of_any_ledger(api: Api) -> None:
    canary = "canary4711"
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account(canary, metadata={canary: canary})
    await api.post(canary, ("cash", canary, "1.00"), description=canary)
    response = await api.send(DIAGNOSTICS)
    assert response.status_code == 200
    assert canary not in response.text
