"""Tokens: a good one opens what it says, and whoever forges or bends one gets nowhere."""

import hashlib
import hmac
import json
import math
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server import tokens
from server.callers import Scope
from server.settings import Settings
from server.tokens import Tokens
from tests.issuers import (
    AUDIENCE,
    ISSUER,
    Issuer,
    SigningKey,
    believed,
    claims,
    issuing,
    part,
    refusal,
    settings,
)

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA")


@pytest.fixture(scope="module")
def keys() -> dict[str, SigningKey]:
    return {name: SigningKey(name, name) for name in ALGORITHMS}


@pytest.fixture(scope="module")
def key(keys: dict[str, SigningKey]) -> SigningKey:
    return keys["ES256"]


@pytest.fixture(scope="module")
def issuer(keys: dict[str, SigningKey]) -> Iterator[Issuer]:
    with issuing(*keys.values()) as running:
        yield running


@pytest.fixture
async def florin(issuer: Issuer) -> AsyncIterator[Tokens]:
    async with tokens.opened(settings(issuer)) as opened:
        assert opened is not None
        yield opened


async def test_a_good_token_says_who_and_what_and_until_when(
    florin: Tokens, key: SigningKey
) -> None:
    said = claims()
    answer = await believed(florin, key.sign(said))
    assert answer.subject == "alice@example.com"
    assert answer.ledger_codes == ("main",)
    assert answer.scopes == {Scope.READ, Scope.WRITE}
    assert answer.expires_at.timestamp() == said["exp"] + tokens.LEEWAY_SECONDS


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_every_algorithm_that_is_allowed_verifies(
    issuer: Issuer, keys: dict[str, SigningKey], algorithm: str
) -> None:
    async with tokens.opened(settings(issuer, jwt_algorithms=algorithm)) as florin:
        assert florin is not None
        await believed(florin, keys[algorithm].sign(claims()))


@pytest.mark.parametrize("algorithm", ["PS256", "ES384", "ES512"])
async def test_an_algorithm_that_is_not_among_the_configured_is_refused(
    florin: Tokens, keys: dict[str, SigningKey], algorithm: str
) -> None:
    assert "algorithm" in await refusal(florin, keys[algorithm].sign(claims()))


async def test_without_an_issuer_there_are_no_tokens() -> None:
    async with tokens.opened(Settings()) as florin:
        assert florin is None


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "", None, 0, ["ES256"], {}])
@pytest.mark.parametrize("signature", ["", "AAAA"])
async def test_a_token_without_a_signature_is_refused(
    florin: Tokens, name: object, signature: str
) -> None:
    header = part({"alg": name, "typ": "JWT", "kid": "ES256"})
    assert await refusal(florin, f"{header}.{part(claims())}.{signature}")


@pytest.mark.parametrize("form", [PublicFormat.SubjectPublicKeyInfo, "jwk", "n"])
async def test_the_public_key_is_no_shared_secret(
    florin: Tokens, keys: dict[str, SigningKey], form: object
) -> None:
    key = keys["RS256"]
    public: Any = key.private.public_key()
    secret = {
        "jwk": json.dumps(key.public()).encode(),
        "n": key.public()["n"].encode(),
    }.get(str(form)) or public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'RS256'})}.{part(claims())}"
    made = hmac.digest(secret, signed.encode(), hashlib.sha256)
    assert "algorithm" in await refusal(florin, f"{signed}.{part(made)}")


async def test_a_key_that_is_not_the_issuers_signs_nothing(florin: Tokens) -> None:
    for algorithm in ("RS256", "ES256", "EdDSA"):
        forged = SigningKey(algorithm, algorithm).sign(claims())
        assert "not signed with a key" in await refusal(florin, forged)


async def test_a_key_verifies_only_what_fits_it(
    florin: Tokens, keys: dict[str, SigningKey]
) -> None:
    """Signed well, by a key of the issuer's, and said to be of another."""
    token = keys["RS256"].sign(claims(), kid="ES256")
    assert "not signed with a key" in await refusal(florin, token)


async def test_a_claim_that_was_changed_is_refused(florin: Tokens, key: SigningKey) -> None:
    header, _, signature = key.sign(claims()).split(".")
    forged = f"{header}.{part(claims(florin_ledgers=['main', 'other']))}.{signature}"
    assert "not signed with a key" in await refusal(florin, forged)


@pytest.mark.parametrize("signature", [b"", b"\0" * 64, b"\0" * 63, b"\xff" * 64, b"\0" * 1000])
async def test_a_signature_of_nothing_is_refused(florin: Tokens, signature: bytes) -> None:
    """Among them r = s = 0, which some verifiers took for a signature of anything."""
    header = part({"alg": "ES256", "typ": "JWT", "kid": "ES256"})
    assert await refusal(florin, f"{header}.{part(claims())}.{part(signature)}")


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": None},
        {"iss": ISSUER.rstrip("/")},
        {"iss": "https://login.example.com.attacker.example/"},
        {"iss": [ISSUER]},
        {"iss": {"is": ISSUER}},
        {"iss": ""},
        {"aud": None},
        {"aud": "other"},
        {"aud": "florin2"},
        {"aud": ""},
        {"aud": []},
        {"aud": ["other", "florin2"]},
        {"aud": [[AUDIENCE]]},
        {"aud": [AUDIENCE, 1]},
        {"aud": {AUDIENCE: 1}},
        {"aud": True},
    ],
)
async def test_a_token_of_another_issuer_or_for_another_audience_is_refused(
    florin: Tokens, key: SigningKey, changed: dict[str, Any]
) -> None:
    message = await refusal(florin, key.sign_text(json.dumps(claims() | changed).encode()))
    assert "iss" in message or "aud" in message
    # What it should be is nobody's business.
    assert ISSUER not in message


async def test_an_audience_may_be_one_of_several(florin: Tokens, key: SigningKey) -> None:
    await believed(florin, key.sign(claims(aud=["other", AUDIENCE])))


NOW = int(time.time())
# A number to JSON, and none to Python.
HUGE = "1e400"
NO_TIMES: tuple[object, ...] = (
    *(10**30, 10**400, HUGE, math.nan, math.inf, -math.inf, True, None, str(NOW), -1, [NOW], {}),
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("exp", moment) for moment in (*NO_TIMES, "absent", 0, NOW - 3600)),
        *(("nbf", moment) for moment in (*NO_TIMES, NOW + 86_400)),
        *(("iat", moment) for moment in (*NO_TIMES, NOW + 86_400)),
    ],
)
async def test_a_token_counts_only_in_its_time(
    florin: Tokens, key: SigningKey, name: str, value: object
) -> None:
    said = claims() | {name: value}
    if value == "absent":
        del said[name]
    payload = json.dumps(said).replace(f'"{HUGE}"', HUGE)
    assert await refusal(florin, key.sign_text(payload.encode()))


async def test_a_token_may_expire_in_fractions_of_a_second(florin: Tokens, key: SigningKey) -> None:
    await believed(
        florin, key.sign_text(json.dumps(claims() | {"exp": int(time.time()) + 300.5}).encode())
    )


async def test_clocks_may_differ_a_little(florin: Tokens, key: SigningKey) -> None:
    now = time.time()
    await believed(florin, key.sign(claims(exp=now - 20, nbf=now + 20, iat=now + 20)))
    assert "expired" in await refusal(florin, key.sign(claims(exp=now - 31)))
    assert "nbf" in await refusal(florin, key.sign(claims(nbf=now + 40)))
