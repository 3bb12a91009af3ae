"""What tokens say of whose they are and what they open, and the forms that they must have."""

import json
from collections.abc import AsyncIterator, Iterator
from random import Random
from typing import Any

import pytest

from server import tokens
from server.callers import Scope
from server.settings import Settings
from server.tokens import TokenClaims, TokenRefusal, Tokens
from tests.issuers import (
    AUDIENCE,
    ISSUER,
    Issuer,
    SigningKey,
    claims,
    issuing,
    part,
    settings,
)


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey()


@pytest.fixture(scope="module")
def issuer(key: SigningKey) -> Iterator[Issuer]:
    with issuing(key) as running:
        yield running


@pytest.fixture
async def florin(issuer: Issuer) -> AsyncIterator[Tokens]:
    async with tokens.opened(settings(issuer)) as opened:
        assert opened is not None
        yield opened


@pytest.mark.parametrize(
    "subject",
    [
        *(None, "", " ", "\t", "a\nb", "a\0b", "\u202ealice", "\ud800", "\u200b", "x" * 201),
        *(1, True, ["alice"], {"sub": "alice"}, "key_01h455vb4pex5vsknk084sn02q", "KEY_x"),
        *(" key_x", "ｋｅｙ＿x", "anonymous", "Anonymous", "anonymous ", "ａnonymous"),  # noqa: RUF001
    ],
)
async def test_a_subject_that_could_mislead_is_refused(
    florin: Tokens, key: SigningKey, subject: object
) -> None:
    said = claims() | {"sub": subject}
    answer = await florin.claims(key.sign_text(json.dumps(said).encode()))
    assert isinstance(answer, TokenRefusal)
    assert "sub" in answer.message


@pytest.mark.parametrize("subject", ["alice", "auth0|5f7c", "Zoë Müller", "山田", "x" * 200, "key"])
async def test_a_subject_may_be_any_name(florin: Tokens, key: SigningKey, subject: str) -> None:
    answer = await florin.claims(key.sign(claims(sub=subject)))
    assert isinstance(answer, TokenClaims)
    assert answer.subject == subject


@pytest.mark.parametrize(
    ("given", "codes"),
    [
        ("main", ("main",)),
        (["main"], ("main",)),
        (["eu", "us", "eu"], ("eu", "us")),
        ([f"l{n}" for n in range(100)], tuple(f"l{n}" for n in range(100))),
    ],
)
async def test_ledgers_are_a_code_or_a_list_of_codes(
    florin: Tokens, key: SigningKey, given: object, codes: tuple[str, ...]
) -> None:
    answer = await florin.claims(key.sign(claims(florin_ledgers=given)))
    assert isinstance(answer, TokenClaims)
    assert answer.ledger_codes == codes


@pytest.mark.parametrize(
    "given",
    [
        *("absent", None, "", [], {}, {"main": True}, 1, True, ["main", 1], [["main"]], [None]),
        *(["main", ""], ["a\0b"], "\ud800", "x" * 101, [f"l{n}" for n in range(101)]),
        json.loads("[" * 200 + "]" * 200),
    ],
)
async def test_ledgers_of_another_form_open_nothing(
    florin: Tokens, key: SigningKey, given: object
) -> None:
    said = claims() | {"florin_ledgers": given}
    if given == "absent":
        del said["florin_ledgers"]
    answer = await florin.claims(key.sign_text(json.dumps(said).encode()))
    assert isinstance(answer, TokenRefusal)
    assert "florin_ledgers" in answer.message


@pytest.mark.parametrize(
    ("given", "scopes"),
    [
        ("florin:read", {Scope.READ}),
        ("openid florin:write profile", {Scope.WRITE}),
        (["florin:read", "florin:admin"], {Scope.READ, Scope.ADMIN}),
        # None of these is one of ours.
        ("", set()),
        ([], set()),
        ("read write admin", set()),
        ("florin:READ florin:* florin: xflorin:read florin:readx", set()),
        ("florin:read,florin:write", set()),
        (["florin:read florin:write"], set()),
        (["florin:read\n"], set()),
    ],
)
async def test_scopes_are_text_or_a_list_and_ours_only_by_their_whole_name(
    florin: Tokens, key: SigningKey, given: object, scopes: set[Scope]
) -> None:
    answer = await florin.claims(key.sign(claims(scope=given)))
    assert isinstance(answer, TokenClaims)
    assert answer.scopes == scopes


async def test_a_token_without_scopes_may_do_nothing(florin: Tokens, key: SigningKey) -> None:
    answer = await florin.claims(key.sign(claims(scope=None)))
    assert isinstance(answer, TokenClaims)
    assert answer.scopes == frozenset()


@pytest.mark.parametrize("given", [1, True, None, {"florin:admin": True}, [["florin:admin"]], [1]])
async def test_scopes_of_another_form_are_refused(
    florin: Tokens, key: SigningKey, given: object
) -> None:
    said = json.dumps(claims() | {"scope": given}).encode()
    answer = await florin.claims(key.sign_text(said))
    assert isinstance(answer, TokenRefusal)
    assert "scope" in answer.message


