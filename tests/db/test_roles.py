"""Two logins: one owns the tables, and the one that serves can do no more than florin_app may."""

from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from server import cli, doctor, migrating
from server.doctor import Check
from server.migrating import CannotMigrateError
from server.settings import Settings
from tests.api import serving
from tests.two_logins import DATABASE, TwoLogins


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


def test_a_login_that_is_not_there_is_named_with_the_way_to_make_it(logins: TwoLogins) -> None:
    message = refusal(logins.settings("Nobody's"))
    assert "no role Nobody's" in message
    assert 'CREATE ROLE "Nobody\'s" LOGIN PASSWORD' in message
    # Nothing was begun.
    with psycopg.connect(logins.url("florin_owner")) as conn:
        assert conn.execute("SELECT to_regnamespace('florin')").fetchone() == (None,)


async def test_a_login_that_was_not_admitted_is_told_by_the_doctor(logins: TwoLogins) -> None:
    migrating.migrate(logins.settings("florin_owner", owner=None))
    check = (await examined(logins.settings()))["role"]
    assert check.state == "failed"
    assert "florin_web may not look into schema florin" in check.finding
    assert "--owner-url" in check.remedy


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


def test_an_owner_that_may_create_no_roles_does_where_they_were_given_to_it(
    logins: TwoLogins,
) -> None:
    logins.administer(
        "CREATE ROLE florin_app NOLOGIN",
        "CREATE ROLE florin_search NOLOGIN",
        "ALTER ROLE florin_owner NOCREATEROLE",
        "GRANT florin_app, florin_search TO florin_owner WITH ADMIN OPTION",
    )
    migrating.migrate(logins.settings())


def test_an_owner_that_may_not_give_the_role_says_who_has_to(logins: TwoLogins) -> None:
    logins.administer(
        "CREATE ROLE florin_app NOLOGIN",
        "CREATE ROLE florin_search NOLOGIN",
        "ALTER ROLE florin_owner NOCREATEROLE",
        "GRANT florin_app TO florin_owner",
        "GRANT florin_search TO florin_owner WITH ADMIN OPTION",
    )
    assert 'As an administrator: GRANT florin_app TO "florin_web";' in refusal(logins.settings())
    logins.administer('GRANT florin_app TO "florin_web"')
    migrating.migrate(logins.settings())


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


def test_ledgers_and_keys_are_made_by_the_owner_alone(
    logins: TwoLogins, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrating.migrate(logins.settings())
    monkeypatch.setenv("DATABASE_URL", logins.url("florin_web"))
    monkeypatch.setenv("FLORIN_API_KEY_SECRET", "x" * 40)
    create = (["ledger", "create", "eu"], ["key", "create", "--ledger", "main"])
    for command in create:
        refused = CliRunner().invoke(cli.app, command)
        assert refused.exit_code == 1
        assert "permission denied" in refused.output
    monkeypatch.setenv("FLORIN_OWNER_URL", logins.url("florin_owner"))
    for command in (*create, ["ledger", "list"], ["key", "list"]):
        assert CliRunner().invoke(cli.app, command).exit_code == 0
    # What only reads takes the login that serves.
    monkeypatch.delenv("FLORIN_OWNER_URL")
    for command in (["verify", "--seal"], ["doctor"]):
        result = CliRunner().invoke(cli.app, command)
        assert result.exit_code == 0, result.output
