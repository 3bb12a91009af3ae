"""Where a request's reads get their connections: each from the pool, or all from one snapshot."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from db import snapshots
from db.pool import Pool
from db.statements import Connection

# Connections that one request may use at once: enough for the reads of a level to overlap, too few
# for one request with hundreds of fields to shut everybody else out of the pool.
CONNECTIONS_MAX: Final = 4


class PoolReader:
    """Each read sees what is committed when it runs."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._permits = asyncio.Semaphore(CONNECTIONS_MAX)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for one batch of reads."""
        async with self._permits, self._pool.connection() as conn:
            yield conn

    async def close(self) -> None:
        """Nothing is kept."""


class SnapshotReader:
    """All reads see the moment of the first: its connection is kept until the end.

    They run one after another. Nothing is borrowed for a request that reads nothing.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._turn = asyncio.Lock()
        self._conn: Connection | None = None
        self._borrowed = AsyncExitStack()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """The snapshot's connection, for one batch of reads at a time."""
        async with self._turn:
            if self._conn is None:
                conn = await self._borrowed.enter_async_context(self._pool.connection())
                await self._borrowed.enter_async_context(snapshots.frozen(conn))
                self._conn = conn
            yield self._conn

    async def close(self) -> None:
        """End the snapshot and give the connection back. Nothing is being read any more."""
        await self._borrowed.aclose()
