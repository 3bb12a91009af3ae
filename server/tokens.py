"""JSON Web Tokens: which are believed, and what their claims open.

A token is believed that is signed with a key of the configured issuer (``server.key_sets``) by a
configured algorithm, is made out to Florin, and counts now. Before the signature is verified
nothing of it is used but its algorithm, which must be one of ours, and the key's id, which is
looked up in the issuer's set. Refusals say what is wrong with it, and of a token that the issuer
did not sign no more than that.
"""

import base64
import contextlib
import json
import re
import unicodedata
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from jwt import PyJWS
from jwt.exceptions import InvalidTokenError

from db.actions import LOCAL
from server.callers import ANONYMOUS, Scope
from server.key_sets import KeySet, KeySetUnavailableError
from server.token_settings import TokenSettings

# A token of ours has some 800 bytes; proxies take headers of 8 KB.
TOKEN_LENGTH_MAX: Final = 8 * 1024
# It is kept with everything that it does.
SUBJECT_LENGTH_MAX: Final = 200
LEDGERS_MAX: Final = 100
CODE_LENGTH_MAX: Final = 100
KEY_ID_LENGTH_MAX: Final = 200
# What clocks of well-kept machines may differ by.
LEEWAY_SECONDS: Final = 30.0
# API keys' ids begin with it; no token may be taken for one in what is recorded.
_KEY_ID_PREFIX: Final = "key_"
_SCOPE_PREFIX: Final = "florin:"
_SECONDS_MAX: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
# Tokens of these types are for something else: an ID of a logout, an event, a proof.
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})

# Base64 for URLs without padding, so that one token has one form.
_FORM: Final = re.compile(r"([\w-]+)\.[\w-]+\.[\w-]+", re.ASCII)
_MALFORMED: Final = "it is no JSON Web Token"
_NOT_SIGNED: Final = "it is not signed with a key of the configured issuer"


class TokenClaims(msgspec.Struct, frozen=True, gc=False):
    """What a token says: who (the subject), which ledgers, what it may do there, and until when.

    ``expires_at`` is when it is not believed any more, clocks' differences included. ``scopes`` may
    be empty.
    """

    subject: str
    ledger_codes: tuple[str, ...]
    scopes: frozenset[Scope]
    expires_at: datetime


class TokenRefusal(msgspec.Struct, frozen=True, gc=False):
    """Why a token is not believed: a sentence for whoever sent it."""

    message: str


class _RefusedError(Exception):
    """Why it is not believed, as the end of a sentence; never leaves this module."""


class Tokens:
    """The tokens of the configured issuer."""

    def __init__(self, settings: TokenSettings, keys: KeySet) -> None:
        self._settings = settings
        self._keys = keys
        self._signatures = PyJWS(algorithms=list(settings.jwt_algorithms))

    async def claims(self, token: str) -> TokenClaims | TokenRefusal:
        """What a token says where it is believed, and why not where it is not.

        Raises KeySetUnavailableError where the issuer's keys cannot be had. It takes some 100 to
        200 microseconds of the event loop, by the algorithm; ES384 and ES512 up to a millisecond.
        """
        try:
            return _claims(await self._payload(token), self._settings)
        except _RefusedError as refused:
            return TokenRefusal(f"The token is refused: {refused}.")

    async def ready(self) -> None:
        """Have the issuer's keys at hand; raises KeySetUnavailableError where they are not."""
        await self._keys.key(None, self._settings.jwt_algorithms[0])

    async def _payload(self, token: str) -> Mapping[str, Any]:
        """The claims of a token whose signature has been verified."""
        algorithm, key_id = self._header(token)
        key = await self._keys.key(key_id, algorithm)
        if key is None:
            raise _RefusedError(_NOT_SIGNED)
        try:
            verified = self._signatures.decode(token, key.public, [algorithm])
        except InvalidTokenError:
            raise _RefusedError(_NOT_SIGNED) from None
        return _json_object(verified)

    def _header(self, token: str) -> tuple[str, str | None]:
        """The algorithm and the key's id, which nobody has vouched for yet."""
        if len(token) > TOKEN_LENGTH_MAX:
            raise _RefusedError(f"it is longer than {TOKEN_LENGTH_MAX} characters")
        form = _FORM.fullmatch(token)
        if form is None:
            raise _RefusedError(_MALFORMED)
        header = _json_object(_decoded(form[1]))
        algorithm, key_id, type_ = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
        if algorithm not in self._settings.jwt_algorithms:
            raise _RefusedError("its algorithm is none of those that are allowed")
        # What is critical must be understood, and there is nothing of it that we do.
        if "crit" in header or "b64" in header:
            raise _RefusedError("its header asks for more than is understood")
        if not isinstance(type_, str) or type_.lower() not in _TYPES:
            raise _RefusedError("it is of another type")
        if key_id is not None and not (
            isinstance(key_id, str) and len(key_id) <= KEY_ID_LENGTH_MAX
        ):
            raise _RefusedError(_NOT_SIGNED)
        return str(algorithm), key_id


