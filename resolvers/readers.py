"""Where a request's reads get their connections: each from the pool, or all from one snapshot."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final, TypeAlias, TypeVar

from db import loans
from db.pool import Pool
from db.statements import Connection
from resolvers.endings import ended
from resolvers.explanation import Explanation

# Connections that one request may use at once: enough for the reads of a level to overlap, too few
# for one request with hundreds of fields to shut everybody else out of the pool.
CONNECTIONS_MAX: Final = 4

Result = TypeVar("Result")


class PoolReader:
    """Each read sees what is committed when it runs."""

    def __init__(self, pool: Pool, ledger_id: int) -> None:
        self._pool = pool
        self._ledger_id = ledger_id
        self._permits = asyncio.Semaphore(CONNECTIONS_MAX)

    async def read(self, fetch: Callable[[Connection], Awaitable[Result]]) -> Result:
        """What one batch of reads gives. It may run twice (``loans.read``)."""
        async with self._permits:
            return await loans.read(self._pool, self._ledger_id, fetch)

    async def close(self) -> None:
        """Nothing is kept."""


class SnapshotReader:
    """All reads see the moment of the first: its connection is kept until the end.

    They run one after another. Nothing is borrowed for a request that reads nothing.
    """

    def __init__(self, pool: Pool, ledger_id: int) -> None:
        self._pool = pool
        self._ledger_id = ledger_id
        self._turn = asyncio.Lock()
        self._conn: Connection | None = None
        self._borrowed = AsyncExitStack()
        # Why nothing can be read from it any more.
        self._over: Exception | None = None

    async def read(self, fetch: Callable[[Connection], Awaitable[Result]]) -> Result:
        """What one batch of reads gives, of one at a time."""
        async with self._turn:
            if self._over is not None:
                raise self._over
            if self._conn is None:
                self._conn = await self._begin()
            return await fetch(self._conn)

    async def _begin(self) -> Connection:
        try:
            return await self._borrowed.enter_async_context(
                loans.frozen(self._pool, self._ledger_id)
            )
        except Exception as error:
            # The other reads neither wait for the pool one after another nor borrow a second one.
            self._over = error
            raise

    async def close(self) -> None:
        """End the snapshot and give the connection back, whoever is cancelled meanwhile.

        Whatever still reads has been cancelled, and is waited for.
        """
        closing = asyncio.ensure_future(self._end())
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await ended(closing)
            raise

    async def _end(self) -> None:
        async with self._turn:
            self._over = RuntimeError("The snapshot has ended.")
            await self._borrowed.aclose()


class ExplainedReader:
    """Another reader's connections, whose reads are noted."""

    def __init__(self, reader: PoolReader | SnapshotReader, explained: Explanation) -> None:
        self._reader = reader
        self._explained = explained

    async def read(self, fetch: Callable[[Connection], Awaitable[Result]]) -> Result:
        """What the other gives."""

        async def explained(conn: Connection) -> Result:
            with self._explained.reading(conn):
                return await fetch(conn)

        return await self._reader.read(explained)

    async def close(self) -> None:
        """Close the other."""
        await self._reader.close()


Reader: TypeAlias = PoolReader | SnapshotReader | ExplainedReader
