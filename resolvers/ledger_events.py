"""Ledger events: where a subscriber begins, what it follows, and what an event's fields say."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Final
from uuid import UUID

from db import events
from db.accounts import Account
from db.events import BEGINNING, Event, Position
from db.ledgers import Ledger
from ledger.texts import shown
from ledger.transactions import AccountKey
from resolvers import accounts
from resolvers.context import Context, Info
from resolvers.errors import RequestError
from resolvers.event_cursors import EventCursors
from resolvers.event_feed import EventFeed, PositionLostError

# Before the first event.
FIRST: Final = "0"
# The longest account list that one subscription follows: it is looked up at once.
ACCOUNTS_MAX: Final = 1000


async def follow(
    context: Context, after: str | None, keys: Sequence[AccountKey] | None
) -> AsyncGenerator[Event, None]:
    """The events after a cursor, or from now on; of all accounts, or of these.

    RequestError for what is no cursor of this ledger, or for an account that does not exist.
    """
    feed = context.feed
    if feed is None:
        raise RuntimeError("Nothing can be followed without a feed.")
    asked = None if after is None else await _position(feed, after)
    account_ids = None if keys is None else await _account_ids(context, keys)
    if asked is None:
        asked = (await feed.horizon()).position
    elif not await feed.knows(asked):
        raise PositionLostError
    return feed.follow(asked, account_ids)


async def through(root: Ledger, info: Info) -> str:
    """The cursor of now."""
    horizon = await info.context.loaders.read(lambda conn: events.horizon(conn, root.ledger_id))
    return EventCursors(horizon.cursor_key).written(horizon.position)


def cursor(root: Event, info: Info) -> str:
    """The cursor after an event."""
    feed = info.context.feed
    assert feed is not None, "It is one that is followed."
    return feed.known_cursors.written(root.position)


async def event_accounts(root: Event, info: Info) -> list[Account | None]:
    """The accounts of the transaction's postings, each once, in their order."""
    return await info.context.loaders.account_by_id.load_each(root.account_ids)


async def _account_ids(context: Context, keys: Sequence[AccountKey]) -> frozenset[UUID]:
    if not 1 <= len(keys) <= ACCOUNTS_MAX:
        raise RequestError(
            f"`accounts` names 1 to {ACCOUNTS_MAX} accounts, not {len(keys)}; leave it out to "
            "follow all."
        )
    found = await asyncio.gather(*(accounts.find(context, key) for key in keys))
    for index, (key, account) in enumerate(zip(keys, found, strict=True)):
        if account is None:
            raise RequestError(
                f"`accounts.{index}`: there is no account {shown(key.text)!r}.", "ACCOUNT_NOT_FOUND"
            )
    return frozenset(account.account_id for account in found if account is not None)


async def _position(feed: EventFeed, written: str) -> Position:
    if written == FIRST:
        return BEGINNING
    position = (await feed.cursors()).position(written)
    if position is None:
        raise RequestError(
            "`after` is not a cursor of this ledger's events. Take the last event's `cursor` or "
            f'`ledger {{ eventsThrough }}`; "{FIRST}" begins with the first event ever.',
            "INVALID_CURSOR",
        )
    return position
