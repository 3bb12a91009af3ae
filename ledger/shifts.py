"""Shifts: what dated entries move from the day they are recorded to the day they take effect.

An account's totals by effective time before a day are those by recorded time before it and the sum
of its shifts before it, by months as far as they go and then by days. So a balance by effective
time takes as long whether an account has ten dated entries or ten million. Days and months are
UTC's.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from ledger.records import Entry

Period = Literal["DAY", "MONTH"]
_Key: TypeAlias = tuple[UUID, Period, date]


class Shift(msgspec.Struct, frozen=True, gc=False):
    """What is added to an account's debits and credits from a day or month on. Minor units."""

    account_id: UUID
    period: Period
    starts_on: date
    debits: int
    credits: int


def of(entries: Iterable[Entry], recorded_at: datetime) -> list[Shift]:
    """The shifts of a batch's dated entries: one for each account and period, in that order."""
    sums: dict[_Key, list[int]] = {}
    for entry in entries:
        if entry.effective_at is None:
            continue
        for moment, amount in ((entry.effective_at, entry.amount), (recorded_at, -entry.amount)):
            day = moment.astimezone(UTC).date()
            periods: tuple[tuple[Period, date], ...] = (("DAY", day), ("MONTH", day.replace(day=1)))
            for period, starts_on in periods:
                sums.setdefault((entry.account_id, period, starts_on), [0, 0])[
                    entry.side == "CREDIT"
                ] += amount
    return [Shift(*key, *sums[key]) for key in sorted(sums)]
