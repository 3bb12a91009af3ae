"""Accounts: rows, look-ups, pages and every write but the balances (see ``db.posting``)."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, LiteralString
from uuid import UUID

import msgspec
from psycopg.sql import SQL, Composed
from psycopg.types.json import Jsonb

from db import pages, statements
from db.pages import Listing, Window
from db.statements import Connection
from ledger.accounts import AccountState, Side
from ledger.metadata import Metadata


class Account(msgspec.Struct, frozen=True, gc=False):
    """An account with its counters. Amounts are minor units."""

    account_id: UUID
    code: str
    name: str
    owner_id: UUID | None
    currency: str
    exponent: int
    normal_side: Side
    state: AccountState
    floor: int | None
    ceiling: int | None
    debits_posted: int
    credits_posted: int
    debits_pending: int
    credits_pending: int
    version: int
    metadata: Metadata
    created_at: datetime
    # The clock of the statement that read the row: when these balances were true.
    read_at: datetime


class AccountFilter(msgspec.Struct, frozen=True, gc=False):
    """Conditions that all hold; None asks nothing. ``metadata_contains`` is JSON text."""

    code_prefix: str | None = None
    currency: str | None = None
    state: AccountState | None = None
    owner_id: UUID | None = None
    metadata_contains: str | None = None
    metadata_has_key: str | None = None


class NewAccount(msgspec.Struct, frozen=True, gc=False):
    """What an account starts with."""

    account_id: UUID
    code: str
    name: str
    owner_id: UUID | None
    currency: str
    exponent: int
    normal_side: Side
    floor: int | None
    ceiling: int | None
    metadata: Metadata


# Less what is held by holds that have expired, though nobody has swept them yet. Where nothing is
# pending the CASE spares the look.
_PENDING: Final = SQL("""CASE WHEN {counter} = 0 THEN 0 ELSE {counter} - (
            SELECT coalesce(sum(h.amount), 0)
            FROM florin.holds AS h
            WHERE h.ledger_id = %(ledger_id)s AND h.account_id = a.account_id
                AND h.side = {side} AND h.resolved_at IS NULL
                AND h.expires_at <= {moment}
        ) END""")

_COLUMNS_AT: Final = SQL("""
        a.account_id, a.code, a.name, a.owner_id, a.currency, a.exponent, a.normal_side,
        a.state, a.floor, a.ceiling, a.debits_posted, a.credits_posted,
        {debits_pending} AS debits_pending,
        {credits_pending} AS credits_pending,
        a.version, a.metadata, a.created_at, {moment} AS read_at""")


def _columns_at(moment: SQL) -> Composed:
    return _COLUMNS_AT.format(
        debits_pending=_PENDING.format(
            counter=SQL("a.debits_pending"), side=SQL("'DEBIT'"), moment=moment
        ),
        credits_pending=_PENDING.format(
            counter=SQL("a.credits_pending"), side=SQL("'CREDIT'"), moment=moment
        ),
        moment=moment,
    )


# When the transaction began: all that a snapshot reads is of one moment. Outside of one it is the
# statement's own.
_COLUMNS: Final = _columns_at(SQL("now()"))
# In a transaction that may have waited for the row since it began.
_COLUMNS_LOCKED: Final = _columns_at(SQL("statement_timestamp()"))

_SELECT_FROM: Final = SQL("""
    SELECT {columns}
    FROM {table} AS a
    WHERE a.ledger_id = %(ledger_id)s""")
_TABLE: Final = SQL("florin.accounts")
_SELECT: Final = _SELECT_FROM.format(columns=_COLUMNS, table=_TABLE)

BY_IDS: Final = statements.rendered(SQL("{} AND a.account_id = ANY(%(ids)s)").format(_SELECT))

LOCKED: Final = SQL("{} AND a.account_id = %(account_id)s").format(
    _SELECT_FROM.format(columns=_COLUMNS_LOCKED, table=_TABLE)
)

BY_CODES: Final = statements.rendered(SQL("{} AND a.code = ANY(%(codes)s)").format(_SELECT))

# No more than the lock: whatever else a statement reads is from before it waited, and holds that
# were swept meanwhile would be taken off what is pending a second time.
LOCK: Final[LiteralString] = """
    SELECT FROM florin.accounts
    WHERE ledger_id = %(ledger_id)s AND account_id = %(account_id)s
    FOR NO KEY UPDATE
"""

CREATE: Final[LiteralString] = """
    INSERT INTO florin.accounts
        (ledger_id, account_id, code, name, owner_id, currency, exponent, normal_side, state,
        floor, ceiling, debits_posted, credits_posted, debits_pending, credits_pending, version,
        metadata, created_at)
    VALUES
        (%(ledger_id)s, %(account_id)s, %(code)s, %(name)s, %(owner_id)s, %(currency)s,
        %(exponent)s, %(normal_side)s, 'OPEN', %(floor)s::numeric, %(ceiling)s::numeric,
        0, 0, 0, 0, 0, %(metadata)s, now())
    RETURNING account_id, code, name, owner_id, currency, exponent, normal_side, state, floor,
        ceiling, debits_posted, credits_posted, debits_pending, credits_pending, version, metadata,
        created_at, statement_timestamp() AS read_at
"""

UPDATE: Final = SQL("""
    UPDATE florin.accounts AS a
    SET name = %(name)s, state = %(state)s, floor = %(floor)s::numeric,
        ceiling = %(ceiling)s::numeric, metadata = %(metadata)s
    WHERE a.ledger_id = %(ledger_id)s AND a.account_id = %(account_id)s
    RETURNING {columns}
