"""One moment of the database: what is read of it agrees, whatever is written meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, LiteralString

import psycopg
from psycopg import AsyncConnection, AsyncCursor, IsolationLevel
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from db import adaptation
from db.statements import COMMIT, FENCE, Connection

# What reads a whole ledger takes as long as it takes: no timeouts. A reader killed in mid-statement
# must not leave a backend behind that reads on.
CONFIGURE: Final[LiteralString] = """
    SELECT set_config('role', 'florin_app', false),
        set_config('TimeZone', 'UTC', false),
        set_config('statement_timeout', '0', false),
        set_config('idle_in_transaction_session_timeout', '0', false),
        set_config('client_connection_check_interval', '1s', false)
"""

_CONNECT_TIMEOUT_SECONDS: Final = 5


@asynccontextmanager
async def open_snapshot(
    conninfo: str, *, cursor_factory: type[AsyncCursor[TupleRow]] = AsyncCursor
) -> AsyncIterator[Connection]:
    """A connection in a read-only transaction whose statements all see the same moment.

    It reads as the app's role, as the pool's connections do. Raises psycopg's errors.
    """
    conn = await AsyncConnection.connect(
        conninfo,
        autocommit=True,
        context=adaptation.CONTEXT,
        cursor_factory=cursor_factory,
        connect_timeout=_CONNECT_TIMEOUT_SECONDS,
        application_name="florin",
    )
    async with conn:
        await conn.execute(CONFIGURE)
        await conn.set_autocommit(False)
        await conn.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await conn.set_read_only(True)
        yield conn


BEGIN: Final[LiteralString] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


@asynccontextmanager
async def frozen(conn: Connection) -> AsyncIterator[None]:
    """All that a pooled connection reads in the block is of the moment when the block began.

    One round trip more to begin with and one at the end, however the block ended. What failed, or
    was cancelled, ends the snapshot: further reads raise.
    """
    try:
        async with conn.pipeline():
            await conn.execute(BEGIN)
            # The first statement takes the snapshot, at what now() says from here on.
            await conn.execute(FENCE)
        yield
    finally:
        # ROLLBACK would make the connection forget what it has prepared; of a transaction that
        # failed, COMMIT does the same as it. A connection that is gone has no status.
        if conn.info.transaction_status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
            # It was only read from: what has been read stays true if the end of it is lost.
            with suppress(psycopg.Error):
                await conn.execute(COMMIT)
