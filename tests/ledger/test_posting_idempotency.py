"""A key is bound by a success, and then stands for that one request and no other."""

from uuid import UUID

import msgspec
import pytest

from ledger.accounts import AccountState
from ledger.posting import Posted, Replayed
from ledger.records import Record
from ledger.refusals import IdempotencyConflict, InvalidInput, message
from ledger.transactions import AccountKey, TransactionRequest
from tests.ledger.examples import PATH, account, by_id, decide, kind, outcome, posted, request, sent

CASH = account("cash", normal_side="DEBIT")
WALLET = account("wallet")
FEES = account("fees")
ACCOUNTS = (CASH, WALLET, FEES)

FIRST = request(
    ("cash", "wallet", "12.30"),
    ("wallet", "fees", "1"),
    key="order 7",
    description="Top-up",
    metadata={"order": 7, "tags": {"a": 1, "b": 2}},
)


def recorded(made: TransactionRequest = FIRST) -> Record:
    """What is kept of a request after it was accepted, under another id than a test hands out."""
    return msgspec.structs.replace(
        posted(made, *ACCOUNTS).recorded,
        transaction_id=UUID("00000000-0000-7000-8000-0000000000aa"),
    )


def replace(made: TransactionRequest = FIRST, **fields: object) -> TransactionRequest:
    return msgspec.structs.replace(made, **fields)


SAME = {
    "sent again": FIRST,
    "at another place": replace(path=("input", "transactions", "3")),
    "accounts by id": request(
        (by_id("cash"), by_id("wallet"), "12.30"),
        ("wallet", by_id("fees"), "1"),
        key="order 7",
        description="Top-up",
        metadata=FIRST.metadata,
    ),
    "amounts with other zeros": request(
        ("cash", "wallet", "012.3"),
        ("wallet", "fees", "1.00"),
        key="order 7",
        description="Top-up",
        metadata=FIRST.metadata,
    ),
    "metadata in another order": replace(metadata={"tags": {"b": 2, "a": 1}, "order": 7}),
}


@pytest.mark.parametrize("again", SAME.values(), ids=SAME)
def test_the_same_request_has_the_same_transaction_again(again: TransactionRequest) -> None:
    decision = decide(again, accounts=ACCOUNTS, recorded=[recorded()])
    assert decision.outcomes == [Replayed(recorded().transaction_id)]
    assert not decision.books
    assert not decision.posted


@pytest.mark.parametrize("state", ["FROZEN", "CLOSED"])
def test_a_replay_does_not_mind_what_became_of_the_accounts(state: AccountState) -> None:
    stopped = [msgspec.structs.replace(one, state=state, floor=10**9) for one in ACCOUNTS]
    assert kind(outcome(FIRST, *stopped, recorded=[recorded()])) == "REPLAYED"


def test_a_replay_does_not_pay_twice() -> None:
    payer = account("payer", floor=0, credits_posted=500)
    once = request(("payer", "cash", "5"))
    decision = decide(once, once, once, accounts=[payer, CASH])
    assert [kind(one) for one in decision.outcomes] == ["POSTED", "REPLAYED", "REPLAYED"]
    assert {book.account.code: book.balance for book in decision.books} == {
        "payer": 0,
        "cash": -500,
    }


def test_within_a_batch_a_replay_names_the_transaction_before_it() -> None:
    first, second = decide(FIRST, FIRST, accounts=ACCOUNTS).outcomes
    assert isinstance(first, Posted)
    assert second == Replayed(first.recorded.transaction_id)


CASH_TO_WALLET, WALLET_TO_FEES = FIRST.postings
OTHER = {
    "postings": (CASH_TO_WALLET,),
    "postings.0.debit": (
        msgspec.structs.replace(CASH_TO_WALLET, debit=by_id("fees")),
        WALLET_TO_FEES,
    ),
    "postings.0.credit": (
        msgspec.structs.replace(CASH_TO_WALLET, credit=by_id("fees")),
        WALLET_TO_FEES,
    ),
    "postings.0.amount": request(("cash", "wallet", "12.31"), ("wallet", "fees", "1")).postings,
    "postings.1.debit": request(("cash", "wallet", "12.30"), ("cash", "fees", "1")).postings,
    "postings.1.credit": request(("cash", "wallet", "12.30"), ("wallet", "cash", "1")).postings,
    "postings.1.amount": request(("cash", "wallet", "12.30"), ("wallet", "fees", "10")).postings,
}


def conflict(field: str) -> IdempotencyConflict:
    return IdempotencyConflict(
        path=(*PATH, "idempotencyKey"),
        idempotency_key="order 7",
        transaction_id=recorded().transaction_id,
        field=field,
    )


