"""Floors, ceilings and 38 digits: met by movement towards them, with all that is pending counted.

Every promise is held on both normal sides: ``taking`` is a posting away from the account's normal
side, ``bringing`` one towards it. The currency here has no decimals.
"""

import pytest

from ledger.accounts import Account, Side
from ledger.amounts import MINOR_UNITS_MAX
from ledger.refusals import CeilingExceeded, InsufficientFunds
from tests.ledger import examples
from tests.ledger.examples import Leg, decide, kind, outcome, posted, request

SIDES: tuple[Side, ...] = ("DEBIT", "CREDIT")
CASH = examples.account("cash", exponent=0)
both_sides = pytest.mark.parametrize("side", SIDES)


def account(
    side: Side,
    *,
    brought: int = 0,
    taken: int = 0,
    bringing: int = 0,
    taking: int = 0,
    floor: int | None = None,
    ceiling: int | None = None,
) -> Account:
    """An account by what was, and what pending transactions may be, brought and taken."""
    debit = side == "DEBIT"
    return examples.account(
        "it",
        exponent=0,
        normal_side=side,
        floor=floor,
        ceiling=ceiling,
        debits_posted=brought if debit else taken,
        credits_posted=taken if debit else brought,
        debits_pending=bringing if debit else taking,
        credits_pending=taking if debit else bringing,
    )


def take(side: Side, amount: int) -> Leg:
    return ("cash", "it", str(amount)) if side == "DEBIT" else ("it", "cash", str(amount))


def bring(side: Side, amount: int) -> Leg:
    return ("it", "cash", str(amount)) if side == "DEBIT" else ("cash", "it", str(amount))


def answer(it: Account, *legs: Leg) -> str:
    return kind(outcome(request(*legs), CASH, it))


def least_taken_that_is_refused(it: Account) -> int:
    """By trying; the answer is the same for every larger amount."""
    answers = [answer(it, take(it.normal_side, amount)) for amount in range(1, 30)]
    accepted = answers.count("POSTED")
    assert answers == ["POSTED"] * accepted + ["INSUFFICIENT_FUNDS"] * (29 - accepted)
    return accepted + 1


def least_brought_that_is_refused(it: Account) -> int:
    answers = [answer(it, bring(it.normal_side, amount)) for amount in range(1, 30)]
    accepted = answers.count("POSTED")
    assert answers == ["POSTED"] * accepted + ["CEILING_EXCEEDED"] * (29 - accepted)
    return accepted + 1


@both_sides
@pytest.mark.parametrize(
    ("brought", "taken", "floor", "least"),
    [(10, 0, 0, 11), (30, 20, 0, 11), (10, 0, 4, 7), (10, 0, -5, 16), (0, 0, -5, 6), (0, 0, 0, 1)],
)
def test_a_floor_may_be_reached_and_not_passed(
    side: Side, brought: int, taken: int, floor: int, least: int
) -> None:
    it = account(side, brought=brought, taken=taken, floor=floor)
    assert least_taken_that_is_refused(it) == least


@both_sides
def test_a_floor_counts_what_pending_transactions_may_take_away(side: Side) -> None:
    it = account(side, brought=20, taking=8, floor=0)
    assert least_taken_that_is_refused(it) == 13


@both_sides
def test_a_floor_does_not_count_on_what_pending_transactions_may_bring(side: Side) -> None:
    it = account(side, brought=5, bringing=20, floor=0)
    assert least_taken_that_is_refused(it) == 6


@both_sides
def test_a_balance_of_5000_and_five_holds_of_1000_leave_nothing_for_a_sixth(side: Side) -> None:
    it = account(side, brought=5000, taking=5 * 1000, floor=0)
    assert answer(it, take(side, 1000)) == "INSUFFICIENT_FUNDS"
    assert answer(it, take(side, 1)) == "INSUFFICIENT_FUNDS"
    refused = outcome(request(take(side, 1000)), CASH, it)
    assert isinstance(refused, InsufficientFunds)
    assert (refused.available, refused.required, refused.floor) == ("0", "1000", "0")


@both_sides
@pytest.mark.parametrize(
    ("brought", "taken", "ceiling", "least"),
    [(0, 0, 10, 11), (10, 0, 10, 1), (30, 25, 10, 6), (0, 20, -5, 16), (0, 0, 0, 1)],
)
def test_a_ceiling_may_be_reached_and_not_passed(
    side: Side, brought: int, taken: int, ceiling: int, least: int
) -> None:
    it = account(side, brought=brought, taken=taken, ceiling=ceiling)
    assert least_brought_that_is_refused(it) == least


@both_sides
def test_a_ceiling_counts_what_pending_transactions_may_bring(side: Side) -> None:
    it = account(side, brought=5, bringing=8, ceiling=20)
    assert least_brought_that_is_refused(it) == 8


@both_sides
def test_a_ceiling_does_not_count_on_what_pending_transactions_may_take_away(side: Side) -> None:
    it = account(side, brought=15, taking=10, ceiling=20)
    assert least_brought_that_is_refused(it) == 6


@both_sides
def test_without_limits_a_balance_goes_anywhere(side: Side) -> None:
    it = account(side)
    assert answer(it, take(side, 10**30)) == "POSTED"
    assert answer(it, bring(side, 10**30)) == "POSTED"


@both_sides
def test_a_floor_does_not_stop_what_is_brought_nor_a_ceiling_what_is_taken(side: Side) -> None:
    it = account(side, floor=0, ceiling=0)
    assert answer(it, bring(side, 1)) == "CEILING_EXCEEDED"
    assert answer(it, take(side, 1)) == "INSUFFICIENT_FUNDS"
    assert answer(account(side, floor=0), bring(side, 1)) == "POSTED"
    assert answer(account(side, ceiling=0), take(side, 1)) == "POSTED"


