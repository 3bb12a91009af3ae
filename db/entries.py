"""Entries: an account's history, densely numbered. ``db.posting`` writes it; nothing changes it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from db import moments, pages, statements
from db.pages import Listing, Window
from db.statements import Connection
from ledger.accounts import Side


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One account's side of one posting. Amounts are minor units."""

    account_id: UUID
    version: int
    transaction_id: UUID
    position: int
    side: Side
    amount: int
    balance_after: int
    # When it was recorded, unless its transaction says otherwise.
    effective_at: datetime
    created_at: datetime
    exponent: int


class EntryFilter(msgspec.Struct, frozen=True, gc=False):
    """Conditions that all hold; None asks nothing."""

    side: Side | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


BY_KEYS: Final[LiteralString] = """
    SELECT e.account_id, e.version, e.transaction_id, e.position, e.side, e.amount,
        e.balance_after, coalesce(e.effective_at, e.created_at) AS effective_at, e.created_at,
        a.exponent
    FROM unnest(%(account_ids)s::uuid[], %(versions)s::bigint[]) AS wanted (account_id, version)
    JOIN florin.entries AS e
        ON e.ledger_id = %(ledger_id)s
        AND e.account_id = wanted.account_id AND e.version = wanted.version
    JOIN florin.accounts AS a ON a.ledger_id = e.ledger_id AND a.account_id = e.account_id
"""

# A posting names both accounts, and entries have an index by account and transaction. The order is
# that of the postings, the debit before the credit.
BY_TRANSACTION_IDS: Final[LiteralString] = """
    SELECT e.account_id, e.version, e.transaction_id, e.position, e.side, e.amount,
        e.balance_after, coalesce(e.effective_at, e.created_at) AS effective_at, e.created_at,
        a.exponent
    FROM florin.postings AS p
    CROSS JOIN LATERAL (VALUES (p.debit_account_id, 'DEBIT'), (p.credit_account_id, 'CREDIT'))
        AS leg (account_id, side)
    JOIN florin.entries AS e
        ON e.ledger_id = p.ledger_id AND e.account_id = leg.account_id
        AND e.transaction_id = p.transaction_id
        AND e.position = p.position AND e.side = leg.side
    JOIN florin.accounts AS a ON a.ledger_id = e.ledger_id AND a.account_id = e.account_id
    WHERE p.ledger_id = %(ledger_id)s AND p.transaction_id = ANY(%(transaction_ids)s)
    ORDER BY e.transaction_id, e.position, e.side DESC
"""

LISTING: Final = Listing(
    select=SQL("""
        SELECT e.account_id, e.version, e.transaction_id, e.position, e.side, e.amount,
            e.balance_after, coalesce(e.effective_at, e.created_at) AS effective_at, e.created_at,
            a.exponent
        FROM florin.entries AS e
        JOIN florin.accounts AS a ON a.ledger_id = e.ledger_id AND a.account_id = e.account_id
        WHERE e.ledger_id = %(ledger_id)s"""),
    key=SQL("e.version"),
    key_name=SQL("version"),
    descending=True,
    conditions={
        "account": SQL("e.account_id = parent.id"),
        "side": SQL("e.side = %(side)s"),
        # Times never run against versions: these are bounds in the key, each looked up once.
        "created_from": SQL("e.version > ({})").format(
            moments.last_before(SQL("parent.id"), SQL("%(created_from)s"))
        ),
        "created_before": SQL("e.version <= ({})").format(
            moments.last_before(SQL("parent.id"), SQL("%(created_before)s"))
        ),
    },
)


async def by_keys(
    conn: Connection, ledger_id: int, keys: Sequence[tuple[UUID, int]]
) -> list[Entry]:
    """The entries with these accounts and versions, in no order; one round trip."""
    parameters = {
        "ledger_id": ledger_id,
        "account_ids": [account_id for account_id, _ in keys],
        "versions": [version for _, version in keys],
    }
    return await statements.all_rows(conn, Entry, BY_KEYS, parameters)


async def by_transaction_ids(
    conn: Connection, ledger_id: int, transaction_ids: Sequence[UUID]
) -> list[Entry]:
    """All entries of these transactions, each transaction's in its postings' order."""
    parameters = {"ledger_id": ledger_id, "transaction_ids": transaction_ids}
    return await statements.all_rows(conn, Entry, BY_TRANSACTION_IDS, parameters)


async def pages_by_account_ids(
    conn: Connection,
    ledger_id: int,
    account_ids: Sequence[UUID],
    filter_: EntryFilter,
    window: Window[int],
) -> list[Entry]:
    """One page for each account, each account's rows newest first; one round trip."""
    given = pages.given(filter_)
    rows = await statements.all_rows(
        conn,
        Entry,
        LISTING.pages(window, (*given, "account")),
        {"ledger_id": ledger_id, "parent_ids": account_ids, **given, **pages.bounds(window)},
    )
    return rows[::-1] if window.backward else rows


async def counts_by_account_ids(
    conn: Connection, ledger_id: int, account_ids: Sequence[UUID], filter_: EntryFilter
) -> list[pages.Count]:
    """How many each account has; one round trip."""
    given = pages.given(filter_)
    return await statements.all_rows(
        conn,
        pages.Count,
        LISTING.counts((*given, "account")),
        {"ledger_id": ledger_id, "parent_ids": account_ids, **given},
    )
