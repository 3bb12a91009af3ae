"""Subscription: what can be followed live."""

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry
from strawberry import UNSET

from db.events import Event
from resolvers import ledger_events
from resolvers.context import Info
from schema.keys import AccountBy
from schema.ledger_events import LedgerEvent
from schema.nodes import followed_by
from schema.unset import or_none


async def _ledger_events(
    info: Info,
    after: Annotated[
        str | None,
        strawberry.argument(
            description="The cursor of the last event that was seen, or `ledger { eventsThrough "
            '}`; "0" begins with the first event ever. From now on unless told.'
        ),
    ] = UNSET,
    accounts: Annotated[
        list[AccountBy] | None,
        strawberry.argument(
            description="Only what touches one of these accounts, at most 1000; everything unless "
            "told."
        ),
    ] = UNSET,
) -> AsyncGenerator[Event, None]:
    named = or_none(accounts)
    keys = None if named is None else [account.key() for account in named]
    return await ledger_events.follow(info.context, or_none(after), keys)


@strawberry.type(
    description="What can be followed live, over a WebSocket (graphql-transport-ws) or as "
    "server-sent events."
)
class Subscription:
    """Fields whose answers go on."""

    ledger_events: AsyncGenerator[LedgerEvent, None] = followed_by(
        _ledger_events,
        "What happens to the ledger's transactions: everything, in one order, each "
        "event once. Who was cut off goes on from the last `cursor`, however long ago it was.",
    )
