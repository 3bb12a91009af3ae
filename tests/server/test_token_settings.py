"""Whose tokens are believed is configured wholly, safely or not at all."""

import pytest

from server import settings

WHOLE = {
    "FLORIN_JWT_ISSUER": "https://login.example.com/",
    "FLORIN_JWT_AUDIENCE": "florin",
    "FLORIN_JWT_JWKS_URL": "https://login.example.com/keys",
}


def read(monkeypatch: pytest.MonkeyPatch, **changed: str) -> settings.Settings:
    for name, value in (WHOLE | changed).items():
        monkeypatch.setenv(name, value)
    return settings.read()


def test_only_public_keys_verify_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch).jwt_algorithms == ("RS256", "ES256", "EdDSA")


@pytest.mark.parametrize("left_out", WHOLE)
def test_issuer_audience_and_keys_belong_together(
    monkeypatch: pytest.MonkeyPatch, left_out: str
) -> None:
    with pytest.raises(settings.SettingsError, match=f"{left_out} missing"):
        read(monkeypatch, **{left_out: ""})


def test_all_of_them_may_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, **dict.fromkeys(WHOLE, "")).jwt_issuer is None


@pytest.mark.parametrize(
    "algorithms", ["HS256", "RS256,HS384", "none", "RS256,none", "NONE", "rs256", "ES256K", "", ","]
)
def test_what_a_shared_secret_would_verify_is_refused(
    monkeypatch: pytest.MonkeyPatch, algorithms: str
) -> None:
    with pytest.raises(settings.SettingsError, match="FLORIN_JWT_ALGORITHMS"):
        read(monkeypatch, FLORIN_JWT_ALGORITHMS=algorithms)


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example.com/keys",
        "http://127.0.0.1.example.com/keys",
        "http://localhost.example.com/keys",
        "http://keys.localhost/keys",
        "http://10.0.0.1/keys",
        "http://localhost@login.example.com/keys",
        "https://user:password@login.example.com/keys",
        "ftp://login.example.com/keys",
        "file:///etc/passwd",
        "//login.example.com/keys",
        "login.example.com/keys",
        "https://",
        "https:///keys",
        "https://login.example.com:port/keys",
        "https://[::1/keys",
    ],
)
def test_keys_come_by_https_and_from_a_plain_address(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    with pytest.raises(settings.SettingsError, match="FLORIN_JWT_JWKS_URL") as refused:
        read(monkeypatch, FLORIN_JWT_JWKS_URL=url)
    assert "password@" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080/keys",
        "http://127.0.0.1/keys",
        "http://[::1]:8080/keys",
        "https://localhost/keys",
        "https://login.example.com:8443/realms/a/keys?version=1",
    ],
)
def test_on_this_machine_they_may_come_without(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert read(monkeypatch, FLORIN_JWT_JWKS_URL=url).jwt_jwks_url == url
