"""Followers of a ledger's events, as tests use them: they note what they are told, in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from random import Random
from typing import Any
from uuid import UUID

from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from db import statements
from db.events import BEGINNING, Event, Position
from db.ledgers import DEFAULT_LEDGER_ID
from db.pool import Pool
from resolvers.event_feed import EventFeed
from resolvers.event_feeds import EventFeeds
from tests.api import Api, transaction

# Whatever a test waits for is there within this, or never.
PATIENCE_SECONDS = 60.0


class DawdlingCursor(AsyncCursor[TupleRow]):
    """Takes its time between a transaction's writes and its commit: commits overtake each other."""

    random = Random(7)  # noqa: S311 - nothing to keep secret

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Any:  # noqa: ANN401
        """As asked; but what is to be committed waits a little."""
        if query == statements.COMMIT:
            await asyncio.sleep(self.random.random() * 0.03)
        return await super().execute(query, params, **options)


class Follower:
    """Follows a feed from where it was, as often as it is asked to."""

    def __init__(
        self, position: Position = BEGINNING, account_ids: frozenset[UUID] | None = None
    ) -> None:
        self.told: list[Event] = []
        self._news = asyncio.Condition()
        self._position = position
        self._account_ids = account_ids

    @property
    def seen(self) -> list[tuple[UUID, str]]:
        """What happened to which transaction, in the order that it was told in."""
        return [(event.transaction.transaction_id, event.kind) for event in self.told]

    async def follow(self, feed: EventFeed, *, until: int, pause: float = 0.0) -> None:
        """Until so many events were told in all."""
        if len(self.told) >= until:
            return
        async with (
            asyncio.timeout(PATIENCE_SECONDS),
            aclosing(feed.follow(self._position, self._account_ids)) as events,
        ):
            async for event in events:
                self.told.append(event)
                self._position = event.position
                async with self._news:
                    self._news.notify_all()
                if len(self.told) >= until:
                    return
                await asyncio.sleep(pause)

    async def has_been_told(self, events: int) -> None:
        """Wait for so many in all, which somebody else has it follow for."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(lambda: len(self.told) >= events)

    async def nothing_more(self, feed: EventFeed, seconds: float = 0.3) -> None:
        """Fail if anything else is told."""
        told = len(self.told)
        try:
            async with asyncio.timeout(seconds):
                await self.follow(feed, until=told + 1)
        except TimeoutError:
            return
        raise AssertionError(f"There was more: {self.told[-1]}")


@asynccontextmanager
async def fed(pool: Pool, *, poll_seconds: float = 1.0) -> AsyncIterator[EventFeed]:
    """Another process's feed of the same ledger."""
    feeds = EventFeeds(pool, poll_seconds=poll_seconds)
    try:
        yield feeds.of(DEFAULT_LEDGER_ID)
    finally:
        await feeds.close()


async def open_accounts(api: Api, *codes: str) -> None:
    """The cash, and others that may go either way."""
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    for code in codes:
        await api.open_account(code, floor=None)


async def persistently(api: Api, key: str, *postings: tuple[str, str, str]) -> None:
    """Post, and send it again until it is answered, as clients are told to."""
    document = """mutation ($input: PostTransactionInput!) {
        postTransaction(input: $input) { __typename } }"""
    for _ in range(200):
        response = await api.send(document, {"input": transaction(key, *postings)})
        if response.status_code == 200:
            result = response.json()["data"]["postTransaction"]
            assert result == {"__typename": "PostTransactionSuccess"}
            return
        assert response.status_code == 503
        await asyncio.sleep(0.1)
    raise AssertionError("It was never answered.")


async def write(api: Api, writer: int, posts: int) -> None:
    """Post from and to the writer's own account, again and again."""
    for number in range(posts):
        legs = ("cash", f"w{writer}", "1.00") if number % 4 == 0 else (f"w{writer}", "rest", "0.10")
        await persistently(api, f"{writer}/{number}", legs)


async def come_and_go(follower: Follower, feeds: tuple[EventFeed, ...], *, until: int) -> None:
    """Follow for some events at a time, now here and now there, from the last cursor on."""
    random = Random(5)  # noqa: S311 - nothing to keep secret
    while len(follower.told) < until:
        some = min(until, len(follower.told) + random.randint(1, 25))
        await follower.follow(random.choice(feeds), until=some)
