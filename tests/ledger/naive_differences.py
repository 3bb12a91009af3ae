"""The naive model's idempotency: the first thing in which a key's second request is another."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Protocol

from tests.ledger import asks
from tests.ledger.asks import Ask, Capture, Name, Post, Reverse
from tests.ledger.naive_books import Deed, NaiveAccount


class Ledger(Protocol):
    """What has to be looked up."""

    @property
    def accounts(self) -> Mapping[Name, NaiveAccount]: ...

    def deed(self, name: Name) -> Deed | None: ...


def between(first: Ask, again: Ask, deed: Deed, ledger: Ledger) -> str | None:
    """The field; ``deed`` is what the first request did something to."""
    if isinstance(first, Post) and isinstance(again, Post):
        return _of_posts(first, again, ledger)
    if type(first) is not type(again):
        return "operation"
    assert not isinstance(first, Post)
    assert not isinstance(again, Post)
    if ledger.deed(again.transaction) is not ledger.deed(first.transaction):
        return "transaction"
    if isinstance(first, Reverse) and isinstance(again, Reverse):
        return _of_contents(first, again)
    return _of_amounts(again, deed, ledger) if isinstance(again, Capture) else None


def _of_posts(first: Post, again: Post, ledger: Ledger) -> str | None:
    if len(first.postings) != len(again.postings):
        return "postings"
    for i, (one, two) in enumerate(zip(first.postings, again.postings, strict=True)):
        for side, name in enumerate(("debit", "credit")):
            if ledger.accounts.get(two[side]) is not ledger.accounts[one[side]]:
                return f"postings.{i}.{name}"
        too_precise = asks.decimals(two[2]) > ledger.accounts[one[0]].decimals
        if too_precise or Fraction(one[2]) != Fraction(two[2]):
            return f"postings.{i}.amount"
    if first.pending != again.pending:
        return "pending"
    if first.expires_at != again.expires_at:
        return "expiresAt"
    return _of_contents(first, again)


def _of_contents(first: Post | Reverse, again: Post | Reverse) -> str | None:
    if first.effective_at != again.effective_at:
        return "effectiveAt"
    if first.description != again.description:
        return "description"
    same = asks.canonical(first.metadata) == asks.canonical(again.metadata)
    return None if same else "metadata"


def _of_amounts(again: Capture, deed: Deed, ledger: Ledger) -> str | None:
    if again.amounts is None:
        return None if deed.moved == deed.postings else "amounts"
    if len(again.amounts) != len(deed.moved):
        return "amounts"
    for i, (text, (debit, _, captured)) in enumerate(zip(again.amounts, deed.moved, strict=True)):
        too_precise = asks.decimals(text) > ledger.accounts[debit].decimals
        if too_precise or Fraction(text) != captured:
            return f"amounts.{i}"
    return None
