"""API keys: how they are made, told from what is none, and known again.

A key is `florin_`, 26 characters of its id, `_`, and 80 hexadecimal digits: a secret of 256 random
bits and a tag. The tag is a keyed hash of the rest, so that what was never made here is refused
without a look into the database; the hash that is stored there decides. Both are HMAC-SHA256
(RFC 2104) with a secret that is not in the database.
"""

import asyncio
import hmac
import re
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

from db import api_keys, loans
from db.api_keys import ApiKey
from db.pool import Pool
from ledger import identifiers
from server.callers import Scope

# How long a row is trusted before it is read again, and so how long a revoked key may still work.
TRUST_SECONDS: Final = 1.0
# Rows that are kept. More keys than this at once only cost more look-ups.
_KNOWN_MAX: Final = 10_000
_SECRET_BYTES: Final = 32
_TAG_BYTES: Final = 8
_PREFIX: Final = "florin_"
_TEXT: Final = re.compile(r"florin_([0-7][0-9a-hjkmnp-tv-z]{25})_([0-9a-f]{64})([0-9a-f]{16})")


class Presented(msgspec.Struct, frozen=True, gc=False):
    """What a key's text says, once its tag is right."""

    key_id: UUID
    secret_hash: bytes


class KnownKey(msgspec.Struct, frozen=True, gc=False):
    """A key as it is stored, ready for use: its public name, and its ledgers' ids by code."""

    key_id: UUID
    name: str
    secret_hash: bytes
    scopes: frozenset[Scope]
    ledgers: dict[str, int]
    expires_at: datetime | None
    revoked_at: datetime | None

    @staticmethod
    def of(row: ApiKey) -> "KnownKey":
        """What a row says."""
        return KnownKey(
            key_id=row.key_id,
            name=identifiers.render("key", row.key_id),
            secret_hash=row.secret_hash,
            scopes=frozenset(map(Scope, row.scopes)),
            ledgers=dict(zip(row.ledger_codes, row.ledger_ids, strict=True)),
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
        )


class Minted(msgspec.Struct, frozen=True, gc=False):
    """A new key: its text, which is shown once, and what is stored."""

    text: str
    key_id: UUID
    secret_hash: bytes
    hashed_with: bytes


class KeyMaker:
    """Makes and reads keys with a secret of this installation's own."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        # Which secret it is, without telling anything of it.
        self.name: Final = self._digest(b"name", b"")[:_TAG_BYTES]

    def mint(self) -> Minted:
        """A key that nobody has."""
        key_id, secret = identifiers.now(), secrets.token_bytes(_SECRET_BYTES)
        suffix = identifiers.render("key", key_id).removeprefix("key_")
        content = key_id.bytes + secret
        text = f"{_PREFIX}{suffix}_{(secret + self._tag(content)).hex()}"
        return Minted(text, key_id, self._digest(b"hash", content), self.name)

    def read(self, text: str) -> Presented | None:
        """What a key's text says; None of what was not made with this secret."""
        found = _TEXT.fullmatch(text)
        key_id = None if found is None else identifiers.parse("key", f"key_{found[1]}")
        if found is None or key_id is None:
            return None
        content = key_id.bytes + bytes.fromhex(found[2])
        if not hmac.compare_digest(self._tag(content), bytes.fromhex(found[3])):
            return None
        return Presented(key_id, self._digest(b"hash", content))

    def _tag(self, content: bytes) -> bytes:
        return self._digest(b"tag", content)[:_TAG_BYTES]

    def _digest(self, purpose: bytes, content: bytes) -> bytes:
        return hmac.digest(self._secret, purpose + b":" + content, sha256)


def is_api_key(credential: str) -> bool:
    """Whether a credential is meant to be an API key."""
    return credential.startswith(_PREFIX)


class ApiKeys:
    """The keys that are in use, each looked up once a second at most."""

    def __init__(self, pool: Pool, maker: Callable[[], KeyMaker | None]) -> None:
        """``maker`` is asked until there is one: the first key may be made while this runs."""
        self._pool = pool
        self._ask_for_maker = maker
        self._maker: KeyMaker | None = None
        self._known: dict[UUID, tuple[float, KnownKey | None]] = {}
        self._looking: dict[UUID, asyncio.Task[KnownKey | None]] = {}
        # By a digest of the text, which is not kept: to read one takes ten times as long.
        self._read: dict[bytes, Presented] = {}
        self._used: dict[UUID, datetime] = {}

    async def find(self, text: str) -> KnownKey | None:
        """The key of a text, be it revoked or expired; None where it is none of ours.

        Raises the pool's and psycopg's errors when it has to be looked up and cannot be.
        """
        presented = self._presented(text)
        if presented is None:
            return None
        key = await self.by_id(presented.key_id)
        if key is None or not hmac.compare_digest(key.secret_hash, presented.secret_hash):
            return None
        self._used[key.key_id] = datetime.now(UTC)
        return key

    def _presented(self, text: str) -> Presented | None:
        digest = sha256(text.encode(errors="replace")).digest()
        known = self._read.get(digest)
        if known is not None:
            return known
        self._maker = self._maker or self._ask_for_maker()
        presented = None if self._maker is None else self._maker.read(text)
        if presented is not None:
            if len(self._read) >= _KNOWN_MAX:
                self._read.clear()
            self._read[digest] = presented
        return presented

    async def by_id(self, key_id: UUID) -> KnownKey | None:
        """A key as it was at most a second ago."""
        read_at, key = self._known.get(key_id, (0.0, None))
        if read_at and time.monotonic() - read_at < TRUST_SECONDS:
            return key
        looking = self._looking.get(key_id)
        if looking is None:
            # One for all who ask meanwhile, whoever of them leaves.
            looking = self._looking[key_id] = asyncio.create_task(self._look_up(key_id))
            looking.add_done_callback(lambda _: self._looking.pop(key_id))
        return await asyncio.shield(looking)

    async def _look_up(self, key_id: UUID) -> KnownKey | None:
        # Before the statement, so that nothing is trusted for longer than it may.
        read_at = time.monotonic()
        async with loans.directory(self._pool) as conn:
            row = await api_keys.by_id(conn, key_id)
        key = None if row is None else KnownKey.of(row)
        if len(self._known) >= _KNOWN_MAX:
            self._known.clear()
        self._known[key_id] = (read_at, key)
        return key

    async def note_use(self) -> None:
        """Write down when keys were last used, since the last time that this was done."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            async with loans.directory(self._pool) as conn:
                await api_keys.note_use(conn, used)
        except Exception:
            self._used = used | self._used
            raise

    async def close(self) -> None:
        """Stop looking, for the process ends."""
        looking = list(self._looking.values())
        for task in looking:
            task.cancel()
        if looking:
            await asyncio.wait(looking)
