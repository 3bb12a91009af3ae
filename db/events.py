"""Events: what happened to a ledger's transactions, in an order that every reader sees alike.

Each commit that changes transactions writes one row, under the transaction id (xid) that PostgreSQL
gave it. Commits come in another order than xids are given out; so a reader is only shown what is
*settled*: rows whose xid is below that of the oldest transaction still running. Whatever commits
later has a later xid, and comes after all that was shown. No lock is taken for it and no writer
waits; but a transaction that somebody leaves open on the server holds the readers up.

xids go on where they were through restarts and failovers. A dump that is restored into another
server starts anew: ``florin migrate`` then raises the ledger's epoch, which comes first in the
order.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString, NamedTuple
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from db import statements, transactions
from db.arrays import Texts, UUIDs
from db.statements import Connection, Write
from db.transactions import Transaction
from ledger.metadata import Metadata
from ledger.records import EventKind, TransactionState

# The channel that hints at new events.
CHANNEL: Final = "florin_events"

INSERT: Final[LiteralString] = """
    INSERT INTO florin.events (ledger_id, epoch, xid, written_at, transaction_ids, kinds)
    SELECT ledger_id, epoch, pg_current_xact_id(), statement_timestamp(),
        %(transaction_ids)s::uuid[], %(kinds)s::text[]
    FROM florin.watermarks
    WHERE ledger_id = %(ledger_id)s
"""

# Rows are counted before they are taken apart, so that a page costs the same wherever it begins.
AFTER: Final = SQL("""
    SELECT e.epoch, e.xid::text::bigint AS xid, item.number::integer AS number, item.kind,
        legs.account_ids, {}
    FROM (
        SELECT f.epoch, f.xid, f.transaction_ids, f.kinds
        FROM florin.events AS f
        WHERE f.ledger_id = %(ledger_id)s
            AND (f.epoch, f.xid) >= (%(epoch)s, %(xid)s::text::xid8)
            AND (
                f.xid < pg_snapshot_xmin(pg_current_snapshot())
                OR f.epoch < (
                    SELECT w.epoch FROM florin.watermarks AS w WHERE w.ledger_id = %(ledger_id)s
                )
            )
        ORDER BY f.epoch, f.xid
        -- The first may have been shown to its end.
        LIMIT %(limit)s + 1
    ) AS e
    CROSS JOIN LATERAL unnest(e.transaction_ids, e.kinds)
        WITH ORDINALITY AS item (transaction_id, kind, number)
    JOIN florin.transactions AS t
        ON t.ledger_id = %(ledger_id)s AND t.transaction_id = item.transaction_id
    CROSS JOIN LATERAL (
        SELECT array_agg(leg.account_id ORDER BY p.position, leg.side) AS account_ids
        FROM florin.postings AS p
        CROSS JOIN LATERAL (VALUES (p.debit_account_id, 1), (p.credit_account_id, 2))
            AS leg (account_id, side)
        WHERE p.ledger_id = %(ledger_id)s AND p.transaction_id = item.transaction_id
    ) AS legs
    WHERE (e.epoch, e.xid, item.number) > (%(epoch)s, %(xid)s::text::xid8, %(number)s)
    ORDER BY e.epoch, e.xid, item.number
    LIMIT %(limit)s
""").format(transactions.COLUMNS)

# The newest settled event, and since when anything has waited to be settled. The place is an
# event's and never the bare end of what is settled: a crash takes back ids that nothing durable was
# written under, and what is posted next would come before such a place.
HORIZON: Final[LiteralString] = """
    SELECT coalesce(newest.epoch, 0) AS epoch, coalesce(newest.xid::text::bigint, 0) AS xid,
        coalesce(newest.events, 0) AS number,
        coalesce(newest.transaction_ids[newest.events], %(nil)s) AS transaction_id,
        l.cursor_key,
        (
            SELECT min(e.written_at)
            FROM florin.events AS e
            WHERE e.ledger_id = %(ledger_id)s AND e.epoch = w.epoch
                AND e.xid >= pg_snapshot_xmin(pg_current_snapshot())
        ) AS waiting_since,
        clock_timestamp() AS read_at
    FROM florin.watermarks AS w
    JOIN florin.ledgers AS l ON l.ledger_id = w.ledger_id
    LEFT JOIN LATERAL (
        SELECT f.epoch, f.xid, f.transaction_ids, cardinality(f.transaction_ids) AS events
        FROM florin.events AS f
        WHERE f.ledger_id = %(ledger_id)s
            AND (f.xid < pg_snapshot_xmin(pg_current_snapshot()) OR f.epoch < w.epoch)
        ORDER BY f.epoch DESC, f.xid DESC
        LIMIT 1
    ) AS newest ON true
    WHERE w.ledger_id = %(ledger_id)s
