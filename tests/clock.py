"""The database's clock, turned by hand: what expires does so when a test says, to the microsecond.

Whatever Florin asks the server's clock, it asks a function by its bare name. Here the functions of
a schema of the test's own are found before PostgreSQL's, and answer with a row of a table.
"""

from datetime import datetime
from typing import Final, LiteralString

import psycopg
from psycopg.sql import SQL, Identifier

_INSTALL: Final[tuple[LiteralString, ...]] = (
    "CREATE SCHEMA by_hand",
    "CREATE TABLE by_hand.clock (at timestamptz NOT NULL)",
    "INSERT INTO by_hand.clock VALUES ('infinity')",
    """CREATE FUNCTION by_hand.now() RETURNS timestamptz STABLE LANGUAGE sql
        AS 'SELECT at FROM by_hand.clock'""",
    """CREATE FUNCTION by_hand.statement_timestamp() RETURNS timestamptz STABLE LANGUAGE sql
        AS 'SELECT at FROM by_hand.clock'""",
    """CREATE FUNCTION by_hand.clock_timestamp() RETURNS timestamptz STABLE LANGUAGE sql
        AS 'SELECT at FROM by_hand.clock'""",
    "GRANT USAGE ON SCHEMA by_hand TO florin_app",
    "GRANT SELECT ON by_hand.clock TO florin_app",
)
_TURN: Final[LiteralString] = "UPDATE by_hand.clock SET at = %s"


def take_in_hand(conn: psycopg.Connection) -> None:
    """For this session and all that begin from now on; it is the owner's, and in autocommit."""
    for statement in _INSTALL:
        conn.execute(statement)
    found_first = SQL("ALTER DATABASE {} SET search_path = by_hand, pg_catalog")
    conn.execute(found_first.format(Identifier(conn.info.dbname)))
    conn.execute("SET search_path = by_hand, pg_catalog")


def turn(conn: psycopg.Connection, at: datetime) -> None:
    """It is this time from now on, and stays so."""
    conn.execute(_TURN, [at])
