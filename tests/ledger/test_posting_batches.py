"""A batch is a sequence: each request sees what those before it did, and nothing of those after."""

import pytest

from ledger.posting import Decision, Posted
from ledger.refusals import BatchRefused, InsufficientFunds, message
from ledger.transactions import Malformed, TransactionRequest
from tests.ledger.examples import account, decide, kind, request, sent, transaction_ids

CASH = account("cash", normal_side="DEBIT")
WALLET = account("wallet", floor=0)
SHOP = account("shop")
ACCOUNTS = (CASH, WALLET, SHOP)


def fund(amount: str, key: str = "fund") -> TransactionRequest:
    return request(("cash", "wallet", amount), key=key, path=("input", key))


def pay(amount: str, key: str = "pay") -> TransactionRequest:
    return request(("wallet", "shop", amount), key=key, path=("input", key))


def kinds(decision: Decision) -> list[str]:
    return [kind(outcome) for outcome in decision.outcomes]


def balances(decision: Decision) -> dict[str, int]:
    return {book.account.code: book.balance for book in decision.books}


def test_a_request_may_spend_what_one_before_it_brought() -> None:
    decision = decide(fund("5"), pay("5"), accounts=ACCOUNTS)
    assert kinds(decision) == ["POSTED", "POSTED"]
    assert balances(decision) == {"cash": 500, "wallet": 0, "shop": 500}


def test_a_request_may_not_spend_what_one_after_it_brings() -> None:
    decision = decide(pay("5"), fund("5"), accounts=ACCOUNTS)
    assert kinds(decision) == ["INSUFFICIENT_FUNDS", "POSTED"]
    assert balances(decision) == {"cash": 500, "wallet": 500}


def test_what_one_spent_the_next_cannot_spend_again() -> None:
    decision = decide(fund("5"), pay("3", "one"), pay("3", "two"), pay("2"), accounts=ACCOUNTS)
    assert kinds(decision) == ["POSTED", "POSTED", "INSUFFICIENT_FUNDS", "POSTED"]
    refused = decision.outcomes[2]
    assert isinstance(refused, InsufficientFunds)
    assert refused.available == "2.00"


def test_versions_go_on_from_one_request_to_the_next() -> None:
    decision = decide(fund("5"), pay("1", "one"), pay("9"), pay("2", "two"), accounts=ACCOUNTS)
    of_wallet = [
        (entry.version, entry.balance_after)
        for accepted in decision.posted
        for entry in accepted.entries
        if entry.account_id == WALLET.account_id
    ]
    assert of_wallet == [(1, 500), (2, 400), (3, 200)]


def test_outcomes_stand_in_the_order_of_the_requests() -> None:
    malformed = sent(key="")
    decision = decide(pay("1"), malformed, fund("1"), pay("1"), fund("1"), accounts=ACCOUNTS)
    assert kinds(decision) == [
        "INSUFFICIENT_FUNDS",
        "INVALID_INPUT",
        "POSTED",
        "POSTED",
        "REPLAYED",
    ]
    assert [one.recorded.transaction_id.int for one in decision.posted] == [3, 4]


def test_a_malformed_request_keeps_its_refusal_and_harms_no_other() -> None:
    malformed = sent(("cash", "wallet", "NaN"), path=("input", "transactions", "1"))
    decision = decide(fund("5"), malformed, pay("5"), accounts=ACCOUNTS)
    assert decision.outcomes[1] is malformed
    assert kinds(decision) == ["POSTED", "INVALID_AMOUNT", "POSTED"]


def test_an_atomic_batch_without_a_refusal_is_as_one_that_is_not() -> None:
    batch = [fund("5"), pay("3"), pay("3"), pay("2", "two")]
    assert kinds(decide(*batch, accounts=ACCOUNTS)) == ["POSTED", "POSTED", "REPLAYED", "POSTED"]
    together = decide(*batch, accounts=ACCOUNTS, atomic=True)
    apart = decide(*batch, accounts=ACCOUNTS, atomic=False)
    assert together.outcomes == apart.outcomes
    assert together.books == apart.books


