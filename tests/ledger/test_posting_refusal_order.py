"""Of several reasons to refuse, the earliest in the documented order is given, whatever else."""

from datetime import timedelta
from itertools import permutations

import msgspec
import pytest

from ledger.posting import Posted, Replayed, Resolved
from ledger.records import Record
from ledger.transactions import Malformed
from tests.ledger.examples import (
    NOON,
    Leg,
    account,
    hold,
    kind,
    outcome,
    posted,
    request,
    sent,
)

ACCOUNTS = (
    account("cash", normal_side="DEBIT"),
    account("wallet"),
    account("yen", currency="JPY", exponent=0),
    account("frozen", state="FROZEN"),
    account("closed", state="CLOSED"),
    account("poor", floor=0),
    account("full", ceiling=0),
    account("brimming", credits_posted=10**38 - 1),
    account("poor and brimming", floor=0, debits_posted=10**38 - 1, credits_posted=10**38 - 1),
    account("full and brimming", ceiling=0, credits_posted=10**38 - 1),
)

# One posting that violates one step alone, in the order of the steps from the third on.
FAULTS: dict[str, Leg] = {
    "ACCOUNT_NOT_FOUND": ("nobody", "wallet", "1"),
    "SAME_ACCOUNT": ("wallet", "wallet", "1"),
    "ACCOUNT_FROZEN": ("frozen", "wallet", "1"),
    "CURRENCY_MISMATCH": ("wallet", "yen", "1"),
    "INVALID_AMOUNT in minor units": ("cash", "wallet", "0.001"),
    "INSUFFICIENT_FUNDS": ("poor", "cash", "1"),
    "CEILING_EXCEEDED": ("cash", "full", "1"),
    "INVALID_AMOUNT of a counter": ("cash", "brimming", "1"),
}
VARIANTS: dict[str, Leg] = {
    "ACCOUNT_CLOSED": ("wallet", "closed", "1"),
    "INVALID_AMOUNT of 39 digits": ("cash", "wallet", "9" * 37),
}
VARIANT_OF = {
    "ACCOUNT_CLOSED": "ACCOUNT_FROZEN",
    "INVALID_AMOUNT of 39 digits": "INVALID_AMOUNT in minor units",
}
SINGLE = FAULTS | VARIANTS


def code(*legs: Leg, recorded: tuple[Record, ...] = ()) -> str:
    return kind(outcome(request(*legs), *ACCOUNTS, recorded=recorded))


def step(fault: str) -> int:
    """Where a fault stands in the order; a variant stands where its likeness does."""
    return list(FAULTS).index(VARIANT_OF.get(fault, fault))


@pytest.mark.parametrize("fault", SINGLE)
def test_each_fault_alone_has_its_own_code(fault: str) -> None:
    assert code(SINGLE[fault]) == fault.partition(" ")[0]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [(one, two) for one, two in permutations(SINGLE, 2) if step(one) < step(two)],
)
def test_the_earlier_step_wins_over_the_later_whatever_the_order_of_postings(
    earlier: str, later: str
) -> None:
    alone = outcome(request(SINGLE[earlier]), *ACCOUNTS)
    assert not isinstance(alone, Posted | Resolved | Replayed)
    assert outcome(request(SINGLE[earlier], SINGLE[later]), *ACCOUNTS) == alone
    behind = ("input", "postings", "1", *alone.path[3:])
    assert outcome(request(SINGLE[later], SINGLE[earlier]), *ACCOUNTS) == msgspec.structs.replace(
        alone, path=behind
    )


@pytest.mark.parametrize("first", FAULTS)
def test_the_order_of_refusals_does_not_depend_on_how_many_postings_are_wrong(first: str) -> None:
    wrong = [leg for fault, leg in FAULTS.items() if step(fault) >= step(first)]
    assert code(*reversed(wrong)) == first.partition(" ")[0]


