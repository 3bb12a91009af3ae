"""Hints: what to do about what diagnostics show, in a sentence or two; None where nothing is to do.

The figures are rules of thumb, each with its reason.
"""

from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg import errors

from db.diagnostics import Index, Missing, Server, Session, Statement, Table

# Beyond this the next deployment, which has old and new processes at once, may not get in.
_CONNECTIONS_SHARE: Final = 0.8
# A ledger's recent accounts and entries fit into memory; less than this, and the disk is the limit.
_CACHE_SHARE: Final = 0.95
# Of fewer blocks the share says nothing.
_BLOCKS_MIN: Final = 10_000
# Autovacuum begins at a fifth of the table by default; more, and it does not keep up.
_DEAD_SHARE: Final = 0.3
_ROWS_MIN: Final = 1000
# Florin's statements take a few milliseconds, those of large batches some tens.
_SLOW_MILLISECONDS: Final = 100.0
_MANY_ROWS: Final = 1000
# A smaller one costs next to nothing.
_INDEX_BYTES_MIN: Final = 1024 * 1024
# Postings end within milliseconds.
_LONG_SECONDS: Final = 5.0

MISSING: Final[Mapping[Missing, str]] = {
    "NOT_ON_SERVER": "pg_stat_statements is not available on this server; the embedded one does "
    "not have it. Use a PostgreSQL with its contrib modules (packages postgresql and "
    "postgresql-contrib have them, and so has every managed service).",
    "NOT_IN_DATABASE": "Add pg_stat_statements to shared_preload_libraries, restart PostgreSQL, "
    "and run CREATE EXTENSION pg_stat_statements in this database as its owner.",
    "NOT_OPEN": "The schema that pg_stat_statements is in is closed to Florin. As its owner: GRANT "
    "USAGE ON SCHEMA … TO florin_app.",
}
NO_STATEMENTS: Final = (
    "Nothing has been counted yet: pg_stat_statements was reset, or has just been installed."
)
_NOT_LOADED: Final = (
    "pg_stat_statements is installed but not loaded: add it to shared_preload_libraries and "
    "restart PostgreSQL."
)


def server(root: Server) -> str | None:
    """About connections and the cache."""
    found = []
    free = root.connections_max - root.connections_reserved
    if root.connections_used > _CONNECTIONS_SHARE * free:
        found.append(
            f"{root.connections_used} of {free} connections are in use: lower "
            "FLORIN_POOL_SIZE_MAX or FLORIN_WORKERS, raise max_connections, or put a pooler in "
            "between (FLORIN_TRANSACTION_POOLER)."
        )
    share = cache_hit_ratio(root)
    if share is not None and share < _CACHE_SHARE:
        found.append(
            f"Only {share:.0%} of blocks were found in memory: raise shared_buffers, to about a "
            "quarter of the memory, or give the server more of it."
        )
    if root.deadlocks:
        found.append(
            f"{root.deadlocks} deadlocks since the statistics began: Florin locks accounts in one "
            "order and is in none of them, so look for other programs that lock these tables."
        )
    return " ".join(found) or None


def cache_hit_ratio(root: Server) -> float | None:
    """The share of blocks that were found in PostgreSQL's memory; None while it says nothing."""
    blocks = root.blocks_hit + root.blocks_read
    return root.blocks_hit / blocks if blocks >= _BLOCKS_MIN else None


def statement(root: Statement) -> str | None:
    """About one of the slowest statements."""
    if root.mean_milliseconds >= _SLOW_MILLISECONDS:
        return (
            f"It takes {root.mean_milliseconds:.0f} ms each time. Find the request that sends it "
            "with `extensions.florin.explain`, look at its plan for sequential scans, and ask for "
            "smaller pages or a narrower filter; ANALYZE the tables if they were just filled."
        )
    if root.calls and root.rows / root.calls > _MANY_ROWS:
        return f"It returns {root.rows // root.calls} rows each time: smaller pages will do."
    if root.blocks_read > root.blocks_hit + _BLOCKS_MIN:
        return "It reads more from the disk than from memory: raise shared_buffers."
    return None


def table(root: Table) -> str | None:
    """About a table."""
    rows = root.live_rows + root.dead_rows
    if root.table_bytes is None:
        return "Somebody has locked it for himself: `sessions` shows who."
    if rows >= _ROWS_MIN and root.dead_rows > _DEAD_SHARE * rows:
        return (
            f"{root.dead_rows / rows:.0%} of its rows are dead, and autovacuum does not keep up: "
            "look for long transactions in `sessions`, lower autovacuum_vacuum_scale_factor for "
            f"this table, or run VACUUM ANALYZE florin.{root.name}."
        )
    if rows >= _ROWS_MIN and root.analysed_at is None:
        return f"It was never analysed, so plans are guesses: run ANALYZE florin.{root.name}."
    return None


def index(root: Index) -> str | None:
    """About an index."""
    if not root.is_valid:
        return f"Building it failed half-way: run REINDEX INDEX CONCURRENTLY florin.{root.name}."
    if is_unused(root) and (root.index_bytes or 0) >= _INDEX_BYTES_MIN:
        return (
            "Nobody has read it since the statistics began. Keep Florin's own, for filters that "
            "are seldom used; one of yours that stays unused for weeks only costs writes: drop it."
        )
    return None


def is_unused(root: Index) -> bool:
    """Whether it has never been read, and holds up nothing, such as uniqueness."""
    return root.scans == 0 and not root.is_unique


def session(root: Session) -> str | None:
    """About a session."""
    if root.blocked_by:
        pids = ", ".join(map(str, root.blocked_by))
        return (
            f"It waits for {pids}. If that one does nothing, end it: SELECT "
            f"pg_terminate_backend({root.blocked_by[0]})."
        )
    if root.transaction_seconds > _LONG_SECONDS:
        if (root.state or "").startswith("idle in transaction"):
            return (
                "Somebody left this transaction open; events, sealing and vacuum wait for it. End "
                f"it: SELECT pg_terminate_backend({root.pid})."
            )
        return (
            "It has been running for long; events, sealing and vacuum wait for it. Let a backup "
            f"or a migration finish, or end it: SELECT pg_cancel_backend({root.pid})."
        )
    return None


def hidden(sessions: int) -> str | None:
    """About sessions of which nothing can be seen."""
    if not sessions:
        return None
    return (
        f"{sessions} sessions of other logins are hidden. An administrator can show them: GRANT "
        "pg_read_all_stats (or pg_monitor) TO Florin's login."
    )


def unseen(error: psycopg.Error) -> str:
    """About a section that could not be read."""
    if isinstance(error, errors.ObjectNotInPrerequisiteState):
        return _NOT_LOADED
    if isinstance(error, errors.InsufficientPrivilege):
        return (
            "This login may not see it. An administrator can let it: GRANT pg_read_all_stats (or "
            "pg_monitor) TO Florin's login and TO florin_app."
        )
    return "It could not be seen in time: something is locked. `sessions` shows by whom. Try again."
