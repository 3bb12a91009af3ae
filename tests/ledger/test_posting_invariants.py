"""What holds after every random history, whatever was asked: the invariants of double entry."""

import itertools
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger.accounts import Account, Side
from ledger.posting import Entry
from tests.ledger.examples import NOON
from tests.ledger.histories import MANY, History, histories, in_batches, sizes
from tests.ledger.stored import Stored


def played(
    history: History, sizes: Sequence[int], *, atomic: bool = False, clocks: Sequence[int] = (0,)
) -> Stored:
    """What the database holds in the end; ``clocks`` are seconds after noon, over and over."""
    stored, seconds = Stored(history.accounts), itertools.cycle(clocks)
    for batch in in_batches(history.requests(), sizes):
        stored.decide(batch, clock=NOON + timedelta(seconds=next(seconds)), atomic=atomic)
    return stored


@MANY
@given(history=histories(), sizes=sizes, atomic=st.booleans())
def test_debits_equal_credits_in_every_transaction_and_currency(
    history: History, sizes: list[int], *, atomic: bool
) -> None:
    stored = played(history, sizes, atomic=atomic)
    sums: Counter[tuple[UUID, str]] = Counter()
    for entry, _ in stored.entries:
        currency = stored.accounts[entry.account_id].currency
        sums[entry.transaction_id, currency] += _signed(entry, "DEBIT")
    assert not any(sums.values())


@MANY
@given(histories(), sizes)
def test_entries_are_dense_and_carry_the_running_balance(
    history: History, sizes: list[int]
) -> None:
    stored = played(history, sizes)
    for start in history.accounts:
        version, balance = start.version, _balance(start)
        for entry, _ in stored.entries:
            if entry.account_id == start.account_id:
                version += 1
                balance += _signed(entry, start.normal_side)
                assert (entry.version, entry.balance_after) == (version, balance)
        end = stored.accounts[start.account_id]
        assert (end.version, _balance(end)) == (version, balance)


@MANY
@given(histories(), sizes, st.lists(st.integers(-10, 10), min_size=1))
def test_recorded_times_follow_the_versions_whatever_the_clock_does(
    history: History, sizes: list[int], clocks: list[int]
) -> None:
    stored = played(history, sizes, clocks=clocks)
    at: dict[UUID, tuple[datetime, UUID]] = {}
    for entry, recorded_at in stored.entries:
        before = at.get(entry.account_id)
        assert before is None or before[0] <= recorded_at
        assert before is None or before[1] <= entry.transaction_id
        at[entry.account_id] = recorded_at, entry.transaction_id
    for start in history.accounts:
        end = stored.accounts[start.account_id]
        if end.version == start.version:
            assert end.last_entry_at == start.last_entry_at
            continue
        assert end.last_entry_at == at[start.account_id][0]
        assert start.last_entry_at is None or start.last_entry_at < end.last_entry_at


@MANY
@given(histories(), sizes)
def test_no_transaction_takes_an_account_farther_beyond_a_limit(
    history: History, sizes: list[int]
) -> None:
    stored = played(history, sizes)
    for account in history.accounts:
        debit = account.normal_side == "DEBIT"
        pending = account.debits_pending, account.credits_pending
        bringing, taking = pending if debit else pending[::-1]
        balance = _balance(account)
        for _, entries in itertools.groupby(stored.entries, lambda kept: kept.entry.transaction_id):
            mine = [entry for entry, _ in entries if entry.account_id == account.account_id]
            net = sum(_signed(entry, account.normal_side) for entry in mine)
            balance += net
            if account.floor is not None and net < 0:
                assert balance - taking >= account.floor
            if account.ceiling is not None and net > 0:
                assert balance + bringing <= account.ceiling


@MANY
@given(histories(), sizes)
def test_no_counter_ever_has_more_than_38_digits(history: History, sizes: list[int]) -> None:
    for account in played(history, sizes).accounts.values():
        assert account.debits_posted + account.debits_pending < 10**38
        assert account.credits_posted + account.credits_pending < 10**38


def _signed(entry: Entry, normal_side: Side) -> int:
    return entry.amount if entry.side == normal_side else -entry.amount


def _balance(account: Account) -> int:
    debits, credits_ = account.debits_posted, account.credits_posted
    return debits - credits_ if account.normal_side == "DEBIT" else credits_ - debits
