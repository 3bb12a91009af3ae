"""The part of the walk through everything that follows what happens."""

from contextlib import aclosing

from db import events, loans
from db.events import BEGINNING
from db.ledgers import DEFAULT_LEDGER_ID
from resolvers.event_feeds import EventFeeds
from tests.api import Api


async def walk_events(api: Api) -> None:
    """From the first event to the newest, and a hint to others."""
    await api("{ ledger { eventsThrough } }")
    feeds = EventFeeds(api.pool, poll_seconds=1)
    feed = feeds.of(DEFAULT_LEDGER_ID)
    horizon = await feed.horizon()
    assert await feed.knows(horizon.position)
    async with aclosing(feed.follow(BEGINNING, None)) as following:
        async for event in following:
            if event.position >= horizon.position:
                break
    await feeds.close()
    async with loans.reading(api.pool, DEFAULT_LEDGER_ID) as conn:
        await events.notify(conn, DEFAULT_LEDGER_ID)
