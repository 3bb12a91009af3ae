"""Sweeping: what expired holds still reserve in the counters is given back, in batches.

Nothing waits for it. Every read and every decision tells what has expired by its own clock, so that
a hold never blocks and is never captured a moment too late; sweeping only keeps the number of those
small that have to be told apart.
"""

from collections.abc import Sequence
from typing import Final, LiteralString
from uuid import UUID

import msgspec

from db import duties, events, statements
from db.arrays import UUIDs, WholeNumbers
from db.statements import Connection, Write
from ledger.accounts import Side

# As many transactions as a batch has: their accounts stay locked for some tens of milliseconds.
SWEEP_MAX: Final = 1000

EXPIRED: Final[LiteralString] = """
    SELECT transaction_id
    FROM florin.transactions
    WHERE ledger_id = %(ledger_id)s AND state = 'PENDING' AND expires_at IS NOT NULL
        AND expires_at <= statement_timestamp()
    ORDER BY expires_at
    LIMIT %(limit)s
"""

LOCK: Final[LiteralString] = """
    SELECT account_id
    FROM florin.accounts
    WHERE ledger_id = %(ledger_id)s AND account_id = ANY(ARRAY(
        SELECT leg.account_id
        FROM florin.postings AS p
        CROSS JOIN LATERAL (VALUES (p.debit_account_id), (p.credit_account_id))
            AS leg (account_id)
        WHERE p.ledger_id = %(ledger_id)s AND p.transaction_id = ANY(%(transaction_ids)s)
    ))
    -- The one order of db.posting: sweeping waits for postings, and never in a circle.
    ORDER BY account_id
    FOR NO KEY UPDATE
"""

# Counting goes on no further: that there are more than this is all that anybody has to know.
OPEN_MAX: Final = 10_000

OPEN: Final[LiteralString] = """
    SELECT count(*)
    FROM (
        SELECT
        FROM florin.transactions
        WHERE ledger_id = %(ledger_id)s AND state = 'PENDING'
            AND (expires_at IS NULL OR expires_at > now())
        LIMIT %(limit)s
    ) AS open
"""

# What was captured or voided while the accounts were waited for is no longer pending.
EXPIRE: Final[LiteralString] = """
    UPDATE florin.transactions
    SET state = 'EXPIRED', resolved_at = expires_at
    WHERE ledger_id = %(ledger_id)s AND transaction_id = ANY(%(transaction_ids)s)
        AND state = 'PENDING'
    RETURNING transaction_id
"""

RELEASE: Final[LiteralString] = """
    UPDATE florin.holds AS h
    SET resolved_at = h.expires_at
    FROM florin.postings AS p
    CROSS JOIN LATERAL (VALUES (p.debit_account_id), (p.credit_account_id)) AS leg (account_id)
    WHERE p.ledger_id = %(ledger_id)s AND p.transaction_id = ANY(%(transaction_ids)s)
        AND h.ledger_id = %(ledger_id)s AND h.account_id = leg.account_id
        AND h.transaction_id = p.transaction_id AND h.position = p.position
        AND h.resolved_at IS NULL
    RETURNING h.account_id, h.side, h.amount
"""

UNCOUNT: Final[LiteralString] = """
    UPDATE florin.accounts AS a
    SET debits_pending = a.debits_pending - released.debits,
        credits_pending = a.credits_pending - released.credits
    FROM unnest(%(account_ids)s::uuid[], %(debits)s::numeric[], %(credits)s::numeric[])
        AS released (account_id, debits, credits)
    WHERE a.ledger_id = %(ledger_id)s AND a.account_id = released.account_id
"""


class _Released(msgspec.Struct, frozen=True, gc=False):
    account_id: UUID
    side: Side
    amount: int


async def open_count(conn: Connection, ledger_id: int) -> int:
    """How many holds are neither captured, voided nor expired, up to 10,000; one round trip."""
    parameters = {"ledger_id": ledger_id, "limit": OPEN_MAX}
    (found,) = await statements.all_values(conn, int, OPEN, parameters)
    return found


async def sweep(conn: Connection, ledger_id: int, *, limit: int = SWEEP_MAX) -> int:
    """Release up to ``limit`` expired holds and say how many; none where somebody else sweeps.

    ``conn`` is in a transaction and in pipeline mode; eight round trips, two where nothing expired.
    """
    if not await duties.take(conn, ledger_id, "SWEEP"):
        return 0
    found = await statements.all_values(
        conn, UUID, EXPIRED, {"ledger_id": ledger_id, "limit": limit}
    )
    if not found:
        return 0
    parameters: dict[str, object] = {"ledger_id": ledger_id, "transaction_ids": UUIDs(found)}
    await statements.all_values(conn, UUID, LOCK, parameters)
    swept = set(await statements.all_values(conn, UUID, EXPIRE, parameters))
    # In the order in which they expired.
    expired = [transaction_id for transaction_id in found if transaction_id in swept]
    parameters["transaction_ids"] = UUIDs(expired)
    released = await statements.all_rows(conn, _Released, RELEASE, parameters)
    await _uncount(conn, ledger_id, released, expired)
    await duties.done(conn, ledger_id, "SWEEP")
    return len(expired)


async def _uncount(
    conn: Connection, ledger_id: int, released: Sequence[_Released], expired: Sequence[UUID]
) -> None:
    sums: dict[UUID, list[int]] = {}
    for one in released:
        sums.setdefault(one.account_id, [0, 0])[one.side == "CREDIT"] += one.amount
    parameters: dict[str, object] = {
        "ledger_id": ledger_id,
        "account_ids": UUIDs(list(sums)),
        "debits": WholeNumbers([debits for debits, _ in sums.values()]),
        "credits": WholeNumbers([credits_ for _, credits_ in sums.values()]),
    }
    writes = [Write(UNCOUNT, parameters, len(sums))]
    if expired:
        writes.append(events.written(ledger_id, [(each, "EXPIRED") for each in expired]))
    await statements.write(conn, *writes)
