"""How PostgreSQL runs a statement: its plan, and how many index pages it reads."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, LiteralString

import psycopg

from tests.recorder import Statement

# In a statement of its own: what ran before has been counted by then.
FLUSH: Final[LiteralString] = "SELECT pg_stat_force_next_flush()"
PAGES: Final[LiteralString] = """
    SELECT sum(idx_blks_hit + idx_blks_read)::bigint
    FROM pg_statio_user_indexes
    WHERE schemaname = 'florin'
"""


def nodes(conn: psycopg.Connection, statement: Statement) -> Iterator[Mapping[str, Any]]:
    """Every node of a statement's plan."""
    explain = f"EXPLAIN (FORMAT JSON) {statement.query}".encode()
    row = conn.execute(explain, statement.parameters).fetchone()
    assert row is not None
    yield from within(row[0][0]["Plan"])


def index_pages(conn: psycopg.Connection, statement: Statement) -> int:
    """How many index pages a statement reads, from memory or not. ``conn`` is in autocommit."""
    query = statement.query.encode()
    conn.execute(query, statement.parameters, prepare=True)  # planning reads some, too
    before = _pages(conn)
    conn.execute(query, statement.parameters, prepare=True)
    return _pages(conn) - before


def _pages(conn: psycopg.Connection) -> int:
    conn.execute(FLUSH)
    row = conn.execute(PAGES).fetchone()
    assert row is not None
    return int(row[0])


def within(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A node and all below it."""
    yield plan
    for inner in plan.get("Plans", []):
        yield from within(inner)
