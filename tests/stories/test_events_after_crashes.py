"""Followers miss nothing when the server crashes, or another one takes its place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import psycopg
import pytest
from pydantic import SecretStr

from db import migrate, setup
from db.pool import Pool
from resolvers.event_feed import EventFeed
from server import doctor
from server.authentication import ANYBODY
from server.operations import Prepared
from server.outcomes import Answer, Call
from server.requests import GraphQLRequest
from server.settings import Settings
from tests.api import Api, serving, transaction
from tests.following import (
    PATIENCE_SECONDS,
    Follower,
    come_and_go,
    fed,
    open_accounts,
    persistently,
    write,
)
from tests.private_server import private_server


@pytest.fixture
async def feed(pool: Pool) -> AsyncIterator[EventFeed]:
    """Another process's."""
    async with fed(pool) as feeding:
        yield feeding


async def test_who_follows_sits_out_a_crash_of_the_server(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("events")
    with private_server(folder) as server:
        setup.prepare(server.url)
        async with serving(server.url) as api, fed(api.pool) as feed:
            await open_accounts(api, "rest", "w0", "w1")
            follower, restless = Follower(), Follower()
            following = asyncio.gather(
                follower.follow(feed, until=120), come_and_go(restless, (feed,), until=120)
            )
            writing = asyncio.gather(*(write(api, writer, 60) for writer in range(2)))
            await follower.has_been_told(20)
            await asyncio.to_thread(server.restart)
            await writing
            await following
            await follower.nothing_more(feed)
    assert len(set(follower.seen)) == 120
    assert restless.seen == follower.seen


async def test_what_an_event_itself_reads_is_waited_for(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """An event that was read before the crash is answered after it, and not with an error."""
    document = """subscription { ledgerEvents(after: "0") {
        transaction { idempotencyKey } accounts { code } } }"""
    folder = tmp_path_factory.mktemp("events")
    with private_server(folder) as server:
        setup.prepare(server.url)
        async with serving(server.url) as api, asyncio.timeout(PATIENCE_SECONDS):
            await open_accounts(api, "a")
            batch = [transaction(f"k{number}", ("cash", "a", "1")) for number in range(400)]
            await api.post_batch(batch)
            prepared = api.operations.prepare(GraphQLRequest(document), ANYBODY)
            assert isinstance(prepared, Prepared)
            answers = await api.operations.subscribe(prepared, Call("test", ANYBODY))
            assert not isinstance(answers, Answer)
            told = [(await anext(answers)).content]
            restarting = asyncio.create_task(asyncio.to_thread(server.restart))
            async with aclosing(answers):
                async for answer in answers:
                    told.append(answer.content)
                    if len(told) == len(batch) or "errors" in answer.content:
                        break
            await restarting
    assert [content.get("errors") for content in told] == [None] * len(batch)
    keys = [it["data"]["ledgerEvents"]["transaction"]["idempotencyKey"] for it in told]
    assert keys == [f"k{number}" for number in range(400)]


async def test_a_crash_that_takes_back_transaction_ids_hides_nothing(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Ids under which nothing was written are given out again: by then they were settled."""
    folder = tmp_path_factory.mktemp("events")
    with private_server(folder) as server:
        setup.prepare(server.url)
        async with serving(server.url) as api, fed(api.pool) as feed:
            await open_accounts(api, "a")
            await api.post("before", ("cash", "a", "1"))
            live = Follower()
            await live.follow(feed, until=1)
            with psycopg.connect(server.url, autocommit=True) as conn:
                for _ in range(20):
                    conn.execute("SELECT pg_current_xact_id()")
            position = (await feed.horizon()).position
            following = asyncio.create_task(live.follow(feed, until=4))
            await asyncio.to_thread(server.restart)
            for number in range(3):
                await persistently(api, f"after {number}", ("cash", "a", "1"))
            await following
            returned = Follower(position)
            await returned.follow(feed, until=3)
    assert returned.seen == live.seen[1:]


async def test_a_database_restored_into_a_younger_server_goes_on_there(
    api: Api, feed: EventFeed, database_url: str
) -> None:
    """Its events have transaction ids that the new server has yet to give out."""
    await open_accounts(api, "a")
    for key in ("one", "two"):
        await api.post(key, ("cash", "a", "1"))
    with psycopg.connect(database_url) as owner:
        owner.execute(
            "UPDATE florin.events SET xid = ((xid::text::numeric) + 10000000000)::text::xid8"
        )
    settings = Settings(database_url=SecretStr(database_url))
    (found,) = doctor.failed(await doctor.examine(settings))
    assert (found.name, found.remedy) == ("events", "Run `florin migrate`.")
    await asyncio.to_thread(migrate.upgrade, database_url)
    assert doctor.failed(await doctor.examine(settings)) == []
    old = Follower()
    await old.follow(feed, until=2)
    cursor = old.told[0].position
    await api.post("three", ("cash", "a", "1"))
    returned = Follower(cursor)
    await returned.follow(feed, until=2)
    keys = [event.transaction.idempotency_key for event in returned.told]
    assert keys == ["two", "three"]
    assert returned.told[-1].position.epoch == 2
