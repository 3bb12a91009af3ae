"""In a batch a hold may be captured by the item after it; atomic or not, as if sent one by one."""

import pytest

from ledger.refusals import BatchRefused, InvalidInput
from ledger.transactions import Request
from tests.ledger.examples import account, capture, hold, kind, request, reversal, void
from tests.ledger.stored import Stored

HOLD = hold(("wallet", "shop", "20"))
PAY = request(("wallet", "shop", "30"), key="pay")


def ledger() -> Stored:
    wallet = account("wallet", floor=0, credits_posted=5000)
    return Stored([wallet, account("shop")])


def kinds(*requests: Request, atomic: bool = False) -> list[str]:
    return [kind(it) for it in ledger().send(*requests, atomic=atomic)]


BATCHES: dict[str, tuple[list[Request], list[str]]] = {
    "a hold and its capture": ([HOLD, capture()], ["PENDING", "CAPTURED"]),
    "a hold and a part of it": ([HOLD, capture("hold", "5")], ["PENDING", "CAPTURED"]),
    "a hold and its void": ([HOLD, void()], ["PENDING", "VOIDED"]),
    "a capture and its reversal": (
        [HOLD, capture("hold", "5"), reversal("hold")],
        ["PENDING", "CAPTURED", "POSTED"],
    ),
    "a reversal of a reversal": (
        [PAY, reversal("pay", key="back"), reversal("back", key="forth")],
        ["POSTED", "POSTED", "POSTED"],
    ),
    "what a capture releases is spent": (
        [hold(("wallet", "shop", "50")), capture("hold", "20"), PAY],
        ["PENDING", "CAPTURED", "POSTED"],
    ),
    "what a void frees is spent": (
        [hold(("wallet", "shop", "50")), void(), PAY],
        ["PENDING", "VOIDED", "POSTED"],
    ),
    "a replay within the batch": (
        [HOLD, capture(), HOLD, capture()],
        ["PENDING", "CAPTURED", "REPLAYED", "REPLAYED"],
    ),
}


@pytest.mark.parametrize("atomic", [False, True])
@pytest.mark.parametrize(("batch", "outcomes"), BATCHES.values(), ids=BATCHES)
def test_an_item_sees_what_those_before_it_did(
    batch: list[Request], outcomes: list[str], *, atomic: bool
) -> None:
    assert kinds(*batch, atomic=atomic) == outcomes


@pytest.mark.parametrize(("batch", "outcomes"), BATCHES.values(), ids=BATCHES)
def test_a_batch_leaves_what_its_items_leave_one_by_one(
    batch: list[Request], outcomes: list[str]
) -> None:
    together, apart = ledger(), ledger()
    together.send(*batch)
    for request_, outcome in zip(batch, outcomes, strict=True):
        (alone,) = apart.send(request_)
        assert kind(alone) == outcome
    assert together.counters() == apart.counters()
    assert together.settled() == apart.settled()
    assert [it.entry for it in together.entries] == [it.entry for it in apart.entries]


def test_a_hold_that_its_own_batch_captures_is_created_posted() -> None:
    stored = ledger()
    stored.send(HOLD, capture("hold", "5"))
    (record,) = stored.transactions.values()
    assert (record.state, record.postings[0].captured) == ("POSTED", 500)
    assert (record.is_hold, record.resolution_key) == (True, "capture")
    assert stored.counters()["wallet"] == (500, 5000, 0, 0, 1)


def test_the_second_of_two_captures_in_a_batch_is_refused() -> None:
    assert kinds(HOLD, capture(key="1"), capture(key="2")) == [
        "PENDING",
        "CAPTURED",
        "ALREADY_CAPTURED",
    ]


def test_a_capture_does_not_see_a_hold_after_it() -> None:
    assert kinds(capture(), HOLD) == ["TRANSACTION_NOT_FOUND", "PENDING"]


@pytest.mark.parametrize("spoiler", [capture(key="2"), void(), reversal("nothing"), capture("no")])
def test_in_an_atomic_batch_one_refusal_refuses_holds_captures_and_voids(spoiler: Request) -> None:
    stored = ledger()
    before = stored.counters()
    refusals = stored.send(HOLD, capture(), spoiler, atomic=True)
    said = BatchRefused(path=HOLD.path, refused_index=2)
    assert refusals[:2] == [said, said]
    assert kind(refusals[2]) not in {"BATCH_REFUSED", "CAPTURED", "VOIDED", "POSTED"}
    assert (stored.counters(), stored.transactions) == (before, {})


def test_a_refused_atomic_batch_leaves_an_earlier_hold_pending() -> None:
    stored = ledger()
    stored.send(HOLD)
    assert [kind(it) for it in stored.send(capture(), capture("no", key="2"), atomic=True)] == [
        "BATCH_REFUSED",
        "TRANSACTION_NOT_FOUND",
    ]
    assert kind(stored.send(capture())[0]) == "CAPTURED"


@pytest.mark.parametrize(
    "other", [void("hold", key="capture"), request(("wallet", "shop", "1"), key="capture")]
)
def test_in_a_refused_atomic_batch_a_key_that_stands_twice_is_a_mistake_of_the_batch(
    other: Request,
) -> None:
    """The capture that has the key is refused with it: the key belongs to nobody."""
    stored = ledger()
    stored.send(HOLD)
    refusals = stored.send(capture(), other, atomic=True)
    assert kind(refusals[0]) == "BATCH_REFUSED"
    assert refusals[1] == InvalidInput(
        path=(*other.path, "idempotencyKey"),
        problem="the key stands in this batch before, with a different operation",
    )
    assert kind(stored.send(other)[0]) in {"VOIDED", "POSTED"}
