"""The rules of money once more, as plainly as they can be said: an oracle for ``ledger``.

One request at a time, in major units as fractions, with nothing that is clever or quick: what is
pending is added up from the holds whenever it is needed. It shares no code with ``ledger``, so that
the two can only agree by being right, or by the same mistake made twice.

An answer is the kind of outcome and what that names: ("POSTED", ""), likewise PENDING, CAPTURED and
VOIDED; ("REPLAYED", the number of the request that made the transaction); ("IDEMPOTENCY_CONFLICT",
the field); ("ALREADY_REVERSED", the number of the request that reversed it); ("BATCH_REFUSED", the
index in the batch); or another code and where in the request.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from uuid import UUID

from tests.ledger import asks, naive_differences, naive_limits
from tests.ledger.asks import Answer, Ask, Capture, Name, Post, Reverse, Void
from tests.ledger.naive_books import Deed, NaiveAccount, Standing
from tests.ledger.naive_limits import Change, digits

DONE = {"POSTED", "PENDING", "CAPTURED", "VOIDED", "REPLAYED"}


class NaiveLedger:
    """Accounts by their names, what happened in order, and which request bound which key."""

    def __init__(self, accounts: dict[Name, NaiveAccount]) -> None:
        """``accounts`` has each account twice: by its id and by its code."""
        self.accounts = accounts
        self.deeds: list[Deed] = []
        self.bound: dict[str, tuple[Ask, Deed]] = {}
        self.asked = 0

    def decide(self, ask: Ask, now: datetime, number: int | None = None) -> Answer:
        """What becomes of one request that is recorded now; numbers go on unless one is given."""
        if number is None:
            number, self.asked = self.asked, self.asked + 1
        malformed = asks.malformed(ask)
        if malformed is not None:
            return malformed
        if ask.key in self.bound:
            first, deed = self.bound[ask.key]
            difference = naive_differences.between(first, ask, deed, self)
            if difference is not None:
                return "IDEMPOTENCY_CONFLICT", difference
            return "REPLAYED", str(deed.number)
        match ask:
            case Post():
                return self._post(ask, number, now)
            case Capture():
                return self._capture(ask, now)
            case Void():
                return self._void(ask, now)
            case Reverse():
                return self._reverse(ask, number, now)

    def decide_together(
        self, together: Sequence[Ask], now: datetime, first: int | None = None
    ) -> list[Answer]:
        """What becomes of an atomic batch: all of it happens, or nothing of it."""
        if first is None:
            first, self.asked = self.asked, self.asked + len(together)
        trial = self.copied()
        answers = [trial.decide(ask, now, first + i) for i, ask in enumerate(together)]
        refused = [i for i, (kind, _) in enumerate(answers) if kind not in DONE]
        if not refused:
            self.become(trial)
            return answers
        others = ("BATCH_REFUSED", str(refused[0]))
        return [
            self._told(together[i], each) if i in refused else others
            for i, each in enumerate(answers)
        ]

    def copied(self) -> "NaiveLedger":
        """Another one, with nothing that both could change."""
        accounts = {id(it): it.copied() for it in self.accounts.values()}
        deeds = {id(it): replace(it) for it in self.deeds}
        copy = NaiveLedger({name: accounts[id(it)] for name, it in self.accounts.items()})
        copy.deeds = [deeds[id(it)] for it in self.deeds]
        copy.bound = {key: (ask, deeds[id(it)]) for key, (ask, it) in self.bound.items()}
        copy.asked = self.asked
        return copy

    def become(self, other: "NaiveLedger") -> None:
        """What happened in the other one happened here."""
        self.accounts, self.deeds, self.bound = other.accounts, other.deeds, other.bound

    def sweep(self, now: datetime) -> int:
        """Count no longer what has expired; nobody can tell the difference but by its counters."""
        expired = [d for d in self.deeds if not d.ended and d.state(now) == "EXPIRED"]
        for deed in expired:
            deed.ended, deed.ended_at = "EXPIRED", deed.expires_at
        return len(expired)

    def deed(self, name: Name) -> Deed | None:
        """The transaction with an id, or made by a request with a key."""
        return next((deed for deed in self.deeds if name in (deed.key, deed.id)), None)

    def standing(self, account: NaiveAccount, now: datetime) -> Standing:
        """Where an account stands now: what has expired is not pending, swept or not."""
        standing = Standing(account, dict(account.posted), dict(account.pending_before))
        for deed in self.deeds:
            if deed.state(now) == "PENDING":
                standing.hold(deed.postings, self.accounts)
        return standing

    def counted(self, account: NaiveAccount) -> Standing:
        """Where an account stands by its counters: what has expired is pending until swept."""
        standing = Standing(account, dict(account.posted), dict(account.pending_before))
        for deed in self.deeds:
            if deed.is_hold and not deed.ended:
                standing.hold(deed.postings, self.accounts)
        return standing

    def _told(self, ask: Ask, refusal: Answer) -> Answer:
        """A conflict with what was not accepted after all is a mistake within the batch."""
        if refusal[0] == "IDEMPOTENCY_CONFLICT" and ask.key not in self.bound:
            return "INVALID_INPUT", "idempotencyKey"
        return refusal

    def _post(self, ask: Post, number: int, now: datetime) -> Answer:
        if _too_far(ask.effective_at, now):
            return "INVALID_INPUT", "effectiveAt"
        if ask.expires_at is not None and ask.expires_at <= now:
            return "INVALID_INPUT", "expiresAt"
        faults = [
            fault
            for i, (debit, credit, text) in enumerate(ask.postings)
            for fault in self._faults(f"postings.{i}", debit, credit, text)
        ]
        if faults:
            return min(faults, key=lambda fault: fault[0])[1]
        postings = [
            (self.accounts[debit].code, self.accounts[credit].code, Fraction(text))
            for debit, credit, text in ask.postings
        ]
        deed = Deed(number, ask.key, postings, now, ask.effective_at, ask.pending, ask.expires_at)
        where = [(f"postings.{i}.debit", f"postings.{i}.credit") for i in range(len(postings))]
        refused = self._refused_for_money(deed, where, now)
        if refused is not None:
            return refused
        return self._happen(ask, deed)

    def _capture(self, ask: Capture, now: datetime) -> Answer:
        deed = self.deed(ask.transaction)
        if deed is None:
            return "TRANSACTION_NOT_FOUND", "transaction"
        refused = (
            self._stopped(deed)
            or _refused_for_state(deed, now)
            or self._refused_for_amounts(ask, deed)
        )
        if refused is not None:
            return refused
        deed.ended, deed.ended_at = "CAPTURED", now
        wanted = ask.amounts or tuple(str(0) for _ in deed.postings)
        deed.postings_captured = [
            (debit, credit, held if ask.amounts is None else Fraction(text))
            for (debit, credit, held), text in zip(deed.postings, wanted, strict=True)
        ]
        self._enter(deed)
        self.bound[ask.key] = (ask, deed)
        return "CAPTURED", ""

    def _void(self, ask: Void, now: datetime) -> Answer:
        deed = self.deed(ask.transaction)
        if deed is None:
            return "TRANSACTION_NOT_FOUND", "transaction"
        refused = _refused_for_state(deed, now)
        if refused is not None:
            return refused
        deed.ended, deed.ended_at = "VOIDED", now
        self.bound[ask.key] = (ask, deed)
        return "VOIDED", ""

    def _reverse(self, ask: Reverse, number: int, now: datetime) -> Answer:
        if _too_far(ask.effective_at, now):
            return "INVALID_INPUT", "effectiveAt"
        deed = self.deed(ask.transaction)
        if deed is None:
            return "TRANSACTION_NOT_FOUND", "transaction"
        mirrored = [(credit, debit, amount) for debit, credit, amount in deed.moved]
        reversal = Deed(number, ask.key, mirrored, now, ask.effective_at, is_hold=False)
        stopped = self._stopped(reversal)
        if stopped is not None:
            return stopped
        if deed.state(now) != "POSTED":
            return "NOT_REVERSIBLE", "transaction"
        if deed.reversed_by is not None:
            return "ALREADY_REVERSED", str(deed.reversed_by)
        where = [("transaction", "transaction")] * len(mirrored)
        refused = self._refused_for_money(reversal, where, now)
        if refused is not None:
            return refused
        deed.reversed_by, reversal.reverses = number, deed.number
        return self._happen(ask, reversal)

    def _happen(self, ask: Ask, deed: Deed) -> Answer:
        self.deeds.append(deed)
        self.bound[ask.key] = (ask, deed)
        if deed.is_hold:
            return "PENDING", ""
        self._enter(deed)
        return "POSTED", ""

    def _enter(self, deed: Deed) -> None:
        for debit, credit, amount in deed.moved:
            self.accounts[debit].posted["debit"] += amount
            self.accounts[credit].posted["credit"] += amount

    def _faults(
        self, where: str, debit: Name, credit: Name, text: str
    ) -> Iterator[tuple[int, Answer]]:
        """All that is wrong with one posting, each with its step in the order of refusals."""
        sides = [(f"{where}.debit", debit), (f"{where}.credit", credit)]
        for side, name in sides:
            if name not in self.accounts:
                yield 4, ("ACCOUNT_NOT_FOUND", side)
                return
        one, two = self.accounts[debit], self.accounts[credit]
        if one is two:
            yield 5, ("SAME_ACCOUNT", where)
        for side, name in sides:
            if self.accounts[name].state != "OPEN":
                yield 6, (f"ACCOUNT_{self.accounts[name].state}", side)
        if one.currency != two.currency:
            yield 7, ("CURRENCY_MISMATCH", where)
        if asks.decimals(text) > one.decimals or digits(Fraction(text), one.decimals) > 38:
            yield 8, ("INVALID_AMOUNT", f"{where}.amount")

    def _stopped(self, deed: Deed) -> Answer | None:
        for debit, credit, _ in deed.postings:
            for name in (debit, credit):
                if self.accounts[name].state != "OPEN":
                    return f"ACCOUNT_{self.accounts[name].state}", "transaction"
        return None

    def _refused_for_amounts(self, ask: Capture, deed: Deed) -> Answer | None:
        if ask.amounts is None:
            return None
        if len(ask.amounts) != len(deed.postings):
            return "INVALID_INPUT", "amounts"
        for i, (text, (debit, _, held)) in enumerate(zip(ask.amounts, deed.postings, strict=True)):
            if asks.decimals(text) > self.accounts[debit].decimals:
                return "INVALID_AMOUNT", f"amounts.{i}"
            if Fraction(text) > held:
                return "AMOUNT_EXCEEDS_HOLD", f"amounts.{i}"
        return None

    def _refused_for_money(
        self, deed: Deed, where: list[tuple[str, str]], now: datetime
    ) -> Answer | None:
        touched: dict[str, str] = {}
        for (debit, credit, _), (debit_at, credit_at) in zip(deed.postings, where, strict=True):
            touched.setdefault(debit, debit_at)
            touched.setdefault(credit, credit_at)
        changes = []
        for name, place in touched.items():
            account = self.accounts[name]
            before, after = self.standing(account, now), self.standing(account, now)
            counters = self.counted(account)
            for standing in (after, counters):
                add = standing.hold if deed.is_hold else standing.post
                add(deed.postings, self.accounts)
            changes.append(Change(place, before, after, counters))
        return naive_limits.refused(changes, is_hold=deed.is_hold)


def _refused_for_state(deed: Deed, now: datetime) -> Answer | None:
    if not deed.is_hold:
        return "TRANSACTION_NOT_PENDING", "transaction"
    kinds = {"POSTED": "ALREADY_CAPTURED", "VOIDED": "ALREADY_VOIDED", "EXPIRED": "HOLD_EXPIRED"}
    kind = kinds.get(deed.state(now))
    return None if kind is None else (kind, "transaction")


def _too_far(effective_at: datetime | None, now: datetime) -> bool:
    """Whether it is more than a year ahead, as a calendar says it."""
    if effective_at is None:
        return False
    ahead = effective_at.year - now.year
    return ahead > 1 or (ahead == 1 and _within_year(effective_at) > _within_year(now))


def _within_year(moment: datetime) -> tuple[int, ...]:
    return (*moment.timetuple()[1:6], moment.microsecond)


def id_of(number: int) -> UUID:
    """The id of the transaction that a request makes."""
    return UUID(int=number)