@both_sides
def test_an_account_below_its_floor_may_receive_and_not_give(side: Side) -> None:
    it = account(side, brought=10, taking=5, floor=100)
    assert answer(it, bring(side, 1)) == "POSTED"
    assert answer(it, bring(side, 1000)) == "POSTED"
    assert answer(it, take(side, 1)) == "INSUFFICIENT_FUNDS"


@both_sides
def test_an_account_above_its_ceiling_may_give_and_not_receive(side: Side) -> None:
    it = account(side, brought=100, bringing=5, ceiling=10)
    assert answer(it, take(side, 1)) == "POSTED"
    assert answer(it, take(side, 1000)) == "POSTED"
    assert answer(it, bring(side, 1)) == "CEILING_EXCEEDED"


@both_sides
def test_an_account_beyond_its_limits_may_take_part_in_what_leaves_it_as_it_was(side: Side) -> None:
    for it in (account(side, floor=100), account(side, brought=100, ceiling=10)):
        assert answer(it, take(side, 5), bring(side, 5)) == "POSTED"
        assert answer(it, bring(side, 5), take(side, 5)) == "POSTED"


@both_sides
def test_limits_are_held_against_the_net_effect_of_all_postings(side: Side) -> None:
    it = account(side, brought=10, floor=0, ceiling=20)
    assert answer(it, take(side, 100), bring(side, 90)) == "POSTED"
    assert answer(it, bring(side, 100), take(side, 90)) == "POSTED"
    assert answer(it, take(side, 100), bring(side, 89)) == "INSUFFICIENT_FUNDS"
    assert answer(it, bring(side, 100), take(side, 89)) == "CEILING_EXCEEDED"


@both_sides
def test_postings_that_are_each_within_a_limit_may_break_it_together(side: Side) -> None:
    it = account(side, brought=10, floor=0, ceiling=20)
    assert answer(it, *[take(side, 1)] * 10) == "POSTED"
    assert answer(it, *[take(side, 1)] * 11) == "INSUFFICIENT_FUNDS"
    assert answer(it, *[bring(side, 1)] * 10) == "POSTED"
    assert answer(it, *[bring(side, 1)] * 11) == "CEILING_EXCEEDED"


@both_sides
def test_a_refusal_shows_the_net_effect(side: Side) -> None:
    it = account(side, brought=10, taking=1, floor=0, ceiling=20)
    low = outcome(request(take(side, 15), bring(side, 2)), CASH, it)
    assert isinstance(low, InsufficientFunds)
    assert (low.available, low.required, low.floor) == ("9", "13", "0")
    high = outcome(request(bring(side, 15), take(side, 2)), CASH, it)
    assert isinstance(high, CeilingExceeded)
    assert (high.posted, high.added, high.ceiling) == ("10", "13", "20")


@both_sides
def test_money_passes_through_an_account_that_may_hold_none(side: Side) -> None:
    it = account(side, floor=0, ceiling=0)
    entries = posted(request(take(side, 7), bring(side, 7)), CASH, it).entries
    assert [entry.balance_after for entry in entries if entry.account_id == it.account_id] == [
        -7,
        0,
    ]


@both_sides
@pytest.mark.parametrize("pending", [0, 1, 49])
def test_no_counter_passes_38_digits(side: Side, pending: int) -> None:
    room = 50 - pending
    bringing = account(side, brought=MINOR_UNITS_MAX - 50, bringing=pending)
    assert answer(bringing, bring(side, room)) == "POSTED"
    assert answer(bringing, bring(side, room + 1)) == "INVALID_AMOUNT"
    taking = account(side, taken=MINOR_UNITS_MAX - 50, taking=pending)
    assert answer(taking, take(side, room)) == "POSTED"
    assert answer(taking, take(side, room + 1)) == "INVALID_AMOUNT"


@both_sides
def test_counters_add_up_over_postings_and_do_not_cancel_out(side: Side) -> None:
    it = account(side, brought=MINOR_UNITS_MAX - 50, taken=MINOR_UNITS_MAX - 50)
    assert answer(it, bring(side, 25), bring(side, 25), take(side, 50)) == "POSTED"
    assert answer(it, bring(side, 25), bring(side, 26)) == "INVALID_AMOUNT"
    assert answer(it, bring(side, 51), take(side, 51)) == "INVALID_AMOUNT"
    assert answer(it, take(side, 51), bring(side, 51)) == "INVALID_AMOUNT"


@both_sides
def test_counters_add_up_over_a_batch(side: Side) -> None:
    it = account(side)
    all_of_it = bring(side, MINOR_UNITS_MAX)
    one_more, back = bring(side, 1), take(side, MINOR_UNITS_MAX)
    decision = decide(
        *(request(leg, key=str(n)) for n, leg in enumerate((all_of_it, one_more, back, one_more))),
        accounts=[CASH, it],
    )
    assert [kind(one) for one in decision.outcomes] == [
        "POSTED",
        "INVALID_AMOUNT",
        "POSTED",
        "INVALID_AMOUNT",
    ]
    assert [book.balance for book in decision.books] == [0, 0]


@both_sides
def test_the_largest_amount_and_the_largest_balance_are_allowed(side: Side) -> None:
    it = account(side, ceiling=MINOR_UNITS_MAX, floor=-MINOR_UNITS_MAX)
    assert answer(it, bring(side, MINOR_UNITS_MAX)) == "POSTED"
    assert answer(it, take(side, MINOR_UNITS_MAX)) == "POSTED"
