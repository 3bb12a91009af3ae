"""An issuer's keys come from the one place that is configured, in time and in bounds, or not."""

import gzip
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from server import key_sets
from server.key_sets import FRESH_SECONDS, KeySet, KeySetUnavailableError
from tests.certificates import Authority
from tests.issuers import Clock, Issuer, SigningKey, has, issuing, keys_at
from tests.servers import free_port

OLD, NEW = SigningKey("old"), SigningKey("new")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing(OLD) as running:
        yield running


@pytest.fixture
async def keys(issuer: Issuer, clock: Clock) -> AsyncIterator[KeySet]:
    async with keys_at(issuer.url, clock) as opened:
        yield opened


@pytest.mark.parametrize("names", [("127.0.0.1",), ("login.example.com",)])
@pytest.mark.parametrize("believed", [True, False])
async def test_an_issuers_certificate_is_verified(
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    names: tuple[str, ...],
    *,
    believed: bool,
) -> None:
    authority = Authority("An issuer's")
    authority.issue(tmp_path, *names)
    known = authority if believed else Authority("Another's")
    monkeypatch.setenv("SSL_CERT_FILE", str(known.write(tmp_path / "authorities.crt")))
    with issuing(OLD, certified=tmp_path) as issuer:
        async with keys_at(issuer.url, clock) as keys:
            if believed and names == ("127.0.0.1",):
                assert await has(keys)
                return
            with pytest.raises(KeySetUnavailableError) as unavailable:
                await has(keys)
    assert "certificate verify failed" in str(unavailable.value.__cause__).lower()


async def test_an_issuer_on_this_machine_is_not_asked_for_through_a_proxy(
    issuer: Issuer, keys: KeySet, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert await has(keys)
    assert issuer.asked == 1


async def test_a_redirection_is_not_followed(issuer: Issuer, clock: Clock) -> None:
    with issuing(NEW) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            issuer.status = status
            issuer.headers = {"location": elsewhere.url}
            async with keys_at(issuer.url, clock) as keys:
                with pytest.raises(KeySetUnavailableError):
                    await has(keys, "new")
        assert elsewhere.asked == 0


@pytest.mark.parametrize("name", ["delay_seconds", "pace_seconds"])
async def test_an_issuer_that_is_slow_is_waited_for_no_longer_than_the_limit(
    issuer: Issuer, keys: KeySet, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Also where each byte comes soon enough after the one before."""
    monkeypatch.setattr(key_sets, "FETCH_SECONDS_MAX", 0.3)
    setattr(issuer, name, {"delay_seconds": 1.0, "pace_seconds": 0.05}[name])
    began = time.perf_counter()
    with pytest.raises(KeySetUnavailableError):
        await has(keys)
    assert time.perf_counter() - began < 0.9


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"null",
        b"[]",
        b"{}",
        b'{"keys": null}',
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [null, 1, "key", []]}',
        b"[" * 100_000,
        b"\xff" * 100,
        json.dumps({"keys": [OLD.public()] * 101}).encode(),
        json.dumps({"keys": [OLD.public()], "padding": "x" * key_sets.BYTES_MAX}).encode(),
    ],
    ids=range(13),
)
async def test_what_is_no_key_set_or_too_large_does_not_replace_the_keys(
    issuer: Issuer, keys: KeySet, clock: Clock, body: bytes
) -> None:
    assert await has(keys)
    issuer.body = body
    clock.now += FRESH_SECONDS + 1
    assert await has(keys)
    assert issuer.asked == 2


async def test_a_key_set_that_never_ends_is_cut_off(
    issuer: Issuer, keys: KeySet, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.body = b" " * 50_000_000
    with pytest.raises(KeySetUnavailableError):
        await has(keys)
    assert "longer than" in caplog.text


async def test_a_key_set_that_was_compressed_is_not_blown_up(issuer: Issuer, keys: KeySet) -> None:
    issuer.body = gzip.compress(b" " * 10_000_000 + issuer.body)
    issuer.headers = {"content-encoding": "gzip"}
    with pytest.raises(KeySetUnavailableError):
        await has(keys)