def test_in_an_atomic_batch_one_refusal_refuses_all_and_the_others_say_so() -> None:
    decision = decide(fund("5"), pay("6"), pay("5", "two"), accounts=ACCOUNTS, atomic=True)
    assert kinds(decision) == ["BATCH_REFUSED", "INSUFFICIENT_FUNDS", "BATCH_REFUSED"]
    assert decision.outcomes[0] == BatchRefused(path=("input", "fund"), refused_index=1)
    assert decision.outcomes[2] == BatchRefused(path=("input", "two"), refused_index=1)
    assert not decision.books
    assert not decision.posted


def test_an_atomic_batch_names_the_first_of_several_refusals() -> None:
    decision = decide(fund("1"), pay("2"), pay("3", "two"), accounts=ACCOUNTS, atomic=True)
    assert kinds(decision) == ["BATCH_REFUSED", "INSUFFICIENT_FUNDS", "INSUFFICIENT_FUNDS"]
    assert decision.outcomes[0] == BatchRefused(path=("input", "fund"), refused_index=1)


@pytest.mark.parametrize(
    "malformed", [sent(key=""), sent(), sent(("cash", "wallet", "0")), sent(metadata=1)]
)
def test_a_malformed_request_refuses_an_atomic_batch(malformed: Malformed) -> None:
    decision = decide(malformed, fund("1"), accounts=ACCOUNTS, atomic=True)
    assert decision.outcomes == [
        malformed,
        BatchRefused(path=("input", "fund"), refused_index=0),
    ]


def test_in_a_refused_atomic_batch_a_replay_says_so_too() -> None:
    (before,) = decide(fund("1"), accounts=ACCOUNTS).posted
    decision = decide(
        fund("1"), pay("5"), accounts=ACCOUNTS, recorded=[before.recorded], atomic=True
    )
    assert kinds(decision) == ["BATCH_REFUSED", "INSUFFICIENT_FUNDS"]


def test_an_atomic_batch_is_refused_for_a_conflict() -> None:
    (before,) = decide(fund("1"), accounts=ACCOUNTS).posted
    decision = decide(
        fund("2"), fund("1", "two"), accounts=ACCOUNTS, recorded=[before.recorded], atomic=True
    )
    assert kinds(decision) == ["IDEMPOTENCY_CONFLICT", "BATCH_REFUSED"]


def test_a_refused_batch_says_which_transaction_to_mend() -> None:
    assert message(BatchRefused(path=("input", "fund"), refused_index=4)) == (
        "Not carried out, because item 4 of this atomic batch was refused. Mend that one and send "
        "the batch again, or send it with atomic: false."
    )


def test_a_refused_atomic_batch_binds_no_keys() -> None:
    batch = [fund("5"), pay("6")]
    refused = decide(*batch, accounts=ACCOUNTS, atomic=True)
    recorded = [one.recorded for one in refused.posted]
    mended = decide(fund("6"), pay("6"), accounts=ACCOUNTS, recorded=recorded, atomic=True)
    assert kinds(mended) == ["POSTED", "POSTED"]


@pytest.mark.parametrize("atomic", [False, True])
def test_an_empty_batch_decides_nothing(*, atomic: bool) -> None:
    decision = decide(accounts=ACCOUNTS, atomic=atomic)
    assert not decision.outcomes
    assert not decision.books


@pytest.mark.parametrize("atomic", [False, True])
def test_a_batch_of_one_is_that_one(*, atomic: bool) -> None:
    assert kinds(decide(fund("1"), accounts=ACCOUNTS, atomic=atomic)) == ["POSTED"]
    assert kinds(decide(pay("1"), accounts=ACCOUNTS, atomic=atomic)) == ["INSUFFICIENT_FUNDS"]


def test_a_thousand_requests_are_one_batch() -> None:
    batch = [fund("1000"), *(pay("1", str(number)) for number in range(999))]
    decision = decide(*batch, accounts=ACCOUNTS, atomic=True)
    assert all(isinstance(outcome, Posted) for outcome in decision.outcomes)
    assert [one.recorded.transaction_id for one in decision.posted] == transaction_ids(1000)
    assert balances(decision) == {"cash": 100_000, "wallet": 100, "shop": 99_900}
