"""A transaction as it is recorded, and the entries that it makes."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from ledger.accounts import Side

TransactionState = Literal["PENDING", "POSTED", "VOIDED", "EXPIRED"]
# What happens to a transaction: it is held or posted; a hold is captured, voided, or expires.
EventKind = Literal["PENDING", "POSTED", "CAPTURED", "VOIDED", "EXPIRED"]


class RecordedPosting(msgspec.Struct, frozen=True, gc=False):
    """A posting as it was recorded; ``captured`` is what a captured hold moved of its amount."""

    debit_account_id: UUID
    credit_account_id: UUID
    amount: int
    captured: int | None = None

    @property
    def moved(self) -> int:
        """What the posting moved once it was posted."""
        return self.amount if self.captured is None else self.captured


class Record(msgspec.Struct, frozen=True, gc=False):
    """A transaction: what was asked, how far it is, and what took it there.

    ``resolution_key`` and ``resolution_id`` are of the request that captured or voided a hold. The
    state is as it was last written: a hold that has expired may still be PENDING.
    """

    transaction_id: UUID
    idempotency_key: str
    fingerprint: bytes
    postings: tuple[RecordedPosting, ...]
    state: TransactionState = "POSTED"
    effective_at: datetime | None = None
    expires_at: datetime | None = None
    resolved_at: datetime | None = None
    resolution_id: UUID | None = None
    resolution_key: str | None = None
    reverses_id: UUID | None = None
    reversed_by_id: UUID | None = None

    @property
    def is_hold(self) -> bool:
        """Whether it began pending."""
        return self.state != "POSTED" or self.resolved_at is not None

    def state_at(self, moment: datetime) -> TransactionState:
        """The state, exactly: a hold has expired from ``expires_at`` on, swept or not."""
        if self.state == "PENDING" and self.expires_at is not None and moment >= self.expires_at:
            return "EXPIRED"
        return self.state


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One account's side of one posting, to be written. Amounts are minor units."""

    account_id: UUID
    version: int
    transaction_id: UUID
    position: int
    side: Side
    amount: int
    balance_after: int
    debits_after: int
    effective_at: datetime | None = None
