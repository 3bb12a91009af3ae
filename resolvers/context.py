"""What a resolver knows of its request: the ledger, the pool and this request's loaders."""

from typing import TypeAlias

import strawberry

from db.actions import LOCAL, Actor
from db.pool import Pool
from resolvers.event_feed import EventFeed
from resolvers.explanation import Explanation
from resolvers.loaders import Loaders
from resolvers.look_ups import LookUps
from resolvers.posting_groups import PostingLine
from resolvers.readers import ExplainedReader, PoolReader, Reader, SnapshotReader


class Context:
    """One request, or one event of a subscription."""

    def __init__(
        self,
        pool: Pool,
        ledger_id: int,
        feed: EventFeed | None = None,
        *,
        line: PostingLine | None = None,
        look_ups: LookUps | None = None,
        actor: Actor = LOCAL,
        snapshot: bool = False,
        explained: Explanation | None = None,
    ) -> None:
        """Without a ``feed`` nobody follows what happens here. ``actor`` has it done.

        Without a ``line`` each posting is a transaction by itself; so it is where what is read is
        ``explained``. A ``snapshot`` is for what only reads: all of it then sees one moment. With
        ``look_ups`` it shares them with other requests, but for a snapshot, for what is explained
        and after a mutation of its own.
        """
        self.pool = pool
        self.ledger_id = ledger_id
        self.feed = feed
        self.line = line if explained is None else None
        self.actor = actor
        reader = SnapshotReader(pool, ledger_id) if snapshot else PoolReader(pool, ledger_id)
        self._reader: Reader = reader if explained is None else ExplainedReader(reader, explained)
        is_sharing = not snapshot and explained is None
        self.loaders = Loaders(self._reader, ledger_id, look_ups if is_sharing else None)

    def forget(self) -> None:
        """Drop what was loaded: a mutation's payload must show what the mutation did."""
        self.loaders = Loaders(self._reader, self.ledger_id)

    async def close(self) -> None:
        """Cancel what is still read when the request is over: it failed, or nobody waits."""
        await self.loaders.close()


Info: TypeAlias = strawberry.Info[Context, None]
