"""What became of the transactions of a request, in the words of those who count them."""

from collections import Counter
from collections.abc import Sequence

from ledger.posting import Outcome, Posted, Replayed, Resolved


def counted(outcomes: Sequence[Outcome]) -> Counter[str]:
    """How many were posted, held, reversed, captured, voided or replayed; refused ones by code."""
    return Counter(map(_word, outcomes))


def _word(outcome: Outcome) -> str:
    match outcome:
        case Posted(recorded=recorded):
            if recorded.is_hold:
                return "held"
            return "posted" if recorded.reverses_id is None else "reversed"
        case Resolved(recorded=recorded):
            return "voided" if recorded.state == "VOIDED" else "captured"
        case Replayed():
            return "replayed"
        case _:
            return outcome.code
