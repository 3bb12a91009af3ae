"""Seals: a ledger's entries in a hash chain, some thousand at a time. SEALS.md has the formats.

Sealing never stands in a posting's way: no lock is shared, and postings do not know of it but for
the time they read. What makes a seal complete is this order, each step committed before the next:

1. ``announce`` a moment: the database's clock, never backwards. The clock of every posting that
   sees the announcement is later (``db.posting``).
2. Take the ``horizon``: a transaction id later than all that were given out. A posting has one by
   the time it reads its clock, because it has locked its accounts; so those that can have missed
   the announcement are below.
3. Wait until ``settled``: everything below the horizon has ended. Whatever is recorded at or before
   the announced moment is there now, and nothing will be added to it.
4. ``seal_next`` of that, block by block.

No clock has to be right for it. One worker at a time does it (``db.duties``), and should two ever
follow each other in the middle of it, every block still begins where the last one ended.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, LiteralString, TypeVar
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from db import duties, statements
from db.statements import Connection, Query, Write
from ledger import identifiers

Value = TypeVar("Value")

# A seal of some 80 KB (40 bytes an entry), made in some tens of milliseconds.
BLOCK_TRANSACTIONS: Final = 1000

# Every column of an entry ``e``, as SEALS.md describes it: no setting and no version of PostgreSQL
# may change a byte of it. Used for sealing and for verifying.
DIGEST: Final = SQL("""substr(sha256(convert_to(concat_ws('|',
    e.ledger_id, e.account_id, e.version, e.transaction_id, e.position, e.side, e.amount,
    e.balance_after, e.debits_after, (extract(epoch FROM e.created_at) * 1000000)::bigint,
    coalesce((extract(epoch FROM e.effective_at) * 1000000)::bigint::text, '')
), 'UTF8')), 1, 16)""")

# Of a seal ``s`` and ``previous``, the hash before it.
HASH: Final = SQL("""sha256({previous} || int4send(s.ledger_id) || int8send(s.number)
    || int8send((extract(epoch FROM s.through) * 1000000)::bigint) || s.items)""")

# Before the first seal.
NO_HASH: Final = bytes(32)


class Seal(msgspec.Struct, frozen=True, gc=False):
    """What the next seal builds on: all entries recorded up to ``through`` are sealed."""

    number: int
    through: datetime
    hash: bytes


LAST: Final[LiteralString] = """
    SELECT number, through, hash
    FROM florin.seals
    WHERE ledger_id = %(ledger_id)s
    ORDER BY number DESC
    LIMIT 1
"""

CLOCK: Final[LiteralString] = "SELECT clock_timestamp()"

ANNOUNCE: Final[LiteralString] = """
    UPDATE florin.watermarks
    SET announced_at = greatest(announced_at, %(clock)s)
    WHERE ledger_id = %(ledger_id)s
    RETURNING announced_at
"""

# Two full batches recorded in a row are four hundred thousand entries. Nobody waits for this one.
UNHURRIED: Final[LiteralString] = "SELECT set_config('statement_timeout', '0', true)"

# Not pg_snapshot_xmax(): that is only behind the last transaction that has ended, and one that
# runs may be beyond it.
HORIZON: Final[LiteralString] = "SELECT pg_current_xact_id()::text::bigint"

OLDEST: Final[LiteralString] = """
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint
"""

# What was posted, at once or by capture, in the order in which it was recorded; ids begin with the
# moment. The last of a block says when the block ends: what else is recorded in that moment, is in.
BLOCK_END: Final[LiteralString] = """
    SELECT recorded_at
    FROM (
        SELECT id, recorded_at
        FROM (
            (
                SELECT transaction_id AS id, created_at AS recorded_at
                FROM florin.transactions
                WHERE ledger_id = %(ledger_id)s AND state = 'POSTED' AND resolved_at IS NULL
                    AND transaction_id >= %(first)s AND transaction_id < %(before)s
                ORDER BY transaction_id
                LIMIT %(transactions)s
            )
            UNION ALL
            (
                SELECT resolution_id, resolved_at
                FROM florin.transactions
                WHERE ledger_id = %(ledger_id)s AND state = 'POSTED'
                    AND resolution_id >= %(first)s AND resolution_id < %(before)s
                ORDER BY resolution_id
                LIMIT %(transactions)s
            )
        ) AS event
        ORDER BY id
        LIMIT %(transactions)s
    ) AS block
    ORDER BY id DESC
    LIMIT 1
