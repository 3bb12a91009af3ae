"""Captures, voids and reversals bind keys as transactions do: one key, one request, of any kind."""

import msgspec
import pytest

from ledger.posting import Replayed
from ledger.refusals import IdempotencyConflict
from ledger.transactions import CaptureRequest, Request, VoidRequest
from tests.ledger.examples import (
    NOON,
    PATH,
    account,
    capture,
    hold,
    kind,
    request,
    reversal,
    transaction_ids,
    void,
)
from tests.ledger.stored import Stored

HELD, OTHER, PLAIN, RESOLUTION = transaction_ids(4)
HOLD = hold(("wallet", "shop", "20"), ("wallet", "fees", "2"))
TARGETS = (
    HOLD,
    hold(("wallet", "shop", "1"), key="other hold"),
    request(("wallet", "shop", "1")),
)


def ledger(*done: Request) -> Stored:
    """Two holds and a posted transaction, with the ids 1, 2 and 3, and what was done to them."""
    stored = Stored([account("wallet"), account("shop"), account("fees")])
    stored.send(*TARGETS)
    assert {kind(it) for it in stored.send(*done)} <= {"CAPTURED", "VOIDED", "POSTED"}
    return stored


SAME: dict[str, tuple[Request, Request]] = {
    "all of it, twice": (capture(), capture()),
    "all of it, then so much": (capture(), capture("hold", "20", "2")),
    "so much, then all of it": (capture("hold", "20.00", "2"), capture()),
    "amounts with other zeros": (capture("hold", "2", "1"), capture("hold", "2.00", "01.0")),
    "a hold by its id": (capture("hold", "2", "1"), capture(HELD, "2", "1")),
    "a capture elsewhere": (capture(), capture(path=("input", "items", "7", "capture"))),
    "a void": (void(), void()),
    "a void by id": (void(), void(HELD)),
    "a reversal": (reversal(description="d"), reversal(description="d")),
    "a reversal by id": (reversal(), reversal(PLAIN)),
    "metadata in another order": (
        reversal(metadata={"a": 1, "b": 2}),
        reversal(metadata={"b": 2, "a": 1}),
    ),
    "a dated reversal": (reversal(effective_at=NOON), reversal(effective_at=NOON)),
}


@pytest.mark.parametrize(("first", "again"), SAME.values(), ids=SAME)
def test_the_same_request_has_the_same_transaction_again(first: Request, again: Request) -> None:
    stored = ledger(first)
    before = stored.counters(), dict(stored.transactions), list(stored.entries)
    (replayed,) = stored.send(again)
    assert isinstance(replayed, Replayed)
    assert replayed.transaction_id in {HELD, RESOLUTION}
    assert (stored.counters(), stored.transactions, stored.entries) == before


OF_CAPTURE = capture("hold", "5", "2", key="k")
OF_WHOLE = capture("hold", key="k")
OF_VOID = void("hold", key="k")
OF_REVERSAL = reversal(key="k", description="d", metadata={"a": 1}, effective_at=NOON)
OF_HOLD = hold(("wallet", "shop", "1"), key="k", expires_at=NOON.replace(hour=13))
OF_POST = request(("wallet", "shop", "1"), key="k", effective_at=NOON)

