"""Authentication: whose request it is, and which ledger it is for, before any of it is read.

`Authorization: Bearer` has an API key or a token; `Florin-Ledger` names the ledger where the
credential opens several. A ledger that it does not open is answered like one that there is not.
Where no credentials are configured, whoever is on this machine may do everything.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from db import api_keys as stored
from db import faults, ledgers, loans
from db.pool import Pool
from ledger import identifiers
from ledger.texts import ledger_code_problem, shown
from server.api_keys import ApiKeys, KnownKey, is_api_key
from server.callers import ALL_SCOPES, ANONYMOUS, Caller, Denied
from server.key_sets import KeySetUnavailableError
from server.origins import is_loopback
from server.outcomes import BAD_REQUEST, FORBIDDEN, UNAUTHENTICATED
from server.tokens import TokenRefusal, Tokens

# Between two looks at whether an open connection's credential still counts.
_WATCH_SECONDS: Final = 5.0
_SHOWN_MAX: Final = 10
# What it usually is; to find out of any other takes longer.
_LOOPBACK: Final = "127.0.0.1"

# Of a server that is told to be reached from elsewhere.
NO_CREDENTIALS: Final = (
    "Florin does not serve on {host} without credentials, for whoever can reach it could move "
    "money. Make an API key with `florin key create`, or set FLORIN_JWT_ISSUER and what goes with "
    "it; or bind 127.0.0.1."
)
_NO_CREDENTIAL: Final = Denied(
    401,
    UNAUTHENTICATED,
    "Say who you are: send an API key or a token as `Authorization: Bearer …`. `florin key create` "
    "makes a key.",
)
_UNKNOWN_KEY: Final = Denied(401, UNAUTHENTICATED, "The API key is none of this server's.")
_REVOKED_KEY: Final = Denied(401, UNAUTHENTICATED, "The API key was revoked. Ask for a new one.")
_EXPIRED: Final = Denied(
    401, UNAUTHENTICATED, "The credential has expired. Come back with a new one."
)
_NO_TOKENS: Final = Denied(
    401, UNAUTHENTICATED, "The credential is no API key (florin_…), and tokens are not taken here."
)
_NOT_FROM_HERE: Final = Denied(
    403,
    FORBIDDEN,
    "No credentials are configured on this server, so it answers this machine alone. Make an API "
    "key with `florin key create`, or set FLORIN_JWT_ISSUER and what goes with it.",
)
# Whoever is on this machine, where no credentials are configured.
ANYBODY: Final = Caller(
    ledgers.DEFAULT_LEDGER_ID, ledgers.DEFAULT_LEDGER_CODE, ANONYMOUS, ALL_SCOPES
)


def is_unavailable(error: BaseException) -> bool:
    """Whether it is an outage that keeps a caller from being known."""
    return faults.is_outage(error) or isinstance(error, KeySetUnavailableError)


class Authenticator:
    """Knows callers by what they send."""

    def __init__(self, pool: Pool, keys: ApiKeys, tokens: Tokens | None) -> None:
        self._pool = pool
        self._keys = keys
        self._tokens = tokens
        # Until `refresh` has looked.
        self._is_open = False
        # Ledgers are never renamed and never go, so there are only as many as there are ledgers.
        self._known_ledger_ids: dict[str, int] = {}

    @property
    def is_open(self) -> bool:
        """Whether everybody on this machine may do everything: there are no credentials."""
        return self._is_open

    async def refresh(self) -> None:
        """See whether credentials are configured by now; once they are, they always will be."""
        if self._tokens is not None:
            return
        async with loans.directory(self._pool) as conn:
            self._is_open = not await stored.exist(conn)

    async def caller(
        self, authorization: str | None, ledger_code: str | None, client_host: str | None
    ) -> Caller | Denied:
        """Who sends these two headers from this address, or why that is not enough.

        Raises the pool's and psycopg's errors, and KeySetUnavailableError, where that cannot be
        found out now.
        """
        scheme, _, credential = (authorization or "").partition(" ")
        credential = credential.strip()
        if self._is_open and is_api_key(credential):
            # Somebody has just made the first one.
            await self.refresh()
        if self._is_open:
            return await self._anonymous(ledger_code, client_host)
        if scheme.lower() != "bearer" or not credential:
            return _NO_CREDENTIAL
        if is_api_key(credential):
            return await self._by_key(credential, ledger_code)
        return await self._by_token(credential, ledger_code)

    async def ended(self, caller: Caller) -> str:
        """Wait until a caller's credential counts no more, however long, and say why."""
        key_id = identifiers.parse("key", caller.credential)
        expires_at = caller.expires_at
        while True:
            seconds = _WATCH_SECONDS
            if expires_at is not None:
                left = (expires_at - datetime.now(UTC)).total_seconds()
                if left <= 0:
                    return _EXPIRED.message
                seconds = min(seconds, left)
            await asyncio.sleep(seconds)
            if caller.credential == ANONYMOUS and not self._is_open:
                return _NO_CREDENTIAL.message
            key = None if key_id is None else await self._seen_again(key_id)
            if key is not None:
                # Its expiry may have been brought forward, by a rotation.
                expires_at = key.expires_at
                if key.revoked_at is not None:
                    return _REVOKED_KEY.message

    async def _seen_again(self, key_id: UUID) -> KnownKey | None:
        """A key as it is now; None where that cannot be found out, which ends nothing."""
        try:
            return await self._keys.by_id(key_id)
        except Exception as error:
            if not faults.is_outage(error):
                raise
            return None

    async def _anonymous(self, ledger_code: str | None, client_host: str | None) -> Caller | Denied:
        # There is no address where the client came by a Unix socket.
        if client_host and client_host != _LOOPBACK and not is_loopback(client_host):
            return _NOT_FROM_HERE
        if ledger_code is None:
            return ANYBODY
        found = await self._ledger_ids([ledger_code])
        if ledger_code not in found:
            return _no_ledger(ledger_code)
        return Caller(found[ledger_code], ledger_code, ANONYMOUS, ALL_SCOPES)

    async def _by_key(self, text: str, ledger_code: str | None) -> Caller | Denied:
        key = await self._keys.find(text)
        if key is None:
            return _UNKNOWN_KEY
        if key.revoked_at is not None:
            return _REVOKED_KEY
        if key.expires_at is not None and key.expires_at <= datetime.now(UTC):
            return _EXPIRED
        chosen = _chosen(key.ledgers, ledger_code)
        if isinstance(chosen, Denied):
            return chosen
        return Caller(*chosen, key.name, key.scopes, key.expires_at)

    async def _by_token(self, token: str, ledger_code: str | None) -> Caller | Denied:
        if self._tokens is None:
            return _NO_TOKENS
        claims = await self._tokens.claims(token)
        if isinstance(claims, TokenRefusal):
            return Denied(401, UNAUTHENTICATED, claims.message)
        chosen = _chosen(await self._ledger_ids(claims.ledger_codes), ledger_code)
        if isinstance(chosen, Denied):
            return chosen
        return Caller(*chosen, claims.subject, claims.scopes, claims.expires_at)

    async def _ledger_ids(self, codes: Sequence[str]) -> dict[str, int]:
        """The ids of those of these ledgers that there are."""
        known = self._known_ledger_ids
        missing = [
            code for code in codes if code not in known and ledger_code_problem(code) is None
        ]
        if missing:
            async with loans.directory(self._pool) as conn:
                found = await ledgers.by_codes(conn, missing)
            known |= {one.code: one.ledger_id for one in found}
        return {code: known[code] for code in codes if code in known}


def _chosen(opens: Mapping[str, int], ledger_code: str | None) -> tuple[int, str] | Denied:
    """The id and code of the ledger that a credential's request is for."""
    if ledger_code is not None:
        ledger_id = opens.get(ledger_code)
        return _no_ledger(ledger_code) if ledger_id is None else (ledger_id, ledger_code)
    if len(opens) == 1:
        ((code, ledger_id),) = opens.items()
        return ledger_id, code
    if not opens:
        return Denied(403, FORBIDDEN, "The credential opens no ledger that there is.")
    names = ", ".join([*sorted(opens)[:_SHOWN_MAX], *(["…"] if len(opens) > _SHOWN_MAX else [])])
    return Denied(
        400,
        BAD_REQUEST,
        f"The credential opens several ledgers; name one of them in the header "
        f"Florin-Ledger: {names}.",
    )


def _no_ledger(ledger_code: str) -> Denied:
    """The same for what there is not and for what is somebody else's."""
    message = f"The credential opens no ledger {shown(ledger_code)!r} (header Florin-Ledger)."
    return Denied(403, FORBIDDEN, message)
