"""Decides what becomes of a hold, or of a posted transaction: capture, void and reversal.

None of them can break a limit that was kept when the hold was made: a capture moves at most what
was reserved on each side, and a void gives it back. A reversal is a posting like any other, and
meets the limits as such.
"""

from typing import TypeAlias
from uuid import UUID

import msgspec

from ledger import amounts, legs, texts, transactions
from ledger.legs import AccountRefusal, Leg, LimitRefusal
from ledger.paths import Path
from ledger.records import Entry, Record, RecordedPosting
from ledger.refusals import InvalidAmount, InvalidInput
from ledger.resolution_refusals import (
    AlreadyCaptured,
    AlreadyReversed,
    AlreadyVoided,
    AmountExceedsHold,
    HoldExpired,
    NotReversible,
    TransactionNotFound,
    TransactionNotPending,
)
from ledger.transactions import CaptureRequest, ReversalRequest, VoidRequest
from ledger.worksheets import Worksheet

Carried: TypeAlias = tuple[Record, tuple[Entry, ...]]
StateRefusal: TypeAlias = TransactionNotPending | AlreadyCaptured | AlreadyVoided | HoldExpired
CaptureRefusal: TypeAlias = (
    TransactionNotFound
    | AccountRefusal
    | StateRefusal
    | InvalidInput
    | InvalidAmount
    | AmountExceedsHold
)
VoidRefusal: TypeAlias = TransactionNotFound | StateRefusal
ReversalRefusal: TypeAlias = (
    TransactionNotFound | AccountRefusal | NotReversible | AlreadyReversed | LimitRefusal
)


def capture(
    request: CaptureRequest, resolution_id: UUID, sheet: Worksheet
) -> Carried | CaptureRefusal:
    """Post a hold, wholly or so much of each posting; the rest is released."""
    record = sheet.record(request.transaction)
    if record is None:
        return _not_found(request)
    # As accounts: a frozen or closed one takes no postings, those of a hold included.
    refusal = legs.stopped_refusal(_legs(request.path, record, sheet))
    if refusal is not None:
        return refusal
    state_refusal = _state_refusal(request, record, sheet)
    if state_refusal is not None:
        return state_refusal
    postings = _captured(request, record, sheet)
    if not isinstance(postings, tuple):
        return postings
    captured = msgspec.structs.replace(
        record,
        state="POSTED",
        postings=postings,
        resolved_at=sheet.recorded_at,
        resolution_id=resolution_id,
        resolution_key=request.idempotency_key,
    )
    for posting in record.postings:
        sheet.release(posting)
    sheet.keep(captured)
    return captured, sheet.enter(captured)


def void(request: VoidRequest, resolution_id: UUID, sheet: Worksheet) -> Carried | VoidRefusal:
    """Release a hold. Nothing moves, so that accounts may be frozen."""
    record = sheet.record(request.transaction)
    if record is None:
        return _not_found(request)
    refusal = _state_refusal(request, record, sheet)
    if refusal is not None:
        return refusal
    voided = msgspec.structs.replace(
        record,
        state="VOIDED",
        resolved_at=sheet.recorded_at,
        resolution_id=resolution_id,
        resolution_key=request.idempotency_key,
    )
    for posting in record.postings:
        sheet.release(posting)
    sheet.keep(voided)
    return voided, ()


def reverse(
    request: ReversalRequest, transaction_id: UUID, sheet: Worksheet
) -> Carried | ReversalRefusal:
    """Post the mirror image of a posted transaction: what was captured, where it was a hold."""
    record = sheet.record(request.transaction)
    if record is None:
        return _not_found(request)
    mirrored = tuple(
        RecordedPosting(one.credit_account_id, one.debit_account_id, one.moved)
        for one in record.postings
    )
    reversal = Record(
        transaction_id,
        request.idempotency_key,
        transactions.fingerprint(request),
        mirrored,
        effective_at=request.effective_at,
        reverses_id=record.transaction_id,
    )
    mirror_legs = _legs(request.path, reversal, sheet)
    refusal = (
        legs.stopped_refusal(mirror_legs)
        or _reversal_refusal(request, record, sheet)
        or legs.limit_refusal(mirror_legs)
    )
    if refusal is not None:
        return refusal
    sheet.keep(msgspec.structs.replace(record, reversed_by_id=transaction_id))
    sheet.keep(reversal)
    return reversal, sheet.enter(reversal)


