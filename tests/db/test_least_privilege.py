"""What the login that serves cannot do, where another one owns the tables: each thing is tried."""

import psycopg
from psycopg import errors
from psycopg.conninfo import make_conninfo

from server import migrating
from tests.two_logins import DATABASE, TwoLogins

FORBIDDEN = [
    # The tables themselves.
    "CREATE TABLE florin.own (x int)",
    "CREATE VIEW florin.own AS SELECT 1",
    "CREATE FUNCTION florin.own() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA own",
    "CREATE TABLE public.own (x int)",
    "ALTER TABLE florin.entries ADD COLUMN x int",
    "ALTER TABLE florin.entries OWNER TO florin_web",
    "ALTER TABLE florin.entries DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE florin.entries NO FORCE ROW LEVEL SECURITY",
    "ALTER SCHEMA florin RENAME TO other",
    """CREATE TRIGGER own BEFORE INSERT ON florin.entries
    FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()""",
    "CREATE RULE own AS ON INSERT TO florin.entries DO INSTEAD NOTHING",
    "CREATE POLICY own ON florin.entries USING (true)",
    "CREATE INDEX own ON florin.entries (amount)",
    "DROP TABLE florin.entries",
    "DROP SCHEMA florin CASCADE",
    f"DROP DATABASE {DATABASE}",
    f"ALTER DATABASE {DATABASE} SET search_path = own",
    "COMMENT ON TABLE florin.entries IS 'own'",
    # What was recorded.
    "UPDATE florin.entries SET amount = 1",
    "UPDATE florin.postings SET amount = 1",
    "UPDATE florin.transactions SET created_at = now()",
    "UPDATE florin.actions SET actor = 'nobody'",
    "DELETE FROM florin.entries",
    "DELETE FROM florin.transactions",
    "DELETE FROM florin.accounts",
    "DELETE FROM florin.actions",
    "DELETE FROM florin.events",
    "DELETE FROM florin.seals",
    "TRUNCATE florin.entries",
    "TRUNCATE florin.actions, florin.events",
    # Whose it is, and at which revision.
    "INSERT INTO florin.ledgers VALUES (2, 'own', 'Own', now())",
    "UPDATE florin.ledgers SET code = 'own'",
    "DELETE FROM florin.ledgers",
    "INSERT INTO florin.alembic_version VALUES ('9999')",
    "UPDATE florin.alembic_version SET version_num = '0001'",
    "DELETE FROM florin.alembic_version",
    "INSERT INTO florin.api_keys (key_id) VALUES (gen_random_uuid())",
    "UPDATE florin.api_keys SET secret_hash = '\\x00', revoked_at = NULL",
    "UPDATE florin.api_keys SET scopes = ARRAY['admin']",
    "DELETE FROM florin.api_keys",
    # Other roles.
    "SET ROLE florin_owner",
    "SET ROLE florin_search",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION florin_owner",
    "CREATE ROLE own",
    "ALTER ROLE florin_web SUPERUSER",
    "ALTER ROLE florin_web BYPASSRLS",
    "ALTER ROLE florin_web CREATEROLE",
    "ALTER ROLE florin_app LOGIN",
    "ALTER ROLE florin_owner PASSWORD 'own'",
    "GRANT florin_owner TO florin_web",
    "GRANT florin_search TO florin_web",
    "GRANT florin_app TO florin_owner",
    # The server.
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/own'",
    "COPY florin.users FROM '/etc/passwd'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT pg_reload_conf()",
    "ALTER SYSTEM SET fsync = off",
    "SET session_replication_role = replica",
    "SET log_statement = 'none'",
    "CREATE LANGUAGE own HANDLER plpgsql_call_handler",
    "CREATE EVENT TRIGGER own ON ddl_command_end EXECUTE FUNCTION own()",
    "CREATE PUBLICATION own FOR ALL TABLES",
    "SELECT pg_create_physical_replication_slot('own')",
]


# These are answered with a warning, that nothing was granted.
FRUITLESS = [
    "GRANT DELETE ON florin.entries TO florin_web",
    "GRANT UPDATE, DELETE ON ALL TABLES IN SCHEMA florin TO florin_app",
    "GRANT SELECT ON florin.entries TO PUBLIC",
]
PRIVILEGES = """
    SELECT relname::text, relacl::text FROM pg_class
    WHERE relnamespace = 'florin'::regnamespace ORDER BY relname
"""


def test_what_the_login_that_serves_cannot_do(logins: TwoLogins) -> None:
    """Neither as itself nor as florin_app, which it may put on and take off."""
    migrating.migrate(logins.settings())
    could = []
    with psycopg.connect(logins.url("florin_web"), autocommit=True) as conn:
        conn.execute("SELECT set_config('florin.ledger_id', '1', false)")
        before = conn.execute(PRIVILEGES).fetchall()
        for role in ("NONE", "florin_app"):
            for statement in FORBIDDEN:
                conn.execute(f"SET ROLE {role}".encode())
                try:
                    conn.execute(statement.encode())
                except (errors.InsufficientPrivilege, errors.UndefinedFile):
                    continue
                except psycopg.Error as error:
                    could.append(f"{role}: {statement}: {error.sqlstate} {error}")
                else:
                    could.append(f"{role}: {statement}")
            for statement in FRUITLESS:
                conn.execute(statement.encode())
        assert conn.execute(PRIVILEGES).fetchall() == before
    assert could == [], "\n".join(could)


def test_nothing_is_its_own(logins: TwoLogins) -> None:
    migrating.migrate(logins.settings())
    with psycopg.connect(make_conninfo(logins.administrator, dbname=DATABASE)) as conn:
        owned = conn.execute(
            "SELECT count(*) FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass"
            " AND deptype = 'o' AND refobjid = 'florin_web'::regrole"
        ).fetchone()
        member_of = conn.execute(
            "SELECT roleid::regrole::text, admin_option FROM pg_auth_members"
            " WHERE member = 'florin_web'::regrole"
        ).fetchall()
        if conn.info.server_version >= 160_000:
            assert conn.execute(
                "SELECT inherit_option, set_option FROM pg_auth_members"
                " WHERE member = 'florin_web'::regrole"
            ).fetchall() == [(True, True)]
    assert owned == (0,)
    assert member_of == [("florin_app", False)]
