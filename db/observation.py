"""Whoever watches an operation: told what is asked of the database for its sake, while it runs.

It is held by a context variable, so that tasks which an operation starts tell the same one. Nobody
has to watch, and what is told costs next to nothing then.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Final, NamedTuple, Protocol


class Trace(Protocol):
    """Keeps the spans of one operation."""

    def statement(self, text: str) -> AbstractContextManager[None]:
        """One statement, as it is sent, which is without its values."""

    def batch(self, name: str, size: int) -> AbstractContextManager[None]:
        """One loader's batch: all statements of this task until it ends are part of it."""


class Shared(NamedTuple):
    """A database transaction that several operations shared, as one of them is told.

    ``size`` is how many they were, and ``statements`` what was sent for all of them; exactly one of
    them ``speaks`` for the others where something is to be counted once.
    """

    size: int
    statements: int
    waited_seconds: float
    speaks: bool


class Observation:
    """An operation as nobody watches it; those who do override what they want to hear of.

    ``statements`` counts what is sent, and ``trace`` is there where spans are kept.
    """

    __slots__ = ("statements", "trace")

    def __init__(self) -> None:
        self.statements = 0
        self.trace: Trace | None = None

    def batched(self, name: str, size: int) -> None:
        """A loader is about to read so many keys at once."""

    def retried(self) -> None:
        """A transaction was in another session's way and begins again."""

    def shared(self, shared: Shared) -> None:
        """What was asked was done together with what others asked."""

    def taken_apart(self) -> None:
        """What was to be done together with others is done by itself: together it failed."""

    def decided(self, outcomes: Mapping[str, int]) -> None:
        """How many transactions were posted, held, replayed and so on, or refused with a code."""


# Of whatever no operation asks for: one for all.
UNWATCHED: Final = Observation()

watching: Final[ContextVar[Observation]] = ContextVar("watching", default=UNWATCHED)
