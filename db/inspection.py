"""What a database says of itself: the questions that ``florin doctor`` asks before it serves."""

from typing import Final, LiteralString

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from db import ledgers, statements

SERVER: Final[LiteralString] = """
    SELECT current_setting('server_version_num')::int AS version_number,
        current_setting('server_version') AS version,
        current_setting('server_encoding') AS encoding,
        current_setting('max_connections')::int AS connections_max,
        current_setting('superuser_reserved_connections')::int AS connections_reserved,
        current_user::text AS login_role
"""

EXTENSIONS: Final[LiteralString] = """
    SELECT extname::text FROM pg_extension ORDER BY extname
"""

BECOME_APP: Final[LiteralString] = "SELECT set_config('role', 'florin_app', true)"

IS_FROM_ELSEWHERE: Final[LiteralString] = """
    SELECT EXISTS (
        SELECT FROM florin.watermarks AS w
        JOIN florin.events AS e ON e.ledger_id = w.ledger_id AND e.epoch = w.epoch
        WHERE e.xid >= pg_snapshot_xmax(pg_current_snapshot())
    )
"""

# What it may do beyond what db/schema.sql grants, on tables that are written once: columns that it
# could change, and tables that it could take rows from.
ROLE: Final[LiteralString] = """
    SELECT
        pg_has_role(
            current_user, 'florin_app',
            CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET'
                ELSE 'MEMBER' END
        ) AS can_become_app,
        (
            SELECT bool_and(has_table_privilege('florin_app', history.name, 'SELECT')
                AND has_table_privilege('florin_app', history.name, 'INSERT'))
            FROM unnest(%(history)s::text[]) AS history (name)
        ) AND (
            SELECT bool_and(has_column_privilege('florin_app', c.table_name, c.name, 'UPDATE'))
            FROM unnest(%(changing_tables)s::text[], %(changing_columns)s::text[])
                AS c (table_name, name)
        ) AS can_add_history,
        ARRAY(
            SELECT concat('UPDATE (', a.attname, ') ON ', history.name)
            FROM unnest(%(history)s::text[]) AS history (name)
            JOIN pg_attribute AS a
                ON a.attrelid = history.name::regclass AND a.attnum > 0 AND NOT a.attisdropped
            LEFT JOIN unnest(%(changing_tables)s::text[], %(changing_columns)s::text[])
                AS c (table_name, name)
                ON c.table_name = history.name AND c.name = a.attname
            WHERE c.name IS NULL
                AND has_column_privilege('florin_app', a.attrelid, a.attnum, 'UPDATE')
            UNION ALL
            SELECT concat(gone.privilege, ' ON ', history.name)
            FROM unnest(%(history)s::text[]) AS history (name)
            CROSS JOIN (VALUES ('DELETE'), ('TRUNCATE')) AS gone (privilege)
            WHERE has_table_privilege('florin_app', history.name, gone.privilege)
            ORDER BY 1
        ) AS could_rewrite,
        rolsuper AS app_is_superuser
    FROM pg_roles
    WHERE rolname = 'florin_app'
"""

# What is written once, and what of it may change all the same: how far a hold is, what people call
# a transaction, and sums. db/schema.sql grants just that.
HISTORY: Final = {
    "florin.transactions": (
        "state",
        "description",
        "metadata",
        "resolved_at",
        "resolution_id",
        "resolution_key",
        "resolved_action_id",
    ),
    "florin.postings": (),
    "florin.entries": (),
    "florin.holds": ("captured", "resolved_at"),
    "florin.shifts": ("debits", "credits"),
    "florin.seals": (),
    "florin.events": (),
    "florin.actions": (),
}
# Besides, where there is nothing to add and only something to change.
COUNTERS: Final = {
    "florin.accounts": ("debits_posted", "credits_posted", "debits_pending", "credits_pending"),
    "florin.watermarks": ("announced_at",),
    "florin.duties": ("done_at",),
    "florin.api_keys": ("last_used_at",),
}


class Server(msgspec.Struct, frozen=True):
    """The server and its limits."""

    version_number: int
    version: str
    encoding: str
    connections_max: int
    connections_reserved: int
    login_role: str


class Role(msgspec.Struct, frozen=True):
    """What the app's role may do."""

    can_become_app: bool
    can_add_history: bool
    could_rewrite: list[str]
    app_is_superuser: bool


async def server(conn: AsyncConnection[TupleRow]) -> Server:
    """Version, encoding and limits; one round trip."""
    found = await statements.one_row(conn, Server, SERVER, {})
    assert found is not None
    return found


async def extensions(conn: AsyncConnection[TupleRow]) -> list[str]:
    """The extensions that this database has, by name; one round trip."""
    cursor = await conn.execute(EXTENSIONS)
    return [str(name) for (name,) in await cursor.fetchall()]


async def role(conn: AsyncConnection[TupleRow]) -> Role | None:
    """The app's role on a migrated database; None where there is no such role."""
    changing = [
        (table, column) for table, columns in (HISTORY | COUNTERS).items() for column in columns
    ]
    parameters = {
        "history": list(HISTORY),
        "changing_tables": [table for table, _ in changing],
        "changing_columns": [column for _, column in changing],
    }
    return await statements.one_row(conn, Role, ROLE, parameters)


async def is_from_elsewhere(conn: AsyncConnection[TupleRow]) -> bool:
    """Whether events were written on another server, by transactions this one has yet to begin.

    Reads as the app's role, ledger by ledger; two round trips for each. ``conn`` is in autocommit.
    """
    async with conn.transaction():
        await conn.execute(BECOME_APP)
        for ledger in await ledgers.every(conn):
            await conn.execute(ledgers.ENTER, {"ledger_id": ledger.ledger_id})
            if await statements.all_values(conn, bool, IS_FROM_ELSEWHERE, {}) == [True]:
                return True
    return False
