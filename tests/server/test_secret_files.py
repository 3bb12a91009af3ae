"""Secrets come from files where files are named for them, and are never shown."""

import os
from pathlib import Path

import httpx
import psutil
import pytest
from pydantic import SecretStr

from server import secret_files, settings
from server.secret_files import is_secret
from server.settings import Settings
from tests import servers

URL = "postgresql://florin:hunter2@localhost/florin"
SECRET = "hunter2" * 8
VARIABLES = {
    "database_url": "DATABASE_URL",
    "owner_url": "FLORIN_OWNER_URL",
    "api_key_secret": "FLORIN_API_KEY_SECRET",
}


def value(name: str) -> str:
    return SECRET if name == "api_key_secret" else URL


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(f"{variable}_FILE", raising=False)
    # The owner's is refused without it.
    monkeypatch.setenv("DATABASE_URL", URL)
    secret_files._warn.cache_clear()


def name_a_file(
    monkeypatch: pytest.MonkeyPatch, name: str, path: Path, content: bytes | None = None
) -> None:
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    if name == "database_url":
        monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv(f"{VARIABLES[name]}_FILE", str(path))


def refusal() -> str:
    with pytest.raises(settings.SettingsError) as refused:
        settings.read()
    assert "hunter2" not in str(refused.value)
    return str(refused.value)


def test_every_setting_that_is_a_secret_is_one_of_these() -> None:
    secrets = {name for name, field in Settings.model_fields.items() if is_secret(field)}
    assert set(VARIABLES) <= secrets


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_what_is_in_the_file_is_the_value(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, ending: bytes
) -> None:
    name_a_file(monkeypatch, name, tmp_path / "secret", value(name).encode() + ending)
    found = getattr(settings.read(), name)
    assert isinstance(found, SecretStr)
    assert found.get_secret_value() == value(name)
    assert "hunter2" not in repr(settings.read())


def test_only_one_newline_is_taken_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = f" {SECRET} \n\n".encode()
    name_a_file(monkeypatch, "api_key_secret", tmp_path / "secret", content)
    found = settings.read().api_key_secret
    assert found is not None
    assert found.get_secret_value() == f" {SECRET} \n"


@pytest.mark.parametrize("name", VARIABLES)
def test_both_ways_at_once_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    name_a_file(monkeypatch, name, tmp_path / "secret", value(name).encode())
    monkeypatch.setenv(VARIABLES[name], value(name))
    assert f"{VARIABLES[name]} and {VARIABLES[name]}_FILE are both given" in refusal()


def test_empty_counts_as_unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Compose files and shells set variables that nobody gave a value."""
    name_a_file(monkeypatch, "database_url", tmp_path / "secret", URL.encode())
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("FLORIN_OWNER_URL", "")
    monkeypatch.setenv("FLORIN_API_KEY_SECRET", "")
    monkeypatch.setenv("FLORIN_API_KEY_SECRET_FILE", "")
    configured = settings.read()
    assert configured.database_url is not None
    assert configured.owner_url is None
    assert configured.api_key_secret is None


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b" \n \n", "is empty"),
        (b"hunter2\xff", "is not UTF-8 text"),
        (b"hunter2" * 10_000, "is longer than 65536 bytes"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / "secret"
    name_a_file(monkeypatch, name, path, content)
    assert f"{VARIABLES[name]}_FILE={path}: {said}" in refusal()


def test_what_is_no_file_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name_a_file(monkeypatch, "database_url", tmp_path / "missing")
    assert "DATABASE_URL_FILE" in refusal()
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path))
    assert "is not a file" in refusal()
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "pipe"))
    assert "is not a file" in refusal()


def test_a_file_that_cannot_be_read_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "secret"
    path.write_text("hunter2")
    name_a_file(monkeypatch, "database_url", path / "within")
    assert f"DATABASE_URL_FILE={path}/within: cannot be read: Not a directory" in refusal()


def test_a_file_that_everybody_may_read_is_warned_of_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "secret"
    name_a_file(monkeypatch, "database_url", path, URL.encode())
    settings.read()
    assert caplog.text == ""
    path.chmod(0o644)
    for _ in range(3):
        assert settings.read().database_url is not None
    assert caplog.text.count(f"DATABASE_URL_FILE={path}") == 1
    assert "hunter2" not in caplog.text


def test_every_file_that_is_wrong_is_named_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name_a_file(monkeypatch, "database_url", tmp_path / "one")
    name_a_file(monkeypatch, "api_key_secret", tmp_path / "two", b"")
    said = refusal()
    assert "DATABASE_URL_FILE" in said
    assert "FLORIN_API_KEY_SECRET_FILE" in said
    assert len(said.splitlines()) == 2


@pytest.mark.parametrize(
    ("variable", "wrong"),
    [
        ("DATABASE_URL", "postgresql://florin:hunter2@[db/florin"),
        ("DATABASE_URL", "hunter2"),
        ("FLORIN_OWNER_URL", "postgresql://florin:hunter2%zz@db/florin"),
        ("FLORIN_OWNER_URL", "service=hunter2"),
        ("FLORIN_API_KEY_SECRET", "hunter2"),
        ("FLORIN_JWT_JWKS_URL", "https://florin:hunter2@login.example.com/keys"),
    ],
)
@pytest.mark.parametrize("by_file", [False, True])
def test_a_secret_that_is_wrong_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, wrong: str, *, by_file: bool
) -> None:
    if by_file and variable in VARIABLES.values():
        path = tmp_path / "secret"
        path.write_text(wrong)
        path.chmod(0o600)
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv(f"{variable}_FILE", str(path))
    else:
        monkeypatch.setenv(variable, wrong)
    assert refusal().startswith(f"{variable}: ")


def test_an_owner_needs_somebody_who_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("FLORIN_OWNER_URL", URL)
    assert "FLORIN_OWNER_URL needs DATABASE_URL" in refusal()


def test_the_owners_url_is_the_one_that_serves_where_there_is_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert settings.read().owning_url == SecretStr(URL)
    monkeypatch.setenv("FLORIN_OWNER_URL", URL.replace("florin:", "owner:"))
    assert settings.read().owning_url == SecretStr(URL.replace("florin:", "owner:"))


@pytest.mark.parametrize("variable", ["DATABASE_URL", "FLORIN_OWNER_URL"])
def test_a_database_elsewhere_is_verified_by_whatever_connects(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """The settings have the one place where it is done."""
    monkeypatch.delenv("PGSSLMODE", raising=False)
    monkeypatch.setenv(variable, "postgresql://florin@db.example.com/florin")
    found = {"DATABASE_URL": settings.read().database_url}.get(variable, settings.read().owner_url)
    assert found is not None
    assert "sslmode=verify-full" in found.get_secret_value()


def test_workers_read_the_file_themselves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database_url: str
) -> None:
    """So the secret is in the environment of no process."""
    name_a_file(monkeypatch, "database_url", tmp_path / "secret", database_url.encode())
    with servers.running("", "--workers", "2") as address:
        response = httpx.post(f"{address}/graphql", json={"query": "{ ledger { code } }"})
        assert response.json()["data"] == {"ledger": {"code": "main"}}
        ours = psutil.Process().children(recursive=True)
        environments = [process.environ() for process in ours]
    served = [one for one in environments if "DATABASE_URL_FILE" in one]
    # The one that was started, and its two workers.
    assert len(served) >= 3
    assert all(not one.get("DATABASE_URL") for one in served)
