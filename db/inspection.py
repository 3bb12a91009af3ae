"""What a database says of itself: the questions that ``florin doctor`` asks before it serves."""

from typing import Final, LiteralString

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from db import statements

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
        ) AND has_any_column_privilege('florin_app', 'florin.accounts', 'UPDATE')
            AS can_add_history,
        (
            SELECT bool_or(has_table_privilege('florin_app', history.name, 'DELETE')
                OR has_table_privilege('florin_app', history.name, 'TRUNCATE')
                OR has_any_column_privilege('florin_app', history.name, 'UPDATE'))
            FROM unnest(%(history)s::text[]) AS history (name)
        ) AS can_rewrite_history,
        rolsuper AS app_is_superuser
    FROM pg_roles
    WHERE rolname = 'florin_app'
"""

# What is written once and never changed.
HISTORY: Final = ("florin.transactions", "florin.postings", "florin.entries")


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
    can_rewrite_history: bool
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
    return await statements.one_row(conn, Role, ROLE, {"history": list(HISTORY)})
