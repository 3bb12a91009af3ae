"""The part of the walk through everything that follows what happens."""

from contextlib import aclosing

from db import events
from db.events import BEGINNING
from db.ledgers import DEFAULT_LEDGER_ID
from resolvers.event_feed import EventFeed
from tests.api import Api


async def walk_events(api: Api) -> None:
    """From the first event to the newest, and a hint to others."""
    await api("{ ledger { eventsThrough } }")
    feed = EventFeed(api.pool, DEFAULT_LEDGER_ID, poll_seconds=1)
    horizon = await feed.horizon()
    assert await feed.knows(horizon.position)
    async with aclosing(feed.follow(BEGINNING, None)) as following:
        async for event in following:
            if event.position >= horizon.position:
                break
    await feed.close()
    async with api.pool.connection() as conn:
        await events.notify(conn, DEFAULT_LEDGER_ID)
