"""Followers of a ledger miss nothing and are told nothing twice, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from db import loans
from db.events import BEGINNING
from db.ledgers import DEFAULT_LEDGER_ID
from db.pool import Pool
from resolvers import event_log
from resolvers.event_feed import EventFeed
from server import sweeper
from server.client import Client
from tests.api import Api, serving, transaction
from tests.expiry import expire
from tests.following import (
    PATIENCE_SECONDS,
    DawdlingCursor,
    Follower,
    come_and_go,
    fed,
    open_accounts,
    write,
)

WRITERS = 8
POSTS_EACH = 40


@pytest.fixture
async def feed(pool: Pool) -> AsyncIterator[EventFeed]:
    """Another process's."""
    async with fed(pool) as feeding:
        yield feeding


async def test_everything_that_happens_is_told_in_its_order(
    api: Api, feed: EventFeed, database_url: str
) -> None:
    await open_accounts(api, "a", "b")
    await api.post("posted", ("cash", "a", "9.00"))
    for key in ("captured", "voided"):
        await api.post(key, ("a", "b", "1.00"), pending=True)
    await api.capture("capture", "captured", "0.40")
    await api.void("void", "voided")
    await api.reverse("reversal", "posted")
    await api.post("expired", ("a", "b", "1.00"), pending=True)
    expire(database_url)
    await sweeper.sweep(api.pool, DEFAULT_LEDGER_ID)
    await api.post("refused", ("a", "nobody", "1.00"))
    await api.post("posted", ("cash", "a", "9.00"))  # a replay: nothing happens
    await api.submit(
        [
            {"post": transaction("held", ("a", "b", "1.00"), pending=True)},
            {"capture": {"idempotencyKey": "c", "transaction": {"idempotencyKey": "held"}}},
            {"post": transaction("refused", ("a", "nobody", "1.00"))},
            {"reverse": {"idempotencyKey": "r", "transaction": {"idempotencyKey": "held"}}},
        ],
        atomic=False,
    )
    follower = Follower()
    await follower.follow(feed, until=11)
    await follower.nothing_more(feed)
    assert [(it.transaction.idempotency_key, it.kind) for it in follower.told] == [
        ("posted", "POSTED"),
        ("captured", "PENDING"),
        ("voided", "PENDING"),
        ("captured", "CAPTURED"),
        ("voided", "VOIDED"),
        ("reversal", "POSTED"),
        ("expired", "PENDING"),
        ("expired", "EXPIRED"),
        ("held", "PENDING"),
        ("held", "CAPTURED"),
        ("r", "POSTED"),
    ]
    positions = [event.position for event in follower.told]
    assert positions == sorted(set(positions))


async def test_an_atomic_batch_that_was_refused_did_not_happen(api: Api, feed: EventFeed) -> None:
    await open_accounts(api, "a")
    good, bad = transaction("k", ("cash", "a", "1")), transaction("l", ("cash", "nobody", "1"))
    await api.post_batch([good, bad], atomic=True)
    await Follower().nothing_more(feed)
    batch = [transaction(f"k{number}", ("cash", "a", "1")) for number in range(1000)]
    await api.post_batch(batch, atomic=True)
    follower = Follower()
    await follower.follow(feed, until=1000)
    assert [it.transaction.idempotency_key for it in follower.told] == [
        f"k{number}" for number in range(1000)
    ]


async def test_many_writers_whose_commits_overtake_each_other(
    database_url: str, pool: Pool, feed: EventFeed
) -> None:
    """Two processes, each with a feed of its own; connections are cut all the while.

    Each posting is a transaction by itself: those of a line come one after another.
    """
    async with (
        serving(database_url, cursor_factory=DawdlingCursor, group_size_max=1) as one,
        serving(database_url, cursor_factory=DawdlingCursor, group_size_max=1) as two,
        fed(one.pool, poll_seconds=0.1) as other,
    ):
        await open_accounts(one, "rest", *(f"w{writer}" for writer in range(WRITERS)))
        expected = WRITERS * POSTS_EACH
        steady, restless = Follower(), Follower()
        own = await account_ids(pool, "w3")
        narrow = Follower(account_ids=own)
        writing = asyncio.gather(*(write((one, two)[w % 2], w, POSTS_EACH) for w in range(WRITERS)))
        cutting = asyncio.create_task(cut_now_and_then(database_url))
        await asyncio.gather(
            steady.follow(feed, until=expected),
            come_and_go(restless, (feed, other), until=expected),
            narrow.follow(other, until=POSTS_EACH),
            writing,
        )
        cutting.cancel()
        await asyncio.wait([cutting])
        late = Follower()
        await late.follow(other, until=expected)
        for follower in (steady, restless, late, narrow):
            await follower.nothing_more(feed)
    keys = [event.transaction.idempotency_key for event in steady.told]
    assert sorted(keys) == sorted(f"{w}/{n}" for w in range(WRITERS) for n in range(POSTS_EACH))
    assert restless.seen == steady.seen == late.seen
    of_w3 = [it for it in steady.told if not own.isdisjoint(it.account_ids)]
    assert narrow.seen == [(it.transaction.transaction_id, it.kind) for it in of_w3]
    # The orders of committing and of recording did differ, or nothing was proven.
    recorded = [event.transaction.created_at for event in steady.told]
    assert recorded != sorted(recorded)


