"""Captures, voids and reversals are refused in the one documented order, too, pair by pair.

A request is put together with two faults at once, and the one whose step comes first is told.
"""

from collections.abc import Mapping
from datetime import timedelta
from itertools import combinations

import pytest

from ledger import transactions
from tests.ledger.examples import (
    NOON,
    PATH,
    account,
    capture,
    hold,
    kind,
    replaced,
    request,
    reversal,
    transaction_key,
)
from tests.ledger.stored import Stored

EXPIRY = NOON + timedelta(hours=1)

# With their steps; nothing is dated in a capture, and its hold was held against the limits.
OF_CAPTURES = {
    "INVALID_AMOUNT": 1,
    "IDEMPOTENCY_CONFLICT": 2,
    "TRANSACTION_NOT_FOUND": 4,
    "ACCOUNT_FROZEN": 6,
    "ALREADY_CAPTURED": 9,
    "HOLD_EXPIRED": 9,
    "AMOUNT_EXCEEDS_HOLD": 10,
    "INVALID_AMOUNT of the currency": 10,
    "INVALID_INPUT": 10,
}
OF_VOIDS = {
    "INVALID_INPUT": 1,
    "IDEMPOTENCY_CONFLICT": 2,
    "TRANSACTION_NOT_FOUND": 4,
    "ALREADY_CAPTURED": 9,
    "HOLD_EXPIRED": 9,
}
OF_REVERSALS = {
    "INVALID_INPUT": 1,
    "IDEMPOTENCY_CONFLICT": 2,
    "INVALID_INPUT of a time": 3,
    "TRANSACTION_NOT_FOUND": 4,
    "ACCOUNT_FROZEN": 6,
    "ALREADY_REVERSED": 9,
    "INSUFFICIENT_FUNDS": 11,
    "CEILING_EXCEEDED": 12,
    "INVALID_AMOUNT": 13,
}
AMOUNTS = {
    "INVALID_AMOUNT": ["0"],
    "AMOUNT_EXCEEDS_HOLD": ["10.01"],
    "INVALID_AMOUNT of the currency": ["0.001"],
    "INVALID_INPUT": ["1", "1"],
}


def capture_with(*faults: str) -> str:
    """The code that a capture with these faults is refused with."""
    stored = Stored([account("wallet"), account("shop")])
    stored.send(hold(("wallet", "shop", "10"), expires_at=EXPIRY))
    stored.send(request(("wallet", "shop", "1"), key="bound"))
    if "ALREADY_CAPTURED" in faults:
        stored.send(capture(key="before"))
    if "ACCOUNT_FROZEN" in faults:
        stored.set_state("shop", "FROZEN")
    made = transactions.capture(
        path=PATH,
        idempotency_key="bound" if "IDEMPOTENCY_CONFLICT" in faults else "fresh",
        transaction=transaction_key("no" if "TRANSACTION_NOT_FOUND" in faults else "hold"),
        amount_texts=next((AMOUNTS[fault] for fault in faults if fault in AMOUNTS), None),
    )
    return kind(stored.send(made, at=EXPIRY if "HOLD_EXPIRED" in faults else NOON)[0])


def void_with(*faults: str) -> str:
    """The code that a void with these faults is refused with."""
    stored = Stored([account("wallet"), account("shop")])
    stored.send(hold(("wallet", "shop", "10"), expires_at=EXPIRY))
    stored.send(request(("wallet", "shop", "1"), key="bound"))
    if "ALREADY_CAPTURED" in faults:
        stored.send(capture(key="before"))
    key = "bound" if "IDEMPOTENCY_CONFLICT" in faults else "fresh"
    made = transactions.void(
        path=PATH,
        idempotency_key="" if "INVALID_INPUT" in faults else key,
        transaction=transaction_key("no" if "TRANSACTION_NOT_FOUND" in faults else "hold"),
    )
    return kind(stored.send(made, at=EXPIRY if "HOLD_EXPIRED" in faults else NOON)[0])


