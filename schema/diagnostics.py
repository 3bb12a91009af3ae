"""Diagnostics, in sections."""

from datetime import datetime

import strawberry

from resolvers import diagnostic_hints as hints
from resolvers import diagnostics
from schema.nodes import answered_by
from schema.scalars import BigInt

_HINT = "What to do about it; null where there is nothing to do."
_UNSEEN = "Why something is not shown, and what to do to see it; null where all is."


@strawberry.type(description="The server and this database; figures since the statistics began.")
class ServerDiagnostics:
    """Answered from ``db.diagnostics.Server``."""

    version: str = strawberry.field(description="PostgreSQL's version.")
    started_at: datetime = strawberry.field(description="When the server was started.")
    connections_used: int = strawberry.field(
        description="Connections to all databases of the server, whoever has them."
    )
    connections_max: int = strawberry.field(
        description="How many there may be: the server's `max_connections`."
    )
    connections_reserved: int = strawberry.field(
        description="How many of those are kept for superusers."
    )
    database_bytes: BigInt = strawberry.field(description="This database's size on the disk.")
    cache_hit_ratio: float | None = answered_by(
        hints.cache_hit_ratio,
        "The share of blocks that were found in the server's memory, 0 to 1; null while there "
        "were too few to say.",
    )
    deadlocks: BigInt = strawberry.field(description="Deadlocks that the server had to end.")
    statistics_since: datetime | None = strawberry.field(
        description="When the statistics began; null where they were never reset."
    )
    hint: str | None = answered_by(hints.server, _HINT)


@strawberry.type(description="A statement of Florin's, over all its calls since it was counted.")
class StatementDiagnostics:
    """Answered from ``db.diagnostics.Statement``."""

    statement: str = strawberry.field(
        description="Its text, without values, up to 4000 characters."
    )
    calls: BigInt = strawberry.field(description="How often it was run.")
    total_milliseconds: float = strawberry.field(description="What all calls took in all.")
    mean_milliseconds: float = strawberry.field(description="What a call takes on average.")
    longest_milliseconds: float = strawberry.field(description="What the slowest call took.")
    rows: BigInt = strawberry.field(description="Rows that it returned or changed, in all.")
    blocks_hit: BigInt = strawberry.field(description="Blocks of 8 KB found in memory.")
    blocks_read: BigInt = strawberry.field(description="Blocks of 8 KB that had to be fetched.")
    hint: str | None = answered_by(hints.statement, _HINT)


@strawberry.type(description="A table of Florin's, all ledgers together.")
class TableDiagnostics:
    """Answered from ``db.diagnostics.Table``."""

    name: str = strawberry.field(description="Its name in the schema florin.")
    live_rows: BigInt = strawberry.field(description="Rows, as last counted or estimated.")
    dead_rows: BigInt = strawberry.field(
        description="Old versions of rows that vacuum has not removed yet."
    )
    table_bytes: BigInt | None = strawberry.field(
        description="Its size without its indexes; null while somebody has locked it."
    )
    index_bytes: BigInt | None = strawberry.field(
        description="The size of all its indexes; null while somebody has locked it."
    )
    vacuumed_at: datetime | None = strawberry.field(
        description="When it was last vacuumed, by autovacuum or by hand; null for never."
    )
    analysed_at: datetime | None = strawberry.field(
        description="When it was last analysed, by autovacuum or by hand; null for never."
    )
    sequential_scans: BigInt = strawberry.field(description="How often all of it was read.")
    index_scans: BigInt = strawberry.field(description="How often it was read by an index.")
    hint: str | None = answered_by(hints.table, _HINT)


@strawberry.type(description="An index on one of Florin's tables.")
class IndexDiagnostics:
    """Answered from ``db.diagnostics.Index``."""

    name: str = strawberry.field(description="Its name in the schema florin.")
    table_name: str = strawberry.field(description="The table that it is on.")
    index_bytes: BigInt | None = strawberry.field(
        description="Its size; null while somebody has locked it or its table."
    )
    scans: BigInt = strawberry.field(description="How often it was read.")
    unused: bool = answered_by(
        hints.is_unused, "Whether nobody has read it, and it does not hold up uniqueness."
    )
    hint: str | None = answered_by(hints.index, _HINT)


@strawberry.type(description="A database session with an open transaction.")
class SessionDiagnostics:
    """Answered from ``db.diagnostics.Session``."""

    pid: int = strawberry.field(description="PostgreSQL's number for it.")
    application: str = strawberry.field(description="What it calls itself; Florin is `florin`.")
    state: str | None = strawberry.field(
        description="Such as `active` or `idle in transaction`; null where that is hidden."
    )
    waits_for: str | None = strawberry.field(
        description="What it waits for, such as `Lock: transactionid`; null for nothing."
    )
    transaction_seconds: float = strawberry.field(
        description="For how long its transaction has been open."
    )
    statement_seconds: float = strawberry.field(
        description="For how long its statement has been running, or since the last one began."
    )
    blocked_by: list[int] = strawberry.field(
        description="The sessions, by `pid`, whose locks it waits for."
    )
    statement: str | None = strawberry.field(
        description="Its statement, without values; null for other applications'."
    )
    hint: str | None = answered_by(hints.session, _HINT)


@strawberry.type(description="The statements that took the most time in all, at most 20.")
class StatementSection:
    """Answered from ``resolvers.diagnostics.Section``."""

    rows: list[StatementDiagnostics] = strawberry.field(
        name="statements", description="The slowest first."
    )
    hint: str | None = strawberry.field(description=_UNSEEN)


@strawberry.type(description="Florin's tables.")
class TableSection:
    """Answered from ``resolvers.diagnostics.Section``."""

    rows: list[TableDiagnostics] = strawberry.field(name="tables", description="The largest first.")
    hint: str | None = strawberry.field(description=_UNSEEN)


@strawberry.type(description="The indexes on Florin's tables.")
class IndexSection:
    """Answered from ``resolvers.diagnostics.Section``."""

    rows: list[IndexDiagnostics] = strawberry.field(
        name="indexes", description="The largest first."
    )
    hint: str | None = strawberry.field(description=_UNSEEN)


@strawberry.type(description="What has a transaction open in this database, at most 100.")
class SessionSection:
    """Answered from ``resolvers.diagnostics.Section``."""

    rows: list[SessionDiagnostics] = strawberry.field(
        name="sessions", description="The oldest transaction first."
    )
    hint: str | None = strawberry.field(description=_UNSEEN)


@strawberry.type(
    description="What the database server says of itself and of Florin's tables. Each section is "
    "read when it is asked for. It quotes nothing of any ledger."
)
class Diagnostics:
    """Answered from ``resolvers.diagnostics.Diagnostics``."""

    server: ServerDiagnostics = answered_by(diagnostics.server, "Connections, cache and size.")
    slowest: StatementSection = answered_by(
        diagnostics.slowest, "The slowest statements, where the server has pg_stat_statements."
    )
    tables: TableSection = answered_by(
        diagnostics.tables, "Sizes, dead rows, and when they were last vacuumed."
    )
    indexes: IndexSection = answered_by(diagnostics.indexes, "Sizes, and which are not used.")
    sessions: SessionSection = answered_by(
        diagnostics.sessions, "Long transactions, and who waits for whom."
    )
