"""The pool: bounded, opened once at start, lent by ``db.loans`` alone, always given back.

Every pooled connection speaks binary, reads money as exact integers, runs in autocommit (writes
open a transaction of their own) and has put on the app's role before its first statement. The
statement that tells whether a connection still lives, before it is lent, says which ledger the loan
is for: row-level security shows it no other's rows. A connection that is set for that ledger
already is lent without, to whoever starts again should it turn out to be lost.

Behind a pooler that lends its own connections by the transaction, nothing that is set lasts longer
than one: there each loan is a transaction, which begins with all that a session would have.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, Final, LiteralString, NamedTuple, TypedDict

import msgspec
from psycopg import AsyncCursor
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from db import adaptation, deadlines
from db.connections import PooledConnection
from db.statements import BEGIN

# One statement for all of it. set_config and not SET, because SET takes no parameters.
CONFIGURE: Final[LiteralString] = """
    SELECT set_config('role', 'florin_app', %(is_local)s),
        set_config('TimeZone', 'UTC', %(is_local)s),
        set_config('statement_timeout', %(statement_timeout)s, %(is_local)s),
        set_config('idle_in_transaction_session_timeout', %(statement_timeout)s, %(is_local)s),
        -- Compiling was measured to take four fifths of a search over thousands of accounts.
        set_config('jit', 'off', %(is_local)s),
        -- A client killed in mid-statement leaves a backend that holds its locks until it notices.
        set_config('client_connection_check_interval', '1s', %(is_local)s),
        -- One that the network was cut from, between two statements of a pipeline, waits for the
        -- next with its locks and no other limit: this is the server's side of KEEPALIVES.
        set_config('tcp_keepalives_idle', '2', %(is_local)s),
        set_config('tcp_keepalives_interval', '1', %(is_local)s),
        set_config('tcp_keepalives_count', '3', %(is_local)s),
        set_config('tcp_user_timeout', '5000', %(is_local)s),
        set_config('florin.ledger_id', %(ledger_id)s, %(is_local)s)
"""

# Prepared, 25 microseconds more than the empty statement that a mere check would be; not prepared,
# 55. SET would be 9, but takes no parameters: before PostgreSQL 18 pg_stat_statements would keep
# one of each ledger, and lose the others for it.
LEND: Final[LiteralString] = "SELECT set_config('florin.ledger_id', %(ledger_id)s, false)"

# A cut network ends a connection after 5 seconds: by keepalives (idle + interval * count) one that
# waits for an answer, by tcp_user_timeout one whose question was not received, during which no
# keepalive is sent. The latter alone was measured to hang.
KEEPALIVES: Final[dict[str, Any]] = {
    "keepalives": 1,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
    "connect_timeout": 3,
}


class _Callbacks(TypedDict):
    configure: Callable[[PooledConnection], Awaitable[None]] | None
    check: Callable[[PooledConnection], Awaitable[None]]


class PoolSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the pool behaves; ``server.settings`` has the defaults and their reasons."""

    size_min: int
    size_max: int
    timeout_seconds: float
    waiting_max: int
    lifetime_seconds: float
    statement_timeout_seconds: float
    prepare_threshold: int | None
    transaction_pooler: bool


class Loan(NamedTuple):
    """What a connection is lent for; ``begin`` opens its transaction, behind a pooler.

    Without a ledger row-level security shows nothing at all. Where ``starts_again`` is set, whoever
    borrows does so should the connection turn out to be lost.
    """

    ledger_id: str = ""
    begin: LiteralString = BEGIN
    starts_again: bool = False


# Set by ``db.loans`` around the moment of lending: the pool checks a connection in the task that
# borrows it, and lends the next one instead where the check fails.
_NOBODYS: Final = Loan()
LOAN: Final[ContextVar[Loan]] = ContextVar("loan", default=_NOBODYS)


class Pool(AsyncConnectionPool[PooledConnection]):
    """psycopg's pool, which knows whether it is one behind another."""

    is_behind_pooler: bool = False


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

    pool = Pool(
        conninfo,
        connection_class=deadlines.impatient(settings.statement_timeout_seconds),
        kwargs={
            "autocommit": True,
            "context": adaptation.CONTEXT,
            "cursor_factory": cursor_factory,
            # What is prepared belongs to a session, too.
            "prepare_threshold": (
                None if settings.transaction_pooler else settings.prepare_threshold
            ),
            "application_name": "florin",
            **KEEPALIVES,
        },
        min_size=settings.size_min,
        max_size=settings.size_max,
        timeout=settings.timeout_seconds,
        max_waiting=settings.waiting_max,
        max_lifetime=settings.lifetime_seconds,
        open=False,
        name="florin",
        **_callbacks(settings),
    )
    pool.is_behind_pooler = settings.transaction_pooler
    await pool.open(wait=True, timeout=settings.timeout_seconds)
    try:
        yield pool
    finally:
        await pool.close()


def _callbacks(settings: PoolSettings) -> _Callbacks:
    milliseconds = round(settings.statement_timeout_seconds * 1000)
    is_local = settings.transaction_pooler
    parameters = {"statement_timeout": f"{milliseconds}ms", "is_local": is_local}

    # PgBouncer 1.18 was seen, once in some 1500 loans, to leave its connection with a client whose
    # transaction had ended. There has to be time for that client, the pool's next one, to have it.
    pooler_seconds = min(deadlines.ROUND_TRIP_SECONDS, settings.timeout_seconds / 2)

    async def configure(conn: PooledConnection) -> None:
        await conn.execute(CONFIGURE, {**parameters, "ledger_id": ""})
        # Now rather than on one of the first loans.
        await AsyncCursor(conn).execute(LEND, {"ledger_id": ""}, prepare=True)

    async def lend(conn: PooledConnection) -> None:
        loan = LOAN.get()
        if loan.starts_again and conn.is_ready_for(loan.ledger_id):
            return
        conn.ledger_id = None
        try:
            async with deadlines.within_a_round_trip(conn):
                await AsyncCursor(conn).execute(LEND, {"ledger_id": loan.ledger_id}, prepare=True)
        except BaseException:
            conn.forget()
            raise
        # In a transaction of its own that has ended: no ROLLBACK of a later one undoes it.
        conn.ledger_id = loan.ledger_id

    async def lend_in_transaction(conn: PooledConnection) -> None:
        loan = LOAN.get()
        async with deadlines.within_a_round_trip(conn, pooler_seconds), conn.pipeline():
            await AsyncCursor(conn).execute(loan.begin)
            await AsyncCursor(conn).execute(CONFIGURE, {**parameters, "ledger_id": loan.ledger_id})

    # A round trip takes some 75 microseconds and turns a restarted server into no errors at all.
    # The cursors are psycopg's own: a loan is no statement of whoever counts or traces statements.
    if is_local:
        return {"configure": None, "check": lend_in_transaction}
    return {"configure": configure, "check": lend}
