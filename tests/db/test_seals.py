"""Seals are made in a documented format, and whoever tampers with what is sealed is found out."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.rows import dict_row

import db
from db import adaptation, audit_seals, seals
from db.ledgers import DEFAULT_LEDGER_ID
from db.pool import open_pool
from db.snapshots import open_snapshot
from db.statements import Connection
from db.walks import Discrepancy
from server import sealer
from server.settings import Settings
from tests import audited

SEALS_MD: Final = Path(db.__file__).parent.parent / "SEALS.md"

WALLET_2: Final = """
    version = 2 AND account_id = (SELECT account_id FROM florin.accounts WHERE code = 'wallet')
"""
# Every column but those that say which entry it is.
CHANGES: Final = (
    f"transaction_id = '{audited.NOBODY}'",
    "position = 7",
    "side = 'DEBIT'",
    "amount = amount + 1",
    "balance_after = balance_after + 1",
    "debits_after = debits_after + 1",
    "created_at = created_at + interval '1 microsecond'",
    "effective_at = effective_at - interval '1 microsecond'",
    "effective_at = NULL",
)


@pytest.fixture(scope="module")
def sealed_url(shared_database_url: str) -> str:
    """A database with a ledger that has everything in it, a seal for each transaction."""

    async def fill_and_seal() -> None:
        await audited.fill(shared_database_url)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(seals, "BLOCK_TRANSACTIONS", 1)
            async with open_pool(shared_database_url, Settings().pool) as pool:
                assert await sealer.seal(pool, DEFAULT_LEDGER_ID) == 4

    asyncio.run(fill_and_seal())
    return shared_database_url


@pytest.fixture
async def tampered(sealed_url: str) -> AsyncIterator[Connection]:
    """A superuser's connection; whatever it changes is rolled back."""
    async with await AsyncConnection.connect(sealed_url, context=adaptation.CONTEXT) as conn:
        yield conn
        await conn.rollback()


async def found(conn: Connection) -> list[Discrepancy]:
    return [one async for one in audit_seals.discrepancies(conn, DEFAULT_LEDGER_ID)]


async def named(conn: Connection) -> set[tuple[str, str]]:
    return {(one.rule, one.about) for one in await found(conn)}


def entry(url: str, about: str) -> str:
    with psycopg.connect(url) as conn:
        return audited.public_id(conn, about)


def read(url: str, query: str) -> list[dict[str, Any]]:
    with psycopg.connect(url, row_factory=dict_row) as conn:
        return conn.execute(query.encode()).fetchall()


async def test_a_sound_chain_has_no_discrepancies(sealed_url: str) -> None:
    async with open_snapshot(sealed_url, DEFAULT_LEDGER_ID) as conn:
        assert await found(conn) == []
        sealed = await audit_seals.sealed(conn, DEFAULT_LEDGER_ID)
    assert (sealed.seals, sealed.entries) == (4, 10)


def test_seals_are_what_their_documentation_says(sealed_url: str) -> None:
    """Recomputed with the very code that SEALS.md gives to auditors."""
    code = re.search(r"```python\n(.*?)```", SEALS_MD.read_text(), re.DOTALL)
    assert code is not None
    names: dict[str, Any] = {}
    exec(code[1], names)  # noqa: S102 - our own documentation
    entries = read(sealed_url, "SELECT * FROM florin.entries")
    previous = bytes(32)
    since = None
    for seal in read(sealed_url, "SELECT * FROM florin.seals ORDER BY number"):
        inside = [
            one
            for one in entries
            if one["created_at"] <= seal["through"] and (since is None or one["created_at"] > since)
        ]
        assert seal["entries"] == len(inside)
        assert seal["items"] == names["items"](inside)
        assert seal["hash"] == names["seal_hash"](previous, seal)
        previous, since = seal["hash"], seal["through"]
    assert since == max(one["created_at"] for one in entries)


@pytest.mark.parametrize("change", CHANGES)
async def test_an_edited_entry_is_named_whatever_was_edited(
    sealed_url: str, tampered: Connection, change: str
) -> None:
    await tampered.execute(f"UPDATE florin.entries SET {change} WHERE {WALLET_2}".encode())  # noqa: S608
    wrong = [one for one in await found(tampered) if one.rule == "sealed.changed"]
    assert [one.about for one in wrong] == [entry(sealed_url, "wallet 2")]
    assert "wallet" in wrong[0].detail
    assert "txn_" in wrong[0].detail


