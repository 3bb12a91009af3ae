"""Diagnostics: what the database server says of itself and of Florin's tables, to its admins.

Only catalogs and statistics are read, which belong to no ledger and quote nothing of any:
pg_stat_statements has statements without their values, and of what runs only our own statements
are shown, which have their values beside them. All of it is read as if it might be refused: a lock
is waited for half a second, and what a section's statement raises is the caller's to say.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final, Literal, LiteralString

import msgspec
from psycopg.sql import SQL, Identifier

from db import statements
from db.statements import Connection

# Of each list. Florin has fewer tables and indexes, and who runs more sessions sees the oldest.
ROWS_MAX: Final = 100
STATEMENTS_MAX: Final = 20
# Characters of a statement; the longest of Florin's own have some three thousand.
TEXT_MAX: Final = 4000

GUARD: Final[LiteralString] = """
    SELECT set_config('lock_timeout', '500ms', true), set_config('statement_timeout', '3s', true)
"""

# Sessions are shown to the login that they belong to, and to nobody else but those who may see all.
# Until the end of the block: only the constants of this file are run meanwhile.
AS_LOGIN: Final[LiteralString] = """
    SELECT set_config('transaction_read_only', 'on', true), set_config('role', 'none', true)
"""

SERVER: Final[LiteralString] = """
    SELECT current_setting('server_version') AS version,
        pg_postmaster_start_time() AS started_at,
        (SELECT sum(numbackends)::integer FROM pg_stat_database) AS connections_used,
        current_setting('max_connections')::integer AS connections_max,
        current_setting('superuser_reserved_connections')::integer AS connections_reserved,
        pg_database_size(d.datid) AS database_bytes,
        d.blks_hit AS blocks_hit, d.blks_read AS blocks_read, d.deadlocks,
        d.stats_reset AS statistics_since
    FROM pg_stat_database AS d
    WHERE d.datname = current_database()
"""

# Sizes take a lock on what is measured, and are left out where somebody has it for himself.
TABLES: Final[LiteralString] = """
    SELECT s.relname::text AS name, s.n_live_tup AS live_rows, s.n_dead_tup AS dead_rows,
        CASE WHEN busy.relation IS NULL THEN pg_table_size(s.relid) END AS table_bytes,
        CASE WHEN busy.relation IS NULL THEN pg_indexes_size(s.relid) END AS index_bytes,
        greatest(s.last_vacuum, s.last_autovacuum) AS vacuumed_at,
        greatest(s.last_analyze, s.last_autoanalyze) AS analysed_at,
        s.seq_scan AS sequential_scans, coalesce(s.idx_scan, 0) AS index_scans
    FROM pg_stat_all_tables AS s
    LEFT JOIN (
        SELECT DISTINCT relation FROM pg_locks WHERE mode = 'AccessExclusiveLock'
    ) AS busy ON busy.relation = s.relid
    WHERE s.schemaname = 'florin'
    ORDER BY table_bytes DESC NULLS FIRST, name
    LIMIT %(limit)s
"""

INDEXES: Final[LiteralString] = """
    SELECT s.indexrelname::text AS name, s.relname::text AS table_name,
        CASE WHEN busy.relation IS NULL THEN pg_relation_size(s.indexrelid) END AS index_bytes,
        s.idx_scan AS scans, i.indisunique AS is_unique, i.indisvalid AS is_valid
    FROM pg_stat_all_indexes AS s
    JOIN pg_index AS i ON i.indexrelid = s.indexrelid
    LEFT JOIN (
        SELECT DISTINCT relation FROM pg_locks WHERE mode = 'AccessExclusiveLock'
    ) AS busy ON busy.relation IN (s.relid, s.indexrelid)
    WHERE s.schemaname = 'florin'
    ORDER BY index_bytes DESC NULLS FIRST, name
    LIMIT %(limit)s
"""

# Those that have a transaction open or wait for a lock, the longest first. Idle ones and those of
# the server itself are left out, and so is this one.
SESSIONS: Final[LiteralString] = """
    SELECT a.pid, a.application_name AS application, a.state,
        nullif(concat_ws(': ', a.wait_event_type, a.wait_event), '') AS waits_for,
        coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::float8
            AS transaction_seconds,
        coalesce(extract(epoch FROM clock_timestamp() - a.query_start), 0)::float8
            AS statement_seconds,
        pg_blocking_pids(a.pid) AS blocked_by,
        CASE WHEN a.application_name LIKE 'florin%%' THEN left(a.query, %(text_max)s::integer) END
            AS statement
    FROM pg_stat_activity AS a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
        AND a.xact_start IS NOT NULL AND a.backend_type = 'client backend'
    ORDER BY a.xact_start
    LIMIT %(limit)s
"""

# What is hidden from this login: other logins' sessions in this database.
HIDDEN: Final[LiteralString] = """
    SELECT count(*)::integer
    FROM pg_stat_activity AS a
    WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()
        AND a.query = '<insufficient privilege>'