"""

SEAL: Final = SQL("""
    INSERT INTO florin.seals (ledger_id, number, through, entries, items, hash, created_at)
    SELECT s.ledger_id, s.number, s.through, s.entries, s.items, {hash}, %(clock)s
    FROM (
        SELECT %(ledger_id)s::integer AS ledger_id, %(number)s::bigint AS number,
            %(through)s::timestamptz AS through, count(*)::integer AS entries,
            string_agg(uuid_send(e.account_id) || int8send(e.version) || {digest}, ''::bytea
                ORDER BY e.account_id, e.version) AS items
        FROM (
            SELECT transaction_id
            FROM florin.transactions
            WHERE ledger_id = %(ledger_id)s AND state = 'POSTED' AND resolved_at IS NULL
                AND transaction_id >= %(first)s AND transaction_id < %(before)s
            UNION ALL
            SELECT transaction_id
            FROM florin.transactions
            WHERE ledger_id = %(ledger_id)s AND state = 'POSTED'
                AND resolution_id >= %(first)s AND resolution_id < %(before)s
        ) AS t
        JOIN florin.postings AS p
            ON p.ledger_id = %(ledger_id)s AND p.transaction_id = t.transaction_id
        CROSS JOIN LATERAL (VALUES (p.debit_account_id), (p.credit_account_id))
            AS leg (account_id)
        JOIN florin.entries AS e
            ON e.ledger_id = %(ledger_id)s AND e.account_id = leg.account_id
            AND e.transaction_id = p.transaction_id AND e.position = p.position
    ) AS s
    WHERE s.entries > 0
""").format(digest=DIGEST, hash=HASH.format(previous=SQL("%(previous)s::bytea")))


async def last(conn: Connection, ledger_id: int) -> Seal | None:
    """The newest seal; None where nothing is sealed yet."""
    return await statements.one_row(conn, Seal, LAST, {"ledger_id": ledger_id})


async def unsealed_since(conn: Connection, ledger_id: int) -> datetime | None:
    """When the oldest of what is not sealed yet was recorded; None where all is.

    Three round trips.
    """
    previous = await last(conn, ledger_id)
    clock = await _clock(conn)
    return await _block_end(conn, ledger_id, previous, through=clock, transactions=1)


async def announce(conn: Connection, ledger_id: int) -> datetime | None:
    """The announced moment, once ``conn``'s transaction is committed.

    None where there is nothing to seal, or somebody else is at it.
    """
    if not await duties.take(conn, ledger_id, "SEAL"):
        return None
    clock = await _clock(conn)
    previous = await last(conn, ledger_id)
    if await _block_end(conn, ledger_id, previous, through=clock, transactions=1) is None:
        return None
    parameters = {"ledger_id": ledger_id, "clock": clock}
    return await _value(conn, datetime, ANNOUNCE, parameters)


async def horizon(conn: Connection) -> int:
    """A transaction id that is later than every one given out before; ``conn`` is in none."""
    return await _value(conn, int, HORIZON, {})


async def settled(conn: Connection, horizon: int) -> bool:
    """Whether all transactions before the horizon have ended."""
    return await _value(conn, int, OLDEST, {}) >= horizon


async def seal_next(conn: Connection, ledger_id: int, *, through: datetime) -> bool:
    """Seal the next block of what was recorded up to a settled announcement; False where none is.

    ``conn`` is in a transaction and in pipeline mode; seven round trips.
    """
    if not await duties.take(conn, ledger_id, "SEAL"):
        return False
    await conn.execute(UNHURRIED)
    await statements.look_up_by_key(conn)
    previous = await last(conn, ledger_id)
    block_end = await _block_end(
        conn, ledger_id, previous, through=through, transactions=BLOCK_TRANSACTIONS
    )
    if block_end is None:
        return False
    parameters = {
        "ledger_id": ledger_id,
        "number": 1 if previous is None else previous.number + 1,
        "previous": NO_HASH if previous is None else previous.hash,
        "through": block_end,
        "first": _first(previous),
        "before": _before(block_end),
        "clock": await _clock(conn),
    }
    await statements.write(conn, Write(SEAL, parameters, 1))
    await duties.done(conn, ledger_id, "SEAL")
    return True


async def _block_end(
    conn: Connection,
    ledger_id: int,
    previous: Seal | None,
    *,
    through: datetime,
    transactions: int,
) -> datetime | None:
    parameters = {
        "ledger_id": ledger_id,
        "first": _first(previous),
        "before": _before(through),
        "transactions": transactions,
    }
    ends = await statements.all_values(conn, datetime, BLOCK_END, parameters)
    return ends[0] if ends else None


async def _clock(conn: Connection) -> datetime:
    return await _value(conn, datetime, CLOCK, {})


async def _value(
    conn: Connection, value: type[Value], query: Query, parameters: Mapping[str, object]
) -> Value:
    (found,) = await statements.all_values(conn, value, query, parameters)
    return found


def _first(previous: Seal | None) -> UUID:
    return UUID(int=0) if previous is None else _before(previous.through)


def _before(through: datetime) -> UUID:
    """The least id of what is recorded after a moment."""
    return identifiers.first_uuid7(through + timedelta(microseconds=1))