@asynccontextmanager
async def opened(settings: TokenSettings) -> AsyncIterator[Tokens | None]:
    """The tokens of the configured issuer while the block runs; None where there is none.

    Its keys are at hand when the block begins, unless the issuer is away: then later.
    """
    if settings.jwt_jwks_url is None:
        yield None
        return
    keys = KeySet(settings.jwt_jwks_url)
    tokens = Tokens(settings, keys)
    try:
        with contextlib.suppress(KeySetUnavailableError):
            await tokens.ready()
        yield tokens
    finally:
        await keys.close()


def _claims(payload: Mapping[str, Any], settings: TokenSettings) -> TokenClaims:
    """What the issuer has signed, where it is for us and counts now."""
    if payload.get("iss") != settings.jwt_issuer:
        raise _RefusedError("its issuer (iss) is another")
    audience = payload.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if settings.jwt_audience not in audiences or not all(isinstance(a, str) for a in audiences):
        raise _RefusedError("it is made out to another audience (aud)")
    expires = _expiry(payload)
    return TokenClaims(
        subject=_subject(payload.get("sub")),
        ledger_codes=_ledger_codes(payload, settings.jwt_ledgers_claim),
        scopes=_scopes(payload, settings.jwt_scopes_claim),
        expires_at=datetime.fromtimestamp(expires, UTC),
    )


def _expiry(payload: Mapping[str, Any]) -> float:
    """When it ends, in seconds; only of a token that counts now."""
    now = datetime.now(UTC).timestamp()
    expires = _seconds(payload, "exp")
    if expires is None:
        raise _RefusedError("it does not say when it expires (exp)")
    if now >= expires + LEEWAY_SECONDS:
        raise _RefusedError("it has expired")
    for name in ("nbf", "iat"):
        begins = _seconds(payload, name)
        if begins is not None and begins > now + LEEWAY_SECONDS:
            raise _RefusedError(f"it does not count yet ({name})")
    return expires + LEEWAY_SECONDS


def _seconds(payload: Mapping[str, Any], name: str) -> float | None:
    """A moment as the standard has it: a number of seconds since 1970, whole or not."""
    value = payload.get(name)
    if name not in payload:
        return None
    # To Python, true is a number, too.
    if isinstance(value, bool) or not (
        isinstance(value, int | float) and 0 <= value <= _SECONDS_MAX
    ):
        raise _RefusedError(f"its {name} is no time")
    return float(value)


def _subject(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _RefusedError("it does not say whose it is (sub)")
    if len(value) > SUBJECT_LENGTH_MAX or not value.isprintable():
        raise _RefusedError(
            f"its subject (sub) is not of 1 to {SUBJECT_LENGTH_MAX} printable characters"
        )
    looks = unicodedata.normalize("NFKC", value).strip().casefold()
    if looks.startswith(_KEY_ID_PREFIX) or looks in {ANONYMOUS, LOCAL.name}:
        raise _RefusedError("its subject (sub) could be taken for a credential of another kind")
    return value


def _ledger_codes(payload: Mapping[str, Any], claim: str) -> tuple[str, ...]:
    codes = payload.get(claim)
    codes = [codes] if isinstance(codes, str) else codes
    if not isinstance(codes, list) or not codes:
        raise _RefusedError(f"it names no ledger ({claim})")
    if len(codes) > LEDGERS_MAX or not all(map(_is_code, codes)):
        raise _RefusedError(f"its {claim} is no list of at most {LEDGERS_MAX} ledgers' codes")
    return tuple(dict.fromkeys(codes))


def _is_code(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= CODE_LENGTH_MAX and value.isprintable()


def _scopes(payload: Mapping[str, Any], claim: str) -> frozenset[Scope]:
    given = payload.get(claim, [])
    names = given.split(" ") if isinstance(given, str) else given
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _RefusedError(f"its {claim} is neither text nor a list of texts")
    return frozenset(scope for scope in Scope if _SCOPE_PREFIX + scope in names)


def _decoded(part: str) -> bytes:
    """Base64 for URLs, without padding; whatever else is in it is refused with the signature."""
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise _RefusedError(_MALFORMED) from None


def _json_object(text: bytes) -> dict[str, Any]:
    """A JSON object with each name once, so that nobody reads another thing in it."""
    try:
        found = json.loads(
            text.decode(), object_pairs_hook=_each_once, parse_constant=_not_a_number
        )
    except (ValueError, RecursionError):
        raise _RefusedError(_MALFORMED) from None
    if not isinstance(found, dict):
        raise _RefusedError(_MALFORMED)
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _not_a_number(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")
