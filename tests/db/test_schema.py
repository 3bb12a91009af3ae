"""The tables: as the readable file says, ready to be sharded, and closed to rewriting."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from db import migrate, setup
from db.migrations import APP_ROLE

SCHEMA_SQL = Path(migrate.__file__).parent / "schema.sql"

COLUMNS = """
    SELECT table_name, column_name, ordinal_position, data_type, domain_name, is_nullable,
        column_default, collation_name
    FROM information_schema.columns
    WHERE table_schema = 'florin' AND table_name <> 'alembic_version'
    ORDER BY table_name, ordinal_position
"""
CONSTRAINTS = """
    SELECT coalesce(conrelid::regclass::text, contypid::regtype::text) AS owner, contype::text,
        pg_get_constraintdef(oid) AS definition
    FROM pg_constraint
    WHERE connamespace = 'florin'::regnamespace
        AND conrelid IS DISTINCT FROM to_regclass('florin.alembic_version')::oid
    ORDER BY 1, 2, 3
"""
INDEXES = """
    SELECT indexdef FROM pg_indexes
    WHERE schemaname = 'florin' AND tablename <> 'alembic_version'
    ORDER BY indexdef
"""
TABLE_PRIVILEGES = """
    SELECT table_name, privilege_type FROM information_schema.role_table_grants
    WHERE grantee = 'florin_app' AND table_schema = 'florin' AND table_name <> 'alembic_version'
    ORDER BY 1, 2
"""
COLUMN_PRIVILEGES = """
    SELECT table_name, column_name, privilege_type FROM information_schema.role_column_grants
    WHERE grantee = 'florin_app' AND table_schema = 'florin' AND table_name <> 'alembic_version'
    ORDER BY 1, 2, 3
"""
STORAGE = """
    SELECT relname, reloptions FROM pg_class
    WHERE relnamespace = 'florin'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
    ORDER BY relname
"""
WALLS = """
    SELECT relname, relrowsecurity, relforcerowsecurity, relowner::regrole::text FROM pg_class
    WHERE relnamespace = 'florin'::regnamespace AND relkind IN ('r', 'v')
        AND relname <> 'alembic_version'
    ORDER BY relname
"""
POLICIES = """
    SELECT * FROM pg_policies WHERE schemaname = 'florin' ORDER BY tablename, policyname
"""
VIEWS = """
    SELECT viewname, definition FROM pg_views WHERE schemaname = 'florin' ORDER BY viewname
"""
STATISTICS = """
    SELECT pg_get_statisticsobjdef(oid) FROM pg_statistic_ext
    WHERE stxnamespace = 'florin'::regnamespace ORDER BY stxname
"""
OTHERS_PRIVILEGES = """
    SELECT has_schema_privilege('florin_search', 'florin', 'USAGE'),
        has_schema_privilege('florin_search', 'florin', 'CREATE'),
        has_schema_privilege('florin_app', 'florin', 'CREATE')
"""

KEYS = """
    SELECT conrelid::regclass::text, contype::text, first_column.attname
    FROM pg_constraint
    JOIN pg_attribute AS first_column
        ON first_column.attrelid = conrelid AND first_column.attnum = conkey[1]
    WHERE connamespace = 'florin'::regnamespace AND contype IN ('p', 'u', 'f')
        AND conrelid IS DISTINCT FROM to_regclass('florin.alembic_version')::oid
"""
UNIQUE_INDEXES = """
    SELECT indexrelid::regclass::text, attname
    FROM pg_index
    JOIN pg_class ON pg_class.oid = indrelid
    LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
    WHERE relnamespace = 'florin'::regnamespace AND indisunique AND relname <> 'alembic_version'
"""
TRIGGERS = """
    SELECT tgname FROM pg_trigger
    JOIN pg_class ON pg_class.oid = tgrelid
    WHERE relnamespace = 'florin'::regnamespace AND NOT tgisinternal
