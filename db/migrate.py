"""Brings a database to this version's schema and says which revision it is at."""

from pathlib import Path
from typing import Final, LiteralString

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import AsyncConnection, errors

REVISION: Final[LiteralString] = "SELECT version_num FROM florin.alembic_version"


def upgrade(database_url: str) -> None:
    """Migrate to the head revision: all of it or, on any failure, nothing.

    Raises psycopg's or SQLAlchemy's errors as they are: a migration is run by an operator.
    """
    config = _config()
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")


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
