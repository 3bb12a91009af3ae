"""What a resolver knows of its request: the ledger, the pool and this request's loaders."""

from typing import TypeAlias

import strawberry

from db.pool import Pool
from resolvers.event_feed import EventFeed
from resolvers.loaders import Loaders


class Context:
    """One request, or one event of a subscription."""

    def __init__(self, pool: Pool, ledger_id: int, feed: EventFeed | None = None) -> None:
        """Without a ``feed`` nobody follows what happens here."""
        self.pool = pool
        self.ledger_id = ledger_id
        self.feed = feed
        self.loaders = Loaders(pool, ledger_id)

    def forget(self) -> None:
        """Drop what was loaded: a mutation's payload must show what the mutation did."""
        self.loaders = Loaders(self.pool, self.ledger_id)

    async def close(self) -> None:
        """Cancel what is still read when the request is over: it failed, or nobody waits."""
        await self.loaders.close()


Info: TypeAlias = strawberry.Info[Context, None]
