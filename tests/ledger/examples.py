"""Example accounts and requests, so that a test says only what matters to it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import NAMESPACE_URL, UUID, uuid5

from ledger import posting, transactions
from ledger.accounts import Account, AccountState, Side
from ledger.posting import Decision, Outcome, Posted, Recorded
from ledger.refusals import Path
from ledger.transactions import AccountKey, Malformed, TransactionRequest

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
) -> TransactionRequest | Malformed:
    """What becomes of a request as a client sends it."""
    return transactions.request(
        path=path,
        idempotency_key=key,
        postings=[(_key(debit), _key(credit), amount) for debit, credit, amount in legs],
        description=description,
        metadata_object=metadata,
    )


def request(
    *legs: Leg,
    key: str = "key",
    description: str = "",
    metadata: object = None,
    path: Path = PATH,
) -> TransactionRequest:
    """A well-formed request."""
    made = sent(*legs, key=key, description=description, metadata=metadata, path=path)
    assert isinstance(made, TransactionRequest), made
    return made


def decide(
    *requests: TransactionRequest | Malformed,
    accounts: Iterable[Account],
    recorded: Iterable[Recorded] = (),
    atomic: bool = False,
) -> Decision:
    """Decide a batch; its transactions have the ids 1, 2, 3…"""
    return posting.decide(
        requests,
        accounts=accounts,
        recorded=recorded,
        transaction_ids=transaction_ids(len(requests)),
        atomic=atomic,
    )


def outcome(
    made: TransactionRequest | Malformed,
    *accounts: Account,
    recorded: Iterable[Recorded] = (),
) -> Outcome:
    """What becomes of a request alone."""
    (alone,) = decide(made, accounts=accounts, recorded=recorded).outcomes
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
    """``POSTED``, ``REPLAYED`` or a refusal's code."""
    match of:
        case Posted():
            return "POSTED"
        case posting.Replayed():
            return "REPLAYED"
        case _:
            return of.code


def _key(name: str | AccountKey) -> AccountKey:
    return AccountKey(name, name) if isinstance(name, str) else name
