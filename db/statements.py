"""Runs one statement and reads its rows as structs, in binary."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, LiteralString, NamedTuple, TypeAlias, TypeVar

from psycopg import AsyncConnection, AsyncCursor
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow, args_row, scalar_row
from psycopg.sql import SQL, Composed

from db.connections import PooledConnection

Query: TypeAlias = LiteralString | SQL | Composed
Connection: TypeAlias = AsyncConnection[TupleRow]
Row = TypeVar("Row")


def rendered(query: Composed) -> SQL:
    """A composed statement as one piece: putting it together takes longer than sending it."""
    return SQL(query.as_string())


def cursor(conn: Connection, row: type[Row]) -> AsyncCursor[Row]:
    """A cursor that reads rows as ``row``, for statements that share a pipeline."""
    return conn.cursor(row_factory=args_row(row), binary=True)


async def all_rows(
    conn: Connection, row: type[Row], query: Query, parameters: Mapping[str, object]
) -> list[Row]:
    """Every row; the statement's columns stand in the order of the struct's fields."""
    if not isinstance(conn, PooledConnection):
        rows = cursor(conn, row)
        await rows.execute(query, parameters)
        return await rows.fetchall()
    text = query if isinstance(query, str) else query.as_string()
    rows = conn.take_cursor(text, row) or cursor(conn, row)
    await rows.execute(text, parameters)
    found = await rows.fetchall()
    conn.give_back(rows, text, row)
    return found


async def all_values(
    conn: Connection, value: type[Row], query: Query, parameters: Mapping[str, object]
) -> list[Row]:
    """The only column of every row; ``value`` is the type that psycopg reads it as."""
    rows = conn.cursor(row_factory=scalar_row, binary=True)
    await rows.execute(query, parameters)
    return await rows.fetchall()


async def one_row(
    conn: Connection, row: type[Row], query: Query, parameters: Mapping[str, object]
) -> Row | None:
    """The first row, None where there is none."""
    rows = cursor(conn, row)
    await rows.execute(query, parameters)
    return await rows.fetchone()


# Of a transaction with a hundred postings a row takes some tens of kilobytes.
_STREAMED_ROWS: Final = 250


async def streamed(
    conn: Connection,
    row: type[Row],
    query: Query,
    parameters: Mapping[str, object],
    *,
    name: str = "streamed",
) -> AsyncIterator[Row]:
    """Every row as it comes, through a server-side cursor: however many, memory stays the same.

    ``conn`` is in a transaction, and not in pipeline mode; a round trip for every 250 rows. Several
    at once go by different names.
    """
    async with conn.cursor(name, row_factory=args_row(row)) as rows:
        rows.itersize = _STREAMED_ROWS
        await rows.execute(query, parameters, binary=True)
        async for one in rows:
            yield one


# For statements over a range of a key whose rows' other tables are to be looked up by key, too. The
# planner takes a range over two columns for half of the table (measured), and would read whole
# tables for each of a large ledger's ranges.
LOOK_UP_BY_KEY: Final[LiteralString] = """
    SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
        set_config('enable_mergejoin', 'off', true), set_config('enable_material', 'off', true),
        -- Of an account with a million entries it would remember them all.
        set_config('enable_memoize', 'off', true),
        set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true)
"""


async def look_up_by_key(conn: Connection) -> None:
    """Have this transaction's plans go by key and never read whole tables; one round trip."""
    await (await conn.execute(LOOK_UP_BY_KEY)).fetchone()


BEGIN: Final[LiteralString] = "BEGIN"
COMMIT: Final[LiteralString] = "COMMIT"


@asynccontextmanager
async def transaction(conn: Connection) -> AsyncIterator[None]:
    """All of the block is committed, or nothing: an exception rolls back.

    A transaction that the connection was lent in (``db.pool``) is gone on with. The connection is
    in pipeline mode meanwhile, and BEGIN and COMMIT travel with their neighbours. psycopg's own
    ``transaction()`` would wait for both: inside a pipeline it opens another, and opening one waits
    for what was sent before.
    """
    try:
        async with conn.pipeline():
            if conn.info.transaction_status is TransactionStatus.IDLE:
                await conn.execute(BEGIN)
            yield
            committed = await conn.execute(COMMIT)
    except BaseException:
        if not conn.closed:
            await conn.rollback()
        raise
    if committed.statusmessage != COMMIT:
        raise RuntimeError(f"COMMIT was answered with {committed.statusmessage}.")


class Write(NamedTuple):
    """A write and how many rows it must change."""

    query: Query
    parameters: Mapping[str, object]
    rows: int


# Fetched behind a pipeline's writes, so that their results are there. Pipeline.sync() would do the
# same but for psycopg's issue 685: it stops sending what the socket's buffer did not take at once,
# and a large batch would wait for ever. Fetching sends everything.
FENCE: Final[LiteralString] = "SELECT 1"


async def write(conn: Connection, *writes: Write) -> None:
    """Send all writes, in a pipeline in one round trip, and raise unless each changed its rows.

    A wrong number is a bug; raising rolls the transaction back before anything is final.
    """
    sent = [(await conn.execute(one.query, one.parameters), one.rows) for one in writes]
    await (await conn.execute(FENCE)).fetchone()
    for written, rows in sent:
        if written.rowcount != rows:
            raise RuntimeError(f"A write changed {written.rowcount} rows; {rows} were expected.")
