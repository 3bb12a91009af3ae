"""Alembic's entry: connects through psycopg, one migrator at a time, everything or nothing."""

from typing import Final

import psycopg
from alembic import context
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from db.migrations import APP_ROLE, SEARCH_ROLE, VERSION_SCHEMA, VERSION_TABLE

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
_CREATE_ROLES: Final = """
    DO $$
    DECLARE
        wanted text;
    BEGIN
        FOREACH wanted IN ARRAY ARRAY['florin_app', 'florin_search'] LOOP
            BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
                    EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
                END IF;
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;  -- another database of this server was migrated at the same moment
            END;
        END LOOP;
    END $$
"""
# From 16 on a role's creator is its member, but may not SET ROLE to it until granted to.
_NEEDS_TO_JOIN: Final = """
    SELECT NOT pg_has_role(
        current_user, :role,
        CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END
    )
"""
_JOIN_APP: Final = "GRANT florin_app TO CURRENT_USER"
# The owner of what is searched (revision 0005), while it may have to be changed, and no longer: it
# is above row-level security.
_JOIN_SEARCH: Final = "GRANT florin_search TO CURRENT_USER"
_LEAVE_SEARCH: Final = "REVOKE florin_search FROM CURRENT_USER"


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
        connection.execute(text(_CREATE_ROLES))
        if _needs_to_join(connection, APP_ROLE):
            connection.execute(text(_JOIN_APP))
        joins_search = _needs_to_join(connection, SEARCH_ROLE)
        if joins_search:
            connection.execute(text(_JOIN_SEARCH))
        context.configure(
            connection=connection,
            version_table=VERSION_TABLE,
            version_table_schema=VERSION_SCHEMA,
        )
        context.run_migrations()
        if joins_search:
            connection.execute(text(_LEAVE_SEARCH))


def _needs_to_join(connection: Connection, role: str) -> bool:
    return bool(connection.execute(text(_NEEDS_TO_JOIN), {"role": role}).scalar_one())


migrate_online()
