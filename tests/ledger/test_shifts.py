"""Shifts move dated amounts from the day and month of their recording to those of their effect."""

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger import shifts
from ledger.accounts import Side
from ledger.records import Entry
from ledger.shifts import Shift
from tests.ledger.examples import NOON, id_of

WALLET = id_of("wallet")


def entry(
    effective_at: datetime | None, amount: int = 5, side: Side = "DEBIT", account: UUID = WALLET
) -> Entry:
    return Entry(account, 1, UUID(int=1), 0, side, amount, 0, 0, effective_at)


def test_an_entry_without_a_date_of_its_own_shifts_nothing() -> None:
    assert shifts.of([entry(None)], NOON) == []
    assert shifts.of([], NOON) == []


def test_a_dated_entry_is_added_where_it_takes_effect_and_taken_off_where_it_was_recorded() -> None:
    assert shifts.of([entry(datetime(2025, 4, 30, 23, tzinfo=UTC))], NOON) == [
        Shift(WALLET, "DAY", date(2025, 4, 30), 5, 0),
        Shift(WALLET, "DAY", date(2025, 6, 1), -5, 0),
        Shift(WALLET, "MONTH", date(2025, 4, 1), 5, 0),
        Shift(WALLET, "MONTH", date(2025, 6, 1), -5, 0),
    ]


def test_debits_and_credits_are_shifted_apart() -> None:
    at = datetime(2025, 6, 2, tzinfo=UTC)
    made = shifts.of([entry(at, 5), entry(at, 7, "CREDIT"), entry(at, 1)], NOON)
    assert made == [
        Shift(WALLET, "DAY", date(2025, 6, 1), -6, -7),
        Shift(WALLET, "DAY", date(2025, 6, 2), 6, 7),
        Shift(WALLET, "MONTH", date(2025, 6, 1), 0, 0),
    ]


def test_what_takes_effect_on_the_day_it_is_recorded_cancels_out() -> None:
    assert shifts.of([entry(NOON.replace(hour=0))], NOON) == [
        Shift(WALLET, "DAY", date(2025, 6, 1), 0, 0),
        Shift(WALLET, "MONTH", date(2025, 6, 1), 0, 0),
    ]


def test_days_and_months_are_those_of_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    made = shifts.of([entry(datetime(2025, 6, 1, 8, tzinfo=tokyo))], NOON.astimezone(tokyo))
    assert [(one.period, one.starts_on) for one in made] == [
        ("DAY", date(2025, 5, 31)),
        ("DAY", date(2025, 6, 1)),
        ("MONTH", date(2025, 5, 1)),
        ("MONTH", date(2025, 6, 1)),
    ]


def test_each_account_has_shifts_of_its_own_and_all_come_in_one_order() -> None:
    accounts = sorted([id_of("a"), id_of("b"), id_of("c")])
    at = NOON - timedelta(days=1)
    made = shifts.of([entry(at, account=account) for account in reversed(accounts)], NOON)
    assert [one.account_id for one in made] == [account for account in accounts for _ in range(4)]


DECEMBER = datetime(2023, 12, 1, tzinfo=UTC)
moments = st.integers(0, 660_000).map(lambda minutes: DECEMBER + timedelta(minutes=minutes))


@given(st.lists(st.tuples(moments, moments, st.integers(1, 99)), max_size=30), moments)
def test_shifts_turn_a_total_by_recorded_time_into_one_by_effective_time(
    dated: list[tuple[datetime, datetime, int]], moment: datetime
) -> None:
    """As a balance by effective time is read: by months, then by days, then by entries."""
    made = [
        shift
        for effective_at, recorded_at, amount in dated
        for shift in shifts.of([entry(effective_at, amount)], recorded_at)
    ]
    day, month = moment.date(), moment.date().replace(day=1)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    total = sum(amount for _, recorded_at, amount in dated if recorded_at < moment)
    total += sum(it.debits for it in made if it.period == "MONTH" and it.starts_on < month)
    total += sum(it.debits for it in made if it.period == "DAY" and month <= it.starts_on < day)
    for effective_at, recorded_at, amount in dated:
        total += amount * (midnight <= effective_at < moment)
        total -= amount * (midnight <= recorded_at < moment)
    assert total == sum(amount for effective_at, _, amount in dated if effective_at < moment)