def _legs(path: Path, record: Record, sheet: Worksheet) -> list[Leg]:
    return [
        Leg(
            path,
            position,
            None,
            sheet.books[posting.debit_account_id],
            sheet.books[posting.credit_account_id],
            posting.amount,
        )
        for position, posting in enumerate(record.postings)
    ]


def _not_found(request: CaptureRequest | VoidRequest | ReversalRequest) -> TransactionNotFound:
    shown = texts.shown(request.transaction.text)
    return TransactionNotFound(path=(*request.path, "transaction"), transaction=shown)


def _state_refusal(
    request: CaptureRequest | VoidRequest, record: Record, sheet: Worksheet
) -> StateRefusal | None:
    path = (*request.path, "transaction")
    transaction_id, key = record.transaction_id, record.idempotency_key
    match record.state_at(sheet.recorded_at):
        case "PENDING":
            return None
        case "EXPIRED":
            assert record.expires_at is not None
            return HoldExpired(
                path=path,
                transaction_id=transaction_id,
                idempotency_key=key,
                expires_at=record.expires_at,
            )
        case "VOIDED":
            return AlreadyVoided(path=path, transaction_id=transaction_id, idempotency_key=key)
        case "POSTED":
            kind = AlreadyCaptured if record.is_hold else TransactionNotPending
            return kind(path=path, transaction_id=transaction_id, idempotency_key=key)


def _captured(
    request: CaptureRequest, record: Record, sheet: Worksheet
) -> tuple[RecordedPosting, ...] | InvalidInput | InvalidAmount | AmountExceedsHold:
    """The postings with what is captured of each."""
    wanted = request.amounts
    if wanted is not None and len(wanted) != len(record.postings):
        problem = (
            f"there are {len(wanted)} amounts; the hold has {len(record.postings)} postings, and "
            "takes one amount for each, in their order"
        )
        return InvalidInput(path=(*request.path, "amounts"), problem=problem)
    captured: list[RecordedPosting] = []
    for position, posting in enumerate(record.postings):
        taken: int | None = posting.amount
        if wanted is not None:
            account = sheet.books[posting.debit_account_id].account
            taken = wanted[position].minor_units(account.exponent)
            path = (*request.path, "amounts", str(position))
            if taken is None:
                problem = (
                    f"{request.amount_texts[position]} has {wanted[position].decimals} decimals; "
                    f"{account.currency} has {account.exponent}"
                )
                return InvalidAmount(path=path, problem=problem)
            if taken > posting.amount:
                return AmountExceedsHold(
                    path=path,
                    transaction_id=record.transaction_id,
                    idempotency_key=record.idempotency_key,
                    currency=account.currency,
                    held=amounts.render(posting.amount, account.exponent),
                    requested=amounts.render(taken, account.exponent),
                )
        captured.append(msgspec.structs.replace(posting, captured=taken))
    return tuple(captured)


def _reversal_refusal(
    request: ReversalRequest, record: Record, sheet: Worksheet
) -> NotReversible | AlreadyReversed | None:
    path = (*request.path, "transaction")
    transaction_id, key = record.transaction_id, record.idempotency_key
    state = record.state_at(sheet.recorded_at)
    if state != "POSTED":
        return NotReversible(
            path=path, transaction_id=transaction_id, idempotency_key=key, state=state
        )
    if record.reversed_by_id is not None:
        return AlreadyReversed(
            path=path,
            transaction_id=transaction_id,
            idempotency_key=key,
            reversal_id=record.reversed_by_id,
        )
    return None
