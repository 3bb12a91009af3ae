"""The pool: bounded, opened once at start, lent by context manager, always given back.

Every pooled connection speaks binary, reads money as exact integers, runs in autocommit (writes
open a transaction of their own) and has put on the app's role before its first statement.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString, TypeAlias

import msgspec
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from db import adaptation
from db.statements import Connection

Pool: TypeAlias = AsyncConnectionPool[Connection]

# One statement for all of it. set_config and not SET, because SET takes no parameters.
CONFIGURE: Final[LiteralString] = """
    SELECT set_config('role', 'florin_app', false),
        set_config('TimeZone', 'UTC', false),
        set_config('statement_timeout', %(statement_timeout)s, false),
        set_config('idle_in_transaction_session_timeout', %(statement_timeout)s, false),
        -- Compiling was measured to take four fifths of a search over thousands of accounts.
        set_config('jit', 'off', false),
        -- A client killed in mid-statement leaves a backend that holds its locks until it notices.
        set_config('client_connection_check_interval', '1s', false)
"""

# A cut network ends a connection after idle + interval * count = 5 seconds; tcp_user_timeout alone
# was measured to hang.
KEEPALIVES: Final[dict[str, Any]] = {
    "keepalives": 1,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "connect_timeout": 3,
}


class PoolSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the pool behaves; ``server.settings`` has the defaults and their reasons."""

    size_min: int
    size_max: int
    timeout_seconds: float
    waiting_max: int
    lifetime_seconds: float
    statement_timeout_seconds: float
    prepare_threshold: int | None


@asynccontextmanager
async def open_pool(
    conninfo: str,
    settings: PoolSettings,
    *,
    cursor_factory: type[AsyncCursor[TupleRow]] = AsyncCursor,
) -> AsyncIterator[Pool]:
    """The pool, open and filled to its least size while the block runs.

    Raises PoolTimeout where the server cannot be reached within the pool's timeout.
    """

    async def configure(conn: Connection) -> None:
        milliseconds = round(settings.statement_timeout_seconds * 1000)
        await conn.execute(CONFIGURE, {"statement_timeout": f"{milliseconds}ms"})

    pool: Pool = AsyncConnectionPool(
        conninfo,
        connection_class=AsyncConnection[TupleRow],
        kwargs={
            "autocommit": True,
            "context": adaptation.CONTEXT,
            "cursor_factory": cursor_factory,
            "prepare_threshold": settings.prepare_threshold,
            "application_name": "florin",
            **KEEPALIVES,
        },
        min_size=settings.size_min,
        max_size=settings.size_max,
        timeout=settings.timeout_seconds,
        max_waiting=settings.waiting_max,
        max_lifetime=settings.lifetime_seconds,
        configure=configure,
        # Costs 50 microseconds a loan and turns a restarted server into no errors at all.
        check=AsyncConnectionPool.check_connection,
        open=False,
        name="florin",
    )
    await pool.open(wait=True, timeout=settings.timeout_seconds)
    try:
        yield pool
    finally:
        await pool.close()