@pytest.mark.parametrize(
    ("field", "other"),
    [
        *((field, replace(postings=postings)) for field, postings in OTHER.items()),
        ("postings", replace(postings=(*FIRST.postings, WALLET_TO_FEES))),
        ("postings.0.debit", replace(postings=(WALLET_TO_FEES, CASH_TO_WALLET))),
        ("description", replace(description="Top-Up")),
        ("description", replace(description="")),
        ("metadata", replace(metadata={"order": 8, "tags": {"a": 1, "b": 2}})),
        ("metadata", replace(metadata={})),
    ],
)
def test_another_request_with_a_bound_key_is_a_conflict_that_names_the_field(
    field: str, other: TransactionRequest
) -> None:
    decision = decide(other, accounts=ACCOUNTS, recorded=[recorded()])
    assert decision.outcomes == [conflict(field)]
    assert not decision.books


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("side", ["debit", "credit"])
@pytest.mark.parametrize("unknown", [AccountKey("nobody", "nobody"), AccountKey(None, "acct_no")])
def test_naming_an_account_that_does_not_exist_is_another_request(
    position: int, side: str, unknown: AccountKey
) -> None:
    postings = list(FIRST.postings)
    postings[position] = msgspec.structs.replace(postings[position], **{side: unknown})
    refused = outcome(replace(postings=tuple(postings)), *ACCOUNTS, recorded=[recorded()])
    assert refused == conflict(f"postings.{position}.{side}")


def test_an_amount_that_could_not_have_been_accepted_is_another_request() -> None:
    other = request(
        ("cash", "wallet", "12.300"), ("wallet", "fees", "1"), key="order 7", description="Top-up"
    )
    assert outcome(other, *ACCOUNTS, recorded=[recorded()]) == conflict("postings.0.amount")


def test_of_several_differences_the_first_is_named() -> None:
    others = [
        ("postings", replace(postings=(WALLET_TO_FEES,), description="", metadata={})),
        ("postings.0.amount", replace(postings=OTHER["postings.0.amount"], description="")),
        ("description", replace(description="", metadata={})),
    ]
    for field, other in others:
        assert outcome(other, *ACCOUNTS, recorded=[recorded()]) == conflict(field)


def test_a_conflict_says_which_key_which_field_and_what_to_do() -> None:
    assert message(conflict("postings.0.amount")) == (
        "Idempotency key 'order 7' already belongs to a request that differs in postings.0.amount. "
        "Send the first request unchanged to have its result again, or use a new key for a new "
        "request."
    )


def test_a_conflict_within_a_batch_names_the_transaction_before_it() -> None:
    first, second = decide(FIRST, replace(description=""), accounts=ACCOUNTS).outcomes
    assert isinstance(first, Posted)
    assert isinstance(second, IdempotencyConflict)
    assert second.transaction_id == first.recorded.transaction_id


def test_a_refused_request_does_not_bind_its_key() -> None:
    payer = account("payer", floor=0)
    pay = request(("payer", "cash", "5"), key="pay")
    fund = request(("cash", "payer", "5"), key="fund")
    decision = decide(pay, pay, fund, pay, pay, accounts=[payer, CASH])
    assert [kind(one) for one in decision.outcomes] == [
        "INSUFFICIENT_FUNDS",
        "INSUFFICIENT_FUNDS",
        "POSTED",
        "POSTED",
        "REPLAYED",
    ]


def test_the_key_of_a_refused_request_is_free_for_another_request() -> None:
    payer = account("payer", floor=0)
    refused = request(("payer", "cash", "5"), key="k")
    other = request(("cash", "payer", "1"), key="k")
    decision = decide(refused, other, accounts=[payer, CASH])
    assert [kind(one) for one in decision.outcomes] == ["INSUFFICIENT_FUNDS", "POSTED"]


def test_a_conflict_leaves_the_key_with_its_first_request() -> None:
    decision = decide(FIRST, replace(description=""), FIRST, accounts=ACCOUNTS)
    assert [kind(one) for one in decision.outcomes] == [
        "POSTED",
        "IDEMPOTENCY_CONFLICT",
        "REPLAYED",
    ]


def test_keys_are_told_apart_to_the_letter() -> None:
    others = [replace(idempotency_key=key) for key in ("Order 7", "order  7", "order 7\u0301")]
    decision = decide(FIRST, *others, accounts=ACCOUNTS)
    assert [kind(one) for one in decision.outcomes] == ["POSTED"] * 4


def test_a_malformed_request_is_refused_for_that_even_where_its_key_is_bound() -> None:
    malformed = sent(key="order 7")
    assert isinstance(malformed, InvalidInput)
    assert outcome(malformed, *ACCOUNTS, recorded=[recorded()]) is malformed
