"""Ids: UUIDv7 inside, TypeIDs (``acct_…``, ``txn_…``, ``user_…``) outside.

UUIDv7 is RFC 9562 section 5.7; the TypeID text is version 0.3 of its specification.
"""

import re
import secrets
import struct
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from typeid import TypeID
from typeid.errors import TypeIDException

Prefix = Literal["user", "acct", "txn", "entry", "key"]

# 26 characters of suffix, a prefix, and an entry's version behind it.
_TEXT_MAX: Final = 64
_VERSION: Final = re.compile(r"[1-9][0-9]{0,17}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SEQUENCE_BITS: Final = 16
_RANDOM_BITS: Final = 62 - _SEQUENCE_BITS
_THIRTY_BITS: Final = 2**30 - 1
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
# What ten bits are written as.
_PAIRS: Final = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_RANDOM: Final = struct.Struct("!Q")


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
    # Asked for at once: the system's source of randomness is slow to answer, not to give much.
    random = _RANDOM.iter_unpack(secrets.token_bytes(_RANDOM.size * count))
    return [
        UUID(int=moment | sequence << _RANDOM_BITS | bits >> (64 - _RANDOM_BITS))
        for sequence, (bits,) in enumerate(random)
    ]


def first_uuid7(at: datetime) -> UUID:
    """The least UUIDv7 of a moment: ids made by ``uuid7`` at it or later are not below."""
    return UUID(int=_moment(at))


def now() -> UUID:
    """A UUIDv7 for this moment."""
    return UUID(int=_moment(datetime.now(UTC)) | secrets.randbits(_SEQUENCE_BITS + _RANDOM_BITS))


def render(prefix: Prefix, value: UUID) -> str:
    """The TypeID text of a UUID."""
    # By thirty bits, which are numbers that Python is quick with, and of those by ten: a third of
    # the time that the library takes, and answers are full of ids.
    number = value.int
    a, b = number >> 90, number >> 60 & _THIRTY_BITS
    c, d = number >> 30 & _THIRTY_BITS, number & _THIRTY_BITS
    pairs = _PAIRS
    return (
        f"{prefix}_{pairs[a >> 30]}"
        f"{pairs[a >> 20 & 1023]}{pairs[a >> 10 & 1023]}{pairs[a & 1023]}"
        f"{pairs[b >> 20]}{pairs[b >> 10 & 1023]}{pairs[b & 1023]}"
        f"{pairs[c >> 20]}{pairs[c >> 10 & 1023]}{pairs[c & 1023]}"
        f"{pairs[d >> 20]}{pairs[d >> 10 & 1023]}{pairs[d & 1023]}"
    )


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
