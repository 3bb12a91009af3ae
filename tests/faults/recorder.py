"""The recorder: knows what each client asked for, and every answer that each of them got."""

from collections import Counter
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

Kind = Literal["post", "hold", "capture"]


class Movement(msgspec.Struct, frozen=True):
    """One posting as it was asked for, in minor units."""

    debit: str
    credit: str
    amount: int


class Item(msgspec.Struct, frozen=True):
    """One thing to do under one idempotency key; a capture names the hold's key."""

    key: str
    kind: Kind
    movements: tuple[Movement, ...] = ()
    hold: str = ""


class Asked(msgspec.Struct, frozen=True):
    """What one HTTP request asks for, all or nothing; always sent alike, however often."""

    items: tuple[Item, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Of its items, in order."""
        return tuple(item.key for item in self.items)


class Acknowledged(msgspec.Struct, frozen=True):
    """The ids that were told, in the items' order, and whether each was there before."""

    ids: tuple[UUID, ...]
    replayed: tuple[bool, ...]


class Unknown(msgspec.Struct, frozen=True):
    """No word on whether it is done: an outage, a time limit, a cut connection."""

    reason: str
    said: str = ""


class Wrong(msgspec.Struct, frozen=True):
    """An answer that nobody should get here: a refusal, a masked fault, something malformed."""

    what: str


Outcome: TypeAlias = Acknowledged | Unknown | Wrong


class Attempt(msgspec.Struct, frozen=True):
    """One sending of a request, by the monotonic clock."""

    asked: Asked
    began_at: float
    ended_at: float
    outcome: Outcome


class Recorder:
    """Every attempt, in the order of their ends; nothing is forgotten."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        # In the order in which they were first sent: a capture comes after its hold.
        self.asked: dict[tuple[str, ...], Asked] = {}
        self.told: dict[str, set[UUID]] = {}
        self.sendings: Counter[tuple[str, ...]] = Counter()

    def sends(self, asked: Asked) -> None:
        """It is about to be sent; whatever becomes of it, it may be found."""
        self.asked.setdefault(asked.keys, asked)
        self.sendings[asked.keys] += 1

    def heard(self, attempt: Attempt) -> None:
        """What a client heard of it."""
        self.attempts.append(attempt)
        if isinstance(attempt.outcome, Acknowledged):
            told = zip(attempt.asked.items, attempt.outcome.ids, strict=True)
            for item, transaction_id in told:
                self.told.setdefault(item.key, set()).add(transaction_id)

    @property
    def acknowledged(self) -> int:
        """How many keys were acknowledged."""
        return len(self.told)

    @property
    def retried(self) -> int:
        """How many keys were sent more than once."""
        return sum(len(keys) for keys, times in self.sendings.items() if times > 1)

    def unsettled(self) -> list[Asked]:
        """Requests that were never acknowledged, in the order in which they were first sent."""
        return [asked for keys, asked in self.asked.items() if keys[0] not in self.told]

    def wrong(self) -> Counter[str]:
        """Answers that nobody should have got."""
        return Counter(one.outcome.what for one in self.attempts if isinstance(one.outcome, Wrong))

    def unknown(self) -> Counter[str]:
        """For which reasons clients were left without a word."""
        return Counter(
            one.outcome.reason for one in self.attempts if isinstance(one.outcome, Unknown)
        )

    def said(self) -> Counter[str]:
        """What they were told instead."""
        return Counter(
            one.outcome.said
            for one in self.attempts
            if isinstance(one.outcome, Unknown) and one.outcome.said
        )

    def longest_seconds(self) -> float:
        """How long the longest attempt took."""
        return max((one.ended_at - one.began_at for one in self.attempts), default=0.0)

    def first_acknowledged(self, since: float) -> float | None:
        """When the first request that began after a moment was acknowledged."""
        ends = [
            one.ended_at
            for one in self.attempts
            if one.began_at >= since and isinstance(one.outcome, Acknowledged)
        ]
        return min(ends, default=None)

    def last_unanswered(self, since: float) -> float | None:
        """When the last request that began after a moment was given up without a word."""
        ends = [
            one.ended_at
            for one in self.attempts
            if one.began_at >= since and not isinstance(one.outcome, Acknowledged)
        ]
        return max(ends, default=None)
