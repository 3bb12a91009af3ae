"""Effective time is the application's word: any time back, at most a year ahead, history as is."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ledger import posting
from ledger.posting import Posted, Resolved
from ledger.refusals import InvalidInput
from tests.ledger.examples import (
    NOON,
    PATH,
    account,
    capture,
    hold,
    kind,
    outcome,
    posted,
    request,
    reversal,
)
from tests.ledger.stored import Stored

CASH = account("cash", normal_side="DEBIT")
WALLET = account("wallet")
LEG = ("cash", "wallet", "1")
MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize("effective_at", [None, NOON, NOON - timedelta(days=1), NOON + MICROSECOND])
def test_a_transaction_and_its_entries_keep_the_effective_time_that_was_asked(
    effective_at: datetime | None,
) -> None:
    made = posted(request(LEG, effective_at=effective_at), CASH, WALLET)
    assert made.recorded.effective_at == effective_at
    assert [entry.effective_at for entry in made.entries] == [effective_at] * 2


def test_any_time_back_is_allowed() -> None:
    made = request(LEG, effective_at=datetime(1, 1, 1, tzinfo=UTC))
    assert kind(outcome(made, CASH, WALLET)) == "POSTED"


def test_a_year_ahead_is_allowed_and_no_more() -> None:
    a_year = NOON.replace(year=NOON.year + 1)
    assert kind(outcome(request(LEG, effective_at=a_year), CASH, WALLET)) == "POSTED"
    problem = "it is more than a year ahead; post it nearer to its time"
    too_far = InvalidInput(path=(*PATH, "effectiveAt"), problem=problem)
    for ahead in (a_year + MICROSECOND, datetime(9999, 12, 31, tzinfo=UTC)):
        assert outcome(request(LEG, effective_at=ahead), CASH, WALLET) == too_far
        assert outcome(hold(LEG, effective_at=ahead), CASH, WALLET) == too_far
        assert outcome(reversal("nothing", effective_at=ahead), CASH, WALLET) == too_far


def test_the_year_is_counted_in_whatever_zone_it_was_asked_in() -> None:
    tokyo = timezone(timedelta(hours=9))
    a_year = NOON.replace(year=NOON.year + 1).astimezone(tokyo)
    assert kind(outcome(request(LEG, effective_at=a_year), CASH, WALLET)) == "POSTED"
    ahead = a_year + MICROSECOND
    assert kind(outcome(request(LEG, effective_at=ahead), CASH, WALLET)) == "INVALID_INPUT"


def test_a_year_from_the_29th_of_february_is_the_1st_of_march() -> None:
    leap = datetime(2028, 2, 29, 15, 30, tzinfo=UTC)
    assert posting.effective_time_limit(leap) == datetime(2029, 3, 1, 15, 30, tzinfo=UTC)
    before = datetime(2027, 2, 28, tzinfo=UTC)
    assert posting.effective_time_limit(before) == datetime(2028, 2, 28, tzinfo=UTC)


def test_a_dated_hold_has_its_effective_time_when_it_is_captured() -> None:
    dated = NOON - timedelta(days=3)
    stored = Stored([CASH, WALLET])
    stored.send(hold(LEG, effective_at=dated))
    (captured,) = stored.send(capture(), at=NOON + timedelta(days=1))
    assert isinstance(captured, Resolved)
    assert [entry.effective_at for entry in captured.entries] == [dated, dated]


def test_a_reversal_has_an_effective_time_of_its_own() -> None:
    stored = Stored([CASH, WALLET])
    stored.send(request(LEG, effective_at=NOON - timedelta(days=3)))
    (plain,) = stored.send(reversal())
    assert isinstance(plain, Posted)
    assert plain.recorded.effective_at is None


def test_backdating_leaves_the_entries_before_it_as_they_were() -> None:
    stored = Stored([CASH, WALLET])
    stored.send(request(LEG))
    before = list(stored.entries)
    stored.send(request(LEG, key="dated", effective_at=NOON - timedelta(days=3)))
    assert stored.entries[:2] == before
    assert [(it.version, it.balance_after) for it, _ in stored.entries] == [
        (1, 100),
        (1, 100),
        (2, 200),
        (2, 200),
    ]
    assert [recorded_at for _, recorded_at in stored.entries] == [NOON] * 2 + [
        NOON + MICROSECOND
    ] * 2