OTHERS: list[tuple[str, Request, Request]] = [
    ("transaction", OF_CAPTURE, capture("other hold", "5", key="k")),
    ("transaction", OF_CAPTURE, capture("nothing", "5", "2", key="k")),
    ("amounts", OF_CAPTURE, capture("hold", key="k")),
    ("amounts", OF_CAPTURE, capture("hold", "5", key="k")),
    ("amounts", OF_WHOLE, capture("hold", "20", "2", "1", key="k")),
    ("amounts.0", OF_CAPTURE, capture("hold", "6", "2", key="k")),
    ("amounts.1", OF_CAPTURE, capture("hold", "5", "1.99", key="k")),
    ("amounts.1", OF_CAPTURE, capture("hold", "5", "2.000", key="k")),
    ("amounts.0", OF_WHOLE, capture("hold", "19", "2", key="k")),
    ("transaction", OF_VOID, void("other hold", key="k")),
    ("transaction", OF_VOID, void("nothing", key="k")),
    (
        "transaction",
        OF_REVERSAL,
        msgspec.structs.replace(OF_REVERSAL, transaction=void().transaction),
    ),
    ("effectiveAt", OF_REVERSAL, msgspec.structs.replace(OF_REVERSAL, effective_at=None)),
    ("description", OF_REVERSAL, msgspec.structs.replace(OF_REVERSAL, description="")),
    ("metadata", OF_REVERSAL, msgspec.structs.replace(OF_REVERSAL, metadata={})),
    ("operation", OF_CAPTURE, OF_VOID),
    ("operation", OF_CAPTURE, OF_REVERSAL),
    ("operation", OF_CAPTURE, OF_POST),
    ("operation", OF_VOID, OF_CAPTURE),
    ("operation", OF_VOID, OF_REVERSAL),
    ("operation", OF_VOID, OF_HOLD),
    ("operation", OF_REVERSAL, OF_CAPTURE),
    ("operation", OF_REVERSAL, OF_VOID),
    ("operation", OF_REVERSAL, OF_POST),
    ("operation", OF_POST, OF_CAPTURE),
    ("operation", OF_POST, OF_REVERSAL),
    ("operation", OF_HOLD, OF_VOID),
    ("pending", OF_POST, msgspec.structs.replace(OF_POST, pending=True)),
    ("pending", OF_HOLD, msgspec.structs.replace(OF_HOLD, pending=False, expires_at=None)),
    ("expiresAt", OF_HOLD, msgspec.structs.replace(OF_HOLD, expires_at=None)),
    ("expiresAt", OF_HOLD, msgspec.structs.replace(OF_HOLD, expires_at=NOON.replace(hour=14))),
    ("effectiveAt", OF_POST, msgspec.structs.replace(OF_POST, effective_at=None)),
    ("effectiveAt", OF_HOLD, msgspec.structs.replace(OF_HOLD, effective_at=NOON)),
]


@pytest.mark.parametrize(("field", "first", "other"), OTHERS)
def test_another_request_with_a_bound_key_is_a_conflict_that_names_the_field(
    field: str, first: Request, other: Request
) -> None:
    stored = ledger()
    stored.send(first)
    before = stored.counters()
    (refused,) = stored.send(other)
    assert isinstance(refused, IdempotencyConflict)
    assert (refused.field, refused.idempotency_key) == (field, "k")
    assert refused.path == (*PATH, "idempotencyKey")
    of_hold = isinstance(first, CaptureRequest | VoidRequest)
    assert refused.transaction_id == (HELD if of_hold else RESOLUTION)
    assert stored.counters() == before


def test_the_key_of_a_hold_is_not_free_for_its_capture_void_or_reversal() -> None:
    for made in (capture(key="hold"), void(key="hold"), reversal("hold", key="hold")):
        (refused,) = ledger().send(made)
        assert isinstance(refused, IdempotencyConflict)
        assert refused.field == "operation"


@pytest.mark.parametrize("late", [capture(), capture("hold", "20", "2"), void()])
def test_a_replay_does_not_mind_what_became_of_the_accounts_or_the_transaction(
    late: Request,
) -> None:
    stored = ledger(late)
    stored.send(reversal("hold"))
    for code in ("wallet", "shop", "fees"):
        stored.set_state(code, "FROZEN")
    assert kind(stored.send(late)[0]) == "REPLAYED"
    assert kind(stored.send(HOLD)[0]) == "REPLAYED"


REFUSED: list[Request] = [
    capture("nothing", key="k"),
    capture("key", key="k"),
    capture("hold", "21", "2", key="k"),
    void("nothing", key="k"),
    void("key", key="k"),
    reversal("nothing", key="k"),
    reversal("hold", key="k"),
    hold(("wallet", "shop", "1"), key="k", expires_at=NOON),
]


@pytest.mark.parametrize("refused", REFUSED)
def test_a_refused_request_does_not_bind_its_key(refused: Request) -> None:
    stored = ledger()
    assert kind(stored.send(refused)[0]) not in {"CAPTURED", "VOIDED", "POSTED", "PENDING"}
    assert kind(stored.send(capture(key="k"))[0]) == "CAPTURED"


def test_a_hold_is_replayed_after_it_was_captured_in_part() -> None:
    stored = ledger(capture("hold", "5", "2"))
    (replayed,) = stored.send(HOLD)
    assert replayed == Replayed(HELD)