"""

# A cursor's event: gone where the database was set back, by a restore or a failover. What was
# committed since may go by the same numbers, but is not of the same transaction.
EXISTS: Final[LiteralString] = """
    SELECT EXISTS (
        SELECT FROM florin.events
        WHERE ledger_id = %(ledger_id)s AND epoch = %(epoch)s AND xid = %(xid)s::text::xid8
            AND transaction_ids[%(number)s::integer] = %(transaction_id)s
    )
"""

NOTIFY: Final[LiteralString] = "SELECT pg_notify(%(channel)s, %(ledger_id)s::text)"


class Position(NamedTuple):
    """A place between two events: after the one with this number in its commit.

    The transaction says that it is still the same event; in the order it makes no difference.
    """

    epoch: int
    xid: int
    number: int
    transaction_id: UUID


# Before everything.
BEGINNING: Final = Position(0, 0, 0, UUID(int=0))


class Event(msgspec.Struct, frozen=True, gc=False):
    """What happened to a transaction, which is shown as it was when the event was read."""

    position: Position
    kind: EventKind
    account_ids: tuple[UUID, ...]
    transaction: Transaction


class Horizon(msgspec.Struct, frozen=True, gc=False):
    """How far events are settled, and since when the oldest that is not has waited.

    ``cursor_key`` is what the ledger's cursors are sealed with.
    """

    epoch: int
    xid: int
    number: int
    transaction_id: UUID
    cursor_key: UUID
    waiting_since: datetime | None
    read_at: datetime

    @property
    def position(self) -> Position:
        """After all that is settled."""
        return Position(self.epoch, self.xid, self.number, self.transaction_id)


class _EventRow(msgspec.Struct, frozen=True, gc=False):
    epoch: int
    xid: int
    number: int
    kind: EventKind
    account_ids: list[UUID]
    transaction_id: UUID
    idempotency_key: str
    state: TransactionState
    description: str
    metadata: Metadata
    effective_at: datetime
    created_at: datetime
    resolved_at: datetime | None
    expires_at: datetime | None
    reverses_id: UUID | None

    def value(self) -> Event:
        return Event(
            Position(self.epoch, self.xid, self.number, self.transaction_id),
            self.kind,
            tuple(dict.fromkeys(self.account_ids)),
            Transaction(
                self.transaction_id,
                self.idempotency_key,
                self.state,
                self.description,
                self.metadata,
                self.effective_at,
                self.created_at,
                self.resolved_at,
                self.expires_at,
                self.reverses_id,
            ),
        )


def written(ledger_id: int, happened: Sequence[tuple[UUID, EventKind]]) -> Write:
    """The write of one commit's events, in the order in which they happened."""
    parameters: dict[str, object] = {
        "ledger_id": ledger_id,
        "transaction_ids": UUIDs([transaction_id for transaction_id, _ in happened]),
        "kinds": Texts([kind for _, kind in happened]),
    }
    return Write(INSERT, parameters, 1)


async def after(conn: Connection, ledger_id: int, position: Position, limit: int) -> list[Event]:
    """The next settled events, in order, at most so many; one round trip."""
    parameters = {
        "ledger_id": ledger_id,
        "epoch": position.epoch,
        "xid": str(position.xid),
        "number": position.number,
        "limit": limit,
    }
    rows = await statements.all_rows(conn, _EventRow, AFTER, parameters)
    return [row.value() for row in rows]


async def exists(conn: Connection, ledger_id: int, position: Position) -> bool:
    """Whether a position is one of this database's; one round trip."""
    parameters = {
        "ledger_id": ledger_id,
        "epoch": position.epoch,
        "xid": str(position.xid),
        "number": position.number,
        "transaction_id": position.transaction_id,
    }
    (found,) = await statements.all_values(conn, bool, EXISTS, parameters)
    return found


async def horizon(conn: Connection, ledger_id: int) -> Horizon:
    """How far a ledger's events are settled; one round trip."""
    parameters = {"ledger_id": ledger_id, "nil": BEGINNING.transaction_id}
    found = await statements.one_row(conn, Horizon, HORIZON, parameters)
    assert found is not None
    return found


async def notify(conn: Connection, ledger_id: int) -> None:
    """Hint that there is something new to all who listen; one round trip, in no transaction."""
    await conn.execute(NOTIFY, {"channel": CHANNEL, "ledger_id": ledger_id})
