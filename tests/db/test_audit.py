"""The audit names whatever is wrong with a ledger, and nothing where all is well."""

import asyncio
import re

import msgspec
import psycopg
import pytest
from psycopg import AsyncConnection

from db import adaptation, audit, audit_accounts, audit_transactions, statements, walks
from db.ledgers import DEFAULT_LEDGER_ID
from db.snapshots import open_snapshot
from db.statements import Connection
from db.walks import Discrepancy, Walk
from tests import audited, tamperings
from tests.audited import Tampering
from tests.histories import seeded
from tests.integrity import assert_sound

WRONG_AMOUNT = """
    UPDATE florin.entries SET amount = 1
    WHERE version = 2 AND account_id = (
        SELECT account_id FROM florin.accounts WHERE code = 'wallet'
    )
"""


@pytest.fixture(scope="module")
def ledger_url(shared_database_url: str) -> str:
    """A database with a ledger that has everything in it."""
    asyncio.run(audited.fill(shared_database_url))
    return shared_database_url


async def found(conn: Connection) -> list[Discrepancy]:
    return [one async for one in audit.discrepancies(conn, DEFAULT_LEDGER_ID)]


def chunked(size: int) -> tuple[Walk, ...]:
    """The audit's walks with chunks of so many rows."""
    return tuple(msgspec.structs.replace(walk, size=size) for walk in audit.WALKS)


async def test_a_sound_ledger_has_no_discrepancies(ledger_url: str) -> None:
    await assert_sound(ledger_url)
    async with open_snapshot(ledger_url, DEFAULT_LEDGER_ID) as conn:
        assert await found(conn) == []
        await statements.look_up_by_key(conn)
        assert await found(conn) == []


async def test_an_empty_ledger_has_no_discrepancies(database_url: str) -> None:
    async with open_snapshot(database_url, DEFAULT_LEDGER_ID) as conn:
        assert await found(conn) == []


@pytest.mark.parametrize("tampering", tamperings.ALL, ids=[one.rule for one in tamperings.ALL])
async def test_whatever_is_tampered_with_is_named(ledger_url: str, tampering: Tampering) -> None:
    with psycopg.connect(ledger_url) as before:
        about = audited.public_id(before, tampering.about)
    async with await AsyncConnection.connect(ledger_url, context=adaptation.CONTEXT) as conn:
        changed = await conn.execute(tampering.statement.encode())
        assert changed.rowcount > 0
        names = {(one.rule, one.about) for one in await found(conn)}
        await conn.rollback()
    assert (tampering.rule, about) in names


def test_every_rule_has_a_tampering_that_breaks_it() -> None:
    statements_ = [*vars(audit_accounts).items(), *vars(audit_transactions).items()]
    text = "".join(value for name, value in statements_ if name.isupper())
    assert set(re.findall(r"'([a-z]+\.[a-z_]+)'", text)) == {one.rule for one in tamperings.ALL}


async def test_one_wrong_entry_is_named_and_not_all_that_follow_it(ledger_url: str) -> None:
    with psycopg.connect(ledger_url) as before:
        entry = audited.public_id(before, "wallet 2")
    async with await AsyncConnection.connect(ledger_url, context=adaptation.CONTEXT) as conn:
        await conn.execute(WRONG_AMOUNT)
        wrong = await found(conn)
        await conn.rollback()
    assert {one.about for one in wrong if one.rule.startswith("entry.")} == {entry}


async def test_a_discrepancy_says_what_where_and_why(ledger_url: str) -> None:
    with psycopg.connect(ledger_url) as before:
        entry = audited.public_id(before, "wallet 2")
        dated = audited.public_id(before, "dated")
    async with await AsyncConnection.connect(ledger_url, context=adaptation.CONTEXT) as conn:
        await conn.execute("UPDATE florin.postings SET amount = 800 WHERE amount = 700")
        said = [str(one) for one in await found(conn)]
        await conn.rollback()
    assert f"entry.amount: {entry} (wallet, {dated}, posting 0): expected 800, found 700" in said


@pytest.mark.parametrize("size", [1, 2, 3, 5])
async def test_chunks_of_any_size_find_the_same(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """An account's entries are not only whole within a chunk."""
    chosen = seeded(size).sample(tamperings.ALL, 12)
    async with await AsyncConnection.connect(ledger_url, context=adaptation.CONTEXT) as conn:
        for tampering in chosen:
            await conn.execute(tampering.statement.encode())
            whole = await found(conn)
            with monkeypatch.context() as patch:
                patch.setattr(audit, "WALKS", chunked(size))
                assert sorted(map(str, await found(conn))) == sorted(map(str, whole))
            await conn.rollback()


async def test_what_is_not_named_for_want_of_memory_is_said(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walks, "FINDINGS_MAX", 2)
    async with await AsyncConnection.connect(ledger_url, context=adaptation.CONTEXT) as conn:
        await conn.execute("UPDATE florin.entries SET amount = amount + 1")
        said = [str(one) for one in await found(conn)]
        await conn.rollback()
    assert sum(one.startswith("entry.amount: ") for one in said) == 2
    assert sum(one.startswith("audit.more: entry.amount (behind entry_") for one in said) == 1


async def test_progress_is_told_chunk_by_chunk_up_to_all_there_is(
    ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, list[tuple[int, int]]] = {}

    def progress(noun: str, done: int, total: int) -> None:
        told.setdefault(noun, []).append((done, total))

    monkeypatch.setattr(audit, "WALKS", chunked(5))
    async with open_snapshot(ledger_url, DEFAULT_LEDGER_ID) as conn:
        counts = await audit.counts(conn, DEFAULT_LEDGER_ID)
        async for discrepancy in audit.discrepancies(conn, DEFAULT_LEDGER_ID, progress):
            pytest.fail(str(discrepancy))
    assert counts.entries == 10
    assert told["entries"] == [(5, 10), (10, 10)]
    assert told["accounts"] == [(4, 4)]
    assert set(told) == {"accounts", "entries", "holds", "transactions"}


async def test_the_snapshot_sees_one_moment_and_changes_nothing(ledger_url: str) -> None:
    async with open_snapshot(ledger_url, DEFAULT_LEDGER_ID) as conn:
        counts = await audit.counts(conn, DEFAULT_LEDGER_ID)
        with psycopg.connect(ledger_url, autocommit=True) as other:
            other.execute("UPDATE florin.accounts SET version = version + 1")
            try:
                assert await audit.counts(conn, DEFAULT_LEDGER_ID) == counts
                assert await found(conn) == []
            finally:
                other.execute("UPDATE florin.accounts SET version = version - 1")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await conn.execute("UPDATE florin.accounts SET metadata = '{}'")
