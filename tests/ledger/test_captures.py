"""A hold ends once: captured wholly or in part, voided or expired; then every try says which."""

from datetime import timedelta

import pytest

from ledger.accounts import AccountState
from ledger.posting import Outcome
from ledger.refusals import AccountFrozen, InvalidAmount, InvalidInput, message
from ledger.resolution_refusals import (
    AlreadyCaptured,
    AlreadyVoided,
    AmountExceedsHold,
    HoldExpired,
    TransactionNotFound,
    TransactionNotPending,
)
from ledger.transactions import Request
from tests.ledger.examples import (
    NOON,
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

ONE = transaction_ids(1)[0]
HELD = hold(("wallet", "shop", "20"), ("wallet", "fees", "1.50"))
LATER = NOON + timedelta(hours=1)


def held(made: Request = HELD) -> Stored:
    """A ledger with one hold, whose id is 1."""
    stored = Stored([account("wallet", credits_posted=5000), account("shop"), account("fees")])
    assert [kind(it) for it in stored.send(made)] == ["PENDING"]
    return stored


def refused(stored: Stored, made: Request) -> Outcome:
    """A refusal, which must have changed nothing."""
    before = stored.counters(), dict(stored.transactions), list(stored.entries)
    (outcome,) = stored.send(made, at=LATER)
    assert (stored.counters(), stored.transactions, stored.entries) == before
    return outcome


def test_a_hold_is_named_by_its_key_or_its_id() -> None:
    assert [kind(it) for it in held().send(capture("hold"))] == ["CAPTURED"]
    assert [kind(it) for it in held().send(capture(ONE))] == ["CAPTURED"]
    assert [kind(it) for it in held().send(void("hold"))] == ["VOIDED"]
    assert [kind(it) for it in held().send(void(ONE))] == ["VOIDED"]


@pytest.mark.parametrize("made", [capture("nothing"), void("nothing"), reversal("nothing")])
def test_a_transaction_that_does_not_exist_is_named_as_it_was_sent(made: Request) -> None:
    refusal = refused(held(), made)
    assert refusal == TransactionNotFound(path=(*PATH, "transaction"), transaction="nothing")
    assert message(refusal) == (
        "There is no transaction 'nothing'. Check the id, or the idempotency key that it was "
        "requested with."
    )


def test_the_key_of_a_capture_names_no_transaction() -> None:
    stored = held()
    stored.send(capture())
    assert kind(refused(stored, reversal("capture"))) == "TRANSACTION_NOT_FOUND"


@pytest.mark.parametrize("amounts", [("20.01", "1.50"), ("21", "1"), ("9" * 60, "1")])
def test_no_more_is_captured_than_is_held(amounts: tuple[str, ...]) -> None:
    refusal = refused(held(), capture("hold", *amounts))
    assert isinstance(refusal, AmountExceedsHold)
    assert refusal.path == (*PATH, "amounts", "0")
    assert (refusal.held, refusal.currency) == ("20.00", "USD")


def test_a_capture_of_more_says_what_is_held_and_what_was_asked() -> None:
    refusal = refused(held(), capture("hold", "20", "1.51"))
    assert refusal == AmountExceedsHold(
        path=(*PATH, "amounts", "1"),
        transaction_id=ONE,
        idempotency_key="hold",
        currency="USD",
        held="1.50",
        requested="1.51",
    )
    assert message(refusal) == (
        "Hold 'hold' reserves 1.50 USD there, less than the 1.51 to be captured. Capture that much "
        "or less; the rest needs a transaction of its own."
    )


@pytest.mark.parametrize("amounts", [("20",), ("20", "1", "1")])
def test_a_capture_takes_an_amount_for_each_posting(amounts: tuple[str, ...]) -> None:
    problem = (
        f"there are {len(amounts)} amounts; the hold has 2 postings, and takes one amount for "
        "each, in their order"
    )
    wrong = InvalidInput(path=(*PATH, "amounts"), problem=problem)
    assert refused(held(), capture("hold", *amounts)) == wrong


def test_an_amount_finer_than_the_currency_is_refused_and_never_rounded() -> None:
    assert refused(held(), capture("hold", "20", "0.001")) == InvalidAmount(
        path=(*PATH, "amounts", "1"), problem="0.001 has 3 decimals; USD has 2"
    )


def test_a_part_may_be_all_of_it_or_the_smallest_unit() -> None:
    stored = held()
    stored.send(capture("hold", "20.00", "0.01"))
    assert stored.account("fees").credits_posted == 1
    assert stored.account("shop").credits_posted == 2000


@pytest.mark.parametrize("again", [capture(key="2"), capture("hold", "1", "1", key="2"), void()])
def test_what_was_captured_is_neither_captured_again_nor_voided(again: Request) -> None:
    stored = held()
    stored.send(capture("hold", "1", "1"))
    refusal = refused(stored, again)
    assert refusal == AlreadyCaptured(
        path=(*PATH, "transaction"), transaction_id=ONE, idempotency_key="hold"
    )
    assert message(refusal) == (
        "Hold 'hold' was captured already, and a hold is captured once. To move more, post a "
        "transaction; to take it back, reverse it."
    )


@pytest.mark.parametrize("again", [capture(), capture("hold", "1", "1"), void(key="2")])
def test_what_was_voided_is_neither_captured_nor_voided_again(again: Request) -> None:
    stored = held()
    stored.send(void())
    refusal = refused(stored, again)
    assert refusal == AlreadyVoided(
        path=(*PATH, "transaction"), transaction_id=ONE, idempotency_key="hold"
    )
    assert message(refusal) == (
        "Hold 'hold' was voided already, and its funds are free. To move money, post a transaction "
        "or make a new hold."
    )


@pytest.mark.parametrize("late", [capture(), void()])
def test_what_expired_is_neither_captured_nor_voided(late: Request) -> None:
    stored = held(hold(("wallet", "shop", "20"), expires_at=NOON + timedelta(minutes=1)))
    refusal = refused(stored, late)
    assert refusal == HoldExpired(
        path=(*PATH, "transaction"),
        transaction_id=ONE,
        idempotency_key="hold",
        expires_at=NOON + timedelta(minutes=1),
    )
    assert message(refusal) == (
        "Hold 'hold' expired at 2025-06-01T12:01:00.000000Z, and its funds are free. Make a new "
        "hold, or post a transaction."
    )


@pytest.mark.parametrize("late", [capture("key"), void("key"), capture("reversal")])
def test_what_was_posted_at_once_is_no_hold(late: Request) -> None:
    stored = Stored([account("wallet"), account("shop")])
    stored.send(request(("wallet", "shop", "20")), reversal())
    refusal = refused(stored, late)
    assert isinstance(refusal, TransactionNotPending)
    assert message(refusal) == (
        f"Transaction {refusal.idempotency_key!r} was posted at once and is no hold: there is "
        "nothing to capture or to void. To take it back, reverse it."
    )


@pytest.mark.parametrize("code", ["wallet", "fees"])
@pytest.mark.parametrize("state", ["FROZEN", "CLOSED"])
def test_nothing_is_captured_on_a_frozen_or_closed_account(code: str, state: AccountState) -> None:
    stored = held()
    stored.set_state(code, state)
    refusal = refused(stored, capture())
    assert kind(refusal) == f"ACCOUNT_{state}"
    if state == "FROZEN":
        assert refusal == AccountFrozen(
            path=(*PATH, "transaction"), account_id=id_of(code), account_code=code
        )


@pytest.mark.parametrize("state", ["FROZEN", "CLOSED"])
def test_a_hold_on_a_frozen_account_can_be_voided(state: AccountState) -> None:
    stored = held()
    for code in ("wallet", "shop", "fees"):
        stored.set_state(code, state)
    assert [kind(it) for it in stored.send(void())] == ["VOIDED"]
    assert stored.account("wallet").debits_pending == 0


def test_an_unfrozen_account_lets_the_capture_through() -> None:
    stored = held()
    stored.set_state("wallet", "FROZEN")
    refused(stored, capture())
    stored.set_state("wallet", "OPEN")
    assert [kind(it) for it in stored.send(capture())] == ["CAPTURED"]
