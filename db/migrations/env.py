"""Alembic's entry: connects through psycopg, one migrator at a time, everything or nothing."""

from typing import Final

import psycopg
from alembic import context
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from db.migrations import VERSION_SCHEMA, VERSION_TABLE

# Held until the commit: a second migrator waits for the first, then finds nothing to do.
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(7105690)"
# A migration that cannot get its lock gives up, so that it never queues in front of the traffic.
_LOCK_TIMEOUT: Final = "SET LOCAL lock_timeout = '5s'"
# An owner to whom an administrator has given the schema may create none, even where it is there.
_CREATE_SCHEMA: Final = """
    DO $$ BEGIN
        IF to_regnamespace('florin') IS NULL THEN
            CREATE SCHEMA florin;
        END IF;
    END $$
"""
_CREATE_ROLE: Final = """
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'florin_app') THEN
            CREATE ROLE florin_app NOLOGIN;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;  -- another database of this server was migrated at the same moment
    END $$
"""
# From 16 on a role's creator is its member, but may not SET ROLE to it until granted to.
_NEEDS_TO_JOIN: Final = """
    SELECT NOT pg_has_role(
        current_user, 'florin_app',
        CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END
    )
"""
_JOIN_ROLE: Final = "GRANT florin_app TO CURRENT_USER"


def migrate_online() -> None:
    """Run the wanted revisions over the URL in ``attributes["database_url"]``."""
    url: str = context.config.attributes["database_url"]
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(url, connect_timeout=5),
        poolclass=NullPool,
    )
    with engine.connect() as connection, connection.begin():
        connection.execute(text(_ONE_AT_A_TIME))
        connection.execute(text(_LOCK_TIMEOUT))
        connection.execute(text(_CREATE_SCHEMA))
        connection.execute(text(_CREATE_ROLE))
        if connection.execute(text(_NEEDS_TO_JOIN)).scalar_one():
            connection.execute(text(_JOIN_ROLE))
        context.configure(
            connection=connection,
            version_table=VERSION_TABLE,
            version_table_schema=VERSION_SCHEMA,
        )
        context.run_migrations()


migrate_online()
