"""What a resolver knows of its request: the ledger, the pool and this request's loaders."""

from typing import TypeAlias

import strawberry

from db.actions import LOCAL, Actor
from db.pool import Pool
from resolvers.event_feed import EventFeed
from resolvers.explanation import Explanation
from resolvers.loaders import Loaders
from resolvers.readers import ExplainedReader, PoolReader, Reader, SnapshotReader


class Context:
    """One request, or one event of a subscription."""

    def __init__(
        self,
        pool: Pool,
        ledger_id: int,
        feed: EventFeed | None = None,
        *,
        actor: Actor = LOCAL,
        snapshot: bool = False,
        explained: Explanation | None = None,
    ) -> None:
        """Without a ``feed`` nobody follows what happens here. ``actor`` has it done.

        A ``snapshot`` is for what only reads: all of it then sees one moment.
        """
        self.pool = pool
        self.ledger_id = ledger_id
        self.feed = feed
        self.actor = actor
        reader = SnapshotReader(pool, ledger_id) if snapshot else PoolReader(pool, ledger_id)
        self._reader: Reader = reader if explained is None else ExplainedReader(reader, explained)
        self.loaders = Loaders(self._reader, ledger_id)

    def forget(self) -> None:
        """Drop what was loaded: a mutation's payload must show what the mutation did."""
        self.loaders = Loaders(self._reader, self.ledger_id)

    async def close(self) -> None:
        """Cancel what is still read when the request is over: it failed, or nobody waits."""
        await self.loaders.close()


Info: TypeAlias = strawberry.Info[Context, None]