"""

EXTENSION: Final[LiteralString] = """
    SELECT installed.schema_name, installed.is_usable
    FROM pg_available_extensions AS available
    LEFT JOIN (
        SELECT e.extname, n.nspname::text AS schema_name,
            has_schema_privilege(n.oid, 'USAGE') AS is_usable
        FROM pg_extension AS e
        JOIN pg_namespace AS n ON n.oid = e.extnamespace
    ) AS installed ON installed.extname = available.name
    WHERE available.name = 'pg_stat_statements'
"""

# Those of the app's role in this database. What is no query has its values in it on older servers.
STATEMENTS: Final = SQL("""
    SELECT left(s.query, %(text_max)s::integer) AS statement, s.calls,
        s.total_exec_time AS total_milliseconds, s.mean_exec_time AS mean_milliseconds,
        s.max_exec_time AS longest_milliseconds, s.rows,
        s.shared_blks_hit AS blocks_hit, s.shared_blks_read AS blocks_read
    FROM {}.pg_stat_statements AS s
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND s.userid = (SELECT oid FROM pg_roles WHERE rolname = current_user)
        AND s.query LIKE '%%florin.%%' AND s.query NOT ILIKE 'SET %%'
    ORDER BY s.total_exec_time DESC
    LIMIT %(limit)s
""")

# Why there are no statements: the server does not have the extension, the database does not, or
# its schema is not open to the app's role.
Missing = Literal["NOT_ON_SERVER", "NOT_IN_DATABASE", "NOT_OPEN"]


class Server(msgspec.Struct, frozen=True, gc=False):
    """The server's connections, and what the statistics of this database say."""

    version: str
    started_at: datetime
    connections_used: int
    connections_max: int
    connections_reserved: int
    database_bytes: int
    blocks_hit: int
    blocks_read: int
    deadlocks: int
    statistics_since: datetime | None


class Table(msgspec.Struct, frozen=True, gc=False):
    """A table; its sizes are None where it was locked. Rows are as last counted or estimated."""

    name: str
    live_rows: int
    dead_rows: int
    table_bytes: int | None
    index_bytes: int | None
    vacuumed_at: datetime | None
    analysed_at: datetime | None
    sequential_scans: int
    index_scans: int


class Index(msgspec.Struct, frozen=True, gc=False):
    """An index; ``scans`` since the statistics were reset."""

    name: str
    table_name: str
    index_bytes: int | None
    scans: int
    is_unique: bool
    is_valid: bool


class Session(msgspec.Struct, frozen=True, gc=False):
    """A session with an open transaction; ``statement`` without values, and only of Florin's."""

    pid: int
    application: str
    state: str | None
    waits_for: str | None
    transaction_seconds: float
    statement_seconds: float
    blocked_by: list[int]
    statement: str | None


class Statement(msgspec.Struct, frozen=True, gc=False):
    """A statement of Florin's, without values; milliseconds, and blocks of 8 KB."""

    statement: str
    calls: int
    total_milliseconds: float
    mean_milliseconds: float
    longest_milliseconds: float
    rows: int
    blocks_hit: int
    blocks_read: int


class _Extension(msgspec.Struct, frozen=True, gc=False):
    schema_name: str | None
    is_usable: bool | None


async def server(conn: Connection) -> Server:
    """Of the server; five round trips."""
    async with _guarded(conn, as_login=True):
        found = await statements.one_row(conn, Server, SERVER, {})
    assert found is not None
    return found


async def tables(conn: Connection) -> list[Table]:
    """Florin's tables, the largest first; four round trips."""
    async with _guarded(conn):
        return await statements.all_rows(conn, Table, TABLES, {"limit": ROWS_MAX})


async def indexes(conn: Connection) -> list[Index]:
    """Florin's indexes, the largest first; four round trips."""
    async with _guarded(conn):
        return await statements.all_rows(conn, Index, INDEXES, {"limit": ROWS_MAX})


async def sessions(conn: Connection) -> tuple[list[Session], int]:
    """Those with an open transaction, the oldest first, and how many are hidden from the login."""
    parameters = {"limit": ROWS_MAX, "text_max": TEXT_MAX}
    async with _guarded(conn, as_login=True):
        found = await statements.all_rows(conn, Session, SESSIONS, parameters)
        (hidden,) = await statements.all_values(conn, int, HIDDEN, {})
    return found, hidden


async def slowest(conn: Connection) -> list[Statement] | Missing:
    """Florin's statements that took the most time in all, or why they are not known.

    ObjectNotInPrerequisiteState where the server was started without pg_stat_statements.
    """
    async with _guarded(conn):
        extension = await statements.one_row(conn, _Extension, EXTENSION, {})
        if extension is None:
            return "NOT_ON_SERVER"
        if extension.schema_name is None:
            return "NOT_IN_DATABASE"
        if not extension.is_usable:
            return "NOT_OPEN"
        query = STATEMENTS.format(Identifier(extension.schema_name))
        parameters = {"limit": STATEMENTS_MAX, "text_max": TEXT_MAX}
        return await statements.all_rows(conn, Statement, query, parameters)


@asynccontextmanager
async def _guarded(conn: Connection, *, as_login: bool = False) -> AsyncIterator[None]:
    """A transaction, or a savepoint in one, after which all that was set is as it was."""
    async with conn.transaction(force_rollback=True):
        await conn.execute(GUARD)
        if as_login:
            await conn.execute(AS_LOGIN)
        yield
