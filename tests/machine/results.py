"""What the API answers about transactions, as the naive model says it, and held against it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Final

from tests.ledger.asks import Answer, Ask, Capture, Post, Void
from tests.ledger.naive_books import Deed
from tests.ledger.naive_model import NaiveLedger
from tests.machine.documents import Names, instant

# Requests at one time on one account are recorded a microsecond apart.
_SOON: Final = timedelta(milliseconds=1)


class Numbers:
    """Which request made which transaction, by its public id."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._numbers: dict[str, int] = {}

    def learn(self, number: int, ask: Ask, result: Mapping[str, Any]) -> None:
        """Remember the id of a new transaction."""
        is_new = result["__typename"] == "PostTransactionSuccess" and not result["replayed"]
        if is_new and not isinstance(ask, Capture | Void):
            self._names.transactions[number] = result["transaction"]["id"]
            self._numbers[result["transaction"]["id"]] = number

    def answer(self, ask: Ask, result: Mapping[str, Any], depth: int) -> Answer:
        """A result as the model says it; ``depth`` is how deep the ask stands in its input."""
        if result["__typename"] == "PostTransactionSuccess":
            if result["replayed"]:
                return "REPLAYED", str(self._numbers[result["transaction"]["id"]])
            return kind(ask), ""
        code = result["code"]
        if code == "IDEMPOTENCY_CONFLICT":
            assert result["conflict"]["id"] in self._numbers
            return code, result["field"]
        if code == "BATCH_REFUSED":
            return code, str(result["refusedIndex"])
        if code == "ALREADY_REVERSED":
            # Not there to be shown where the reversal is refused with its batch.
            reversal = result["reversal"]
            return code, "" if reversal is None else str(self._numbers[reversal["id"]])
        return code, ".".join(result["path"][depth:])

    def told(self, answer: Answer) -> Answer:
        """A model's answer, but for the number of a request that came to nothing."""
        code, number = answer
        is_shown = code != "ALREADY_REVERSED" or int(number) in self._names.transactions
        return answer if is_shown else (code, "")


def kind(ask: Ask) -> str:
    """What a success of this is called."""
    match ask:
        case Post():
            return "PENDING" if ask.pending else "POSTED"
        case Capture():
            return "CAPTURED"
        case Void():
            return "VOIDED"
        case _:
            return "POSTED"


def date(deed: Deed, transaction: Mapping[str, Any], now: datetime) -> None:
    """Put a deed's times, which the model knows but for the microsecond, as they were recorded."""
    deed.recorded_at = _recorded(deed.recorded_at, transaction["createdAt"], now)
    if deed.ended in {"CAPTURED", "VOIDED"}:
        deed.ended_at = _recorded(deed.ended_at, transaction["resolvedAt"], now)


def _recorded(known: datetime | None, text: str, now: datetime) -> datetime:
    recorded_at = datetime.fromisoformat(text)
    assert recorded_at == known or now <= recorded_at < now + _SOON
    return recorded_at


def assert_shown(
    deed: Deed, transaction: Mapping[str, Any], model: NaiveLedger, names: Names, now: datetime
) -> None:
    """A transaction is shown as the model has it, with its postings and entries."""
    state = deed.state(now)
    resolved_at = deed.ended_at or (deed.expires_at if state == "EXPIRED" else None)
    moved_at = deed.moved_at
    assert (transaction["idempotencyKey"], transaction["state"]) == (deed.key, state)
    assert transaction["resolvedAt"] == instant(resolved_at)
    assert transaction["expiresAt"] == instant(deed.expires_at)
    effective_at = deed.effective_at or moved_at or deed.recorded_at
    assert transaction["effectiveAt"] == instant(effective_at)
    for field, number in (("reverses", deed.reverses), ("reversedBy", deed.reversed_by)):
        assert transaction[field] == (
            None if number is None else {"id": names.transactions[number]}
        )
    captured = deed.postings_captured
    assert [
        (it["debit"]["code"], it["credit"]["code"], Fraction(it["amount"]), it["captured"])
        for it in transaction["postings"]
    ] == [
        (
            *posting,
            None if captured is None else _rendered(captured[i][2], model, posting[0]),
        )
        for i, posting in enumerate(deed.postings)
    ]
    entries = [
        (it["account"]["code"], it["side"], Fraction(it["amount"]), it["createdAt"])
        for it in transaction["entries"]
    ]
    wanted = [
        (code, side, amount, instant(moved_at))
        for debit, credit, amount in (deed.moved if moved_at is not None else ())
        for code, side in ((debit, "DEBIT"), (credit, "CREDIT"))
    ]
    assert sorted(entries) == sorted(wanted)


def _rendered(amount: Fraction, model: NaiveLedger, code: str) -> str:
    decimals = model.accounts[code].decimals
    whole = str(int(amount * 10**decimals)).rjust(decimals + 1, "0")
    return f"{whole[: len(whole) - decimals]}.{whole[len(whole) - decimals :]}".rstrip(".")
