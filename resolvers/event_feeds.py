"""The feeds of all ledgers that are followed by this process, or changed."""

from db.pool import Pool
from resolvers.event_feed import EventFeed
from resolvers.event_hints import EventHints


class EventFeeds:
    """One feed a ledger, made when it is first asked for; one connection listens for all."""

    def __init__(self, pool: Pool, *, poll_seconds: float) -> None:
        self._pool = pool
        self._poll_seconds = poll_seconds
        # The pool is told where its server is when it is made, and once (``db.pool``).
        assert isinstance(pool.conninfo, str)
        # What listens there is the pooler's own connection, and hints would reach somebody else.
        self._hints = EventHints(None if pool.is_behind_pooler else pool.conninfo)
        self._feeds: dict[int, EventFeed] = {}

    def of(self, ledger_id: int) -> EventFeed:
        """A ledger's feed."""
        feed = self._feeds.get(ledger_id)
        if feed is None:
            feed = self._feeds[ledger_id] = EventFeed(
                self._pool, ledger_id, self._hints, poll_seconds=self._poll_seconds
            )
        return feed

    async def close(self) -> None:
        """Stop reading and listening, for the process ends."""
        for feed in self._feeds.values():
            await feed.close()
        await self._hints.close()
