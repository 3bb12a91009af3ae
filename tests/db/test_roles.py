"""Two logins: one owns the tables, and the one that serves can do no more than florin_app may."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr
from typer.testing import CliRunner

from server import cli, doctor, migrating
from server.doctor import Check
from server.migrating import CannotMigrateError
from server.settings import Settings
from tests.api import serving
from tests.faults import databases
from tests.faults.databases import BINARIES_VARIABLE, Postgres

DEBIANS = Path("/usr/lib/postgresql/15/bin")
DATABASE = "florin"


class TwoLogins:
    """A server whose logins have passwords, and a database that is one of theirs."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self.administrator = make_conninfo(server.url, dbname="postgres")

    def url(self, login: str, **changed: str) -> str:
        given = {"user": login, "password": f"{login}'s", "dbname": DATABASE} | changed
        return make_conninfo(self._server.url, **given)

    def settings(self, login: str = "florin_web", owner: str | None = "florin_owner") -> Settings:
        return Settings(
            database_url=SecretStr(self.url(login)),
            owner_url=None if owner is None else SecretStr(self.url(owner)),
        )

    def administer(self, *statements: str, dbname: str = "postgres") -> None:
        text = make_conninfo(self.administrator, dbname=dbname)
        with psycopg.connect(text, autocommit=True) as conn:
            for statement in statements:
                conn.execute(statement.encode())


@contextmanager
def started(binaries: Path | None) -> Iterator[TwoLogins]:
    with pytest.MonkeyPatch.context() as environment, databases.folder() as place:
        environment.setenv(BINARIES_VARIABLE, str(binaries or ""))
        server = Postgres(place / "server")
        server.initialise({"fsync": "off"})
        rules = "local all postgres trust\nlocal all all scram-sha-256\n"
        (server.data / "pg_hba.conf").write_text(rules)
        try:
            server.start()
            yield TwoLogins(server)
        finally:
            server.close()


@pytest.fixture(scope="module", params=["embedded", "Debian's"])
def server(request: pytest.FixtureRequest) -> Iterator[TwoLogins]:
    """Roles were given options in 16: both sides of it."""
    debians = request.param == "Debian's"
    if debians and not DEBIANS.exists() and os.environ.get("CI") != "true":
        pytest.skip("Debian's PostgreSQL is not installed")
    with started(DEBIANS if debians else None) as running:
        yield running


@pytest.fixture
def logins(server: TwoLogins) -> Iterator[TwoLogins]:
    """An empty database, its owner, and a login that nothing is known of."""
    server.administer(
        "CREATE ROLE florin_owner LOGIN PASSWORD 'florin_owner''s' CREATEROLE",
        "CREATE ROLE florin_web LOGIN PASSWORD 'florin_web''s'",
        f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8' OWNER florin_owner",
    )
    try:
        yield server
    finally:
        server.administer(
            f"DROP DATABASE {DATABASE} WITH (FORCE)",
            "DROP ROLE IF EXISTS florin_web, florin_owner, florin_app, florin_search, other",
        )


async def examined(settings: Settings) -> dict[str, Check]:
    return {check.name: check for check in await doctor.examine(settings)}


def refusal(settings: Settings) -> str:
    with pytest.raises(CannotMigrateError) as refused:
        migrating.migrate(settings)
    return str(refused.value)


async def test_the_login_that_serves_is_fit_and_can_do_no_more(logins: TwoLogins) -> None:
    migrating.migrate(logins.settings())
    # Run again, it changes nothing.
    migrating.migrate(logins.settings())
    checks = await examined(logins.settings())
    assert doctor.failed(list(checks.values())) == []
    assert checks["login"] == Check("login", "ok", "florin_web may become florin_app, and no more")


async def test_florin_serves_with_it(logins: TwoLogins) -> None:
    migrating.migrate(logins.settings())
    async with serving(logins.url("florin_web")) as api:
        await api.open_account("cash", normal_side="DEBIT", floor=None)
        await api.open_account("wallet")
        posted = await api.post("top-up", ("cash", "wallet", "12.30"))
        assert posted["__typename"] == "PostTransactionSuccess"


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


def test_a_login_that_is_not_there_is_named_with_the_way_to_make_it(logins: TwoLogins) -> None:
    message = refusal(logins.settings("Nobody's"))
    assert "no role Nobody's" in message
    assert 'CREATE ROLE "Nobody\'s" LOGIN PASSWORD' in message
    # Nothing was begun.
    with psycopg.connect(logins.url("florin_owner")) as conn:
        assert conn.execute("SELECT to_regnamespace('florin')").fetchone() == (None,)


