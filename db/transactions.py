"""Transactions and their postings: rows, look-ups, pages and the changes that are allowed.

``db.posting`` writes them. A row's state is exact at the moment of its statement: a hold that has
expired is EXPIRED, resolved when it expired, though nobody may have swept it yet.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

import msgspec
from psycopg.sql import SQL
from psycopg.types.json import Jsonb

from db import statements
from db.statements import Connection
from ledger.metadata import Metadata
from ledger.records import TransactionState


class Transaction(msgspec.Struct, frozen=True, gc=False):
    """Postings that happened together, or are held to happen."""

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


class Reversal(msgspec.Struct, frozen=True, gc=False):
    """Which transaction took another one back."""

    transaction_id: UUID
    reverses_id: UUID


class Posting(msgspec.Struct, frozen=True, gc=False):
    """A movement from the credited to the debited account. Amounts are minor units."""

    transaction_id: UUID
    position: int
    debit_account_id: UUID
    credit_account_id: UUID
    amount: int
    captured: int | None
    currency: str
    exponent: int


_COLUMNS_AT: Final = SQL("""
        t.transaction_id, t.idempotency_key,
        CASE WHEN t.state = 'PENDING' AND t.expires_at <= {moment} THEN 'EXPIRED'
            ELSE t.state END AS state,
        t.description, t.metadata,
        coalesce(
            t.effective_at, CASE WHEN t.state = 'POSTED' THEN t.resolved_at END, t.created_at
        ) AS effective_at,
        t.created_at,
        CASE WHEN t.state = 'PENDING' AND t.expires_at <= {moment} THEN t.expires_at
            ELSE t.resolved_at END AS resolved_at,
        t.expires_at, t.reverses_id""")
# When the transaction began: all that a snapshot reads is of one moment. Outside of one it is the
# statement's own.
COLUMNS: Final = _COLUMNS_AT.format(moment=SQL("now()"))
# In a transaction that may have waited for the row since it began.
_COLUMNS_LOCKED: Final = _COLUMNS_AT.format(moment=SQL("statement_timestamp()"))

BY_IDS: Final = statements.rendered(
    SQL("""
    SELECT {}
    FROM florin.transactions AS t
    WHERE t.ledger_id = %(ledger_id)s AND t.transaction_id = ANY(%(ids)s)
""").format(COLUMNS)
)

BY_IDEMPOTENCY_KEYS: Final = statements.rendered(
    SQL("""
    SELECT {}
    FROM florin.transactions AS t
    WHERE t.ledger_id = %(ledger_id)s AND t.idempotency_key = ANY(%(keys)s)
""").format(COLUMNS)
)

REVERSALS_BY_TRANSACTION_IDS: Final[LiteralString] = """
    SELECT transaction_id, reverses_id
    FROM florin.transactions
    WHERE ledger_id = %(ledger_id)s AND reverses_id = ANY(%(ids)s)
"""

POSTINGS_BY_TRANSACTION_IDS: Final[LiteralString] = """
    SELECT p.transaction_id, p.position, p.debit_account_id, p.credit_account_id, p.amount,
        h.captured, a.currency, a.exponent
    FROM florin.postings AS p
    JOIN florin.accounts AS a ON a.ledger_id = p.ledger_id AND a.account_id = p.debit_account_id
    LEFT JOIN florin.holds AS h
        ON h.ledger_id = p.ledger_id AND h.account_id = p.debit_account_id
        AND h.transaction_id = p.transaction_id AND h.position = p.position
    WHERE p.ledger_id = %(ledger_id)s AND p.transaction_id = ANY(%(transaction_ids)s)
    ORDER BY p.transaction_id, p.position
"""

LOCK: Final = SQL("""
    SELECT {}
    FROM florin.transactions AS t
    WHERE t.ledger_id = %(ledger_id)s AND t.transaction_id = %(transaction_id)s
    FOR NO KEY UPDATE
""").format(_COLUMNS_LOCKED)

UPDATE: Final = SQL("""
    UPDATE florin.transactions AS t
    SET description = %(description)s, metadata = %(metadata)s
    WHERE t.ledger_id = %(ledger_id)s AND t.transaction_id = %(transaction_id)s
    RETURNING {}
""").format(_COLUMNS_LOCKED)


async def by_ids(conn: Connection, ledger_id: int, ids: Sequence[UUID]) -> list[Transaction]:
    """Those that exist, in no order; one round trip."""
    parameters = {"ledger_id": ledger_id, "ids": ids}
    return await statements.all_rows(conn, Transaction, BY_IDS, parameters)


async def by_idempotency_keys(
    conn: Connection, ledger_id: int, keys: Sequence[str]
) -> list[Transaction]:
    """Those that exist, in no order; one round trip."""
    parameters = {"ledger_id": ledger_id, "keys": keys}
    return await statements.all_rows(conn, Transaction, BY_IDEMPOTENCY_KEYS, parameters)


async def reversals_by_transaction_ids(
    conn: Connection, ledger_id: int, ids: Sequence[UUID]
) -> list[Reversal]:
    """What reversed these transactions, in no order; one round trip."""
    parameters = {"ledger_id": ledger_id, "ids": ids}
    return await statements.all_rows(conn, Reversal, REVERSALS_BY_TRANSACTION_IDS, parameters)


async def postings_by_transaction_ids(
    conn: Connection, ledger_id: int, transaction_ids: Sequence[UUID]
) -> list[Posting]:
    """All postings, each transaction's in their own order; one round trip."""
    parameters = {"ledger_id": ledger_id, "transaction_ids": transaction_ids}
    return await statements.all_rows(conn, Posting, POSTINGS_BY_TRANSACTION_IDS, parameters)


async def lock(conn: Connection, ledger_id: int, transaction_id: UUID) -> Transaction | None:
    """The row, held until the transaction ends; one round trip."""
    parameters = {"ledger_id": ledger_id, "transaction_id": transaction_id}
    return await statements.one_row(conn, Transaction, LOCK, parameters)


async def update(conn: Connection, ledger_id: int, transaction: Transaction) -> Transaction | None:
    """Write a locked transaction's description and metadata; the row, in one round trip."""
    parameters = {
        "ledger_id": ledger_id,
        "transaction_id": transaction.transaction_id,
        "description": transaction.description,
        "metadata": Jsonb(transaction.metadata),
    }
    return await statements.one_row(conn, Transaction, UPDATE, parameters)
