"""What may be written into a log of an error: what went wrong and where, never with which values.

Messages of exceptions quote what they stumbled over: an idempotency key, a user's address, a
connection string. So a log has an exception's type, where it came from, and its message only where
that is known to be made of names and numbers.
"""

import re
import traceback
from collections.abc import Iterator, Sequence
from typing import Final

import psycopg
from graphql import GraphQLError
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

SECRET: Final = "***"  # noqa: S105 - what is shown in a secret's place

# Messages of these name types, attributes, modules and our own figures.
_NAMES_ONLY: Final = (
    AttributeError,
    ImportError,
    NameError,
    NotImplementedError,
    TimeoutError,
    PoolClosed,
    PoolTimeout,
    TooManyRequests,
)
# Ours say how many rows a write changed, and what COMMIT was answered with.
_OURS: Final = (AssertionError, RuntimeError)
# Of these classes of PostgreSQL's errors, the first line names tables, columns, constraints, roles
# and limits. That of others may quote a value, such as of data exceptions (22), or say anything
# (P0). Details and contexts quote rows, and are never shown.
_NAMING_CLASSES: Final = frozenset(
    {"08", "23", "25", "28", "3D", "40", "42", "53", "54", "55", "57", "58", "XX"}
)
# What libpq and psycopg say of a connection string, they say with a piece of it.
_OF_THE_CONNECTION_STRING: Final = re.compile(
    r"connection (option|info string)|conninfo|\bdsn\b|\bURI\b|missing \"=\"", re.IGNORECASE
)
_CHAIN_MAX: Final = 5


def described(error: BaseException) -> str:
    """An exception in one line."""
    message = _message(error)
    name = type(error).__name__
    return f"{name}: {message}" if message else name


def traced(error: BaseException) -> str:
    """An exception with the lines that it came through, and what caused it."""
    parts = []
    for number, one in enumerate(_chain(error)):
        lines = traceback.format_list(traceback.extract_tb(one.__traceback__))
        heading = "Traceback (most recent call last):\n" if lines else ""
        parts.append(f"{'while handling ' if number else ''}{heading}{''.join(lines)}")
        parts[-1] += described(one)
        if isinstance(one, BaseExceptionGroup):
            parts.extend(traced(inner) for inner in one.exceptions[:_CHAIN_MAX])
    return "\n\n".join(parts)


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(_CHAIN_MAX):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _message(error: BaseException) -> str:
    if isinstance(error, psycopg.Error) and not isinstance(error, _NAMES_ONLY):
        return _database_message(error)
    if isinstance(error, GraphQLError):
        return ""
    if isinstance(error, OSError):
        return error.strerror or ""
    if isinstance(error, (*_NAMES_ONLY, *_OURS)):
        return _one_line(str(error))
    return ""


def _database_message(error: psycopg.Error) -> str:
    if error.sqlstate is None:
        text = str(error)
        if isinstance(error, psycopg.OperationalError) and not _OF_THE_CONNECTION_STRING.search(
            text
        ):
            return _one_line(text)
        return ""
    told = [error.sqlstate]
    if error.sqlstate[:2] in _NAMING_CLASSES:
        told.append(_one_line(error.diag.message_primary or ""))
    if error.diag.constraint_name:
        told.append(f"({error.diag.constraint_name})")
    return " ".join(told)


def _one_line(text: str) -> str:
    return " ".join(text.split())


class Secrets:
    """Takes what must not be shown out of a text: the second wall, behind not writing it at all."""

    # Shorter ones, such as a password in a demonstration, would be found in every other word.
    LENGTH_MIN: Final = 6

    def __init__(self, secrets: Sequence[str]) -> None:
        kept = {secret for secret in secrets if len(secret) >= self.LENGTH_MIN}
        # A longer one may have a shorter one in it.
        self._kept = sorted(kept, key=len, reverse=True)

    def removed(self, text: str) -> str:
        """The text with each secret's place marked."""
        for secret in self._kept:
            if secret in text:
                text = text.replace(secret, SECRET)
        return text
