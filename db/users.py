"""Users: rows, look-ups, pages and writes.

Names, addresses and lists are looked up through a view, in which PostgreSQL may use the indexes on
``lower()`` and on metadata: see the views in db/schema.sql.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

import msgspec
from psycopg.sql import SQL
from psycopg.types.json import Jsonb

from db import pages, statements
from db.pages import Listing, Window
from db.statements import Connection
from ledger.metadata import Metadata


class User(msgspec.Struct, frozen=True, gc=False):
    """Somebody, or something, that owns accounts."""

    user_id: UUID
    username: str
    email: str
    metadata: Metadata
    created_at: datetime
    updated_at: datetime


class UserFilter(msgspec.Struct, frozen=True, gc=False):
    """Conditions that all hold; None asks nothing. ``metadata_contains`` is JSON text."""

    username_prefix: str | None = None
    metadata_contains: str | None = None
    metadata_has_key: str | None = None


BY_IDS: Final[LiteralString] = """
    SELECT user_id, username, email, metadata, created_at, updated_at
    FROM florin.users
    WHERE ledger_id = %(ledger_id)s AND user_id = ANY(%(ids)s)
"""

BY_USERNAMES: Final[LiteralString] = """
    SELECT user_id, username, email, metadata, created_at, updated_at
    FROM florin.searchable_users
    WHERE ledger_id = %(ledger_id)s AND lower(username) = ANY(%(usernames)s)
"""

BY_EMAILS: Final[LiteralString] = """
    SELECT user_id, username, email, metadata, created_at, updated_at
    FROM florin.searchable_users
    WHERE ledger_id = %(ledger_id)s AND lower(email) = ANY(%(emails)s)
"""

HOLDERS: Final[LiteralString] = """
    SELECT user_id, username, email, metadata, created_at, updated_at
    FROM florin.searchable_users
    WHERE ledger_id = %(ledger_id)s
        AND (lower(username) = %(username)s OR lower(email) = %(email)s)
"""

CREATE: Final[LiteralString] = """
    INSERT INTO florin.users
        (ledger_id, user_id, username, email, metadata, created_at, updated_at)
    VALUES (%(ledger_id)s, %(user_id)s, %(username)s, %(email)s, %(metadata)s, now(), now())
    RETURNING user_id, username, email, metadata, created_at, updated_at
"""

LOCK: Final[LiteralString] = """
    SELECT user_id, username, email, metadata, created_at, updated_at
    FROM florin.users
    WHERE ledger_id = %(ledger_id)s AND user_id = %(user_id)s
    FOR NO KEY UPDATE
"""

UPDATE: Final[LiteralString] = """
    UPDATE florin.users
    SET username = %(username)s, email = %(email)s, metadata = %(metadata)s,
        updated_at = greatest(updated_at, statement_timestamp())
    WHERE ledger_id = %(ledger_id)s AND user_id = %(user_id)s
    RETURNING user_id, username, email, metadata, created_at, updated_at
