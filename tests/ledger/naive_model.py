"""The rules of money once more, as plainly as they can be said: an oracle for ``ledger``.

One request at a time, in major units as fractions, with nothing that is clever or quick. It shares
no code with ``ledger``, so that the two can only agree by being right, or by the same mistake made
twice. What it answers with is the kind of outcome and what that names, see ``Answer``.
"""

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, TypeAlias
from uuid import UUID

Name: TypeAlias = UUID | str | None
# ("POSTED", ""), ("REPLAYED", the number of the request that was accepted),
# ("IDEMPOTENCY_CONFLICT", the field), or (another code, where in the request).
Answer: TypeAlias = tuple[str, str]


class Ask(NamedTuple):
    """What a client sends: in each posting the debited account, the credited one, the amount."""

    key: str
    postings: tuple[tuple[Name, Name, str], ...]
    description: str
    metadata: object


@dataclass
class NaiveAccount:
    """An account in major units."""

    currency: str
    decimals: int
    grows_by: str
    state: str
    floor: Fraction | None
    ceiling: Fraction | None
    posted: dict[str, Fraction]
    pending: dict[str, Fraction]

    @property
    def shrinks_by(self) -> str:
        return "credit" if self.grows_by == "debit" else "debit"

    @property
    def balance(self) -> Fraction:
        return self.posted[self.grows_by] - self.posted[self.shrinks_by]

    @property
    def at_worst(self) -> Fraction:
        """If all that is pending and takes away goes through, and nothing else."""
        return self.balance - self.pending[self.shrinks_by]

    @property
    def at_best(self) -> Fraction:
        """If all that is pending and brings goes through, and nothing else."""
        return self.balance + self.pending[self.grows_by]


