"""Why a transaction cannot be captured, voided, reversed or updated: refusals that name it.

Each names the transaction by the idempotency key that it was requested with, which is what the
application knows it by, and by its id.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from ledger.paths import Path


class TransactionNotFound(msgspec.Struct, frozen=True, kw_only=True):
    """No such transaction."""

    code: ClassVar[str] = "TRANSACTION_NOT_FOUND"
    text: ClassVar[str] = (
        "There is no transaction {refusal.transaction!r}. Check the id, or the idempotency key "
        "that it was requested with."
    )
    path: Path
    transaction: str


class TransactionNotPending(msgspec.Struct, frozen=True, kw_only=True):
    """The transaction was posted at once: it is no hold, and there is nothing to resolve."""

    code: ClassVar[str] = "TRANSACTION_NOT_PENDING"
    text: ClassVar[str] = (
        "Transaction {refusal.idempotency_key!r} was posted at once and is no hold: there is "
        "nothing to capture or to void. To take it back, reverse it."
    )
    path: Path
    transaction_id: UUID
    idempotency_key: str


class AlreadyCaptured(msgspec.Struct, frozen=True, kw_only=True):
    """The hold was captured before, wholly or in part; what was not captured was released."""

    code: ClassVar[str] = "ALREADY_CAPTURED"
    text: ClassVar[str] = (
        "Hold {refusal.idempotency_key!r} was captured already, and a hold is captured once. To "
        "move more, post a transaction; to take it back, reverse it."
    )
    path: Path
    transaction_id: UUID
    idempotency_key: str


class AlreadyVoided(msgspec.Struct, frozen=True, kw_only=True):
    """The hold was voided before: its funds are free again."""

    code: ClassVar[str] = "ALREADY_VOIDED"
    text: ClassVar[str] = (
        "Hold {refusal.idempotency_key!r} was voided already, and its funds are free. To move "
        "money, post a transaction or make a new hold."
    )
    path: Path
    transaction_id: UUID
    idempotency_key: str


class HoldExpired(msgspec.Struct, frozen=True, kw_only=True):
    """The hold's time had run out: its funds are free again."""

    code: ClassVar[str] = "HOLD_EXPIRED"
    text: ClassVar[str] = (
        "Hold {refusal.idempotency_key!r} expired at {refusal.expires_at:%Y-%m-%dT%H:%M:%S.%fZ}, "
        "and its funds are free. Make a new hold, or post a transaction."
    )
    path: Path
    transaction_id: UUID
    idempotency_key: str
    expires_at: datetime


class AmountExceedsHold(msgspec.Struct, frozen=True, kw_only=True):
    """A posting's captured amount is more than was held for it."""

    code: ClassVar[str] = "AMOUNT_EXCEEDS_HOLD"
    text: ClassVar[str] = (
        "Hold {refusal.idempotency_key!r} reserves {refusal.held} {refusal.currency} there, less "
        "than the {refusal.requested} to be captured. Capture that much or less; the rest needs a "
        "transaction of its own."
    )
    path: Path
    transaction_id: UUID
    idempotency_key: str
    currency: str
    held: str
    requested: str


class AlreadyReversed(msgspec.Struct, frozen=True, kw_only=True):
    """The transaction was reversed before, and a transaction is reversed once."""

    code: ClassVar[str] = "ALREADY_REVERSED"
    text: ClassVar[str] = (
        "Transaction {refusal.idempotency_key!r} was reversed already, and a transaction is "
        "reversed once. The refusal shows its reversal."
    )
    path: Path
    transaction_id: UUID
    idempotency_key: str
    reversal_id: UUID


class NotReversible(msgspec.Struct, frozen=True, kw_only=True):
    """Only what is posted can be reversed; a hold has moved nothing."""

    code: ClassVar[str] = "NOT_REVERSIBLE"
    text: ClassVar[str] = (
        "Transaction {refusal.idempotency_key!r} is {refusal.state} and has moved nothing; only "
        "what is posted can be reversed. A pending hold can be voided."
    )
    path: Path
    transaction_id: UUID
    idempotency_key: str
    state: str
