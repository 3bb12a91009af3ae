"""The naive model's limits: do it, then see who is beyond one and farther from it than before."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from tests.ledger.asks import Answer
from tests.ledger.naive_books import Standing


class Change(NamedTuple):
    """What a transaction would do to an account, and where it names that first.

    ``counters`` are those that it would leave, with what has expired and was not swept.
    """

    place: str
    before: Standing
    after: Standing
    counters: Standing


def refused(changes: Sequence[Change], *, is_hold: bool) -> Answer | None:
    """The first limit that is broken: of all floors, then all ceilings, then all counters."""
    for place, before, after, _ in changes:
        floor = after.account.floor
        if floor is not None and after.at_worst < min(floor, before.at_worst):
            return "INSUFFICIENT_FUNDS", place
    for place, before, after, _ in changes:
        ceiling = after.account.ceiling
        if ceiling is not None and after.at_best > max(ceiling, before.at_best):
            return "CEILING_EXCEEDED", place
    for place, _, after, counters in changes:
        for side in ("debit", "credit"):
            counts = [after.posted[side] + after.pending[side]]
            counts += [counters.pending[side]] if is_hold else []
            if digits(max(counts), after.account.decimals) > 38:
                return "INVALID_AMOUNT", place
    return None


def digits(value: Fraction, decimals: int) -> int:
    """How many digits an amount has in minor units."""
    return len(str(value * 10**decimals))