""").format(columns=_COLUMNS_LOCKED)

LISTING: Final = Listing(
    # In the view PostgreSQL may use the index on metadata (db/schema.sql).
    select=_SELECT_FROM.format(columns=_COLUMNS, table=SQL("florin.searchable_accounts")),
    key=SQL("a.account_id"),
    key_name=SQL("account_id"),
    descending=False,
    conditions={
        # A range, because LIKE with a parameter cannot use the index. The upper end is the last
        # code point there is.
        "code_prefix": SQL(
            "a.code >= %(code_prefix)s AND a.code < %(code_prefix)s || U&'\\+10FFFF'"
        ),
        "currency": SQL("a.currency = %(currency)s"),
        "state": SQL("a.state = %(state)s"),
        "owner_id": SQL("a.owner_id = %(owner_id)s"),
        "owner": SQL("a.owner_id = parent.id"),
        # The array is the index's first column: without it other ledgers' rows would be found, and
        # thrown away again, in a time that tells of them. The last part lets the planner use the
        # partial index.
        "metadata_contains": SQL(
            "ARRAY[a.ledger_id] @> ARRAY[%(ledger_id)s::integer]"
            " AND a.metadata @> %(metadata_contains)s::jsonb AND a.metadata <> '{}'::jsonb"
        ),
        "metadata_has_key": SQL(
            "ARRAY[a.ledger_id] @> ARRAY[%(ledger_id)s::integer]"
            " AND a.metadata ? %(metadata_has_key)s AND a.metadata <> '{}'::jsonb"
        ),
    },
)


async def by_ids(conn: Connection, ledger_id: int, ids: Sequence[UUID]) -> list[Account]:
    """Those that exist, in no order; one round trip."""
    return await statements.all_rows(conn, Account, BY_IDS, {"ledger_id": ledger_id, "ids": ids})


async def by_codes(conn: Connection, ledger_id: int, codes: Sequence[str]) -> list[Account]:
    """Those that exist, in no order; one round trip."""
    parameters = {"ledger_id": ledger_id, "codes": codes}
    return await statements.all_rows(conn, Account, BY_CODES, parameters)


async def page(
    conn: Connection, ledger_id: int, filter_: AccountFilter, window: Window[UUID]
) -> list[Account]:
    """One page, oldest first; one round trip."""
    given = pages.given(filter_)
    rows = await statements.all_rows(
        conn,
        Account,
        LISTING.page(window, tuple(given)),
        {"ledger_id": ledger_id, **given, **pages.bounds(window)},
    )
    return rows[::-1] if window.backward else rows


async def pages_by_owner_ids(
    conn: Connection,
    ledger_id: int,
    owner_ids: Sequence[UUID],
    filter_: AccountFilter,
    window: Window[UUID],
) -> list[Account]:
    """One page for each owner, each owner's rows oldest first; one round trip."""
    given = pages.given(filter_)
    rows = await statements.all_rows(
        conn,
        Account,
        LISTING.pages(window, (*given, "owner")),
        {"ledger_id": ledger_id, "parent_ids": owner_ids, **given, **pages.bounds(window)},
    )
    return rows[::-1] if window.backward else rows


async def count(conn: Connection, ledger_id: int, filter_: AccountFilter) -> int:
    """How many there are; one round trip, which reads them all."""
    given = pages.given(filter_)
    counted = await statements.one_row(
        conn, int, LISTING.count(tuple(given)), {"ledger_id": ledger_id, **given}
    )
    return counted or 0


async def counts_by_owner_ids(
    conn: Connection, ledger_id: int, owner_ids: Sequence[UUID], filter_: AccountFilter
) -> list[pages.Count]:
    """How many each owner has; one round trip."""
    given = pages.given(filter_)
    return await statements.all_rows(
        conn,
        pages.Count,
        LISTING.counts((*given, "owner")),
        {"ledger_id": ledger_id, "parent_ids": owner_ids, **given},
    )


async def create(conn: Connection, ledger_id: int, account: NewAccount) -> Account | None:
    """The new row; one round trip. Raises UniqueViolation where the code is taken."""
    parameters = {"ledger_id": ledger_id, **_columns(account)}
    return await statements.one_row(conn, Account, CREATE, parameters)


async def lock(conn: Connection, ledger_id: int, account_id: UUID) -> Account | None:
    """The row as it is once nobody else holds it, held until the transaction ends.

    ``conn`` is in pipeline mode; one round trip.
    """
    parameters = {"ledger_id": ledger_id, "account_id": account_id}
    await conn.execute(LOCK, parameters)
    return await statements.one_row(conn, Account, LOCKED, parameters)


async def update(conn: Connection, ledger_id: int, account: Account) -> Account | None:
    """Write a locked account's name, state, limits and metadata; the row, in one round trip."""
    parameters = {"ledger_id": ledger_id, **_columns(account)}
    return await statements.one_row(conn, Account, UPDATE, parameters)


def _columns(account: Account | NewAccount) -> dict[str, object]:
    """A row as parameters: JSONB for the metadata, numeric for the limits whatever their size."""
    return {
        **msgspec.structs.asdict(account),
        "metadata": Jsonb(account.metadata),
        "floor": None if account.floor is None else Decimal(account.floor),
        "ceiling": None if account.ceiling is None else Decimal(account.ceiling),
    }
