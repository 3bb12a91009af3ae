"""What became of the transactions of a request: as it is answered, and as it is counted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec

from db.transactions import Transaction
from ledger.posting import Decision, Outcome, Posted, Replayed, Resolved
from ledger.records import Record
from ledger.refusals import PostingRefusal
from ledger.transactions import ReversalRequest, TransactionRequest


class PostTransactionSuccess(msgspec.Struct, frozen=True, gc=False):
    """It is done, now or (``replayed``) by an earlier request with its key."""

    transaction: Transaction
    replayed: bool


PostTransactionResult: TypeAlias = PostTransactionSuccess | PostingRefusal


def created(decision: Decision, recorded_at: datetime) -> dict[UUID, Transaction]:
    """The new transactions by their ids: they need no reading, for they are as they were written.

    A hold that its own batch captured takes effect now, too.
    """
    return {
        record.transaction_id: _transaction(request, record, recorded_at)
        for request, record in decision.created
    }


def earlier(decision: Decision) -> set[UUID]:
    """Which transactions were there before, and are replayed, captured or voided."""
    ids = {one.transaction_id for one in decision.outcomes if isinstance(one, Replayed)}
    ids |= {record.transaction_id for record in decision.resolved}
    ids -= {record.transaction_id for _, record in decision.created}
    return ids


def result_in_order(
    outcome: Outcome, rows: dict[UUID, Transaction], recorded_at: datetime
) -> PostTransactionResult | None:
    """The answer as it would have been if those that were decided after it had come later.

    ``rows`` are the transactions of the outcomes before it, and become those up to it. None where
    it shows one that was there before.
    """
    match outcome:
        case Posted(request=request, recorded=record):
            rows[record.transaction_id] = _transaction(request, record, recorded_at)
        case Resolved(recorded=record):
            if record.transaction_id not in rows:
                return None
            rows[record.transaction_id] = msgspec.structs.replace(
                rows[record.transaction_id],
                state=record.state,
                effective_at=record.effective_at or recorded_at,
                resolved_at=record.resolved_at,
            )
        case Replayed(transaction_id=transaction_id):
            if transaction_id not in rows:
                return None
    return result(outcome, rows)


def result(outcome: Outcome, rows: Mapping[UUID, Transaction]) -> PostTransactionResult:
    """The answer, with one of the transactions as they are now."""
    match outcome:
        case Posted() | Resolved():
            return PostTransactionSuccess(rows[outcome.recorded.transaction_id], replayed=False)
        case Replayed():
            return PostTransactionSuccess(rows[outcome.transaction_id], replayed=True)
        case _:
            return outcome


def counted(outcomes: Sequence[Outcome]) -> Counter[str]:
    """How many were posted, held, reversed, captured, voided or replayed; refused ones by code."""
    return Counter(map(_word, outcomes))


def _word(outcome: Outcome) -> str:
    match outcome:
        case Posted(recorded=recorded):
            if recorded.is_hold:
                return "held"
            return "posted" if recorded.reverses_id is None else "reversed"
        case Resolved(recorded=recorded):
            return "voided" if recorded.state == "VOIDED" else "captured"
        case Replayed():
            return "replayed"
        case _:
            return outcome.code


def _transaction(
    request: TransactionRequest | ReversalRequest, record: Record, recorded_at: datetime
) -> Transaction:
    return Transaction(
        transaction_id=record.transaction_id,
        idempotency_key=record.idempotency_key,
        state=record.state,
        description=request.description,
        metadata=request.metadata,
        effective_at=record.effective_at or recorded_at,
        created_at=recorded_at,
        resolved_at=record.resolved_at,
        expires_at=record.expires_at,
        reverses_id=record.reverses_id,
    )
