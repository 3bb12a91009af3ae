"""Decides what happens to requested transactions: the rules of money, in one pure function.

``decide`` is given the locked accounts, the transactions already bound to the requests' keys, and
the requests in order. It returns an outcome for each request and the rows to write. A request sees
the effects of those before it, so that a batch gives exactly the outcomes of the same requests sent
one by one. Refusals come in one order, whatever the request's own order:

1. malformed input (decided before, in ``ledger.transactions``)
2. the key is bound to another request
3. an account does not exist
4. one account on both sides
5. an account is frozen, or closed
6. two currencies in one posting
7. an amount with more decimals than its currency, or of more than 38 digits
8. a floor, over the transaction's net effect on each account
9. a ceiling, likewise
10. a counter that would pass 38 digits

A limit is only met by movement towards it: an account below its floor (because the floor was
raised) may still receive. Floors count what pending transactions may still take away, ceilings what
they may still bring.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

import msgspec

from ledger import transactions
from ledger.accounts import Account, Side
from ledger.books import Book, Leg, account_refusal, limit_refusal
from ledger.refusals import BatchRefused, IdempotencyConflict, InvalidInput, PostingRefusal
from ledger.transactions import AccountKey, Malformed, TransactionRequest


class RecordedPosting(msgspec.Struct, frozen=True, gc=False):
    """A posting as it was recorded."""

    debit_account_id: UUID
    credit_account_id: UUID
    amount: int


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """A transaction that a key is bound to: what a second request with that key is held against."""

    transaction_id: UUID
    idempotency_key: str
    fingerprint: bytes
    postings: tuple[RecordedPosting, ...]


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One account's side of one posting, to be written."""

    account_id: UUID
    version: int
    transaction_id: UUID
    position: int
    side: Side
    amount: int
    balance_after: int
    debits_after: int


class Posted(msgspec.Struct, frozen=True, gc=False):
    """Accepted: to be written, with the entries it makes."""

    request: TransactionRequest
    recorded: Recorded
    entries: tuple[Entry, ...]


class Replayed(msgspec.Struct, frozen=True, gc=False):
    """The same request was accepted before: nothing changes."""

    transaction_id: UUID


Outcome: TypeAlias = Posted | Replayed | PostingRefusal


