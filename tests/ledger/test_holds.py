"""A hold moves nothing and reserves on both sides, gross: whatever of it may still be captured."""

import pytest

from ledger.accounts import Account, Side
from ledger.posting import Posted
from ledger.records import Entry
from ledger.refusals import CeilingExceeded, InsufficientFunds
from ledger.transactions import Request
from tests.ledger import examples
from tests.ledger.examples import (
    PATH,
    Leg,
    account,
    capture,
    decide,
    hold,
    id_of,
    kind,
    outcome,
    request,
    transaction_ids,
    void,
)
from tests.ledger.stored import Stored

CASH = account("cash", normal_side="DEBIT")
WALLET = account("wallet", floor=0, credits_posted=5000)
SHOP = account("shop")
SIDES: tuple[Side, ...] = ("DEBIT", "CREDIT")
both_sides = pytest.mark.parametrize("side", SIDES)


def kinds(stored: Stored, *requests: Request) -> list[str]:
    return [kind(outcome) for outcome in stored.send(*requests)]


def test_a_hold_moves_nothing_and_reserves_on_both_sides() -> None:
    stored = Stored([WALLET, SHOP])
    assert kinds(stored, hold(("wallet", "shop", "12.30"))) == ["PENDING"]
    assert stored.counters() == {
        "wallet": (0, 5000, 1230, 0, 0),
        "shop": (0, 0, 0, 1230, 0),
    }
    assert not stored.entries


def test_a_hold_leaves_an_accounts_last_entry_where_it_was() -> None:
    stored = Stored([WALLET, SHOP])
    stored.send(hold(("wallet", "shop", "1")))
    assert stored.account("wallet").last_entry_at is None


def test_a_hold_is_recorded_with_what_it_reserves_and_until_when() -> None:
    expires_at = examples.NOON.replace(hour=13)
    made = outcome(hold(("wallet", "shop", "1"), expires_at=expires_at), WALLET, SHOP)
    assert isinstance(made, Posted)
    assert (made.recorded.state, made.recorded.expires_at) == ("PENDING", expires_at)
    assert (made.recorded.is_hold, made.recorded.resolved_at) == (True, None)
    assert made.recorded.postings[0].captured is None


def test_capturing_moves_all_that_was_held_and_reserves_nothing_more() -> None:
    stored = Stored([WALLET, SHOP])
    assert kinds(stored, hold(("wallet", "shop", "12.30")), capture()) == ["PENDING", "CAPTURED"]
    assert stored.counters() == {
        "wallet": (1230, 5000, 0, 0, 1),
        "shop": (0, 1230, 0, 0, 1),
    }
    (transaction_id,) = transaction_ids(1)
    assert [kept.entry for kept in stored.entries] == [
        Entry(id_of("wallet"), 1, transaction_id, 0, "DEBIT", 1230, 3770, 1230),
        Entry(id_of("shop"), 1, transaction_id, 0, "CREDIT", 1230, 1230, 0),
    ]


def test_capturing_a_part_moves_the_part_and_releases_the_rest() -> None:
    stored = Stored([WALLET, SHOP, CASH])
    stored.send(hold(("wallet", "shop", "20"), ("wallet", "cash", "30")), capture("hold", "5", "1"))
    assert stored.counters() == {
        "wallet": (600, 5000, 0, 0, 2),
        "shop": (0, 500, 0, 0, 1),
        "cash": (0, 100, 0, 0, 1),
    }
    assert [(kept.entry.position, kept.entry.amount) for kept in stored.entries] == [
        (0, 500),
        (0, 500),
        (1, 100),
        (1, 100),
    ]
    assert kinds(stored, request(("wallet", "shop", "44.00"))) == ["POSTED"]


def test_a_captured_hold_keeps_what_was_held_and_what_was_captured() -> None:
    stored = Stored([WALLET, SHOP])
    stored.send(hold(("wallet", "shop", "20")), capture("hold", "5"))
    (record,) = stored.transactions.values()
    assert (record.postings[0].amount, record.postings[0].captured) == (2000, 500)
    assert (record.state, record.resolved_at) == ("POSTED", stored.recorded_at)
    assert (record.resolution_key, record.resolution_id) == ("capture", transaction_ids(2)[1])


def test_voiding_moves_nothing_and_frees_both_sides() -> None:
    stored = Stored([WALLET, SHOP])
    assert kinds(stored, hold(("wallet", "shop", "50")), void()) == ["PENDING", "VOIDED"]
    assert stored.counters() == {"wallet": (0, 5000, 0, 0, 0), "shop": (0, 0, 0, 0, 0)}
    assert not stored.entries
    assert kinds(stored, request(("wallet", "shop", "50"))) == ["POSTED"]


def test_a_balance_of_5000_and_five_holds_of_1000_leave_nothing_for_a_sixth() -> None:
    stored = Stored([account("wallet", floor=0, credits_posted=500_000), SHOP])
    five = [hold(("wallet", "shop", "1000"), key=f"hold {n}") for n in range(5)]
    assert kinds(stored, *five) == ["PENDING"] * 5
    (refused,) = stored.send(hold(("wallet", "shop", "1000"), key="sixth"))
    assert isinstance(refused, InsufficientFunds)
    assert (refused.available, refused.required) == ("0.00", "1000.00")
    assert kinds(stored, request(("wallet", "shop", "0.01"))) == ["INSUFFICIENT_FUNDS"]
    assert (
        kinds(stored, *(capture(f"hold {n}", key=f"capture {n}") for n in range(5)))
        == ["CAPTURED"] * 5
    )


