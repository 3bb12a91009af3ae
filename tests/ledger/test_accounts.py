"""A balance is seen from the normal side; what is pending counts on the side where it hurts."""

import pytest

from ledger import accounts
from ledger.accounts import Side


@pytest.mark.parametrize(("normal_side", "balance"), [("DEBIT", 70), ("CREDIT", -70)])
def test_a_balance_is_the_normal_side_less_the_other(normal_side: Side, balance: int) -> None:
    assert accounts.balance(normal_side, debits=100, credits=30) == balance


@pytest.mark.parametrize(("normal_side", "reserved"), [("DEBIT", 30), ("CREDIT", 100)])
def test_pending_transactions_take_from_the_other_side(normal_side: Side, reserved: int) -> None:
    taken = accounts.reserved(normal_side, debits_pending=100, credits_pending=30)
    assert taken == reserved


@pytest.mark.parametrize(("normal_side", "expected"), [("DEBIT", 100), ("CREDIT", 30)])
def test_pending_transactions_bring_to_the_normal_side(normal_side: Side, expected: int) -> None:
    brought = accounts.expected(normal_side, debits_pending=100, credits_pending=30)
    assert brought == expected
