"""Brings a database to this version's schema and says which revision it is at."""

from pathlib import Path
from typing import Final, LiteralString

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import AsyncConnection, connect, errors

from db.inspection import IS_FROM_ELSEWHERE
from db.ledgers import ENTER

LEDGER_IDS: Final[LiteralString] = "SELECT ledger_id FROM florin.ledgers ORDER BY ledger_id"

REVISION: Final[LiteralString] = "SELECT version_num FROM florin.alembic_version"

# Where events have transaction ids that this server has yet to give out, it is not the server that
# they were written on: the next ones begin a new epoch (db.events). The lock keeps out whoever has
# read the old epoch and has not written yet.
LOCK_EVENTS: Final[LiteralString] = "LOCK TABLE florin.events IN EXCLUSIVE MODE"
BEGIN_EPOCH: Final[LiteralString] = """
    UPDATE florin.watermarks AS w
    SET epoch = w.epoch + 1
    WHERE EXISTS (
        SELECT FROM florin.events AS e
        WHERE e.ledger_id = w.ledger_id AND e.epoch = w.epoch
            AND e.xid >= pg_snapshot_xmax(pg_current_snapshot())
    )
"""


def upgrade(database_url: str) -> None:
    """Migrate to the head revision: all of it or, on any failure, nothing.

    A database that was restored into another server is made ready to go on there. Raises psycopg's
    or SQLAlchemy's errors as they are: a migration is run by an operator.
    """
    config = _config()
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")
    with connect(database_url, connect_timeout=5) as conn:
        for (ledger_id,) in conn.execute(LEDGER_IDS).fetchall():
            # Row-level security shows the owner one ledger at a time.
            conn.execute(ENTER, {"ledger_id": ledger_id})
            if conn.execute(IS_FROM_ELSEWHERE).fetchone() == (True,):
                conn.execute(LOCK_EVENTS)
                conn.execute(BEGIN_EPOCH)


def head() -> str:
    """The revision that this version of Florin expects."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError("Florin was installed without its migrations.")
    return revision


async def revision(conn: AsyncConnection) -> str | None:
    """The revision that the database is at; None where it was never migrated."""
    try:
        cursor = await conn.execute(REVISION)
    except (errors.UndefinedTable, errors.InvalidSchemaName):
        return None
    row = await cursor.fetchone()
    return None if row is None else str(row[0])


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