def reversal_with(*faults: str) -> str:
    """The code that a reversal with these faults is refused with."""
    stored = Stored([account("one"), account("two"), account("else")])
    stored.send(request(("one", "two", "1")), request(("else", "one", "1"), key="bound"))
    if "ALREADY_REVERSED" in faults:
        stored.send(reversal(key="before"))
    one, two = stored.account("one"), stored.account("two")
    if "INSUFFICIENT_FUNDS" in faults:
        two = replaced(two, floor=10**9)
    if "CEILING_EXCEEDED" in faults:
        one = replaced(one, ceiling=-(10**9))
    if "INVALID_AMOUNT" in faults:
        two = replaced(two, debits_posted=10**38 - 1, credits_posted=10**38 - 1)
    if "ACCOUNT_FROZEN" in faults:
        one = replaced(one, state="FROZEN")
    stored.accounts |= {one.account_id: one, two.account_id: two}
    made = transactions.reversal(
        path=PATH,
        idempotency_key="bound" if "IDEMPOTENCY_CONFLICT" in faults else "fresh",
        transaction=transaction_key("no" if "TRANSACTION_NOT_FOUND" in faults else "key"),
        description="\x00" if "INVALID_INPUT" in faults else "",
        metadata_object=None,
        effective_at=NOON + timedelta(days=900) if "INVALID_INPUT of a time" in faults else None,
    )
    return kind(stored.send(made)[0])


def first_step(of: Mapping[str, int], *faults: str) -> set[str]:
    """The codes of those faults whose step is the first; of one step, any may be told."""
    least = min(of[fault] for fault in faults)
    return {fault.partition(" ")[0] for fault in faults if of[fault] == least}


def pairs(of: Mapping[str, int]) -> list[tuple[str, str]]:
    return [(one, two) for one, two in combinations(of, 2) if of[one] != of[two]]


@pytest.mark.parametrize("fault", OF_CAPTURES)
def test_each_fault_of_a_capture_alone_has_its_own_code(fault: str) -> None:
    assert {capture_with(fault)} == first_step(OF_CAPTURES, fault)


@pytest.mark.parametrize(("one", "two"), pairs(OF_CAPTURES))
def test_of_two_faults_of_a_capture_the_earlier_step_is_told(one: str, two: str) -> None:
    assert {capture_with(one, two)} == first_step(OF_CAPTURES, one, two)


@pytest.mark.parametrize("fault", OF_VOIDS)
def test_each_fault_of_a_void_alone_has_its_own_code(fault: str) -> None:
    assert {void_with(fault)} == first_step(OF_VOIDS, fault)


@pytest.mark.parametrize(("one", "two"), pairs(OF_VOIDS))
def test_of_two_faults_of_a_void_the_earlier_step_is_told(one: str, two: str) -> None:
    assert {void_with(one, two)} == first_step(OF_VOIDS, one, two)


@pytest.mark.parametrize("fault", OF_REVERSALS)
def test_each_fault_of_a_reversal_alone_has_its_own_code(fault: str) -> None:
    assert {reversal_with(fault)} == first_step(OF_REVERSALS, fault)


@pytest.mark.parametrize(("one", "two"), pairs(OF_REVERSALS))
def test_of_two_faults_of_a_reversal_the_earlier_step_is_told(one: str, two: str) -> None:
    assert {reversal_with(one, two)} == first_step(OF_REVERSALS, one, two)


def test_all_faults_of_a_request_at_once_are_told_from_the_first_step_on() -> None:
    for of, refused_with in (
        (OF_CAPTURES, capture_with),
        (OF_VOIDS, void_with),
        (OF_REVERSALS, reversal_with),
    ):
        faults = list(of)
        while faults:
            assert refused_with(*faults) in first_step(of, *faults)
            faults.pop(0)


def test_of_the_amounts_of_a_capture_the_first_that_is_wrong_is_told() -> None:
    stored = Stored([account("wallet"), account("shop")])
    stored.send(hold(("wallet", "shop", "10"), ("wallet", "shop", "10")))
    for amounts, code in (
        (("11", "0.001"), "AMOUNT_EXCEEDS_HOLD"),
        (("0.001", "11"), "INVALID_AMOUNT"),
        (("11", "0.001", "1"), "INVALID_INPUT"),
    ):
        assert kind(stored.send(capture("hold", *amounts))[0]) == code