def test_the_owner_cannot_be_the_one_that_serves(logins: TwoLogins) -> None:
    assert "has to be another" in refusal(logins.settings("florin_owner"))


@pytest.mark.parametrize(
    ("statement", "finding", "remedy"),
    [
        ("ALTER ROLE florin_web SUPERUSER", "is a superuser", "NOSUPERUSER"),
        ("ALTER ROLE florin_web CREATEROLE", "may create roles", "NOCREATEROLE"),
        ("ALTER ROLE florin_web BYPASSRLS", "above row-level security", "NOBYPASSRLS"),
        ("ALTER ROLE florin_web REPLICATION", "copy the whole server", "NOREPLICATION"),
        (
            "GRANT florin_owner TO florin_web",
            "is a member of florin_owner, which may create roles and join others and owns",
            'REVOKE "florin_owner" FROM "florin_web"',
        ),
        (
            "GRANT pg_execute_server_program TO florin_web",
            "is a member of pg_execute_server_program",
            'REVOKE "pg_execute_server_program" FROM "florin_web"',
        ),
        (
            "GRANT florin_app TO florin_web WITH ADMIN OPTION",
            "may be given to others by it",
            'REVOKE ADMIN OPTION FOR florin_app FROM "florin_web"',
        ),
        (
            f"ALTER DATABASE {DATABASE} OWNER TO florin_web",
            "owns the database",
            'REASSIGN OWNED BY "florin_web" TO "florin_owner"',
        ),
        (
            "ALTER TABLE florin.entries OWNER TO florin_web",
            "owns what is in schema florin",
            'REASSIGN OWNED BY "florin_web" TO "florin_owner"',
        ),
    ],
)
async def test_a_login_that_could_do_more_is_named_with_the_remedy(
    logins: TwoLogins, statement: str, finding: str, remedy: str
) -> None:
    migrating.migrate(logins.settings())
    logins.administer(statement, dbname=DATABASE)
    message = refusal(logins.settings())
    assert f"florin_web {finding}" in message or finding in message
    assert remedy in message
    # Who serves with one login for all may go on doing so.
    check = (await examined(logins.settings()))["login"]
    assert check.state == "note"
    assert finding in check.finding
    assert "florin migrate --owner-url" in check.remedy


async def test_one_login_for_all_still_does(logins: TwoLogins) -> None:
    alone = logins.settings("florin_owner", owner=None)
    migrating.migrate(alone)
    checks = await examined(alone)
    assert doctor.failed(list(checks.values())) == []
    assert checks["login"].state == "note"


def test_from_one_login_to_two(logins: TwoLogins) -> None:
    """The login that was alone serves on, once an administrator has taken all that is not its."""
    logins.administer(
        f"ALTER DATABASE {DATABASE} OWNER TO florin_web", "ALTER ROLE florin_web CREATEROLE"
    )
    migrating.migrate(logins.settings("florin_web", owner=None))
    assert "permission denied" in refusal(logins.settings())
    logins.administer(
        'REASSIGN OWNED BY "florin_web" TO "florin_owner"',
        "GRANT florin_app, florin_search TO florin_owner WITH ADMIN OPTION",
        dbname=DATABASE,
    )
    told = refusal(logins.settings())
    remedies = told.partition("migrate again: ")[2].split(";")
    logins.administer(*(line.strip() for line in remedies if line), dbname=DATABASE)
    migrating.migrate(logins.settings())


def test_the_command_takes_the_owners_url(
    logins: TwoLogins, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", logins.url("florin_web"))
    # What is said on the command line is meant.
    monkeypatch.setenv("FLORIN_OWNER_URL", "")
    monkeypatch.setenv("FLORIN_OWNER_URL_FILE", str(tmp_path / "missing"))
    arguments = ["migrate", "--owner-url", logins.url("florin_owner")]
    result = CliRunner().invoke(cli.app, arguments)
    assert (result.exit_code, "up to date" in result.output) == (0, True)
    assert "'s" not in result.output


def test_the_owners_url_comes_from_a_file(
    logins: TwoLogins, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    owner = tmp_path / "owner"
    owner.write_text(logins.url("florin_owner") + "\n")
    owner.chmod(0o600)
    monkeypatch.setenv("DATABASE_URL", logins.url("florin_web"))
    monkeypatch.setenv("FLORIN_OWNER_URL_FILE", str(owner))
    assert CliRunner().invoke(cli.app, ["migrate"]).exit_code == 0
    assert CliRunner().invoke(cli.app, ["doctor"]).exit_code == 0
