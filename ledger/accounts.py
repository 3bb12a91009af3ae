"""An account as the rules see it: its limits, its state and its four counters."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

Side = Literal["DEBIT", "CREDIT"]
AccountState = Literal["OPEN", "FROZEN", "CLOSED"]


class Account(msgspec.Struct, frozen=True, gc=False):
    """What a decision needs to know of an account. Amounts are minor units."""

    account_id: UUID
    code: str
    currency: str
    exponent: int
    normal_side: Side
    state: AccountState
    floor: int | None
    ceiling: int | None
    debits_posted: int
    credits_posted: int
    debits_pending: int
    credits_pending: int
    version: int
    last_entry_at: datetime | None


def balance(normal_side: Side, *, debits: int, credits: int) -> int:
    """What is posted on the normal side less what is posted on the other."""
    return debits - credits if normal_side == "DEBIT" else credits - debits


def reserved(normal_side: Side, *, debits_pending: int, credits_pending: int) -> int:
    """What pending transactions may still take away: the pending sum of the other side."""
    return credits_pending if normal_side == "DEBIT" else debits_pending


def expected(normal_side: Side, *, debits_pending: int, credits_pending: int) -> int:
    """What pending transactions may still bring: the pending sum of the normal side."""
    return debits_pending if normal_side == "DEBIT" else credits_pending