async def test_a_deleted_entry_is_named(sealed_url: str, tampered: Connection) -> None:
    await tampered.execute(f"DELETE FROM florin.entries WHERE {WALLET_2}".encode())  # noqa: S608
    assert ("sealed.deleted", entry(sealed_url, "wallet 2")) in await named(tampered)


async def test_an_entry_that_was_added_later_is_named(
    sealed_url: str, tampered: Connection
) -> None:
    await tampered.execute(
        "INSERT INTO florin.entries"  # noqa: S608
        " SELECT ledger_id, account_id, 5, transaction_id, position, side,"
        " amount, balance_after, created_at, effective_at, debits_after FROM florin.entries"
        f" WHERE {WALLET_2}".encode()
    )
    wrong = await named(tampered)
    assert ("sealed.added", entry(sealed_url, "wallet 5")) in wrong
    assert "sealed.count" in {rule for rule, _ in wrong}


async def test_entries_that_changed_places_are_both_named(
    sealed_url: str, tampered: Connection
) -> None:
    wallet = "account_id = (SELECT account_id FROM florin.accounts WHERE code = 'wallet')"
    for old, new in ((1, 9), (2, 1), (9, 2)):
        await tampered.execute(
            f"UPDATE florin.entries SET version = {new} WHERE version = {old} AND {wallet}".encode()  # noqa: S608
        )
    wrong = await named(tampered)
    assert {("sealed.changed", entry(sealed_url, f"wallet {n}")) for n in (1, 2)} <= wrong


@pytest.mark.parametrize(
    ("statement", "rule", "about"),
    [
        (
            "UPDATE florin.seals SET items = set_byte(items, 39, 255 - get_byte(items, 39))",
            *("seal.hash", "seal 2"),
        ),
        ("UPDATE florin.seals SET hash = sha256(hash)", "seal.hash", "seal 2"),
        ("UPDATE florin.seals SET hash = sha256(hash)", "seal.hash", "seal 3"),
        (
            "UPDATE florin.seals SET through = through + interval '1 microsecond'",
            "seal.hash",
            "seal 2",
        ),
        ("UPDATE florin.seals SET through = '2000-01-01Z'", "seal.through", "seal 2"),
        ("UPDATE florin.seals SET number = 9", "seal.number", "seal 9"),
        ("DELETE FROM florin.seals", "seal.number", "seal 3"),
    ],
)
async def test_a_seal_that_was_tampered_with_is_named(
    tampered: Connection, statement: str, rule: str, about: str
) -> None:
    await tampered.execute(f"{statement} WHERE number = 2".encode())
    assert (rule, about) in await named(tampered)


async def test_entries_of_a_deleted_seal_are_named(sealed_url: str, tampered: Connection) -> None:
    await tampered.execute("DELETE FROM florin.seals WHERE number = 2")
    assert ("sealed.added", entry(sealed_url, "wallet 2")) in await named(tampered)


async def test_a_chain_cut_short_is_only_told_by_its_head(tampered: Connection) -> None:
    """As SEALS.md says: what was the head has to be kept elsewhere."""
    head = (await audit_seals.sealed(tampered, DEFAULT_LEDGER_ID)).head
    await tampered.execute("DELETE FROM florin.seals WHERE number = 4")
    assert await found(tampered) == []
    assert (await audit_seals.sealed(tampered, DEFAULT_LEDGER_ID)).head != head


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_chunks_of_any_size_find_the_same(
    tampered: Connection, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    await tampered.execute(f"DELETE FROM florin.entries WHERE {WALLET_2}".encode())  # noqa: S608
    await tampered.execute("UPDATE florin.seals SET hash = sha256(hash) WHERE number = 2")
    await tampered.execute("DELETE FROM florin.seals WHERE number = 3")
    whole = await found(tampered)
    monkeypatch.setattr(audit_seals, "WALK", msgspec.structs.replace(audit_seals.WALK, size=size))
    assert sorted(map(str, await found(tampered))) == sorted(map(str, whole))
