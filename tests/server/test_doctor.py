"""The doctor finds what is wrong, and says what to do."""

from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr
from typer.testing import CliRunner

from server import cli, doctor
from server.doctor import Check
from server.settings import Settings
from tests.issuers import AUDIENCE, ISSUER, SigningKey, issuing


async def examined(url: str, **settings: Any) -> dict[str, Check]:  # noqa: ANN401
    checks = await doctor.examine(Settings(database_url=SecretStr(url), **settings))
    return {check.name: check for check in checks}


async def test_a_migrated_database_is_fit(database_url: str) -> None:
    checks = await examined(database_url)
    assert doctor.failed(list(checks.values())) == []
    assert set(checks) == {
        "server",
        "transport",
        "version",
        "encoding",
        "connections",
        "extensions",
        "schema",
        "role",
        "credentials",
        "login",
        "walls",
        "events",
    }


async def test_a_server_that_is_not_there_is_named(database_url: str) -> None:
    checks = await examined(make_conninfo(database_url, port=1))
    assert checks["server"].state == "failed"
    assert "DATABASE_URL" in checks["server"].remedy


async def test_an_issuer_of_tokens_is_asked_for_its_keys(database_url: str) -> None:
    with issuing(SigningKey()) as issuer:
        known = {"jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, "jwt_jwks_url": issuer.url}
        checks = await examined(database_url, **known)
        assert checks["issuer"].state == "ok"
        issuer.status = 404
        checks = await examined(database_url, **known)
    # API keys open ledgers all the same.
    assert checks["issuer"].state == "note"
    assert "status 404" in checks["issuer"].finding
    assert "FLORIN_JWT_JWKS_URL" in checks["issuer"].remedy


async def test_what_describes_the_schema_to_others_is_noted(database_url: str) -> None:
    open_to_all = {"host": "0.0.0.0"}  # noqa: S104 - nothing is bound
    noted = (await examined(database_url, **open_to_all, explain=True))["discovery"]
    assert noted.state == "note"
    for setting in ("FLORIN_INTROSPECTION", "FLORIN_SUGGESTIONS", "FLORIN_EXPLAIN"):
        assert f"{setting}=false" in noted.remedy
    closed = {"introspection": False, "suggestions": False}
    assert "discovery" not in await examined(database_url, **open_to_all, **closed)


async def test_an_empty_database_has_to_be_migrated(empty_database_url: str) -> None:
    checks = await examined(empty_database_url)
    assert checks["schema"].state == "failed"
    assert "florin migrate" in checks["schema"].remedy


async def test_pools_that_outgrow_the_server_are_refused(database_url: str) -> None:
    checks = await examined(database_url, workers=10, pool_size_max=50)
    assert checks["connections"].state == "failed"
    # Each of the ten has a connection that listens, too.
    assert "510" in checks["connections"].finding
    assert "FLORIN_POOL_SIZE_MAX" in checks["connections"].remedy


async def test_the_budget_is_below_what_the_server_leaves_free(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        row = conn.execute(
            "SELECT current_setting('max_connections')::int"
            " - current_setting('superuser_reserved_connections')::int - 3"
        ).fetchone()
    assert row is not None
    free = row[0]
    for size, state in ((free - 1, "failed"), (free - 2, "ok")):
        checks = await examined(database_url, pool_size_max=size)
        assert checks["connections"].state == state


@pytest.mark.parametrize(
    "grant",
    [
        *(
            f"{privilege} ON florin.{table}"
            for table in ("entries", "postings", "transactions", "holds", "shifts", "seals")
            for privilege in ("UPDATE", "DELETE", "TRUNCATE")
        ),
        "UPDATE (amount) ON florin.entries",
        "UPDATE (amount) ON florin.postings",
        "UPDATE (created_at) ON florin.transactions",
        "UPDATE (reverses_id) ON florin.transactions",
        "UPDATE (amount) ON florin.holds",
        "UPDATE (starts_on) ON florin.shifts",
        "UPDATE (hash) ON florin.seals",
    ],
)
async def test_a_role_that_could_rewrite_history_is_refused(database_url: str, grant: str) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute(f"GRANT {grant} TO florin_app".encode())
    checks = await examined(database_url)
    assert checks["role"].state == "failed"
    table = grant.rpartition(" ")[2]
    assert f"ON {table}" in checks["role"].finding
    assert f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM" in checks["role"].remedy


async def test_what_the_role_could_rewrite_is_named(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("GRANT UPDATE (amount, side), DELETE ON florin.holds TO florin_app")
    checks = await examined(database_url)
    assert checks["role"].finding == (
        "florin_app could rewrite history: DELETE ON florin.holds, "
        "UPDATE (amount) ON florin.holds, UPDATE (side) ON florin.holds"
    )


@pytest.mark.parametrize(
    "revoke",
    [
        "INSERT ON florin.postings",
        "SELECT ON florin.entries",
        "INSERT ON florin.seals",
        "UPDATE (state) ON florin.transactions",
        "UPDATE (captured) ON florin.holds",
        "UPDATE (debits_pending) ON florin.accounts",
        "UPDATE (announced_at) ON florin.watermarks",
        "UPDATE (done_at) ON florin.duties",
    ],
)
async def test_a_role_that_cannot_add_to_history_is_refused(database_url: str, revoke: str) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute(f"REVOKE {revoke} FROM florin_app".encode())
    checks = await examined(database_url)
    assert checks["role"].state == "failed"
    assert "GRANT" in checks["role"].remedy


def test_the_command_prints_every_check_and_exits_1_on_a_failed_one(
    database_url: str, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url, code in ((database_url, 0), (empty_database_url, 1)):
        monkeypatch.setenv("DATABASE_URL", url)
        result = CliRunner().invoke(cli.app, ["doctor"])
        assert result.exit_code == code
        for name in ("server", "version", "encoding", "connections", "extensions", "schema"):
            assert name in result.output


def test_serve_refuses_to_start_on_a_failed_check(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    result = CliRunner().invoke(cli.app, ["serve"])
    assert result.exit_code == 1
    assert "florin migrate" in result.output


def test_a_wrong_setting_ends_every_command_with_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FLORIN_PORT", "http")
    for command in ("serve", "migrate", "doctor", "demo"):
        result = CliRunner().invoke(cli.app, [command])
        assert result.exit_code == 2
        assert "FLORIN_PORT=http" in result.output


def test_schema_prints_the_sdl() -> None:
    result = CliRunner().invoke(cli.app, ["schema"])
    assert result.exit_code == 0
    assert "type Query" in result.output