def it(
    side: Side, *, balance: int, floor: int | None = None, ceiling: int | None = None
) -> Account:
    debit = side == "DEBIT"
    return account(
        "it",
        normal_side=side,
        floor=floor,
        ceiling=ceiling,
        debits_posted=100 * balance if debit else 0,
        credits_posted=0 if debit else 100 * balance,
    )


def bring(side: Side, amount: int) -> Leg:
    return ("it", "cash", str(amount)) if side == "DEBIT" else ("cash", "it", str(amount))


def take(side: Side, amount: int) -> Leg:
    return ("cash", "it", str(amount)) if side == "DEBIT" else ("it", "cash", str(amount))


@both_sides
def test_a_floor_counts_what_a_hold_takes_and_not_what_it_brings(side: Side) -> None:
    stored = Stored([CASH, it(side, balance=10, floor=0)])
    assert kinds(
        stored,
        hold(bring(side, 100), key="brings"),
        hold(take(side, 7), key="takes"),
        hold(take(side, 4), key="takes more"),
        request(take(side, 4), key="posts more"),
        request(take(side, 3), key="posts"),
    ) == ["PENDING", "PENDING", "INSUFFICIENT_FUNDS", "INSUFFICIENT_FUNDS", "POSTED"]


@both_sides
def test_a_ceiling_counts_what_a_hold_may_bring_and_not_what_it_takes(side: Side) -> None:
    stored = Stored([CASH, it(side, balance=10, ceiling=2000)])
    outcomes = stored.send(
        hold(take(side, 8), key="takes"),
        hold(bring(side, 7), key="brings"),
        hold(bring(side, 4), key="brings more"),
        request(bring(side, 4), key="posts more"),
        request(bring(side, 3), key="posts"),
    )
    assert [kind(outcome) for outcome in outcomes] == [
        "PENDING",
        "PENDING",
        "CEILING_EXCEEDED",
        "CEILING_EXCEEDED",
        "POSTED",
    ]
    refused = outcomes[2]
    assert isinstance(refused, CeilingExceeded)
    assert (refused.posted, refused.added, refused.ceiling) == ("10.00", "4.00", "20.00")


@both_sides
def test_of_a_hold_one_posting_does_not_make_up_for_another(side: Side) -> None:
    """Each may be captured in part: the one that takes wholly, the one that brings hardly."""
    lacking = it(side, balance=10, floor=0)
    legs = (bring(side, 90), take(side, 11))
    assert kind(outcome(request(*legs), CASH, lacking)) == "POSTED"
    refused = outcome(hold(*legs), CASH, lacking)
    assert isinstance(refused, InsufficientFunds)
    assert (refused.available, refused.required) == ("10.00", "11.00")
    assert refused.path == (*PATH, "postings", "0", "debit" if side == "DEBIT" else "credit")
    full = it(side, balance=10, ceiling=2000)
    legs = (take(side, 90), bring(side, 11))
    assert kind(outcome(request(*legs), CASH, full)) == "POSTED"
    assert kind(outcome(hold(*legs), CASH, full)) == "CEILING_EXCEEDED"


@both_sides
def test_a_hold_that_only_brings_asks_for_no_funds(side: Side) -> None:
    below = it(side, balance=0, floor=10_000)
    assert kind(outcome(hold(bring(side, 1)), CASH, below)) == "PENDING"
    assert kind(outcome(hold(take(side, 1)), CASH, below)) == "INSUFFICIENT_FUNDS"


@both_sides
def test_a_capture_is_not_held_against_limits_that_were_moved_after_the_hold(side: Side) -> None:
    stored = Stored([CASH, it(side, balance=10, floor=0)])
    stored.send(hold(take(side, 10)))
    it_now = stored.account("it")
    stored.accounts[it_now.account_id] = examples.replaced(it_now, floor=10**9)
    assert kinds(stored, capture()) == ["CAPTURED"]


def test_no_counter_passes_38_digits_by_a_hold() -> None:
    brimming = account("brimming", credits_posted=10**38 - 50)
    assert kind(outcome(hold(("cash", "brimming", "0.49")), CASH, brimming)) == "PENDING"
    assert kind(outcome(hold(("cash", "brimming", "0.50")), CASH, brimming)) == "INVALID_AMOUNT"
    stored = Stored([CASH, brimming])
    stored.send(hold(("cash", "brimming", "0.40")))
    assert kinds(stored, request(("cash", "brimming", "0.10"))) == ["INVALID_AMOUNT"]
    assert kinds(stored, request(("cash", "brimming", "0.09")), capture()) == ["POSTED", "CAPTURED"]
    assert stored.account("brimming").credits_posted == 10**38 - 1


def test_a_refused_hold_reserves_nothing() -> None:
    decision = decide(hold(("wallet", "shop", "50.01")), accounts=[WALLET, SHOP])
    assert kind(decision.outcomes[0]) == "INSUFFICIENT_FUNDS"
    assert not decision.books
    assert not decision.changes
