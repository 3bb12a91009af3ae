"""Settings: read from the environment, refused by name."""

import pytest

from server import settings


def test_the_defaults_are_consistent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    configured = settings.read()
    assert configured.host == "127.0.0.1"
    assert configured.database_url is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FLORIN_PORT", "http", "FLORIN_PORT=http"),
        ("FLORIN_PORT", "0", "greater than or equal to 1"),
        ("FLORIN_WORKERS", "0", "FLORIN_WORKERS=0"),
        ("FLORIN_POOL_SIZE_MIN", "11", "FLORIN_POOL_SIZE_MIN is above FLORIN_POOL_SIZE_MAX"),
        ("FLORIN_SHUTDOWN_TIMEOUT_SECONDS", "10", "must exceed"),
        ("FLORIN_PREPARE_THRESHOLD", "never", "FLORIN_PREPARE_THRESHOLD=never"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(settings.SettingsError, match=said):
        settings.read()


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLORIN_PORT", "x")
    monkeypatch.setenv("FLORIN_WORKERS", "y")
    with pytest.raises(settings.SettingsError) as refused:
        settings.read()
    assert len(str(refused.value).splitlines()) == 2


def test_prepared_statements_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLORIN_PREPARE_THRESHOLD", "none")
    assert settings.read().pool.prepare_threshold is None


def test_an_empty_url_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    assert settings.read().database_url is None


def test_the_url_never_shows_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://florin:hunter2@db/florin")
    assert "hunter2" not in repr(settings.read())


def test_every_setting_gives_its_reason() -> None:
    for name, field in settings.Settings.model_fields.items():
        assert field.description, name
