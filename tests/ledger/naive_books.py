"""What the naive model keeps: accounts in major units, and what was done to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import TypeAlias
from uuid import UUID

from tests.ledger.asks import Name

# Codes of the debited and the credited account, and the amount.
Posting: TypeAlias = tuple[str, str, Fraction]


@dataclass
class NaiveAccount:
    """An account; ``pending_before`` is of holds that nobody here knows anything about."""

    code: str
    currency: str
    decimals: int
    grows_by: str
    state: str
    floor: Fraction | None
    ceiling: Fraction | None
    posted: dict[str, Fraction]
    pending_before: dict[str, Fraction]

    @property
    def shrinks_by(self) -> str:
        return "credit" if self.grows_by == "debit" else "debit"

    def copied(self) -> "NaiveAccount":
        """Another one, with nothing that both could change."""
        return replace(self, posted=dict(self.posted))


@dataclass
class Deed:
    """A transaction. ``ended`` says how a hold did, once that is written down."""

    number: int
    key: str
    postings: Sequence[Posting]
    recorded_at: datetime
    effective_at: datetime | None
    is_hold: bool
    expires_at: datetime | None = None
    ended: str = ""
    ended_at: datetime | None = None
    postings_captured: Sequence[Posting] | None = None
    reverses: int | None = None
    reversed_by: int | None = None

    @property
    def id(self) -> UUID:
        return UUID(int=self.number)

    @property
    def moved(self) -> Sequence[Posting]:
        """What it moves once it is posted."""
        return self.postings if self.postings_captured is None else self.postings_captured

    @property
    def moved_at(self) -> datetime | None:
        """When it was posted, if it ever was."""
        if not self.is_hold:
            return self.recorded_at
        return self.ended_at if self.ended == "CAPTURED" else None

    def state(self, now: datetime) -> str:
        if not self.is_hold or self.ended == "CAPTURED":
            return "POSTED"
        if self.ended:
            return self.ended
        return "EXPIRED" if self.expires_at is not None and self.expires_at <= now else "PENDING"


@dataclass
class Standing:
    """What is posted to and pending on an account, on each side."""

    account: NaiveAccount
    posted: dict[str, Fraction]
    pending: dict[str, Fraction]

    @property
    def balance(self) -> Fraction:
        return self.posted[self.account.grows_by] - self.posted[self.account.shrinks_by]

    @property
    def at_worst(self) -> Fraction:
        """If all that is pending and takes away goes through, and nothing else."""
        return self.balance - self.pending[self.account.shrinks_by]

    @property
    def at_best(self) -> Fraction:
        """If all that is pending and brings goes through, and nothing else."""
        return self.balance + self.pending[self.account.grows_by]

    def post(self, postings: Sequence[Posting], accounts: Mapping[Name, NaiveAccount]) -> None:
        self._add(self.posted, postings, accounts)

    def hold(self, postings: Sequence[Posting], accounts: Mapping[Name, NaiveAccount]) -> None:
        self._add(self.pending, postings, accounts)

    def _add(
        self,
        sums: dict[str, Fraction],
        postings: Sequence[Posting],
        accounts: Mapping[Name, NaiveAccount],
    ) -> None:
        for debit, credit, amount in postings:
            if accounts[debit] is self.account:
                sums["debit"] += amount
            if accounts[credit] is self.account:
                sums["credit"] += amount
