"""A capture, void or reversal is well-formed before anything is looked at, or refused by name."""

import pytest

from ledger import transactions
from ledger.amounts import Amount
from ledger.refusals import InvalidAmount, InvalidInput
from ledger.transactions import (
    CaptureRequest,
    Malformed,
    Request,
    ReversalRequest,
    TransactionKey,
    VoidRequest,
)
from tests.ledger.examples import NOON, PATH, Leg, capture, hold, reversal, sent, transaction_key

LEG: Leg = ("wallet", "shop", "1")
HOLD = transaction_key("hold")


def sent_capture(*amounts: str, key: str = "k") -> CaptureRequest | Malformed:
    return transactions.capture(
        path=PATH, idempotency_key=key, transaction=HOLD, amount_texts=amounts
    )


def sent_reversal(
    *, key: str = "k", description: str = "", metadata: object = None
) -> ReversalRequest | Malformed:
    return transactions.reversal(
        path=PATH,
        idempotency_key=key,
        transaction=HOLD,
        description=description,
        metadata_object=metadata,
    )


def test_a_capture_keeps_what_was_sent() -> None:
    assert capture("hold", "2.50", "1") == CaptureRequest(
        PATH, "capture", HOLD, (Amount(250, 2), Amount(1, 0)), ("2.50", "1")
    )
    assert capture("hold").amounts is None


def test_a_reversal_keeps_what_was_sent() -> None:
    made = reversal("hold", description="d", metadata={"a": 1}, effective_at=NOON)
    assert made == ReversalRequest(PATH, "reversal", HOLD, "d", {"a": 1}, NOON)
    assert reversal("hold", metadata=None).metadata == {}


def test_a_hold_may_expire_and_nothing_else_may() -> None:
    assert hold(LEG, expires_at=NOON).expires_at == NOON
    problem = "only a hold expires; send pending: true with it, or leave it out"
    refused = InvalidInput(path=(*PATH, "expiresAt"), problem=problem)
    assert sent(LEG, expires_at=NOON) == refused


@pytest.mark.parametrize("key", ["", "k" * 201, " k", "k\x00"])
def test_every_key_is_an_identifier(key: str) -> None:
    every: list[Request | Malformed] = [
        sent_capture("1", key=key),
        transactions.void(path=PATH, idempotency_key=key, transaction=HOLD),
        sent_reversal(key=key),
    ]
    for refused in every:
        assert isinstance(refused, InvalidInput)
        assert refused.path == (*PATH, "idempotencyKey")


@pytest.mark.parametrize("text", ["", "NaN", "Infinity", "1e3", "+1", " 1", ".5"])
def test_a_captured_amount_is_a_plain_decimal(text: str) -> None:
    assert sent_capture("1", text) == InvalidAmount(
        path=(*PATH, "amounts", "1"), problem=f"{text!r} is not a plain decimal such as 12.30"
    )


@pytest.mark.parametrize("text", ["0", "0.00", "-0", "-1"])
def test_a_captured_amount_is_positive(text: str) -> None:
    assert sent_capture("1", text) == InvalidAmount(
        path=(*PATH, "amounts", "1"),
        problem=f"{text} is not positive; to release the whole hold, void it",
    )


@pytest.mark.parametrize("count", [0, 101])
def test_a_capture_takes_1_to_100_amounts(count: int) -> None:
    problem = "there is one amount for each of the hold's postings, or null to capture all"
    refused = InvalidInput(path=(*PATH, "amounts"), problem=problem)
    assert sent_capture(*["1"] * count) == refused
    assert isinstance(sent_capture(*["1"] * 100), CaptureRequest)


def test_a_reversals_description_and_metadata_are_within_their_bounds() -> None:
    for refused, place in (
        (sent_reversal(description="d" * 1001), "description"),
        (sent_reversal(metadata=["a"]), "metadata"),
        (sent_reversal(description="\x00", metadata=["a"]), "description"),
    ):
        assert isinstance(refused, InvalidInput)
        assert refused.path == (*PATH, place)


def test_of_several_faults_the_first_in_the_requests_order_is_named() -> None:
    faults: list[tuple[str, Request | Malformed]] = [
        ("idempotencyKey", sent_capture("x", key="")),
        ("amounts", sent_capture("x", "0")),
        ("idempotencyKey", sent_reversal(key="", description="\x00")),
        ("amounts", sent_capture(*["x"] * 101)),
        ("expiresAt", sent(LEG, expires_at=NOON, description="\x00", metadata=1)),
        ("postings", sent(("a", "b", "0"), expires_at=NOON)),
    ]
    for place, refused in faults:
        assert refused.path[len(PATH)] == place


def test_a_void_asks_for_nothing_but_its_hold() -> None:
    made = transactions.void(path=PATH, idempotency_key="k", transaction=TransactionKey(None, "?"))
    assert made == VoidRequest(PATH, "k", TransactionKey(None, "?"))