"""

LISTING: Final = Listing(
    select=SQL("""
        SELECT u.user_id, u.username, u.email, u.metadata, u.created_at, u.updated_at
        FROM florin.searchable_users AS u
        WHERE u.ledger_id = %(ledger_id)s"""),
    key=SQL("u.user_id"),
    key_name=SQL("user_id"),
    descending=False,
    conditions={
        # A range, because LIKE with a parameter cannot use the index. The upper end is the last
        # code point there is.
        "username_prefix": SQL(
            'lower(u.username) >= lower(%(username_prefix)s COLLATE "C")'
            " AND lower(u.username) < lower(%(username_prefix)s COLLATE \"C\") || U&'\\+10FFFF'"
        ),
        # The array is the index's first column: without it other ledgers' rows would be found, and
        # thrown away again, in a time that tells of them. The last part lets the planner use the
        # partial index.
        "metadata_contains": SQL(
            "ARRAY[u.ledger_id] @> ARRAY[%(ledger_id)s::integer]"
            " AND u.metadata @> %(metadata_contains)s::jsonb AND u.metadata <> '{}'::jsonb"
        ),
        "metadata_has_key": SQL(
            "ARRAY[u.ledger_id] @> ARRAY[%(ledger_id)s::integer]"
            " AND u.metadata ? %(metadata_has_key)s AND u.metadata <> '{}'::jsonb"
        ),
    },
)


async def by_ids(conn: Connection, ledger_id: int, ids: Sequence[UUID]) -> list[User]:
    """Those that exist, in no order; one round trip."""
    parameters = {"ledger_id": ledger_id, "ids": ids}
    return await statements.all_rows(conn, User, BY_IDS, parameters)


async def by_usernames(conn: Connection, ledger_id: int, usernames: Sequence[str]) -> list[User]:
    """Those that exist, whatever their capitals (see ``folded``); one round trip."""
    parameters = {"ledger_id": ledger_id, "usernames": [folded(name) for name in usernames]}
    return await statements.all_rows(conn, User, BY_USERNAMES, parameters)


async def by_emails(conn: Connection, ledger_id: int, emails: Sequence[str]) -> list[User]:
    """Those that exist, whatever their capitals (see ``folded``); one round trip."""
    parameters = {"ledger_id": ledger_id, "emails": [folded(email) for email in emails]}
    return await statements.all_rows(conn, User, BY_EMAILS, parameters)


async def holders(conn: Connection, ledger_id: int, *, username: str, email: str) -> list[User]:
    """Who has this username or this address, whatever the capitals; one round trip."""
    parameters = {"ledger_id": ledger_id, "username": folded(username), "email": folded(email)}
    return await statements.all_rows(conn, User, HOLDERS, parameters)


def folded(text: str) -> str:
    """As ``lower()`` folds it under the "C" collation: ASCII letters only."""
    return text.encode().lower().decode()


async def page(
    conn: Connection, ledger_id: int, filter_: UserFilter, window: Window[UUID]
) -> list[User]:
    """One page, oldest first; one round trip."""
    given = pages.given(filter_)
    rows = await statements.all_rows(
        conn,
        User,
        LISTING.page(window, tuple(given)),
        {"ledger_id": ledger_id, **given, **pages.bounds(window)},
    )
    return rows[::-1] if window.backward else rows


async def count(conn: Connection, ledger_id: int, filter_: UserFilter) -> int:
    """How many there are; one round trip, which reads them all."""
    given = pages.given(filter_)
    counted = await statements.one_row(
        conn, int, LISTING.count(tuple(given)), {"ledger_id": ledger_id, **given}
    )
    return counted or 0


async def create(
    conn: Connection,
    ledger_id: int,
    *,
    user_id: UUID,
    username: str,
    email: str,
    metadata: Metadata,
) -> User | None:
    """The new row; one round trip. Raises UniqueViolation where the name or address is taken."""
    parameters = {
        "ledger_id": ledger_id,
        "user_id": user_id,
        "username": username,
        "email": email,
        "metadata": Jsonb(metadata),
    }
    return await statements.one_row(conn, User, CREATE, parameters)


async def lock(conn: Connection, ledger_id: int, user_id: UUID) -> User | None:
    """The row, held until the transaction ends; one round trip."""
    parameters = {"ledger_id": ledger_id, "user_id": user_id}
    return await statements.one_row(conn, User, LOCK, parameters)


async def update(conn: Connection, ledger_id: int, user: User) -> User | None:
    """Write a locked user's changes; one round trip. Raises UniqueViolation as ``create`` does."""
    parameters = {
        "ledger_id": ledger_id,
        "user_id": user.user_id,
        "username": user.username,
        "email": user.email,
        "metadata": Jsonb(user.metadata),
    }
    return await statements.one_row(conn, User, UPDATE, parameters)
