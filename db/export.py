"""What an export reads: users, accounts and all that ever happened to transactions, in its order.

Run on one snapshot (``db.snapshots``). Rows are streamed, ordered by keys that have an index, so
that nothing is sorted or kept, however large the ledger.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from db import statements
from db.statements import Connection
from ledger.accounts import AccountState, Side
from ledger.metadata import Metadata
from ledger.records import TransactionState


class ExportedUser(msgspec.Struct, frozen=True, gc=False):
    """A user without its id: another ledger gives its own."""

    username: str
    email: str
    metadata: Metadata


class ExportedAccount(msgspec.Struct, frozen=True, gc=False):
    """An account by its code, and its owner by name. Limits are minor units."""

    code: str
    name: str
    owner: str | None
    currency: str
    exponent: int
    normal_side: Side
    state: AccountState
    floor: int | None
    ceiling: int | None
    metadata: Metadata


class Event(msgspec.Struct, frozen=True, gc=False):
    """A transaction at the moment that it was posted or held, or (``event_id`` is its
    ``resolution_id``) at the one that it was captured or voided. The rest is as it is today.

    ``effective_at`` is None where nothing has moved and no time was given. Postings are columns,
    with accounts' codes; amounts are minor units.
    """

    event_id: UUID
    transaction_id: UUID
    idempotency_key: str
    state: TransactionState
    description: str
    metadata: Metadata
    effective_at: datetime | None
    expires_at: datetime | None
    resolution_id: UUID | None
    resolution_key: str | None
    reversed_key: str | None
    debit_codes: list[str]
    credit_codes: list[str]
    exponents: list[int]
    amounts: list[int]
    captured: list[int | None]


class Counts(msgspec.Struct, frozen=True, gc=False):
    """How many rows of each kind there are to export."""

    users: int
    accounts: int
    events: int


USERS: Final[LiteralString] = """
    SELECT username, email, metadata
    FROM florin.users
    WHERE ledger_id = %(ledger_id)s
    ORDER BY user_id
"""

ACCOUNTS: Final[LiteralString] = """
    SELECT a.code, a.name, u.username AS owner, a.currency, a.exponent, a.normal_side, a.state,
        a.floor, a.ceiling, a.metadata
    FROM florin.accounts AS a
    LEFT JOIN florin.users AS u ON u.ledger_id = a.ledger_id AND u.user_id = a.owner_id
    WHERE a.ledger_id = %(ledger_id)s
    ORDER BY a.account_id
"""

_EVENTS: Final = SQL("""
    SELECT {event_id} AS event_id, t.transaction_id, t.idempotency_key,
        CASE WHEN t.state = 'PENDING' AND t.expires_at <= now() THEN 'EXPIRED'
            ELSE t.state END AS state,
        t.description, t.metadata,
        CASE WHEN t.state = 'POSTED' THEN coalesce(t.effective_at, t.resolved_at, t.created_at)
            ELSE t.effective_at END AS effective_at,
        t.expires_at, t.resolution_id, t.resolution_key,
        (
            SELECT r.idempotency_key FROM florin.transactions AS r
            WHERE r.ledger_id = %(ledger_id)s AND r.transaction_id = t.reverses_id
        ) AS reversed_key,
        posted.debit_codes, posted.credit_codes, posted.exponents, posted.amounts, posted.captured
    FROM florin.transactions AS t
    CROSS JOIN LATERAL (
        SELECT array_agg(d.code ORDER BY p.position) AS debit_codes,
            array_agg(c.code ORDER BY p.position) AS credit_codes,
            array_agg(d.exponent ORDER BY p.position) AS exponents,
            array_agg(p.amount::numeric ORDER BY p.position) AS amounts,
            array_agg((
                SELECT h.captured::numeric FROM florin.holds AS h
                WHERE h.ledger_id = %(ledger_id)s AND h.account_id = p.debit_account_id
                    AND h.transaction_id = p.transaction_id AND h.position = p.position
            ) ORDER BY p.position) AS captured
        FROM florin.postings AS p
        JOIN florin.accounts AS d
            ON d.ledger_id = p.ledger_id AND d.account_id = p.debit_account_id
        JOIN florin.accounts AS c
            ON c.ledger_id = p.ledger_id AND c.account_id = p.credit_account_id
        WHERE p.ledger_id = %(ledger_id)s AND p.transaction_id = t.transaction_id
    ) AS posted
    WHERE t.ledger_id = %(ledger_id)s AND {event_id} IS NOT NULL
    -- There is an index in this order. Of both kinds of events in one statement PostgreSQL would
    -- sort them all.
    ORDER BY {event_id}
""")

BEGAN: Final = _EVENTS.format(event_id=SQL("t.transaction_id"))

RESOLVED: Final = _EVENTS.format(event_id=SQL("t.resolution_id"))

COUNTS: Final[LiteralString] = """
    SELECT
        (SELECT count(*) FROM florin.users WHERE ledger_id = %(ledger_id)s) AS users,
        (SELECT count(*) FROM florin.accounts WHERE ledger_id = %(ledger_id)s) AS accounts,
        (
            SELECT count(*) + count(resolution_id)
            FROM florin.transactions WHERE ledger_id = %(ledger_id)s
        ) AS events
"""


def users(conn: Connection, ledger_id: int) -> AsyncIterator[ExportedUser]:
    """Every user, oldest first."""
    return statements.streamed(conn, ExportedUser, USERS, {"ledger_id": ledger_id})


def accounts(conn: Connection, ledger_id: int) -> AsyncIterator[ExportedAccount]:
    """Every account, oldest first."""
    return statements.streamed(conn, ExportedAccount, ACCOUNTS, {"ledger_id": ledger_id})


async def events(conn: Connection, ledger_id: int) -> AsyncIterator[Event]:
    """Everything that happened to transactions, in the order of their accounts' entries.

    A hold is an event, and its capture or voiding another; that it expired is none. The ids of both
    are UUIDv7s of when they were recorded and of their place in the batch, hence the order.
    """
    parameters = {"ledger_id": ledger_id}
    began = statements.streamed(conn, Event, BEGAN, parameters, name="began")
    resolved = statements.streamed(conn, Event, RESOLVED, parameters, name="resolved")
    one, other = await anext(began, None), await anext(resolved, None)
    while one is not None:
        if other is None or one.event_id < other.event_id:
            yield one
            one = await anext(began, None)
        else:
            yield other
            other = await anext(resolved, None)
    if other is not None:
        yield other
        async for last in resolved:
            yield last


async def counts(conn: Connection, ledger_id: int) -> Counts:
    """How many rows there will be; one round trip, which reads them all."""
    found = await statements.one_row(conn, Counts, COUNTS, {"ledger_id": ledger_id})
    assert found is not None
    return found
