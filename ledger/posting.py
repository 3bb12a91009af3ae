"""Decides what happens to what is asked of transactions: the rules of money, in a pure function.

``decide`` is given the locked accounts, the transactions that the requests name or whose keys they
use, and the requests in order. It returns an outcome for each request and what is to be written. A
request sees the effects of those before it, so that a batch gives exactly the outcomes of the same
requests sent one by one. Refusals come in one order, whatever the request's own order:

1. malformed input (decided before, in ``ledger.transactions``)
2. the key is bound to another request
3. a time that cannot be: an expiry that has passed, an effective time over a year ahead
4. an account, or the transaction to be captured, voided or reversed, does not exist
5. one account on both sides
6. an account is frozen, or closed (a void moves nothing, and asks for neither)
7. two currencies in one posting
8. a posting's amount with more decimals than its currency, or of more than 38 digits
9. the state: not pending, captured, voided or expired before; not posted, or reversed before
10. the amounts of a capture: one a posting, no finer than its currency, no more than is held
11. a floor, over the transaction's net effect on each account; of a hold, over all it may take
12. a ceiling, likewise
13. a counter that would pass 38 digits

A limit is only met by movement towards it: an account below its floor (because the floor was
raised) may still receive. Floors count what pending transactions may still take away, ceilings what
they may still bring; a hold counts in neither from the moment that it expires.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from ledger import legs, replays, resolutions, transactions, worksheets
from ledger.accounts import Account
from ledger.books import Book
from ledger.records import Entry, EventKind, Record, RecordedPosting
from ledger.refusals import BatchRefused, IdempotencyConflict, InvalidInput, PostingRefusal
from ledger.transactions import (
    CaptureRequest,
    Malformed,
    Request,
    ReversalRequest,
    TransactionRequest,
    VoidRequest,
)
from ledger.worksheets import Expired, Worksheet


class Posted(msgspec.Struct, frozen=True, gc=False):
    """Accepted: a new transaction, with the entries it makes; a hold makes none."""

    request: TransactionRequest | ReversalRequest
    recorded: Record
    entries: tuple[Entry, ...]


class Resolved(msgspec.Struct, frozen=True, gc=False):
    """Accepted: a hold is captured, with the entries it makes, or voided."""

    request: CaptureRequest | VoidRequest
    recorded: Record
    entries: tuple[Entry, ...]


class Replayed(msgspec.Struct, frozen=True, gc=False):
    """The same request was accepted before: nothing changes."""

    transaction_id: UUID


Outcome: TypeAlias = Posted | Resolved | Replayed | PostingRefusal

# As tuples: a union is made anew, and slower to be looked into, at each use.
_ACCEPTED: Final = (Posted, Resolved, Replayed)
_DONE: Final = (Posted, Resolved)
_RESOLUTIONS: Final = (CaptureRequest, VoidRequest)


class Decision(msgspec.Struct, frozen=True, gc=False):
    """An outcome for each request, in order, and what is to be written.

    ``books`` are those of the accounts that change. ``created`` and ``resolved`` are transactions
    as the whole batch leaves them: a hold that is captured in its own batch is created, POSTED.
    """

    outcomes: Sequence[Outcome]
    books: Sequence[Book] = ()
    created: Sequence[tuple[TransactionRequest | ReversalRequest, Record]] = ()
    resolved: Sequence[Record] = ()
    entries: Sequence[Entry] = ()

    @property
    def changes(self) -> bool:
        """Whether there is anything to be written."""
        return bool(self.created or self.resolved)

    @property
    def happened(self) -> list[tuple[UUID, EventKind]]:
        """What happened to which transaction, in order."""
        happened: list[tuple[UUID, EventKind]] = []
        for outcome in self.outcomes:
            if isinstance(outcome, Posted):
                kind: EventKind = "PENDING" if outcome.recorded.is_hold else "POSTED"
                happened.append((outcome.recorded.transaction_id, kind))
            elif isinstance(outcome, Resolved):
                kind = "VOIDED" if outcome.recorded.state == "VOIDED" else "CAPTURED"
                happened.append((outcome.recorded.transaction_id, kind))
        return happened

    @property
    def posted(self) -> list[Posted]:
        """The new transactions, as each was decided."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, Posted)]


def decide(
    requests: Sequence[Request | Malformed],
    *,
    accounts: Iterable[Account],
    recorded: Iterable[Record],
    recorded_at: datetime,
    transaction_ids: Sequence[UUID],
    atomic: bool,
    expired: Iterable[Expired] = (),
) -> Decision:
    """Decide the requests in order; ``transaction_ids`` has an ascending id for each.

    ``accounts`` are those of the requested ones that exist, ``recorded`` the transactions bound to
    any of the requests' keys or named by them, ``expired`` what the accounts' counters still hold
    of expired holds. With ``atomic``, one refusal refuses all, and the others say so.
    """
    sheet = worksheets.opened(
        recorded_at=recorded_at, accounts=accounts, expired=expired, recorded=recorded
    )
    outcomes: list[Outcome] = []
    for request, transaction_id in zip(requests, transaction_ids, strict=True):
        if isinstance(request, Malformed):
            outcomes.append(request)
        else:
            outcomes.append(_outcome(request, transaction_id, sheet))
    if atomic:
        refused = _first_refused(outcomes)
        if refused is not None:
            return Decision(_refuse_others(requests, outcomes, refused))
    return _decision(outcomes, sheet)


