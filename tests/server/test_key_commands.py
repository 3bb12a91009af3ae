"""``florin key`` and ``florin ledger``: what an operator makes, sees and ends."""

import asyncio
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner, Result

from db.ledgers import DEFAULT_LEDGER_ID
from server.cli import app
from tests.api import serving
from tests.credentials import SECRET
from tests.following import PATIENCE_SECONDS

LEDGER = {"query": "{ ledger { code currencies { code } } }"}


@pytest.fixture
def command(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Command":
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("FLORIN_DATA_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return Command()


class Command:
    """The command line, in this process."""

    def __call__(self, *arguments: str, status: int = 0) -> Result:
        """What it said; fails the test where it ends otherwise."""
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == status, (result.stdout, result.stderr, result.exception)
        return result

    async def aside(self, *arguments: str, status: int = 0) -> Result:
        """The same, from a loop: commands run loops of their own."""
        return await asyncio.to_thread(self, *arguments, status=status)


def key_id(result: Result) -> str:
    found = re.search(r"key_\w{26}", result.stderr)
    assert found is not None
    return found[0]


async def ask(url: str, text: str, ledger: str | None = None, **settings: Any) -> int:  # noqa: ANN401
    async with serving(url, **settings) as api:
        headers = {"authorization": f"Bearer {text}"}
        if ledger is not None:
            headers["florin-ledger"] = ledger
        return (await api.client.post("/graphql", json=LEDGER, headers=headers)).status_code


async def test_a_key_is_printed_once_and_alone(
    command: Command, database_url: str, tmp_path: Path
) -> None:
    made = await command.aside("key", "create", "--name", "shop")
    assert re.fullmatch(r"florin_\w{26}_[0-9a-f]{80}\n", made.stdout)
    text = made.stdout.strip()
    assert await ask(database_url, text, data_directory=tmp_path) == 200
    listed = (await command.aside("key", "list")).output
    assert key_id(made) in listed
    assert "shop" in listed
    assert text.rpartition("_")[2] not in listed
    with psycopg.connect(database_url) as conn:
        stored = conn.execute("SELECT api_keys::text FROM florin.api_keys").fetchone()
    assert stored is not None
    assert text.rpartition("_")[2][:64] not in stored[0]


def test_the_secret_behind_keys_is_made_once_and_for_its_owner_alone(
    command: Command, tmp_path: Path
) -> None:
    assert "api-key-secret" in command("key", "create").stderr
    path = tmp_path / "api-key-secret"
    secret = path.read_bytes()
    assert len(secret) > 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "api-key-secret" not in command("key", "create").stderr
    assert path.read_bytes() == secret


async def test_a_secret_from_the_settings_is_not_written_down(
    command: Command, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLORIN_API_KEY_SECRET", SECRET.get_secret_value())
    text = (await command.aside("key", "create")).stdout.strip()
    assert not (tmp_path / "api-key-secret").exists()
    assert await ask(database_url, text, api_key_secret=SECRET) == 200


def test_no_server_starts_with_another_secret_than_its_keys_were_made_with(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = key_id(command("key", "create"))
    monkeypatch.setenv("FLORIN_API_KEY_SECRET", "another secret, of as many characters")
    doctor = command("doctor", status=1)
    assert "another secret" in doctor.output
    assert "API keys" in command("serve", status=1).output
    monkeypatch.delenv("FLORIN_API_KEY_SECRET")
    command("key", "revoke", made)
    monkeypatch.setenv("FLORIN_API_KEY_SECRET", "another secret, of as many characters")
    command("doctor")


async def test_a_key_opens_the_ledgers_that_it_was_made_for(
    command: Command, database_url: str, tmp_path: Path
) -> None:
    await command.aside("ledger", "create", "eu", "--name", "Europe")
    assert "Europe" in (await command.aside("ledger", "list")).output
    text = (await command.aside("key", "create", "--ledger", "eu")).stdout.strip()
    made = await command.aside("key", "create", "--ledger", "eu", "--ledger", "main")
    both = made.stdout.strip()
    settings: dict[str, Any] = {"data_directory": tmp_path}
    assert await ask(database_url, text, **settings) == 200
    assert await ask(database_url, text, "main", **settings) == 403
    assert await ask(database_url, both, **settings) == 400
    assert await ask(database_url, both, "main", **settings) == 200


def test_a_new_ledger_is_made_whole(command: Command, database_url: str) -> None:
    command("ledger", "create", "eu")
    with psycopg.connect(database_url) as conn:
        for table in ("currencies", "duties", "watermarks"):
            query = f"SELECT ledger_id, count(*) FROM florin.{table} GROUP BY 1 ORDER BY 1"  # noqa: S608
            (main, ours), (other, theirs) = conn.execute(query.encode()).fetchall()
            assert (main, ours) == (DEFAULT_LEDGER_ID, theirs)
            assert other == DEFAULT_LEDGER_ID + 1
    assert "already" in command("ledger", "create", "eu", status=1).stderr


@pytest.mark.parametrize("code", ["", "EU", "e u", "-eu", "é", "x" * 64, "a/b", "a\x00"])
def test_a_ledger_with_a_wrong_code_is_refused(command: Command, code: str) -> None:
    assert "ledger" in command("ledger", "create", "--", code, status=2).stderr
    assert "1 to 63" in command("ledger", "create", "--", code, status=2).stderr


def test_verify_goes_through_every_ledger(command: Command) -> None:
    command("ledger", "create", "eu")
    both = command("verify").output
    assert "'main'" in both
    assert "'eu'" in both
    assert "'main'" not in command("verify", "--ledger", "eu").output
    assert "no ledger 'us'" in command("verify", "--ledger", "us", status=2).stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--scopes", "read,own"),
        ("--scopes", ""),
        ("--expires", "soon"),
        ("--expires", "2020-01-01"),
        ("--expires", "0d"),
        ("--expires", "-1d"),
        ("--expires", "9999999d"),
        ("--ledger", "nowhere"),
        ("--ledger", "a\x00b"),
        ("--name", "a\x00b"),
    ],
)
def test_a_wrong_option_is_refused_and_nothing_made(
    command: Command, database_url: str, option: str, value: str
) -> None:
    assert command("key", "create", option, value, status=2).stderr
    with psycopg.connect(database_url) as conn:
        assert conn.execute("SELECT count(*) FROM florin.api_keys").fetchone() == (0,)


def test_a_key_ends_when_it_was_told_to(command: Command, database_url: str) -> None:
    command("key", "create", "--expires", "90d")
    with psycopg.connect(database_url) as conn:
        row = conn.execute("SELECT expires_at FROM florin.api_keys").fetchone()
    assert row is not None
    assert abs(row[0] - datetime.now(UTC) - timedelta(days=90)) < timedelta(minutes=1)
    assert "works until" in command("key", "list").output


async def test_when_revoke_returns_no_server_takes_the_key_any_more(
    command: Command, database_url: str, tmp_path: Path
) -> None:
    made = await command.aside("key", "create")
    headers = {"authorization": f"Bearer {made.stdout.strip()}"}
    async with serving(database_url, data_directory=tmp_path) as api:

        async def ask_on() -> None:
            while True:
                await api.client.post("/graphql", json=LEDGER, headers=headers)

        asking = asyncio.create_task(ask_on())
        await command.aside("key", "revoke", key_id(made))
        response = await api.client.post("/graphql", json=LEDGER, headers=headers)
        asking.cancel()
        await asyncio.wait([asking], timeout=PATIENCE_SECONDS)
    assert response.status_code == 401
    assert "revoked" in response.text
    await command.aside("key", "revoke", key_id(made), status=1)


async def test_a_key_is_rotated_without_a_moment_in_which_none_works(
    command: Command, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await command.aside("ledger", "create", "eu")
    fields = ("--ledger", "eu", "--scopes", "read", "--name", "shop")
    old = await command.aside("key", "create", *fields)
    new = await command.aside("key", "rotate", key_id(old), "--grace", "30m")
    settings: dict[str, Any] = {"data_directory": tmp_path}
    for made in (old, new):
        assert await ask(database_url, made.stdout.strip(), **settings) == 200
    with psycopg.connect(database_url) as conn:
        rows = conn.execute(
            "SELECT name, scopes, ledger_ids, expires_at FROM florin.api_keys ORDER BY created_at"
        ).fetchall()
    assert rows[0][:3] == rows[1][:3]
    assert timedelta(minutes=29) < rows[0][3] - datetime.now(UTC) < timedelta(minutes=31)
    assert rows[1][3] is None
    with psycopg.connect(database_url) as conn:
        conn.execute("UPDATE florin.api_keys SET expires_at = now() WHERE expires_at IS NOT NULL")
    assert await ask(database_url, old.stdout.strip(), **settings) == 401
    assert await ask(database_url, new.stdout.strip(), **settings) == 200
    await command.aside("key", "rotate", key_id(old), status=1)


@pytest.mark.parametrize("verb", ["revoke", "rotate"])
@pytest.mark.parametrize(
    ("text", "status"), [("florin_x", 2), ("key_x", 2), ("key_01m86t48fxfffffffffffffff5", 1)]
)
def test_a_key_that_there_is_not_is_refused(
    command: Command, verb: str, text: str, status: int
) -> None:
    assert command("key", verb, text, status=status).stderr
