"""Example accounts and requests, so that a test says only what matters to it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from ledger import posting, transactions
from ledger.accounts import Account, AccountState, Side
from ledger.paths import Path
from ledger.posting import Decision, Outcome, Posted, Resolved
from ledger.records import Record
from ledger.transactions import (
    AccountKey,
    CaptureRequest,
    Malformed,
    Request,
    ReversalRequest,
    TransactionKey,
    TransactionRequest,
    VoidRequest,
)
from ledger.worksheets import Expired

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
PATH: Path = ("input",)

# (debit, credit, amount); an account is named by its code unless it says otherwise.
Leg: TypeAlias = tuple[str | AccountKey, str | AccountKey, str]


def account(
    code: str,
    *,
    currency: str = "USD",
    exponent: int = 2,
    normal_side: Side = "CREDIT",
    state: AccountState = "OPEN",
    floor: int | None = None,
    ceiling: int | None = None,
    debits_posted: int = 0,
    credits_posted: int = 0,
    debits_pending: int = 0,
    credits_pending: int = 0,
    version: int = 0,
    last_entry_at: datetime | None = None,
) -> Account:
    """An open, empty, unlimited wallet in US dollars, but for what is said. Minor units."""
    return Account(
        account_id=id_of(code),
        code=code,
        currency=currency,
        exponent=exponent,
        normal_side=normal_side,
        state=state,
        floor=floor,
        ceiling=ceiling,
        debits_posted=debits_posted,
        credits_posted=credits_posted,
        debits_pending=debits_pending,
        credits_pending=credits_pending,
        version=version,
        last_entry_at=last_entry_at,
    )


def replaced(it: Account, **fields: object) -> Account:
    """An account with something changed about it."""
    return msgspec.structs.replace(it, **fields)


def id_of(code: str) -> UUID:
    """The id of the example account with a code."""
    return uuid5(NAMESPACE_URL, code)


def by_id(code: str) -> AccountKey:
    """The example account with a code, named by its id."""
    return AccountKey(id_of(code), f"acct_{code}")


def sent(
    *legs: Leg,
    key: str = "key",
    description: str = "",
    metadata: object = None,
    path: Path = PATH,
    effective_at: datetime | None = None,
    pending: bool = False,
    expires_at: datetime | None = None,
) -> TransactionRequest | Malformed:
    """What becomes of a request as a client sends it."""
    return transactions.request(
        path=path,
        idempotency_key=key,
        postings=[(_key(debit), _key(credit), amount) for debit, credit, amount in legs],
        description=description,
        metadata_object=metadata,
        effective_at=effective_at,
        pending=pending,
        expires_at=expires_at,
    )


def request(
    *legs: Leg,
    key: str = "key",
    description: str = "",
    metadata: object = None,
    path: Path = PATH,
    effective_at: datetime | None = None,
) -> TransactionRequest:
    """A well-formed request."""
    made = sent(
        *legs,
        key=key,
        description=description,
        metadata=metadata,
        path=path,
        effective_at=effective_at,
    )
    assert isinstance(made, TransactionRequest), made
    return made


def hold(
    *legs: Leg,
    key: str = "hold",
    description: str = "",
    path: Path = PATH,
    effective_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> TransactionRequest:
    """A well-formed request for a hold."""
    made = sent(
        *legs,
        key=key,
        description=description,
        path=path,
        effective_at=effective_at,
        pending=True,
        expires_at=expires_at,
    )
    assert isinstance(made, TransactionRequest), made
    return made


def capture(
    transaction: str | UUID = "hold", *amounts: str, key: str = "capture", path: Path = PATH
) -> CaptureRequest:
    """A well-formed request to capture a hold, whole where no amounts are given."""
    made = transactions.capture(
        path=path,
        idempotency_key=key,
        transaction=transaction_key(transaction),
        amount_texts=amounts or None,
    )
    assert isinstance(made, CaptureRequest), made
    return made


def void(transaction: str | UUID = "hold", *, key: str = "void", path: Path = PATH) -> VoidRequest:
    """A well-formed request to void a hold."""
    made = transactions.void(
        path=path, idempotency_key=key, transaction=transaction_key(transaction)
    )
    assert isinstance(made, VoidRequest), made
    return made


def reversal(
    transaction: str | UUID = "key",
    *,
    key: str = "reversal",
    description: str = "",
    metadata: object = None,
    path: Path = PATH,
    effective_at: datetime | None = None,
) -> ReversalRequest:
    """A well-formed request to reverse a transaction."""
    made = transactions.reversal(
        path=path,
        idempotency_key=key,
        transaction=transaction_key(transaction),
        description=description,
        metadata_object=metadata,
        effective_at=effective_at,
    )
    assert isinstance(made, ReversalRequest), made
    return made


def transaction_key(transaction: str | UUID) -> TransactionKey:
    """A transaction by its key or its id."""
    return TransactionKey(transaction, str(transaction))


def decide(
    *requests: Request | Malformed,
    accounts: Iterable[Account],
    recorded: Iterable[Record] = (),
    expired: Iterable[Expired] = (),
    recorded_at: datetime = NOON,
    atomic: bool = False,
) -> Decision:
    """Decide a batch; its transactions have the ids 1, 2, 3…"""
    return posting.decide(
        requests,
        accounts=accounts,
        recorded=recorded,
        expired=expired,
        recorded_at=recorded_at,
        transaction_ids=transaction_ids(len(requests)),
        atomic=atomic,
    )


def outcome(
    made: Request | Malformed,
    *accounts: Account,
    recorded: Iterable[Record] = (),
    recorded_at: datetime = NOON,
) -> Outcome:
    """What becomes of a request alone."""
    decision = decide(made, accounts=accounts, recorded=recorded, recorded_at=recorded_at)
    (alone,) = decision.outcomes
    return alone


def posted(made: TransactionRequest, *accounts: Account) -> Posted:
    """A request that is accepted."""
    accepted = outcome(made, *accounts)
    assert isinstance(accepted, Posted), accepted
    return accepted


def transaction_ids(count: int) -> Sequence[UUID]:
    """Ascending, as ``decide`` wants them."""
    return [UUID(int=number) for number in range(1, count + 1)]


def kind(of: Outcome) -> str:
    """``POSTED``, ``PENDING``, ``CAPTURED``, ``VOIDED``, ``REPLAYED`` or a refusal's code."""
    match of:
        case Posted():
            return of.recorded.state
        case Resolved():
            return "CAPTURED" if of.recorded.state == "POSTED" else "VOIDED"
        case posting.Replayed():
            return "REPLAYED"
        case _:
            return of.code


def _key(name: str | AccountKey) -> AccountKey:
    return AccountKey(name, name) if isinstance(name, str) else name
