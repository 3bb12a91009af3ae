"""What a token's header may say: which key, and nothing that would have another be believed."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from server import tokens
from server.tokens import Tokens
from tests.issuers import (
    Issuer,
    SigningKey,
    believed,
    claims,
    issuing,
    part,
    refusal,
    settings,
)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey("ES256")


@pytest.fixture(scope="module")
def issuer(key: SigningKey) -> Iterator[Issuer]:
    with issuing(key, SigningKey("other")) as running:
        yield running


@pytest.fixture
async def florin(issuer: Issuer) -> AsyncIterator[Tokens]:
    async with tokens.opened(settings(issuer)) as opened:
        assert opened is not None
        yield opened


@pytest.mark.parametrize(
    "key_id",
    [
        "unknown",
        "../../../../etc/passwd",
        "ES256\0",
        " ES256",
        "es256",
        "",
        "https://attacker.example/key.json",
        "' OR 1=1 --",
        "x" * 5000,
    ],
)
async def test_a_key_id_is_only_ever_looked_up(
    issuer: Issuer, florin: Tokens, key: SigningKey, key_id: str
) -> None:
    await florin.claims(key.sign(claims()))
    asked = issuer.asked
    assert "not signed with a key" in await refusal(florin, key.sign(claims(), kid=key_id))
    assert issuer.asked == asked


@pytest.mark.parametrize("key_id", [1, None, [], ["ES256"], {"kid": "ES256"}, True])
async def test_a_key_id_is_text(florin: Tokens, key: SigningKey, key_id: object) -> None:
    header, payload, signature = key.sign(claims()).split(".")
    header = part({"alg": "ES256", "kid": key_id})
    assert await refusal(florin, f"{header}.{payload}.{signature}")


async def test_a_token_must_name_its_key_where_there_are_several(
    florin: Tokens, key: SigningKey
) -> None:
    nameless = SigningKey(None)
    nameless.private = key.private
    assert "not signed with a key" in await refusal(florin, nameless.sign(claims()))


async def test_an_only_key_need_not_be_named(key: SigningKey) -> None:
    nameless = SigningKey(None)
    for published in (nameless, SigningKey("named")):
        nameless.private = published.private
        with issuing(published) as issuer:
            async with tokens.opened(settings(issuer)) as florin:
                assert florin is not None
                await believed(florin, nameless.sign(claims()))


async def test_keys_that_come_with_a_token_are_not_believed(issuer: Issuer, florin: Tokens) -> None:
    forger = SigningKey("ES256")
    with issuing(forger) as elsewhere:
        for header in (
            {"jwk": forger.public()},
            {"jku": elsewhere.url},
            {"x5u": elsewhere.url},
            {"x5c": ["MIIB"]},
            {"jwk": forger.public(), "kid": "own"},
            {"kid": elsewhere.url},
        ):
            message = await refusal(florin, forger.sign(claims(), **header))
            assert "not signed with a key" in message
        assert elsewhere.asked == 0


async def test_keys_that_come_with_a_good_token_are_let_be(florin: Tokens, key: SigningKey) -> None:
    """Some issuers always name the address of their keys."""
    with issuing(key) as elsewhere:
        await believed(florin, key.sign(claims(), jku=elsewhere.url, x5t="AAAA"))
        assert elsewhere.asked == 0


@pytest.mark.parametrize(
    "header", [{"crit": ["exp"]}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"b64": True}]
)
async def test_a_header_that_asks_for_more_is_refused(
    florin: Tokens, key: SigningKey, header: dict[str, Any]
) -> None:
    first = part({"alg": "ES256", "kid": "ES256", **header})
    _, payload, signature = key.sign(claims()).split(".")
    assert "more than is understood" in await refusal(florin, f"{first}.{payload}.{signature}")


@pytest.mark.parametrize("type_", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
async def test_a_token_may_say_of_which_type_it_is(
    florin: Tokens, key: SigningKey, type_: str
) -> None:
    await believed(florin, key.sign(claims(), typ=type_))


@pytest.mark.parametrize("type_", ["logout+jwt", "secevent+jwt", "dpop+jwt", "JWE", 1, ["JWT"]])
async def test_a_token_for_something_else_is_refused(
    florin: Tokens, key: SigningKey, type_: object
) -> None:
    header = part({"alg": "ES256", "kid": "ES256", "typ": type_})
    _, payload, signature = key.sign(claims()).split(".")
    assert "type" in await refusal(florin, f"{header}.{payload}.{signature}")