async def test_claims_may_be_called_otherwise(issuer: Issuer, key: SigningKey) -> None:
    settings = Settings(
        jwt_issuer=ISSUER,
        jwt_audience=AUDIENCE,
        jwt_jwks_url=issuer.url,
        jwt_ledgers_claim="https://example.com/ledgers",
        jwt_scopes_claim="permissions",
    )
    named: dict[str, Any] = {
        "https://example.com/ledgers": ["eu"],
        "permissions": ["florin:admin"],
    }
    async with tokens.opened(settings) as florin:
        assert florin is not None
        answer = await florin.claims(key.sign(claims(**named)))
    assert isinstance(answer, TokenClaims)
    assert answer.ledger_codes == ("eu",)
    assert answer.scopes == {Scope.ADMIN}


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"{",
        b"\xff\xfe",
        b"[" * 5000,
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b'{"exp": ' + b"9" * 5000 + b"}",
        json.dumps(claims()).encode("utf-16"),
        b"\xef\xbb\xbf" + json.dumps(claims()).encode(),
        json.dumps(claims()).encode() + b"{}",
    ],
    ids=range(13),
)
async def test_what_is_signed_must_be_one_object_of_claims(
    florin: Tokens, key: SigningKey, payload: bytes
) -> None:
    assert isinstance(await florin.claims(key.sign_text(payload)), TokenRefusal)


@pytest.mark.parametrize("name", ["sub", "exp", "iss", "florin_ledgers", "scope", "other"])
async def test_a_claim_that_is_there_twice_is_refused(
    florin: Tokens, key: SigningKey, name: str
) -> None:
    said = json.dumps(claims(other="1"))
    value = json.dumps(claims(other="1")[name])
    twice = f'{said[:-1]}, "{name}": {value}}}'
    assert isinstance(await florin.claims(key.sign_text(twice.encode())), TokenRefusal)


async def test_a_header_that_says_something_twice_is_refused(
    florin: Tokens, key: SigningKey
) -> None:
    _, payload, signature = key.sign(claims()).split(".")
    header = part(b'{"alg": "none", "alg": "ES256", "kid": "k1"}')
    answer = await florin.claims(f"{header}.{payload}.{signature}")
    assert answer == TokenRefusal("The token is refused: it is no JSON Web Token.")


@pytest.mark.parametrize(
    "bend",
    [
        lambda token: token + "=",
        lambda token: token + "==",
        lambda token: token + "A",
        lambda token: token + ".",
        lambda token: token + "\n",
        lambda token: " " + token,
        lambda token: token.replace(".", "=.", 1),
        lambda token: token.replace(".", "!.", 1),
        lambda token: token.replace(".", "..", 1),
        lambda token: token.replace(".", ".\u200b.", 1),
        lambda token: token.rpartition(".")[0],
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: "." + token,
        lambda token: f"{token}.{token}",
        lambda token: token.replace("-", "+").replace("_", "/") + "+",
        lambda token: token[:-1] + ("B" if token[-1] == "A" else "A"),
        lambda token: "Bearer " + token,
        lambda token: token.encode().hex(),
        lambda token: "",
        lambda token: ".." * 10,
        lambda token: "ｅyJ" + token[3:],  # noqa: RUF001
        lambda token: json.dumps({"payload": token}),
    ],
)
async def test_a_token_has_one_form_only(
    florin: Tokens,
    key: SigningKey,
    bend: Any,  # noqa: ANN401
) -> None:
    token = key.sign(claims())
    assert isinstance(await florin.claims(token), TokenClaims)
    assert isinstance(await florin.claims(bend(token)), TokenRefusal)


async def test_the_last_bits_of_a_signature_are_no_room_to_play(
    florin: Tokens, key: SigningKey
) -> None:
    """64 bytes end in a character of which four bits are not used."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = key.sign(claims())
    answers = [await florin.claims(token[:-1] + last) for last in alphabet]
    assert sum(isinstance(answer, TokenClaims) for answer in answers) == 1


async def test_a_token_is_bounded(florin: Tokens, key: SigningKey) -> None:
    longest = next(
        token
        for size in range(5900, 4000, -1)
        if len(token := key.sign(claims(other="x" * size))) <= tokens.TOKEN_LENGTH_MAX
    )
    assert isinstance(await florin.claims(longest), TokenClaims)
    for token in (longest + "A" * 10, "A" * 10_000_000, key.sign(claims(other="x" * 100_000))):
        answer = await florin.claims(token)
        assert isinstance(answer, TokenRefusal)
        assert "longer" in answer.message


async def test_whatever_becomes_of_a_token_it_is_refused_and_no_fault(
    florin: Tokens, key: SigningKey
) -> None:
    """Characters changed, taken out and put in, and headers and claims of any JSON."""
    random = Random(5)  # noqa: S311 - the same each time
    token = key.sign(claims())
    alphabet = "ABCxyz019-_=.+/ \0\n\u00e9\u202e{}\"'"
    for _ in range(1500):
        at, length = random.randrange(len(token)), random.choice((0, 0, 1, 1, 2, 40))
        put_in = "".join(random.choices(alphabet, k=random.choice((0, 1, 1, 2, 40))))
        bent = token[:at] + put_in + token[at + length :]
        if bent != token:
            assert isinstance(await florin.claims(bent), TokenRefusal), bent
    values: list[Any] = [None, True, 0, -1, 1.5, 10**40, "", "x", [], {}, [[]], {"a": [None]}]
    for name in ("alg", "kid", "typ", "crit", "b64", "jwk", "zip", "cty", "enc"):
        for value in values:
            header = {"alg": "ES256", "kid": "k1"} | {name: value}
            forged = f"{part(header)}.{part(claims())}.{part(b'0' * 64)}"
            assert isinstance(await florin.claims(forged), TokenRefusal), header
    for name in ("iss", "aud", "sub", "exp", "nbf", "iat", "florin_ledgers", "scope", "jti"):
        for value in values:
            said = json.dumps(claims() | {name: value}).encode()
            assert isinstance(await florin.claims(key.sign_text(said)), TokenClaims | TokenRefusal)
