"""A reversal posts the mirror image of what was moved, once, and meets limits like any posting."""

from datetime import UTC, datetime

import pytest

from ledger.accounts import AccountState
from ledger.posting import Posted
from ledger.refusals import InsufficientFunds, message
from ledger.resolution_refusals import AlreadyReversed, NotReversible
from ledger.transactions import Request
from tests.ledger.examples import (
    PATH,
    account,
    capture,
    hold,
    id_of,
    kind,
    request,
    reversal,
    transaction_ids,
    void,
)
from tests.ledger.stored import Stored

ONE, TWO, THREE = transaction_ids(3)


def ledger(*requests: Request) -> Stored:
    """Accounts with what these requests, which all succeed, have done to them."""
    wallet = account("wallet", floor=0, credits_posted=5000)
    stored = Stored([wallet, account("shop", floor=0), account("fees")])
    assert {kind(it) for it in stored.send(*requests)} <= {"POSTED", "PENDING", "CAPTURED"}
    return stored


def entries(stored: Stored) -> list[tuple[str, str, int]]:
    codes = {account.account_id: account.code for account in stored.accounts.values()}
    return [(codes[it.account_id], it.side, it.amount) for it, _ in stored.entries]


def test_a_reversal_debits_what_was_credited_and_credits_what_was_debited() -> None:
    stored = ledger(request(("wallet", "shop", "20"), ("wallet", "fees", "1.50")), reversal())
    assert entries(stored) == [
        ("wallet", "DEBIT", 2000),
        ("shop", "CREDIT", 2000),
        ("wallet", "DEBIT", 150),
        ("fees", "CREDIT", 150),
        ("shop", "DEBIT", 2000),
        ("wallet", "CREDIT", 2000),
        ("fees", "DEBIT", 150),
        ("wallet", "CREDIT", 150),
    ]


def test_a_reversal_is_a_transaction_that_names_the_one_it_takes_back() -> None:
    at = datetime(2025, 1, 1, tzinfo=UTC)
    stored = ledger(request(("wallet", "shop", "20")))
    (made,) = stored.send(reversal(ONE, description="Refund", metadata={"a": 1}, effective_at=at))
    assert isinstance(made, Posted)
    assert (made.recorded.transaction_id, made.recorded.reverses_id) == (TWO, ONE)
    assert (made.recorded.state, made.recorded.effective_at) == ("POSTED", at)
    assert not made.recorded.is_hold
    assert all(entry.effective_at == at for entry in made.entries)


def test_a_captured_hold_is_reversed_by_what_was_captured_of_it() -> None:
    stored = ledger(hold(("wallet", "shop", "20")), capture("hold", "5"), reversal("hold"))
    assert entries(stored)[2:] == [("shop", "DEBIT", 500), ("wallet", "CREDIT", 500)]


def test_a_transaction_is_reversed_once_and_the_refusal_names_the_reversal() -> None:
    stored = ledger(request(("wallet", "shop", "20")), reversal())
    (refused,) = stored.send(reversal(key="again"))
    assert refused == AlreadyReversed(
        path=(*PATH, "transaction"), transaction_id=ONE, idempotency_key="key", reversal_id=TWO
    )
    assert message(refused) == (
        "Transaction 'key' was reversed already, and a transaction is reversed once. The refusal "
        "shows its reversal."
    )
    assert len(stored.entries) == 4


def test_within_a_batch_too_a_transaction_is_reversed_once() -> None:
    stored = ledger(request(("wallet", "shop", "20")))
    outcomes = stored.send(reversal(key="first"), reversal(key="second"))
    assert [kind(it) for it in outcomes] == ["POSTED", "ALREADY_REVERSED"]
    refused = outcomes[1]
    assert isinstance(refused, AlreadyReversed)
    assert refused.reversal_id == TWO


def test_a_reversal_can_be_reversed_itself() -> None:
    stored = ledger(request(("wallet", "shop", "20")), reversal())
    assert kind(stored.send(reversal("reversal", key="back again"))[0]) == "POSTED"
    assert entries(stored)[4:] == entries(stored)[:2]
    assert stored.transactions[THREE].reverses_id == TWO
    assert kind(stored.send(reversal(key="and again"))[0]) == "ALREADY_REVERSED"


def test_reversing_spent_funds_meets_the_floor() -> None:
    stored = ledger(request(("wallet", "shop", "20")), request(("shop", "fees", "1"), key="spent"))
    (refused,) = stored.send(reversal())
    assert refused == InsufficientFunds(
        path=(*PATH, "transaction"),
        account_id=id_of("shop"),
        account_code="shop",
        currency="USD",
        available="19.00",
        required="20.00",
        floor="0.00",
    )
    stored.send(request(("fees", "shop", "1"), key="funded"))
    assert kind(stored.send(reversal())[0]) == "POSTED"


def test_reversing_funds_that_are_held_meets_the_floor() -> None:
    stored = ledger(request(("wallet", "shop", "20")), hold(("shop", "fees", "1")))
    assert kind(stored.send(reversal())[0]) == "INSUFFICIENT_FUNDS"


def test_a_reversal_meets_the_ceiling_and_the_width_of_a_counter() -> None:
    full = account("full", ceiling=0)
    brimming = account("brimming", credits_posted=10**38 - 1 - 200)
    stored = Stored([full, brimming, account("cash", normal_side="DEBIT")])
    stored.send(request(("full", "cash", "2"), ("brimming", "cash", "2")))
    stored.send(request(("cash", "full", "1"), key="some of it"))
    assert kind(stored.send(reversal())[0]) == "CEILING_EXCEEDED"
    stored.send(request(("full", "cash", "1"), ("cash", "brimming", "1"), key="more"))
    assert kind(stored.send(reversal())[0]) == "INVALID_AMOUNT"


@pytest.mark.parametrize(("made", "state"), [(None, "PENDING"), (void(), "VOIDED")])
def test_only_what_is_posted_can_be_reversed(made: Request | None, state: str) -> None:
    stored = ledger(hold(("wallet", "shop", "20")))
    if made is not None:
        stored.send(made)
    (refused,) = stored.send(reversal("hold"))
    assert refused == NotReversible(
        path=(*PATH, "transaction"), transaction_id=ONE, idempotency_key="hold", state=state
    )
    assert message(refused) == (
        f"Transaction 'hold' is {state} and has moved nothing; only what is posted can be "
        "reversed. A pending hold can be voided."
    )


@pytest.mark.parametrize("state", ["FROZEN", "CLOSED"])
@pytest.mark.parametrize("code", ["wallet", "shop"])
def test_nothing_is_reversed_on_a_frozen_or_closed_account(code: str, state: AccountState) -> None:
    stored = ledger(request(("wallet", "shop", "20")))
    stored.set_state(code, state)
    assert kind(stored.send(reversal())[0]) == f"ACCOUNT_{state}"


def test_a_refused_reversal_leaves_the_transaction_to_be_reversed() -> None:
    stored = ledger(request(("wallet", "shop", "20")))
    stored.set_state("wallet", "FROZEN")
    stored.send(reversal())
    stored.set_state("wallet", "OPEN")
    assert kind(stored.send(reversal())[0]) == "POSTED"
