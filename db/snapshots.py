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
# must not leave a backend behind that reads on. Of the transaction and not of the session, because
# there may be a pooler between.
CONFIGURE: Final[LiteralString] = """
    SELECT set_config('role', 'florin_app', true),
        set_config('TimeZone', 'UTC', true),
        set_config('statement_timeout', '0', true),
        set_config('idle_in_transaction_session_timeout', '0', true),
        set_config('client_connection_check_interval', '1s', true),
        set_config('florin.ledger_id', %(ledger_id)s::text, true)
"""

_CONNECT_TIMEOUT_SECONDS: Final = 5


@asynccontextmanager
async def open_snapshot(
    conninfo: str, ledger_id: int, *, cursor_factory: type[AsyncCursor[TupleRow]] = AsyncCursor
) -> AsyncIterator[Connection]:
    """A connection in a read-only transaction whose statements all see the same moment.

    It reads as the app's role, as the pool's connections do, and nothing of other ledgers. Raises
    psycopg's errors.
    """
    conn = await AsyncConnection.connect(
        conninfo,
        # Of few and large statements none is worth being prepared.
        prepare_threshold=None,
        context=adaptation.CONTEXT,
        cursor_factory=cursor_factory,
        connect_timeout=_CONNECT_TIMEOUT_SECONDS,
        application_name="florin",
    )
    async with conn:
        await conn.set_isolation_level(IsolationLevel.REPEATABLE_READ)
        await conn.set_read_only(True)
        await AsyncCursor(conn).execute(CONFIGURE, {"ledger_id": ledger_id})
        yield conn


BEGIN: Final[LiteralString] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


@asynccontextmanager
async def frozen(conn: Connection) -> AsyncIterator[None]:
    """All that a pooled connection reads in the block is of the moment when the block began.

    One round trip more to begin with and one at the end, however the block ended. What failed, or
    was cancelled, ends the snapshot: further reads raise. A transaction that the connection was
    lent in (``db.pool``) is the snapshot.
    """
    try:
        if conn.info.transaction_status is TransactionStatus.IDLE:
            async with conn.pipeline():
                await conn.execute(BEGIN)
                # The first statement takes the snapshot, at what now() says from here on.
                await conn.execute(FENCE)
        yield
    finally:
        await end(conn)


async def end(conn: Connection) -> None:
    """End the transaction that a connection is in, if it is, where it was only read from."""
    # ROLLBACK would make the connection forget what it has prepared; of a transaction that failed,
    # COMMIT does the same as it. A connection that is gone has no status.
    if conn.info.transaction_status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
        # What has been read stays true if the end of it is lost.
        with suppress(psycopg.Error):
            await conn.execute(COMMIT)
