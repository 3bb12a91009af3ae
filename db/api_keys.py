"""API keys: who may open which ledgers. Of a key's secret only a keyed hash is stored.

With ``db.ledgers.BY_CODES`` and ``EVERY`` these are the only statements that belong to no ledger:
they find out which one a request is for.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

import msgspec
import psycopg
from psycopg.sql import SQL

from db import statements
from db.arrays import UUIDs
from db.statements import Connection


class ApiKey(msgspec.Struct, frozen=True, gc=False):
    """A key as it is stored; its ledgers' ids and codes are in the order of the ids."""

    key_id: UUID
    name: str
    secret_hash: bytes
    hashed_with: bytes
    scopes: list[str]
    ledger_ids: list[int]
    ledger_codes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key to be stored."""

    key_id: UUID
    name: str
    secret_hash: bytes
    hashed_with: bytes
    scopes: list[str]
    ledger_ids: list[int]
    expires_at: datetime | None


_SELECT: Final = SQL("""
    SELECT k.key_id, k.name, k.secret_hash, k.hashed_with, k.scopes, k.ledger_ids,
        ARRAY(
            SELECT l.code FROM florin.ledgers AS l
            WHERE l.ledger_id = ANY(k.ledger_ids) ORDER BY l.ledger_id
        ) AS ledger_codes,
        k.created_at, k.expires_at, k.revoked_at, k.last_used_at
    FROM florin.api_keys AS k""")

BY_ID: Final = SQL("{} WHERE k.key_id = %(key_id)s").format(_SELECT)

EVERY: Final = SQL("{} ORDER BY k.key_id").format(_SELECT)

# Revoked and expired ones, too: who has ever configured credentials is not served without.
EXIST: Final[LiteralString] = "SELECT EXISTS (SELECT FROM florin.api_keys)"

# With what secrets those that work were hashed.
SECRETS: Final[LiteralString] = """
    SELECT DISTINCT hashed_with
    FROM florin.api_keys
    WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
"""

# A key that was used again meanwhile, by another process, keeps the later time.
NOTE_USE: Final[LiteralString] = """
    UPDATE florin.api_keys AS k
    SET last_used_at = greatest(k.last_used_at, used.at)
    FROM unnest(%(key_ids)s::uuid[], %(used_at)s::timestamptz[]) AS used (key_id, at)
    WHERE k.key_id = used.key_id
"""

CREATE: Final[LiteralString] = """
    INSERT INTO florin.api_keys
        (key_id, name, secret_hash, hashed_with, scopes, ledger_ids, created_at, expires_at)
    VALUES (%(key_id)s, %(name)s, %(secret_hash)s, %(hashed_with)s, %(scopes)s, %(ledger_ids)s,
        now(), %(expires_at)s)
"""

REVOKE: Final[LiteralString] = """
    UPDATE florin.api_keys
    SET revoked_at = now()
    WHERE key_id = %(key_id)s AND revoked_at IS NULL
"""

EXPIRE: Final[LiteralString] = """
    UPDATE florin.api_keys
    SET expires_at = least(expires_at, %(expires_at)s)
    WHERE key_id = %(key_id)s AND revoked_at IS NULL
"""


async def by_id(conn: Connection, key_id: UUID) -> ApiKey | None:
    """One key, whatever its state; one round trip."""
    return await statements.one_row(conn, ApiKey, BY_ID, {"key_id": key_id})


async def exist(conn: Connection) -> bool:
    """Whether any key was ever made; one round trip."""
    (found,) = await statements.all_values(conn, bool, EXIST, {})
    return found


async def secrets(conn: Connection) -> list[bytes]:
    """The names of the secrets that keys which work were hashed with; one round trip."""
    return await statements.all_values(conn, bytes, SECRETS, {})


async def every(conn: Connection) -> list[ApiKey]:
    """All keys, oldest first; one round trip."""
    return await statements.all_rows(conn, ApiKey, EVERY, {})


async def note_use(conn: Connection, used: Mapping[UUID, datetime]) -> None:
    """Note when keys were last used; one round trip, in one order for all processes."""
    key_ids = sorted(used)
    parameters = {"key_ids": UUIDs(key_ids), "used_at": [used[key_id] for key_id in key_ids]}
    await conn.execute(NOTE_USE, parameters)


def create(conn: psycopg.Connection, new: NewApiKey) -> None:
    """Store a key. For the owner's login only, as all that follows."""
    conn.execute(CREATE, msgspec.structs.asdict(new))


def revoke(conn: psycopg.Connection, key_id: UUID) -> bool:
    """End a key for good; False where there is none that is not revoked already."""
    return conn.execute(REVOKE, {"key_id": key_id}).rowcount == 1


def expire(conn: psycopg.Connection, key_id: UUID, expires_at: datetime) -> bool:
    """End a key at a moment, unless it ends sooner; False where there is none."""
    return conn.execute(EXPIRE, {"key_id": key_id, "expires_at": expires_at}).rowcount == 1