def recorded_time(clock: datetime, accounts: Iterable[Account]) -> datetime:
    """When the batch is recorded: the database's clock, read after the accounts were locked.

    It never runs against the order of an account's entries, even where a server's clock is set back
    or a standby with a slower one takes over: it is later than the last entry of every account.
    """
    last = max((a.last_entry_at for a in accounts if a.last_entry_at is not None), default=None)
    return clock if last is None else max(clock, last + timedelta(microseconds=1))


def effective_time_limit(recorded_at: datetime) -> datetime:
    """The latest effective time: the same moment of the next year."""
    try:
        return recorded_at.replace(year=recorded_at.year + 1)
    except ValueError:  # the 29th of February
        return recorded_at.replace(year=recorded_at.year + 1, month=3, day=1)


def _outcome(request: Request, transaction_id: UUID, sheet: Worksheet) -> Outcome:
    key = request.idempotency_key
    bound = sheet.bound(key, resolution=isinstance(request, _RESOLUTIONS))
    if bound is not None:
        field = replays.first_difference(request, bound, sheet)
        if field is None:
            return Replayed(bound.transaction_id)
        return IdempotencyConflict(
            path=(*request.path, "idempotencyKey"),
            idempotency_key=key,
            transaction_id=bound.transaction_id,
            field=field,
        )
    match request:
        case TransactionRequest():
            carried = _time_refusal(request, sheet) or _post(request, transaction_id, sheet)
            return Posted(request, *carried) if isinstance(carried, tuple) else carried
        case ReversalRequest():
            reversal = _time_refusal(request, sheet) or resolutions.reverse(
                request, transaction_id, sheet
            )
            return Posted(request, *reversal) if isinstance(reversal, tuple) else reversal
        case CaptureRequest():
            captured = resolutions.capture(request, transaction_id, sheet)
            return Resolved(request, *captured) if isinstance(captured, tuple) else captured
        case VoidRequest():
            voided = resolutions.void(request, transaction_id, sheet)
            return Resolved(request, *voided) if isinstance(voided, tuple) else voided


def _time_refusal(
    request: TransactionRequest | ReversalRequest, sheet: Worksheet
) -> InvalidInput | None:
    effective_at = request.effective_at
    if effective_at is not None and effective_at > effective_time_limit(sheet.recorded_at):
        problem = "it is more than a year ahead; post it nearer to its time"
        return InvalidInput(path=(*request.path, "effectiveAt"), problem=problem)
    expires_at = request.expires_at if isinstance(request, TransactionRequest) else None
    if expires_at is not None and expires_at <= sheet.recorded_at:
        problem = "that moment has passed; a hold expires in the future, or never if it is left out"
        return InvalidInput(path=(*request.path, "expiresAt"), problem=problem)
    return None


def _post(
    request: TransactionRequest, transaction_id: UUID, sheet: Worksheet
) -> tuple[Record, tuple[Entry, ...]] | PostingRefusal:
    asked = [
        legs.asked(request.path, position, posting, sheet)
        for position, posting in enumerate(request.postings)
    ]
    refusal = legs.account_refusal(asked) or legs.limit_refusal(asked, pending=request.pending)
    if refusal is not None:
        return refusal
    postings: list[RecordedPosting] = []
    for leg in asked:
        one, other, amount = leg.known()
        postings.append(RecordedPosting(one.account.account_id, other.account.account_id, amount))
    record = Record(
        transaction_id,
        request.idempotency_key,
        transactions.fingerprint(request),
        tuple(postings),
        "PENDING" if request.pending else "POSTED",
        request.effective_at,
        request.expires_at,
    )
    sheet.keep(record)
    if not request.pending:
        return record, sheet.enter(record)
    for kept in postings:
        sheet.hold(kept)
    return record, ()


def _decision(outcomes: Sequence[Outcome], sheet: Worksheet) -> Decision:
    # Each stands there twice, by its code, too.
    changed = [book for key, book in sheet.books.items() if type(key) is UUID and book.changed]
    done = [outcome for outcome in outcomes if isinstance(outcome, _DONE)]
    created = [(one.request, one.recorded) for one in done if isinstance(one, Posted)]
    entries = [entry for one in done for entry in one.entries]
    resolved: list[UUID] = []
    if len(created) < len(done):
        # As the whole batch leaves them.
        new = {record.transaction_id for _, record in created}
        created = [(request, sheet.records[record.transaction_id]) for request, record in created]
        named = (one.recorded.transaction_id for one in done if isinstance(one, Resolved))
        resolved = [transaction_id for transaction_id in named if transaction_id not in new]
    return Decision(
        outcomes,
        changed,
        created,
        [sheet.records[transaction_id] for transaction_id in resolved],
        entries,
    )


def _first_refused(outcomes: Sequence[Outcome]) -> int | None:
    for index, outcome in enumerate(outcomes):
        if not isinstance(outcome, _ACCEPTED):
            return index
    return None


def _refuse_others(
    requests: Sequence[Request | Malformed],
    outcomes: Sequence[Outcome],
    refused_index: int,
) -> list[Outcome]:
    done = [one for one in outcomes if isinstance(one, _DONE)]
    unbound = {one.request.idempotency_key for one in done}
    refused: list[Outcome] = []
    for request, outcome in zip(requests, outcomes, strict=True):
        if isinstance(outcome, _ACCEPTED):
            refused.append(BatchRefused(path=request.path, refused_index=refused_index))
        elif isinstance(outcome, IdempotencyConflict) and outcome.idempotency_key in unbound:
            # What it conflicts with is refused with it: there is nothing to show, the key is free.
            problem = f"the key stands in this batch before, with a different {outcome.field}"
            refused.append(InvalidInput(path=outcome.path, problem=problem))
        else:
            refused.append(outcome)
    return refused
