"""Transactions and their postings: rows, look-ups and pages. ``db.posting`` writes them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, LiteralString
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from db import pages, statements
from db.pages import Listing, Window
from db.statements import Connection
from ledger import identifiers
from ledger.metadata import Metadata

TransactionState = Literal["PENDING", "POSTED", "VOIDED", "EXPIRED"]


class Transaction(msgspec.Struct, frozen=True, gc=False):
    """Postings that happened together."""

    transaction_id: UUID
    idempotency_key: str
    state: TransactionState
    description: str
    metadata: Metadata
    created_at: datetime


class Posting(msgspec.Struct, frozen=True, gc=False):
    """A movement from the credited to the debited account. The amount is in minor units."""

    transaction_id: UUID
    position: int
    debit_account_id: UUID
    credit_account_id: UUID
    amount: int
    currency: str
    exponent: int


class TransactionFilter(msgspec.Struct, frozen=True, gc=False):
    """Conditions that all hold; None asks nothing. ``metadata_contains`` is JSON text."""

    account_id: UUID | None = None
    state: TransactionState | None = None
    effective_from: datetime | None = None
    effective_before: datetime | None = None
    metadata_contains: str | None = None
    metadata_has_key: str | None = None


BY_IDS: Final[LiteralString] = """
    SELECT transaction_id, idempotency_key, state, description, metadata, created_at
    FROM florin.transactions
    WHERE ledger_id = %(ledger_id)s AND transaction_id = ANY(%(ids)s)
"""

BY_IDEMPOTENCY_KEYS: Final[LiteralString] = """
    SELECT transaction_id, idempotency_key, state, description, metadata, created_at
    FROM florin.transactions
    WHERE ledger_id = %(ledger_id)s AND idempotency_key = ANY(%(keys)s)
"""

POSTINGS_BY_TRANSACTION_IDS: Final[LiteralString] = """
    SELECT p.transaction_id, p.position, p.debit_account_id, p.credit_account_id, p.amount,
        a.currency, a.exponent
    FROM florin.postings AS p
    JOIN florin.accounts AS a ON a.ledger_id = p.ledger_id AND a.account_id = p.debit_account_id
    WHERE p.ledger_id = %(ledger_id)s AND p.transaction_id = ANY(%(transaction_ids)s)
    ORDER BY p.transaction_id, p.position
"""

# Recorded and effective time are one and the same as yet, and a transaction's id begins with it:
# bounds in time are bounds in the key.
_CONDITIONS: Final = {
    "state": SQL("t.state = %(state)s"),
    "effective_from": SQL("t.transaction_id >= %(effective_from)s"),
    "effective_before": SQL("t.transaction_id < %(effective_before)s"),
    # The second half lets the planner use the partial index.
    "metadata_contains": SQL(
        "t.metadata @> %(metadata_contains)s::jsonb AND t.metadata <> '{}'::jsonb"
    ),
    "metadata_has_key": SQL("t.metadata ? %(metadata_has_key)s AND t.metadata <> '{}'::jsonb"),
}

LISTING: Final = Listing(
    select=SQL("""
        SELECT t.transaction_id, t.idempotency_key, t.state, t.description, t.metadata,
            t.created_at
        FROM florin.transactions AS t
        WHERE t.ledger_id = %(ledger_id)s"""),
    key=SQL("t.transaction_id"),
    key_name=SQL("transaction_id"),
    descending=True,
    conditions=_CONDITIONS,
)

# An account's transactions, walked along its own index, which ends the walk at the page's end.
LISTING_OF_ACCOUNT: Final = Listing(
    select=SQL("""
        SELECT t.transaction_id, t.idempotency_key, t.state, t.description, t.metadata,
            t.created_at
        FROM (
            SELECT DISTINCT transaction_id
            FROM florin.entries
            WHERE ledger_id = %(ledger_id)s AND account_id = %(account_id)s
        ) AS e
        JOIN florin.transactions AS t
            ON t.ledger_id = %(ledger_id)s AND t.transaction_id = e.transaction_id
        WHERE t.ledger_id = %(ledger_id)s"""),
    key=SQL("e.transaction_id"),
    key_name=SQL("transaction_id"),
    descending=True,
    conditions=_CONDITIONS,
)


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


async def postings_by_transaction_ids(
    conn: Connection, ledger_id: int, transaction_ids: Sequence[UUID]
) -> list[Posting]:
    """All postings, each transaction's in their own order; one round trip."""
    parameters = {"ledger_id": ledger_id, "transaction_ids": transaction_ids}
    return await statements.all_rows(conn, Posting, POSTINGS_BY_TRANSACTION_IDS, parameters)


async def page(
    conn: Connection, ledger_id: int, filter_: TransactionFilter, window: Window[UUID]
) -> list[Transaction]:
    """One page, newest first; one round trip."""
    parameters, conditions = _given(filter_)
    listing = LISTING if filter_.account_id is None else LISTING_OF_ACCOUNT
    rows = await statements.all_rows(
        conn,
        Transaction,
        listing.page(window, conditions),
        {"ledger_id": ledger_id, **parameters, **pages.bounds(window)},
    )
    return rows[::-1] if window.backward else rows


async def count(conn: Connection, ledger_id: int, filter_: TransactionFilter) -> int:
    """How many there are; one round trip, which reads them all."""
    parameters, conditions = _given(filter_)
    listing = LISTING if filter_.account_id is None else LISTING_OF_ACCOUNT
    counted = await statements.one_row(
        conn, int, listing.count(conditions), {"ledger_id": ledger_id, **parameters}
    )
    return counted or 0


def _given(filter_: TransactionFilter) -> tuple[dict[str, object], list[str]]:
    parameters = {
        name: identifiers.first_uuid7(value) if isinstance(value, datetime) else value
        for name, value in pages.given(filter_).items()
    }
    return parameters, [name for name in parameters if name in _CONDITIONS]