@pytest.mark.parametrize(
    ("expected", "leg"),
    [
        ("ACCOUNT_NOT_FOUND", ("nobody", "nobody", "1")),
        ("ACCOUNT_NOT_FOUND", ("frozen", "nobody", "1")),
        ("ACCOUNT_NOT_FOUND", ("nobody", "closed", "0.001")),
        ("SAME_ACCOUNT", ("frozen", "frozen", "1")),
        ("SAME_ACCOUNT", ("wallet", "wallet", "0.001")),
        ("ACCOUNT_FROZEN", ("frozen", "yen", "1")),
        ("ACCOUNT_CLOSED", ("yen", "closed", "1")),
        ("ACCOUNT_FROZEN", ("wallet", "frozen", "0.001")),
        ("CURRENCY_MISMATCH", ("yen", "wallet", "0.001")),
        ("CURRENCY_MISMATCH", ("poor", "yen", "1")),
        ("INVALID_AMOUNT", ("poor", "wallet", "0.001")),
        ("INVALID_AMOUNT", ("cash", "full", "0.001")),
        ("INSUFFICIENT_FUNDS", ("poor", "full", "1")),
        ("INSUFFICIENT_FUNDS", ("poor and brimming", "cash", "1")),
        ("CEILING_EXCEEDED", ("cash", "full and brimming", "1")),
    ],
)
def test_within_one_posting_the_earlier_step_wins(expected: str, leg: Leg) -> None:
    assert code(leg) == expected


BOUND = posted(request(("cash", "wallet", "7")), *ACCOUNTS).recorded


@pytest.mark.parametrize("fault", SINGLE)
def test_a_bound_key_wins_over_whatever_is_wrong_with_the_postings(fault: str) -> None:
    assert code(SINGLE[fault], recorded=(BOUND,)) == "IDEMPOTENCY_CONFLICT"
    assert code(SINGLE[fault], SINGLE[fault], recorded=(BOUND,)) == "IDEMPOTENCY_CONFLICT"


@pytest.mark.parametrize(
    ("expected", "malformed"),
    [
        ("INVALID_AMOUNT", sent(("cash", "wallet", "-1"))),
        ("INVALID_AMOUNT", sent(("cash", "wallet", "NaN"))),
        ("INVALID_INPUT", sent()),
        ("INVALID_INPUT", sent(("cash", "wallet", "1"), description="\x00")),
        ("INVALID_INPUT", sent(("cash", "wallet", "1"), metadata=["not an object"])),
    ],
)
def test_malformed_input_wins_over_a_bound_key(expected: str, malformed: Malformed) -> None:
    assert kind(outcome(malformed, *ACCOUNTS, recorded=(BOUND,))) == expected


@pytest.mark.parametrize("fault", SINGLE)
def test_malformed_input_wins_over_whatever_is_wrong_with_the_postings(fault: str) -> None:
    malformed = sent(SINGLE[fault], metadata=["not an object"])
    assert kind(outcome(malformed, *ACCOUNTS)) == "INVALID_INPUT"


PASSED = NOON - timedelta(seconds=1)
TOO_FAR = NOON + timedelta(days=500)


@pytest.mark.parametrize("fault", SINGLE)
def test_a_time_that_cannot_be_wins_over_whatever_is_wrong_with_the_postings(fault: str) -> None:
    for made in (
        request(SINGLE[fault], effective_at=TOO_FAR),
        hold(SINGLE[fault], expires_at=PASSED),
        hold(SINGLE[fault], effective_at=TOO_FAR, expires_at=NOON),
    ):
        assert kind(outcome(made, *ACCOUNTS)) == "INVALID_INPUT"


@pytest.mark.parametrize("fault", SINGLE)
def test_a_hold_is_refused_for_what_a_posting_is_refused_for(fault: str) -> None:
    assert kind(outcome(hold(SINGLE[fault]), *ACCOUNTS)) == fault.partition(" ")[0]


def test_a_bound_key_wins_over_a_time_that_cannot_be() -> None:
    far = request(("cash", "wallet", "7"), effective_at=TOO_FAR)
    late = hold(("cash", "wallet", "7"), key="key", expires_at=PASSED)
    for made in (far, late):
        assert kind(outcome(made, *ACCOUNTS, recorded=(BOUND,))) == "IDEMPOTENCY_CONFLICT"


def test_malformed_input_wins_over_a_time_that_cannot_be() -> None:
    malformed = sent(("cash", "wallet", "0"), effective_at=TOO_FAR, pending=True, expires_at=PASSED)
    assert kind(outcome(malformed, *ACCOUNTS)) == "INVALID_AMOUNT"
