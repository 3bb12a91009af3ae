"""The sealer: complete whatever the clocks do, alone, and never in anybody's way."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import AsyncConnection

from db import actions, audit_seals, loans, posting, seals
from db.actions import LOCAL
from db.audit_seals import Sealed
from db.ledgers import DEFAULT_LEDGER_ID
from db.pool import Pool
from db.snapshots import open_snapshot
from db.walks import Discrepancy
from server import sealer
from tests.api import Api, serving, transaction
from tests.ledger import examples

SEALED = "{ ledger { sealedThrough sealHead } }"


async def opened(api: Api) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")


async def audited(url: str) -> tuple[Sealed, list[Discrepancy]]:
    async with open_snapshot(url, DEFAULT_LEDGER_ID) as conn:
        sealed = await audit_seals.sealed(conn, DEFAULT_LEDGER_ID)
        found = [one async for one in audit_seals.discrepancies(conn, DEFAULT_LEDGER_ID)]
    return sealed, found


def counted(url: str, query: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


async def test_the_ledger_shows_what_is_sealed_and_the_chains_head(
    api: Api, pool: Pool, database_url: str
) -> None:
    assert (await api(SEALED))["ledger"] == {"sealedThrough": None, "sealHead": None}
    await opened(api)
    posted = await api.post("k", ("cash", "wallet", "1.00"))
    assert await sealer.seal(pool, DEFAULT_LEDGER_ID) == 1
    sealed, found = await audited(database_url)
    assert (await api(SEALED))["ledger"] == {
        "sealedThrough": posted["transaction"]["createdAt"],
        "sealHead": sealed.head,
    }
    assert found == []


async def test_sealing_twice_seals_once(api: Api, pool: Pool, database_url: str) -> None:
    assert await sealer.seal(pool, DEFAULT_LEDGER_ID) == 0
    await opened(api)
    await api.post("k", ("cash", "wallet", "1.00"))
    assert await sealer.seal(pool, DEFAULT_LEDGER_ID) == 1
    assert await sealer.seal(pool, DEFAULT_LEDGER_ID) == 0
    await api.post("l", ("cash", "wallet", "1.00"))
    assert await sealer.seal(pool, DEFAULT_LEDGER_ID) == 1
    sealed, found = await audited(database_url)
    assert (sealed.seals, sealed.entries, found) == (2, 4, [])


async def test_a_hold_is_sealed_once_it_is_captured(
    api: Api, pool: Pool, database_url: str
) -> None:
    await opened(api)
    for key in ("captured", "voided", "open"):
        await api.post(key, ("cash", "wallet", "1.00"), pending=True)
    await api.void("void", "voided")
    assert await sealer.seal(pool, DEFAULT_LEDGER_ID) == 0
    await api.capture("capture", "captured")
    assert await sealer.seal(pool, DEFAULT_LEDGER_ID) == 1
    sealed, found = await audited(database_url)
    assert (sealed.entries, found) == (2, [])


async def test_a_backlog_is_sealed_in_blocks_and_a_moment_is_never_split(
    api: Api, pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "BLOCK_TRANSACTIONS", 3)
    await opened(api)
    # A batch is recorded in one moment: five and five are two blocks, two and two are one.
    for size in (5, 5, 2, 2):
        batch = [
            transaction(f"{size} {number} {datetime.now(UTC)}", ("cash", "wallet", "1.00"))
            for number in range(size)
        ]
        assert (await api.post_batch(batch))["committed"]
    assert await sealer.seal(pool, DEFAULT_LEDGER_ID) == 3
    with psycopg.connect(database_url) as conn:
        sizes = conn.execute("SELECT entries FROM florin.seals ORDER BY number").fetchall()
    assert sizes == [(10,), (10,), (8,)]
    assert (await audited(database_url))[1] == []


async def test_nothing_is_sealed_while_a_posting_may_have_missed_the_announcement(
    api: Api, pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer, "_POLLS_MAX", 2)
    await opened(api)
    await api.post("before", ("cash", "wallet", "1.00"))
    async with loans.writing(pool, DEFAULT_LEDGER_ID) as conn:
        slow = examples.request(("cash", "wallet", "1.00"), key="slow")
        action = actions.of(LOCAL, "postTransaction")
        await posting.post(conn, DEFAULT_LEDGER_ID, [slow], atomic=True, by=action)
        # It has read its clock, and is older than what is announced now.
        assert await sealer.seal(pool, DEFAULT_LEDGER_ID) == 0
    assert await sealer.seal(pool, DEFAULT_LEDGER_ID) == 1
    sealed, found = await audited(database_url)
    assert (sealed.entries, found) == (4, [])


async def test_whatever_sees_an_announcement_is_recorded_after_it(
    api: Api, database_url: str
) -> None:
    """Though the clock says otherwise: here it is an hour behind what was announced."""
    await opened(api)
    with psycopg.connect(database_url) as conn:
        row = conn.execute(
            "UPDATE florin.watermarks SET announced_at = now() + interval '1 hour'"
            " RETURNING announced_at"
        ).fetchone()
    assert row is not None
    posted = await api.post("k", ("cash", "wallet", "1.00"))
    recorded_at = datetime.fromisoformat(posted["transaction"]["createdAt"])
    assert recorded_at == row[0] + timedelta(microseconds=1)


async def test_an_announcement_never_goes_back(api: Api, pool: Pool, database_url: str) -> None:
    await opened(api)
    await api.post("k", ("cash", "wallet", "1.00"))
    ahead = "UPDATE florin.watermarks SET announced_at = now() + interval '1 hour'"
    still = "SELECT count(*) FROM florin.watermarks WHERE announced_at > now() + interval '59 min'"
    with psycopg.connect(database_url) as conn:
        conn.execute(ahead.encode())
    assert await sealer.seal(pool, DEFAULT_LEDGER_ID) == 1
    assert counted(database_url, still) == 1


async def test_one_worker_seals_at_a_time(api: Api, pool: Pool, database_url: str) -> None:
    await opened(api)
    await api.post("k", ("cash", "wallet", "1.00"))
    async with await AsyncConnection.connect(database_url) as other:
        await other.execute("SELECT FROM florin.duties WHERE duty = 'SEAL' FOR UPDATE")
        assert await sealer.seal(pool, DEFAULT_LEDGER_ID) == 0
        # Whoever seals is in nobody's way.
        await api.post("l", ("cash", "wallet", "1.00"))
    assert await sealer.seal(pool, DEFAULT_LEDGER_ID) == 1


async def test_postings_and_several_sealers_at_once_leave_a_whole_chain(
    api: Api, pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "BLOCK_TRANSACTIONS", 5)
    await opened(api)
    posting_is_over = asyncio.Event()

    async def post(name: str) -> None:
        for number in range(40):
            await api.post(f"{name} {number}", ("cash", "wallet", "1.00"))

    async def seal() -> None:
        while not posting_is_over.is_set():
            await sealer.seal(pool, DEFAULT_LEDGER_ID)

    sealers = [asyncio.create_task(seal()) for _ in range(3)]
    await asyncio.gather(*(post(name) for name in "abcd"))
    posting_is_over.set()
    await asyncio.gather(*sealers)
    await sealer.seal(pool, DEFAULT_LEDGER_ID)
    sealed, found = await audited(database_url)
    assert (sealed.entries, found) == (320, [])
    assert sealed.seals > 5


async def test_a_server_seals_while_it_serves(database_url: str) -> None:
    async with serving(database_url, seal_interval_seconds=0.05) as api:
        await opened(api)
        await api.post("k", ("cash", "wallet", "1.00"))
        deadline = asyncio.get_running_loop().time() + 20
        while (await api(SEALED))["ledger"]["sealHead"] is None:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.05)
    assert (await audited(database_url))[1] == []


async def test_a_seal_is_the_apps_own_and_is_dated_by_the_database(
    api: Api, pool: Pool, database_url: str
) -> None:
    await opened(api)
    await api.post("k", ("cash", "wallet", "1.00"))
    await sealer.seal(pool, DEFAULT_LEDGER_ID)
    assert counted(database_url, "SELECT count(*) FROM florin.seals WHERE created_at < now()") == 1
    done = "SELECT count(*) FROM florin.duties WHERE duty = 'SEAL' AND done_at < now()"
    assert counted(database_url, done) == 1