async def test_hints_come_from_other_processes(database_url: str, pool: Pool) -> None:
    """Polling would take an hour."""
    async with serving(database_url) as api, fed(pool, poll_seconds=3600) as feed:
        await open_accounts(api, "a")
        follower = Follower()
        following = asyncio.create_task(follower.follow(feed, until=6))
        for number in range(5):
            await api.post(f"k{number}", ("cash", "a", "1"))
            await follower.has_been_told(number + 1)
        with psycopg.connect(database_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query = 'LISTEN \"florin_events\"'"
            )
        # Whoever listens again looks at once, for it may have missed a hint.
        await api.post("k5", ("cash", "a", "1"))
        await following


async def test_without_hints_polling_does(api: Api, pool: Pool) -> None:
    """What writes here does not hint."""
    await open_accounts(api, "a")
    silent = Client(api.pool, DEFAULT_LEDGER_ID)
    document = """mutation ($input: PostTransactionInput!) {
        postTransaction(input: $input) { __typename } }"""
    async with fed(pool, poll_seconds=0.05) as feed:
        follower = Follower()
        following = asyncio.create_task(follower.follow(feed, until=3))
        for number in range(3):
            await silent.send(document, {"input": transaction(f"k{number}", ("cash", "a", "1"))})
            await follower.has_been_told(number + 1)
        await following


async def test_what_somebody_left_open_is_waited_for(
    api: Api, feed: EventFeed, database_url: str
) -> None:
    await open_accounts(api, "a")
    with psycopg.connect(database_url) as somebody:
        somebody.execute("SELECT pg_current_xact_id()")
        await api.post("k", ("cash", "a", "1"))
        follower = Follower()
        await follower.nothing_more(feed)
        somebody.commit()
        await follower.follow(feed, until=1)


async def test_who_falls_behind_the_log_reads_on_from_the_database(
    api: Api, feed: EventFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "EVENTS_MAX", 10)
    await open_accounts(api, "a")
    await api.post("first", ("cash", "a", "1"))
    slow, quick = Follower(), Follower()
    await quick.follow(feed, until=1)
    following = asyncio.create_task(slow.follow(feed, until=201, pause=0.002))
    for number in range(100):
        pair = [transaction(f"{number}{half}", ("cash", "a", "1")) for half in "ab"]
        await api.post_batch(pair)
        await quick.follow(feed, until=1 + 2 * (number + 1))
    await following
    assert slow.seen == quick.seen
    assert len(set(slow.seen)) == 201


async def test_nobody_reads_when_nobody_follows(api: Api, feed: EventFeed) -> None:
    await open_accounts(api, "a")
    await api.post("k", ("cash", "a", "1"))
    follower = Follower()
    await follower.follow(feed, until=1)
    assert feed._log is None
    assert feed._tasks == []


async def test_a_hint_as_the_last_follower_leaves_keeps_nobody_reading(
    api: Api, pool: Pool
) -> None:
    async with fed(pool, poll_seconds=3600) as feed:
        following = asyncio.create_task(anext(feed.follow(BEGINNING, None)))
        # Until it waits for one.
        while not (feed._tasks and feed._hinted._waiters):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        reading = feed._tasks[0]
        feed.committed()
        following.cancel()
        await asyncio.wait([following])
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(reading, PATIENCE_SECONDS)


async def cut_now_and_then(database_url: str) -> None:
    """Terminate a few of Florin's connections, again and again: pools' and listeners' alike."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as admin:
        while True:
            await asyncio.sleep(0.5)
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM ("
                " SELECT pid FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'florin'"
                " ORDER BY query LIKE 'LISTEN%' DESC, random() LIMIT 3) AS some"
            )


async def account_ids(pool: Pool, code: str) -> frozenset[Any]:
    async with loans.reading(pool, DEFAULT_LEDGER_ID) as conn:
        found = await conn.execute("SELECT account_id FROM florin.accounts WHERE code = %s", [code])
        return frozenset(row[0] for row in await found.fetchall())
