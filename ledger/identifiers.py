"""Ids: UUIDv7 inside, TypeIDs (``acct_…``, ``txn_…``, ``user_…``) outside.

UUIDv7 is RFC 9562 section 5.7; the TypeID text is version 0.3 of its specification.
"""

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import uuid_utils
from typeid import TypeID
from typeid.errors import TypeIDException

Prefix = Literal["user", "acct", "txn", "entry", "key"]

# 26 characters of suffix, a prefix, and an entry's version behind it.
_TEXT_MAX: Final = 64
_VERSION: Final = re.compile(r"[1-9][0-9]{0,17}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SEQUENCE_BITS: Final = 16
_RANDOM_BITS: Final = 62 - _SEQUENCE_BITS


def uuid7(at: datetime, *, sequence: int = 0) -> UUID:
    """A UUIDv7 for a moment: later moments, and at one moment later sequences, sort later.

    The 12 bits beside the milliseconds hold their fraction (RFC 9562 section 6.2, method 3) and
    ``sequence``, below 65,536, stands first in the random part (method 1).
    """
    low = sequence << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    return UUID(int=_moment(at) | low)


def uuid7_sequence(at: datetime, count: int) -> list[UUID]:
    """Ascending UUIDv7s for what is recorded at one moment, in order; at most 65,536."""
    moment = _moment(at)
    return [
        UUID(int=moment | sequence << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS))
        for sequence in range(count)
    ]


def first_uuid7(at: datetime) -> UUID:
    """The least UUIDv7 of a moment: ids made by ``uuid7`` at it or later are not below."""
    return UUID(int=_moment(at))


def now() -> UUID:
    """A UUIDv7 for this moment."""
    return uuid7(datetime.now(UTC), sequence=secrets.randbits(_SEQUENCE_BITS))


def render(prefix: Prefix, value: UUID) -> str:
    """The TypeID text of a UUID."""
    return str(TypeID.from_uuid(uuid_utils.UUID(int=value.int), prefix))


def parse(prefix: Prefix, text: str) -> UUID | None:
    """The UUID in a TypeID text; None where it is malformed or has another prefix."""
    if len(text) > _TEXT_MAX or not text.startswith(f"{prefix}_"):
        return None
    try:
        parsed = TypeID.from_string(text)
    except TypeIDException:
        return None
    return UUID(bytes=parsed.uuid_bytes) if parsed.prefix == prefix else None


def render_entry(account_id: UUID, version: int) -> str:
    """An entry's id: its account's and its number on that account."""
    return f"{render('entry', account_id)}_{version}"


def parse_entry(text: str) -> tuple[UUID, int] | None:
    """The account and the number in an entry's id; None where it is malformed."""
    head, _, number = text.rpartition("_")
    if not _VERSION.fullmatch(number):
        return None
    account_id = parse("entry", head)
    return None if account_id is None else (account_id, int(number))


def _moment(at: datetime) -> int:
    microseconds = max(0, (at - _EPOCH) // timedelta(microseconds=1))
    milliseconds, remainder = divmod(microseconds, 1000)
    fraction = remainder * 4096 // 1000
    return milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62