class NaiveLedger:
    """Accounts by their names, and what was accepted by its key."""

    def __init__(self, accounts: dict[Name, NaiveAccount]) -> None:
        """``accounts`` has each account twice: by its id and by its code."""
        self.accounts = accounts
        self.accepted: dict[str, tuple[int, Ask]] = {}
        self.asked = 0

    def decide(self, ask: Ask) -> Answer:
        """What becomes of one request."""
        number, self.asked = self.asked, self.asked + 1
        malformed = _malformed(ask)
        if malformed is not None:
            return malformed
        if ask.key in self.accepted:
            first_number, first = self.accepted[ask.key]
            difference = self._difference(first, ask)
            if difference is not None:
                return "IDEMPOTENCY_CONFLICT", difference
            return "REPLAYED", str(first_number)
        refused = self._refused_for_accounts(ask) or self._refused_for_money(ask)
        if refused is not None:
            return refused
        self._enter(ask)
        self.accepted[ask.key] = (number, ask)
        return "POSTED", ""

    def decide_together(self, asks: list[Ask]) -> list[Answer]:
        """What becomes of an atomic batch: all of it happens, or nothing of it."""
        before = copy.deepcopy((self.accounts, self.accepted))
        answers = [self.decide(ask) for ask in asks]
        refused = [i for i, (kind, _) in enumerate(answers) if kind not in {"POSTED", "REPLAYED"}]
        if not refused:
            return answers
        self.accounts, self.accepted = before
        others = ("BATCH_REFUSED", str(refused[0]))
        return [
            self._told(asks[i], each) if i in refused else others for i, each in enumerate(answers)
        ]

    def _told(self, ask: Ask, refusal: Answer) -> Answer:
        """A conflict with what was not accepted after all is a mistake within the batch."""
        if refusal[0] == "IDEMPOTENCY_CONFLICT" and ask.key not in self.accepted:
            return "INVALID_INPUT", "idempotencyKey"
        return refusal

    def _difference(self, first: Ask, again: Ask) -> str | None:
        if len(first.postings) != len(again.postings):
            return "postings"
        for i, (one, two) in enumerate(zip(first.postings, again.postings, strict=True)):
            for side, name in enumerate(("debit", "credit")):
                if self.accounts.get(two[side]) is not self.accounts[one[side]]:
                    return f"postings.{i}.{name}"
            too_precise = _decimals(two[2]) > self.accounts[one[0]].decimals
            if too_precise or Fraction(one[2]) != Fraction(two[2]):
                return f"postings.{i}.amount"
        if first.description != again.description:
            return "description"
        return None if _canonical(first.metadata) == _canonical(again.metadata) else "metadata"

    def _refused_for_accounts(self, ask: Ask) -> Answer | None:
        faults = [
            fault
            for i, (debit, credit, text) in enumerate(ask.postings)
            for fault in self._faults(f"postings.{i}", debit, credit, text)
        ]
        return min(faults, key=lambda fault: fault[0])[1] if faults else None

    def _faults(
        self, where: str, debit: Name, credit: Name, text: str
    ) -> Iterator[tuple[int, Answer]]:
        """All that is wrong with one posting, each with its step in the order of refusals."""
        sides = [(f"{where}.debit", debit), (f"{where}.credit", credit)]
        for side, name in sides:
            if name not in self.accounts:
                yield 3, ("ACCOUNT_NOT_FOUND", side)
                return
        one, two = self.accounts[debit], self.accounts[credit]
        if one is two:
            yield 4, ("SAME_ACCOUNT", where)
        for side, name in sides:
            if self.accounts[name].state != "OPEN":
                yield 5, (f"ACCOUNT_{self.accounts[name].state}", side)
        if one.currency != two.currency:
            yield 6, ("CURRENCY_MISMATCH", where)
        if _decimals(text) > one.decimals or _digits(Fraction(text), one.decimals) > 38:
            yield 7, ("INVALID_AMOUNT", f"{where}.amount")

    def _refused_for_money(self, ask: Ask) -> Answer | None:
        """Do it on a copy, then see who is beyond a limit and farther from it than before."""
        after = NaiveLedger(copy.deepcopy(self.accounts))
        after._enter(ask)
        touched: dict[int, tuple[Name, str]] = {}
        for i, (debit, credit, _) in enumerate(ask.postings):
            touched.setdefault(id(self.accounts[debit]), (debit, f"postings.{i}.debit"))
            touched.setdefault(id(self.accounts[credit]), (credit, f"postings.{i}.credit"))
        changes = [
            (where, self.accounts[name], after.accounts[name]) for name, where in touched.values()
        ]
        for where, old, new in changes:
            if new.floor is not None and new.at_worst < min(new.floor, old.at_worst):
                return "INSUFFICIENT_FUNDS", where
        for where, old, new in changes:
            if new.ceiling is not None and new.at_best > max(new.ceiling, old.at_best):
                return "CEILING_EXCEEDED", where
        for where, _, new in changes:
            for side in ("debit", "credit"):
                if _digits(new.posted[side] + new.pending[side], new.decimals) > 38:
                    return "INVALID_AMOUNT", where
        return None

    def _enter(self, ask: Ask) -> None:
        for debit, credit, text in ask.postings:
            self.accounts[debit].posted["debit"] += Fraction(text)
            self.accounts[credit].posted["credit"] += Fraction(text)


def _malformed(ask: Ask) -> Answer | None:
    """In the main; what exactly a text or metadata may be is not what this model is about."""
    if not 1 <= len(ask.key) <= 200 or ask.key != ask.key.strip() or "\x00" in ask.key:
        return "INVALID_INPUT", "idempotencyKey"
    if not 1 <= len(ask.postings) <= 100:
        return "INVALID_INPUT", "postings"
    for i, (_, _, text) in enumerate(ask.postings):
        if not _plain(text) or Fraction(text) <= 0:
            return "INVALID_AMOUNT", f"postings.{i}.amount"
    if len(ask.description) > 1000 or "\x00" in ask.description:
        return "INVALID_INPUT", "description"
    if not isinstance(ask.metadata, dict | None) or len(ask.metadata or {}) > 100:
        return "INVALID_INPUT", "metadata"
    return None


def _plain(text: str) -> bool:
    whole, dot, decimals = text.removeprefix("-").partition(".")
    only_digits = all(character in "0123456789" for character in whole + decimals)
    return len(text) <= 80 and only_digits and whole != "" and (dot == "" or decimals != "")


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


def _digits(value: Fraction, decimals: int) -> int:
    return len(str(value * 10**decimals))


def _canonical(metadata: object) -> str:
    return json.dumps(metadata or {}, sort_keys=True)