"""


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as conn:
        return conn.execute(query.encode()).fetchall()


@pytest.mark.parametrize(
    "query",
    [
        COLUMNS,
        CONSTRAINTS,
        INDEXES,
        TABLE_PRIVILEGES,
        COLUMN_PRIVILEGES,
        STORAGE,
        WALLS,
        POLICIES,
        VIEWS,
        STATISTICS,
        OTHERS_PRIVILEGES,
    ],
    ids=[
        "columns",
        "constraints",
        "indexes",
        "tables'",
        "columns'",
        "storage",
        "walls",
        "policies",
        "views",
        "statistics",
        "others'",
    ],
)
def test_the_readable_schema_is_the_migrated_one(
    database_url: str, empty_database_url: str, query: str
) -> None:
    with psycopg.connect(empty_database_url) as conn:
        conn.execute(SCHEMA_SQL.read_bytes())
    readable = rows(empty_database_url, query)
    assert readable
    assert readable == rows(database_url, query)


def test_every_key_begins_with_the_ledger(database_url: str) -> None:
    keys = rows(database_url, KEYS)
    assert len(keys) > 10
    assert {key for key in keys if key[2] != "ledger_id"} == {("florin.api_keys", "p", "key_id")}
    unique = rows(database_url, UNIQUE_INDEXES)
    # Those of the directory, which finds out which ledger is meant.
    directory = {("florin.ledgers_code_key", "code"), ("florin.api_keys_pkey", "key_id")}
    assert {index for index in unique if index[1] != "ledger_id"} == directory


def test_there_are_no_triggers(database_url: str) -> None:
    assert rows(database_url, TRIGGERS) == []


@pytest.mark.parametrize(
    "table", ["entries", "postings", "transactions", "holds", "shifts", "seals", "actions"]
)
@pytest.mark.parametrize(
    "statement",
    ["UPDATE florin.{} SET ledger_id = 2", "DELETE FROM florin.{}", "TRUNCATE florin.{}"],
)
def test_the_apps_role_cannot_rewrite_history(
    database_url: str, table: str, statement: str
) -> None:
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(f"SET ROLE {APP_ROLE}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(statement.format(table).encode())


def test_the_tables_themselves_refuse_what_is_not_money(database_url: str) -> None:
    insert = (
        "INSERT INTO florin.postings VALUES (1, gen_random_uuid(), 0, gen_random_uuid(),"
        " gen_random_uuid(), %s::numeric)"
    )
    with psycopg.connect(database_url, autocommit=True) as conn:
        for amount in ("NaN", "Infinity", "0.5", "0", "-1", "1e38"):
            with pytest.raises(psycopg.errors.CheckViolation):
                conn.execute(insert, (amount,))
        conn.execute(insert, ("9" * 38,))


def test_setting_up_twice_changes_nothing(database_url: str) -> None:
    counts = (
        "SELECT (SELECT count(*) FROM florin.ledgers), (SELECT count(*) FROM florin.currencies)"
    )
    before = rows(database_url, counts)
    setup.prepare(database_url)
    assert rows(database_url, counts) == before
    assert before[0][0] == 1


def test_iso_4217_is_there_with_its_exponents(database_url: str) -> None:
    listed = rows(database_url, "SELECT code, exponent FROM florin.currencies")
    found: dict[object, object] = {row[0]: row[1] for row in listed}
    assert found["USD"] == 2
    assert found["JPY"] == 0
    assert found["BHD"] == 3
    assert found["CLF"] == 4
    assert len(found) > 150
    assert "XAU" not in found


def test_two_migrations_at_once_do_not_disturb_each_other(empty_database_url: str) -> None:
    command = [sys.executable, "-m", "server", "migrate"]
    environment = {**os.environ, "DATABASE_URL": empty_database_url}
    started = [subprocess.Popen(command, env=environment) for _ in range(2)]  # noqa: S603
    assert [process.wait(timeout=60) for process in started] == [0, 0]
    assert rows(empty_database_url, migrate.REVISION) == [(migrate.head(),)]
