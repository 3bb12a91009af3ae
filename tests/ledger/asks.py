"""What may be asked of transactions, as plainly as a client says it, and when that is malformed.

Shares no code with ``ledger``. What exactly a text or metadata may be is not what this is about.
"""

import json
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple, TypeAlias
from uuid import UUID

# How an account or a transaction is named; None is a text that can be no name.
Name: TypeAlias = UUID | str | None
# What became of it and what that names, see ``naive_model``.
Answer: TypeAlias = tuple[str, str]


class Post(NamedTuple):
    """In each posting the debited account, the credited one, the amount."""

    key: str
    postings: tuple[tuple[Name, Name, str], ...]
    description: str = ""
    metadata: object = None
    effective_at: datetime | None = None
    pending: bool = False
    expires_at: datetime | None = None


class Capture(NamedTuple):
    """All of a hold, or an amount of each posting."""

    key: str
    transaction: Name
    amounts: tuple[str, ...] | None = None


class Void(NamedTuple):
    """Nothing of a hold."""

    key: str
    transaction: Name


class Reverse(NamedTuple):
    """A posted transaction, the other way round."""

    key: str
    transaction: Name
    description: str = ""
    metadata: object = None
    effective_at: datetime | None = None


Ask: TypeAlias = Post | Capture | Void | Reverse


def malformed(ask: Ask) -> Answer | None:
    """Why an ask is refused before anything is looked at."""
    if not 1 <= len(ask.key) <= 200 or ask.key != ask.key.strip() or "\x00" in ask.key:
        return "INVALID_INPUT", "idempotencyKey"
    match ask:
        case Post():
            return _malformed_postings(ask) or _malformed_contents(ask)
        case Capture():
            return _malformed_amounts(ask)
        case Reverse():
            return _malformed_contents(ask)
        case Void():
            return None


def decimals(text: str) -> int:
    """How many there are in a plain decimal."""
    return len(text.partition(".")[2])


def canonical(metadata: object) -> str:
    """The same text for the same metadata."""
    return json.dumps(metadata or {}, sort_keys=True)


def _malformed_postings(ask: Post) -> Answer | None:
    if not 1 <= len(ask.postings) <= 100:
        return "INVALID_INPUT", "postings"
    for i, (_, _, text) in enumerate(ask.postings):
        if not _positive(text):
            return "INVALID_AMOUNT", f"postings.{i}.amount"
    if ask.expires_at is not None and not ask.pending:
        return "INVALID_INPUT", "expiresAt"
    return None


def _malformed_amounts(ask: Capture) -> Answer | None:
    if ask.amounts is None:
        return None
    if not 1 <= len(ask.amounts) <= 100:
        return "INVALID_INPUT", "amounts"
    for i, text in enumerate(ask.amounts):
        if not _positive(text):
            return "INVALID_AMOUNT", f"amounts.{i}"
    return None


def _malformed_contents(ask: Post | Reverse) -> Answer | None:
    if len(ask.description) > 1000 or "\x00" in ask.description:
        return "INVALID_INPUT", "description"
    if not isinstance(ask.metadata, dict | None) or len(ask.metadata or {}) > 100:
        return "INVALID_INPUT", "metadata"
    return None


def _positive(text: str) -> bool:
    return _plain(text) and Fraction(text) > 0


def _plain(text: str) -> bool:
    whole, dot, fraction = text.removeprefix("-").partition(".")
    only_digits = all(character in "0123456789" for character in whole + fraction)
    return len(text) <= 80 and only_digits and whole != "" and (dot == "" or fraction != "")
