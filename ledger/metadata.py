"""Metadata: an application's own JSON object, bounded so that it never weighs on the ledger."""

import hashlib
import math
from collections.abc import Mapping
from typing import Final, TypeAlias

import orjson

JSONValue: TypeAlias = "bool | int | float | str | list[JSONValue] | Mapping[str, JSONValue] | None"
Metadata: TypeAlias = "Mapping[str, JSONValue]"

BYTES_MAX: Final = 16 * 1024
DEPTH_MAX: Final = 8
KEYS_MAX: Final = 100
# Whole numbers that every JSON reader keeps exact (RFC 8259 section 6).
_INTEGER_MAX: Final = 2**53 - 1


def problem(value: object) -> str | None:
    """Why a value cannot be metadata, in words that say what to do; None if it can."""
    if not isinstance(value, dict):
        return "metadata is a JSON object"
    if len(value) > KEYS_MAX:
        return f"metadata has {len(value)} keys; at most {KEYS_MAX} are kept"
    # The size first: it bounds the walk, which takes a hundred times as long.
    size = _size(value)
    if size is not None and size > BYTES_MAX:
        return f"metadata takes {size} bytes as JSON; at most {BYTES_MAX} are kept"
    return _problem_within(value, depth=1)


def digest(value: Metadata) -> bytes:
    """16 bytes that are equal for equal metadata, whatever the order of its keys."""
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=16).digest()


def merge(old: Metadata, changes: Metadata) -> dict[str, JSONValue]:
    """The old object with the changed keys; null removes a key (RFC 7396, first level only)."""
    removed = {key for key, value in changes.items() if value is None}
    return {key: value for key, value in {**old, **changes}.items() if key not in removed}


def _size(value: object) -> int | None:
    """Bytes as JSON; None for what is none, be it too deep, too large a number or no text."""
    try:
        return len(orjson.dumps(value))
    except orjson.JSONEncodeError:
        return None


def _problem_within(value: object, *, depth: int) -> str | None:
    if isinstance(value, str):
        return _problem_in_text(value)
    if isinstance(value, int | float):
        return _problem_in_number(value)
    if not isinstance(value, dict | list):
        return None
    if depth > DEPTH_MAX:
        return f"metadata is nested more than {DEPTH_MAX} deep"
    children = value if isinstance(value, list) else [*value.keys(), *value.values()]
    for child in children:
        found = _problem_within(child, depth=depth + 1)
        if found is not None:
            return found
    return None


def _problem_in_number(value: float) -> str | None:
    if isinstance(value, float) and not math.isfinite(value):
        return "metadata holds a number that is not finite; send it as a string"
    # Whole numbers beyond 64 bits arrive as floats, already rounded; and every float of this size
    # is whole, and comes back from PostgreSQL as such.
    if abs(value) > _INTEGER_MAX:
        return "metadata holds a whole number beyond 2^53; send it as a string"
    return None


def _problem_in_text(value: str) -> str | None:
    if "\x00" in value:
        return "metadata holds a NUL character, which PostgreSQL cannot store"
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        return "metadata holds half of a surrogate pair, which is not Unicode text"
    return None
