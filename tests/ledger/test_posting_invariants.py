"""What holds after every random history, whatever was asked: the invariants of double entry."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger import shifts
from ledger.accounts import Account, Side
from ledger.posting import Posted, Resolved
from ledger.records import Entry
from tests.ledger.histories import MANY, History, histories, sizes
from tests.ledger.play import played, turn
from tests.ledger.stored import Stored


@MANY
@given(history=histories(), sizes=sizes, atomic=st.booleans())
def test_debits_equal_credits_in_every_transaction_and_currency(
    history: History, sizes: list[int], *, atomic: bool
) -> None:
    stored, _ = played(history, sizes, atomic=atomic)
    sums: Counter[tuple[UUID, str]] = Counter()
    for entry, _ in stored.entries:
        currency = stored.accounts[entry.account_id].currency
        sums[entry.transaction_id, currency] += _signed(entry, "DEBIT")
    assert not any(sums.values())


@MANY
@given(histories(), sizes)
def test_entries_are_dense_and_carry_the_running_balance_and_debits(
    history: History, sizes: list[int]
) -> None:
    stored, _ = played(history, sizes)
    for start in history.accounts:
        version, balance, debits = start.version, _balance(start), start.debits_posted
        for entry, _ in stored.entries:
            if entry.account_id == start.account_id:
                version += 1
                balance += _signed(entry, start.normal_side)
                debits += entry.amount if entry.side == "DEBIT" else 0
                assert (entry.version, entry.balance_after) == (version, balance)
                assert entry.debits_after == debits
        end = stored.accounts[start.account_id]
        assert (end.version, _balance(end), end.debits_posted) == (version, balance, debits)


@MANY
@given(history=histories(), sizes=sizes, atomic=st.booleans())
def test_pending_counters_are_the_sum_of_the_holds_that_nothing_has_become_of(
    history: History, sizes: list[int], *, atomic: bool
) -> None:
    stored, _ = played(history, sizes, atomic=atomic)
    sums: Counter[tuple[UUID, Side]] = Counter()
    for account in history.accounts:
        sums[account.account_id, "DEBIT"] = account.debits_pending
        sums[account.account_id, "CREDIT"] = account.credits_pending
    for record in stored.transactions.values():
        for posting in record.postings if record.state == "PENDING" else ():
            sums[posting.debit_account_id, "DEBIT"] += posting.amount
            sums[posting.credit_account_id, "CREDIT"] += posting.amount
    for end in stored.accounts.values():
        assert end.debits_pending == sums[end.account_id, "DEBIT"]
        assert end.credits_pending == sums[end.account_id, "CREDIT"]


@MANY
@given(histories(), sizes)
def test_a_transaction_has_entries_for_what_it_moved_if_it_is_posted_and_else_none(
    history: History, sizes: list[int]
) -> None:
    stored, _ = played(history, sizes)
    entries: defaultdict[UUID, list[tuple[int, Side, UUID, int]]] = defaultdict(list)
    for entry, _ in stored.entries:
        told = entry.position, entry.side, entry.account_id, entry.amount
        entries[entry.transaction_id].append(told)
    for record in stored.transactions.values():
        wanted: list[tuple[int, Side, UUID, int]] = []
        for position, posting in enumerate(record.postings):
            assert 0 < posting.moved <= posting.amount
            assert posting.captured is None or record.is_hold
            wanted.append((position, "DEBIT", posting.debit_account_id, posting.moved))
            wanted.append((position, "CREDIT", posting.credit_account_id, posting.moved))
        assert entries[record.transaction_id] == (wanted if record.state == "POSTED" else [])


@MANY
@given(histories(), sizes, st.lists(st.integers(-10, 10), min_size=1))
def test_recorded_times_follow_the_versions_whatever_the_clock_does(
    history: History, sizes: list[int], clocks: list[int]
) -> None:
    stored, _ = played(history, sizes, clocks=clocks)
    at: dict[UUID, datetime] = {}
    for entry, recorded_at in stored.entries:
        before = at.get(entry.account_id)
        assert before is None or before <= recorded_at
        at[entry.account_id] = recorded_at
    for start in history.accounts:
        end = stored.accounts[start.account_id]
        if end.version == start.version:
            assert end.last_entry_at == start.last_entry_at
            continue
        assert end.last_entry_at == at[start.account_id]
        assert start.last_entry_at is None or start.last_entry_at < end.last_entry_at


@MANY
@given(histories())
def test_nothing_takes_an_account_farther_beyond_a_limit_and_resolving_never_towards_one(
    history: History,
) -> None:
    stored = Stored(history.accounts)
    for one, requests in history.numbered():
        turn(stored, one, one.clock)
        for numbered in requests:
            accounts = dict(stored.accounts)
            (outcome,) = stored.decide([numbered], clock=one.clock, atomic=False).outcomes
            before = _extremes(stored, accounts.values(), stored.recorded_at)
            after = _extremes(stored, stored.accounts.values(), stored.recorded_at)
            for account in accounts.values():
                (worst, best), (new_worst, new_best) = (
                    extremes[account.account_id] for extremes in (before, after)
                )
                if isinstance(outcome, Resolved):
                    assert new_worst >= worst
                    assert new_best <= best
                if account.floor is not None and isinstance(outcome, Posted):
                    assert new_worst >= min(account.floor, worst)
                if account.ceiling is not None and isinstance(outcome, Posted):
                    assert new_best <= max(account.ceiling, best)


@MANY
@given(histories(), sizes)
def test_no_counter_ever_has_more_than_38_digits(history: History, sizes: list[int]) -> None:
    stored, _ = played(history, sizes)
    for account in stored.accounts.values():
        expired = stored.expired([account], stored.recorded_at)
        debits = sum(one.debits for one in expired)
        credits_ = sum(one.credits for one in expired)
        assert account.debits_posted + account.debits_pending - debits < 10**38
        assert account.credits_posted + account.credits_pending - credits_ < 10**38
        assert 0 <= account.debits_pending < 10**38
        assert 0 <= account.credits_pending < 10**38


@MANY
@given(histories(), sizes)
def test_shifts_are_what_is_dated_where_it_takes_effect_less_where_it_was_recorded(
    history: History, sizes: list[int]
) -> None:
    stored, _ = played(history, sizes)
    made: Counter[tuple[UUID, str, str, str]] = Counter()
    wanted: Counter[tuple[UUID, str, str, str]] = Counter()
    for entry, recorded_at in stored.entries:
        for shift in shifts.of([entry], recorded_at):
            day = shift.starts_on.isoformat()
            made[shift.account_id, shift.period, day, "DEBIT"] += shift.debits
            made[shift.account_id, shift.period, day, "CREDIT"] += shift.credits
        if entry.effective_at is not None:
            for at, sign in ((entry.effective_at, 1), (recorded_at, -1)):
                day, month = f"{at:%Y-%m-%d}", f"{at:%Y-%m}-01"
                wanted[entry.account_id, "DAY", day, entry.side] += sign * entry.amount
                wanted[entry.account_id, "MONTH", month, entry.side] += sign * entry.amount
    assert {key: value for key, value in made.items() if value} == {
        key: value for key, value in wanted.items() if value
    }


def _extremes(
    stored: Stored, accounts: Iterable[Account], moment: datetime
) -> dict[UUID, tuple[int, int]]:
    """The least and the greatest balance that what is pending may lead to."""
    extremes: dict[UUID, tuple[int, int]] = {}
    for account in accounts:
        debits, credits_ = account.debits_pending, account.credits_pending
        for expired in stored.expired([account], moment):
            debits, credits_ = debits - expired.debits, credits_ - expired.credits
        bringing, taking = debits, credits_
        if account.normal_side == "CREDIT":
            bringing, taking = taking, bringing
        balance = _balance(account)
        extremes[account.account_id] = balance - taking, balance + bringing
    return extremes


def _signed(entry: Entry, normal_side: Side) -> int:
    return entry.amount if entry.side == normal_side else -entry.amount


def _balance(account: Account) -> int:
    debits, credits_ = account.debits_posted, account.credits_posted
    return debits - credits_ if account.normal_side == "DEBIT" else credits_ - debits