class Decision(msgspec.Struct, frozen=True, gc=False):
    """An outcome for each request, in order, and the books of the accounts that change."""

    outcomes: Sequence[Outcome]
    books: Sequence[Book]

    @property
    def posted(self) -> list[Posted]:
        """What is to be written."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, Posted)]


def decide(
    requests: Sequence[TransactionRequest | Malformed],
    *,
    accounts: Iterable[Account],
    recorded: Iterable[Recorded],
    transaction_ids: Sequence[UUID],
    atomic: bool,
) -> Decision:
    """Decide the requests in order; ``transaction_ids`` has an ascending id for each.

    ``accounts`` are those of the requested ones that exist, ``recorded`` the transactions bound to
    any of the requests' keys. With ``atomic``, one refusal refuses all, and the others say so.
    """
    books: dict[UUID | str | None, Book] = {}
    for account in accounts:
        books[account.account_id] = books[account.code] = Book(account)
    bound = {transaction.idempotency_key: transaction for transaction in recorded}
    outcomes: list[Outcome] = []
    for request, transaction_id in zip(requests, transaction_ids, strict=True):
        if not isinstance(request, TransactionRequest):
            outcomes.append(request)
            continue
        earlier = bound.get(request.idempotency_key)
        if earlier is not None:
            outcomes.append(_replay(request, earlier, books))
            continue
        outcome = _post(request, transaction_id, books)
        if isinstance(outcome, Posted):
            bound[request.idempotency_key] = outcome.recorded
        outcomes.append(outcome)
    if atomic:
        refused = _first_refused(outcomes)
        if refused is not None:
            return Decision(_refuse_others(requests, outcomes, refused), ())
    changed = {id(book): book for book in books.values() if book.changed}
    return Decision(outcomes, tuple(changed.values()))


def recorded_time(clock: datetime, accounts: Iterable[Account]) -> datetime:
    """When the batch is recorded: the database's clock, read after the accounts were locked.

    It never runs against the order of an account's entries, even where a server's clock is set back
    or a standby with a slower one takes over: it is later than the last entry of every account.
    """
    last = max((a.last_entry_at for a in accounts if a.last_entry_at is not None), default=None)
    return clock if last is None else max(clock, last + timedelta(microseconds=1))


def _replay(
    request: TransactionRequest,
    recorded: Recorded,
    books: Mapping[UUID | str | None, Book],
) -> Replayed | IdempotencyConflict:
    field = _first_difference(request, recorded, books)
    if field is None:
        return Replayed(recorded.transaction_id)
    return IdempotencyConflict(
        path=(*request.path, "idempotencyKey"),
        idempotency_key=request.idempotency_key,
        transaction_id=recorded.transaction_id,
        field=field,
    )


def _first_difference(
    request: TransactionRequest,
    recorded: Recorded,
    books: Mapping[UUID | str | None, Book],
) -> str | None:
    if len(request.postings) != len(recorded.postings):
        return "postings"
    for position, (asked, kept) in enumerate(zip(request.postings, recorded.postings, strict=True)):
        debit = _account_id(asked.debit, books)
        if debit is None or debit != kept.debit_account_id:
            return f"postings.{position}.debit"
        if _account_id(asked.credit, books) != kept.credit_account_id:
            return f"postings.{position}.credit"
        if asked.amount.minor_units(books[debit].account.exponent) != kept.amount:
            return f"postings.{position}.amount"
    fingerprint = transactions.fingerprint(request)
    if fingerprint[:16] != recorded.fingerprint[:16]:
        return "description"
    return None if fingerprint == recorded.fingerprint else "metadata"


def _account_id(account: AccountKey, books: Mapping[UUID | str | None, Book]) -> UUID | None:
    book = books.get(account.key)
    return None if book is None else book.account.account_id


def _post(
    request: TransactionRequest,
    transaction_id: UUID,
    books: Mapping[UUID | str | None, Book],
) -> Posted | PostingRefusal:
    legs: list[Leg] = []
    for position, posting in enumerate(request.postings):
        debit, credit = books.get(posting.debit.key), books.get(posting.credit.key)
        legs.append(Leg(request.path, position, posting, debit, credit))
    refusal = account_refusal(legs) or limit_refusal(legs)
    if refusal is not None:
        return refusal
    postings: list[RecordedPosting] = []
    entries: list[Entry] = []
    for leg in legs:
        debit, credit, amount = leg.known()
        postings.append(
            RecordedPosting(debit.account.account_id, credit.account.account_id, amount)
        )
        sides: tuple[tuple[Side, Book], ...] = (("DEBIT", debit), ("CREDIT", credit))
        for side, book in sides:
            book.post(side, amount)
            entries.append(
                Entry(
                    book.account.account_id,
                    book.version,
                    transaction_id,
                    leg.position,
                    side,
                    amount,
                    book.balance,
                    book.debits_posted,
                )
            )
    recorded = Recorded(
        transaction_id,
        request.idempotency_key,
        transactions.fingerprint(request),
        tuple(postings),
    )
    return Posted(request, recorded, tuple(entries))


def _first_refused(outcomes: Sequence[Outcome]) -> int | None:
    for index, outcome in enumerate(outcomes):
        if not isinstance(outcome, Posted | Replayed):
            return index
    return None


def _refuse_others(
    requests: Sequence[TransactionRequest | Malformed],
    outcomes: Sequence[Outcome],
    refused_index: int,
) -> list[Outcome]:
    unwritten = {one.recorded.transaction_id for one in outcomes if isinstance(one, Posted)}
    refused: list[Outcome] = []
    for request, outcome in zip(requests, outcomes, strict=True):
        if isinstance(outcome, Posted | Replayed):
            refused.append(BatchRefused(path=request.path, refused_index=refused_index))
        elif isinstance(outcome, IdempotencyConflict) and outcome.transaction_id in unwritten:
            # The transaction that it conflicts with is not going to be there to be shown.
            problem = f"the key stands in this batch before, with a different {outcome.field}"
            refused.append(InvalidInput(path=outcome.path, problem=problem))
        else:
            refused.append(outcome)
    return refused
