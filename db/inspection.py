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
    SELECT pg_has_role(current_user, 'florin_app', 'MEMBER') AS can_become_app,
        has_table_privilege('florin_app', 'florin.entries', 'SELECT')
        AND has_table_privilege('florin_app', 'florin.entries', 'INSERT') AS can_add_history,
        has_table_privilege('florin_app', 'florin.entries', 'UPDATE')
        OR has_table_privilege('florin_app', 'florin.entries', 'DELETE')
        OR has_table_privilege('florin_app', 'florin.entries', 'TRUNCATE')
        OR has_any_column_privilege('florin_app', 'florin.entries', 'UPDATE')
        OR has_table_privilege('florin_app', 'florin.postings', 'UPDATE')
        OR has_table_privilege('florin_app', 'florin.postings', 'DELETE')
        OR has_table_privilege('florin_app', 'florin.transactions', 'DELETE')
            AS can_rewrite_history,
        rolsuper AS app_is_superuser
    FROM pg_roles
    WHERE rolname = 'florin_app'
"""


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
    return await statements.one_row(conn, Role, ROLE, {})
