"""A hold expires at its moment and not a microsecond off it, whether anybody sweeps or not."""

from datetime import timedelta

import pytest

from ledger.refusals import InsufficientFunds, InvalidInput
from ledger.resolution_refusals import NotReversible
from tests.ledger.examples import (
    NOON,
    PATH,
    account,
    capture,
    hold,
    kind,
    outcome,
    request,
    reversal,
    transaction_ids,
    void,
)
from tests.ledger.stored import Stored

MICROSECOND = timedelta(microseconds=1)
EXPIRY = NOON + timedelta(hours=1)
WALLET = account("wallet", floor=0, credits_posted=5000)
SHOP = account("shop", ceiling=5000)
HELD = hold(("wallet", "shop", "50"), expires_at=EXPIRY)


def held(*, swept: bool = False) -> Stored:
    """A wallet whose whole balance is held until one; ``swept`` says whether that is done then."""
    stored = Stored([WALLET, SHOP, account("fees")])
    stored.send(HELD)
    if swept:
        assert stored.sweep(EXPIRY) == 1
        assert not stored.account("wallet").debits_pending
    return stored


@pytest.mark.parametrize("swept", [False, True])
@pytest.mark.parametrize("late", [timedelta(0), MICROSECOND, timedelta(days=900)])
def test_from_its_expiry_on_a_hold_cannot_be_captured(late: timedelta, *, swept: bool) -> None:
    (refused,) = held(swept=swept).send(capture(), at=EXPIRY + late)
    assert kind(refused) == "HOLD_EXPIRED"


@pytest.mark.parametrize("swept", [False, True])
def test_from_its_expiry_on_a_hold_cannot_be_voided(*, swept: bool) -> None:
    (refused,) = held(swept=swept).send(void(), at=EXPIRY)
    assert kind(refused) == "HOLD_EXPIRED"


def test_a_microsecond_before_its_expiry_a_hold_is_captured_or_voided() -> None:
    for made, done in ((capture(), "CAPTURED"), (void(), "VOIDED")):
        (carried,) = held().send(made, at=EXPIRY - MICROSECOND)
        assert kind(carried) == done


@pytest.mark.parametrize("swept", [False, True])
def test_from_its_expiry_on_a_holds_funds_are_free_again(*, swept: bool) -> None:
    assert [
        kind(it)
        for it in held(swept=swept).send(
            request(("wallet", "shop", "30")), hold(("wallet", "shop", "20"), key="2"), at=EXPIRY
        )
    ] == ["POSTED", "PENDING"]


def test_a_microsecond_before_its_expiry_a_hold_still_reserves() -> None:
    refused, _ = held().send(
        request(("wallet", "fees", "0.01")),
        request(("fees", "wallet", "0.01"), key="2"),
        at=EXPIRY - MICROSECOND,
    )
    assert isinstance(refused, InsufficientFunds)
    assert refused.available == "0.00"
    over = outcome(request(("fees", "shop", "0.01")), account("fees"), SHOP)
    assert kind(over) == "POSTED"
    (over,) = held().send(request(("fees", "shop", "0.01")), at=EXPIRY - MICROSECOND)
    assert kind(over) == "CEILING_EXCEEDED"


def test_what_is_not_swept_is_still_counted_and_reserves_nothing() -> None:
    stored = held()
    stored.send(request(("wallet", "shop", "50")), at=EXPIRY)
    assert stored.counters()["wallet"] == (5000, 5000, 5000, 0, 1)
    assert stored.sweep(EXPIRY) == 1
    assert stored.counters()["wallet"] == (5000, 5000, 0, 0, 1)
    assert kind(stored.send(request(("wallet", "shop", "0.01"), key="2"))[0]) == (
        "INSUFFICIENT_FUNDS"
    )


def test_a_hold_without_an_expiry_never_expires() -> None:
    stored = Stored([WALLET, SHOP])
    stored.send(hold(("wallet", "shop", "50")))
    later = NOON + timedelta(days=300_000)
    assert kind(stored.send(request(("wallet", "shop", "1")), at=later)[0]) == "INSUFFICIENT_FUNDS"
    assert kind(stored.send(capture(), at=later)[0]) == "CAPTURED"


def test_what_was_captured_or_voided_in_time_does_not_expire() -> None:
    for made, code in ((capture(), "ALREADY_CAPTURED"), (void(), "ALREADY_VOIDED")):
        stored = held()
        stored.send(made, at=EXPIRY - MICROSECOND)
        assert stored.sweep(EXPIRY) == 0
        (refused,) = stored.send(capture(key="late"), at=EXPIRY)
        assert kind(refused) == code


@pytest.mark.parametrize("swept", [False, True])
def test_an_expired_hold_has_moved_nothing_to_be_reversed(*, swept: bool) -> None:
    (refused,) = held(swept=swept).send(reversal("hold"), at=EXPIRY)
    assert refused == NotReversible(
        path=(*PATH, "transaction"),
        transaction_id=transaction_ids(1)[0],
        idempotency_key="hold",
        state="EXPIRED",
    )


@pytest.mark.parametrize("early", [timedelta(0), MICROSECOND, timedelta(days=900)])
def test_a_hold_cannot_expire_before_it_is_made(early: timedelta) -> None:
    made = hold(("wallet", "shop", "50"), expires_at=NOON - early)
    problem = "that moment has passed; a hold expires in the future, or never if it is left out"
    assert outcome(made, WALLET, SHOP) == InvalidInput(path=(*PATH, "expiresAt"), problem=problem)
    brief = hold(("wallet", "shop", "50"), expires_at=NOON + MICROSECOND)
    assert kind(outcome(brief, WALLET, SHOP)) == "PENDING"


@pytest.mark.parametrize("swept", [False, True])
def test_a_hold_is_replayed_even_after_it_has_expired(*, swept: bool) -> None:
    stored = held(swept=swept)
    assert kind(stored.send(HELD, at=EXPIRY + timedelta(days=1))[0]) == "REPLAYED"


def test_an_expired_hold_that_is_not_swept_leaves_no_room_in_the_counter_of_holds() -> None:
    """It is the counter's own width that is short, until the sweeper has been there."""
    shop = account("shop")
    stored = Stored([account("wallet"), shop])
    most = "9" * 36
    stored.send(hold(("wallet", "shop", most), expires_at=EXPIRY))
    again = hold(("wallet", "shop", most), key="again")
    assert kind(stored.send(request(("wallet", "shop", "1")), at=EXPIRY)[0]) == "POSTED"
    assert kind(stored.send(again, at=EXPIRY)[0]) == "INVALID_AMOUNT"
    stored.sweep(EXPIRY)
    assert kind(stored.send(hold(("wallet", "shop", "9" * 35), key="again"), at=EXPIRY)[0]) == (
        "PENDING"
    )
