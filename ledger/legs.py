"""The legs of a transaction, and the questions that it asks of its accounts."""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from ledger import amounts, texts
from ledger.accounts import balance, expected, reserved
from ledger.books import Book
from ledger.paths import Path
from ledger.refusals import (
    AccountClosed,
    AccountFrozen,
    AccountNotFound,
    CeilingExceeded,
    CurrencyMismatch,
    InsufficientFunds,
    InvalidAmount,
    SameAccount,
)
from ledger.transactions import AccountKey, PostingRequest
from ledger.worksheets import Worksheet


class Leg(msgspec.Struct, frozen=True, gc=False):
    """A posting to be made, and the books it names, None where there is no such account.

    ``posting`` is the request's; there is none where a recorded transaction is reversed. ``amount``
    is what is to be moved, in minor units; None where it has more decimals than the currency.
    """

    request_path: Path
    position: int
    posting: PostingRequest | None
    debit: Book | None
    credit: Book | None
    amount: int | None

    def path(self, *names: str) -> Path:
        """Where this posting, or something in it, stands in the mutation."""
        if self.posting is None:
            return (*self.request_path, "transaction")
        return (*self.request_path, "postings", str(self.position), *names)

    def known(self) -> tuple[Book, Book, int]:
        """Both books and the minor units; only for a leg that ``account_refusal`` let pass."""
        assert self.debit is not None
        assert self.credit is not None
        assert self.amount is not None
        return self.debit, self.credit, self.amount


def asked(path: Path, position: int, posting: PostingRequest, sheet: Worksheet) -> Leg:
    """The leg of a request's posting."""
    debit, credit = sheet.books.get(posting.debit.key), sheet.books.get(posting.credit.key)
    amount = None if debit is None else posting.amount.minor_units(debit.account.exponent)
    return Leg(path, position, posting, debit, credit, amount)


AccountRefusal: TypeAlias = (
    AccountNotFound | SameAccount | AccountFrozen | AccountClosed | CurrencyMismatch | InvalidAmount
)
LimitRefusal: TypeAlias = InsufficientFunds | CeilingExceeded | InvalidAmount


def account_refusal(legs: Sequence[Leg]) -> AccountRefusal | None:
    """The first reason why these accounts cannot take these postings, whatever their balances."""
    if all(map(_plain, legs)):
        return None
    for check in (_missing, _same, _stopped, _mismatched, _inexpressible):
        for leg in legs:
            refusal = check(leg)
            if refusal is not None:
                return refusal
    return None


def stopped_refusal(legs: Sequence[Leg]) -> AccountFrozen | AccountClosed | None:
    """The first account that takes no postings now."""
    return next((refusal for leg in legs if (refusal := _stopped(leg)) is not None), None)


def limit_refusal(legs: Sequence[Leg], *, pending: bool = False) -> LimitRefusal | None:
    """The first limit that the transaction would break.

    A posted transaction is held against the limits with its net effect on each account. Of a
    pending one each posting may still be captured in part, so that one may not make up for another:
    all that it may take away counts, and all that it may bring.
    """
    if len(legs) == 1 and not pending and _within_limits(legs[0]):
        return None
    effects: dict[int, _Effect] = {}
    for leg in legs:
        debit, credit, amount = leg.known()
        effects.setdefault(id(debit), _Effect(debit, leg, "debit", pending)).debits += amount
        effects.setdefault(id(credit), _Effect(credit, leg, "credit", pending)).credits += amount
    for check in (_below_floor, _above_ceiling, _beyond_digits):
        for effect in effects.values():
            refusal = check(effect)
            if refusal is not None:
                return refusal
    return None


def _plain(leg: Leg) -> bool:
    """Whether none of the checks of ``account_refusal`` has anything to say: most often."""
    if leg.debit is None or leg.credit is None or leg.debit is leg.credit:
        return False
    debit, credit = leg.debit.account, leg.credit.account
    if not debit.state == credit.state == "OPEN" or debit.currency != credit.currency:
        return False
    return leg.amount is not None and leg.amount <= amounts.MINOR_UNITS_MAX


def _within_limits(leg: Leg) -> bool:
    """Whether the only leg of a posted transaction is clear of every limit: most often.

    Holds that have expired still count here, so that a no is not a refusal yet.
    """
    debit, credit, amount = leg.known()
    return (
        _has_room(debit, amount)
        and _has_room(credit, -amount)
        and debit.debits_posted + debit.debits_pending + amount <= amounts.MINOR_UNITS_MAX
        and credit.credits_posted + credit.credits_pending + amount <= amounts.MINOR_UNITS_MAX
    )


def _has_room(book: Book, debited: int) -> bool:
    """Whether a movement stays within an account's limits; a negative one is credited."""
    account = book.account
    if account.normal_side == "DEBIT":
        brought, coming, going = debited, book.debits_pending, book.credits_pending
    else:
        brought, coming, going = -debited, book.credits_pending, book.debits_pending
    if brought < 0:
        return account.floor is None or book.balance - going + brought >= account.floor
    return account.ceiling is None or book.balance + coming + brought <= account.ceiling


class _Effect(msgspec.Struct, gc=False):
    """What a transaction does to one account in all, and the leg that names the account first."""

    book: Book
    leg: Leg
    side: str
    pending: bool
    debits: int = 0
    credits: int = 0

    @property
    def taken(self) -> int:
        """How much it takes away, or may take."""
        side = self.book.account.normal_side
        if self.pending:
            return reserved(side, debits_pending=self.debits, credits_pending=self.credits)
        return -balance(side, debits=self.debits, credits=self.credits)

    @property
    def brought(self) -> int:
        """How much it brings, or may bring."""
        side = self.book.account.normal_side
        if self.pending:
            return expected(side, debits_pending=self.debits, credits_pending=self.credits)
        return balance(side, debits=self.debits, credits=self.credits)


def _missing(leg: Leg) -> AccountNotFound | None:
    if leg.posting is None:
        return None
    sides: tuple[tuple[str, AccountKey, Book | None], ...] = (
        ("debit", leg.posting.debit, leg.debit),
        ("credit", leg.posting.credit, leg.credit),
    )
    for name, account, book in sides:
        if book is None:
            return AccountNotFound(path=leg.path(name), account=texts.shown(account.text))
    return None


def _same(leg: Leg) -> SameAccount | None:
    if leg.debit is not leg.credit or leg.debit is None:
        return None
    account = leg.debit.account
    return SameAccount(path=leg.path(), account_id=account.account_id, account_code=account.code)


def _stopped(leg: Leg) -> AccountFrozen | AccountClosed | None:
    for name, book in (("debit", leg.debit), ("credit", leg.credit)):
        if book is None or book.account.state == "OPEN":
            continue
        kind = AccountFrozen if book.account.state == "FROZEN" else AccountClosed
        return kind(
            path=leg.path(name),
            account_id=book.account.account_id,
            account_code=book.account.code,
        )
    return None


def _mismatched(leg: Leg) -> CurrencyMismatch | None:
    if leg.debit is None or leg.credit is None:
        return None
    debit, credit = leg.debit.account, leg.credit.account
    if debit.currency == credit.currency:
        return None
    return CurrencyMismatch(
        path=leg.path(),
        debit_id=debit.account_id,
        debit_code=debit.code,
        debit_currency=debit.currency,
        credit_id=credit.account_id,
        credit_code=credit.code,
        credit_currency=credit.currency,
    )


def _inexpressible(leg: Leg) -> InvalidAmount | None:
    if leg.debit is None or leg.posting is None:
        return None
    account, posting = leg.debit.account, leg.posting
    if leg.amount is None:
        problem = (
            f"{posting.amount_text} has {posting.amount.decimals} decimals; "
            f"{account.currency} has {account.exponent}"
        )
    elif leg.amount > amounts.MINOR_UNITS_MAX:
        problem = f"the amount has more than {amounts.DIGITS_MAX} digits in minor units"
    else:
        return None
    return InvalidAmount(path=leg.path("amount"), problem=problem)


def _below_floor(effect: _Effect) -> InsufficientFunds | None:
    book = effect.book
    floor = book.account.floor
    if floor is None:
        return None
    taken = effect.taken
    if taken <= 0 or book.available - taken >= floor:
        return None
    return InsufficientFunds(
        path=effect.leg.path(effect.side),
        account_id=book.account.account_id,
        account_code=book.account.code,
        currency=book.account.currency,
        available=book.render(book.available),
        required=book.render(taken),
        floor=book.render(floor),
    )


def _above_ceiling(effect: _Effect) -> CeilingExceeded | None:
    book = effect.book
    ceiling = book.account.ceiling
    if ceiling is None:
        return None
    brought = effect.brought
    if brought <= 0 or book.foreseeable + brought <= ceiling:
        return None
    return CeilingExceeded(
        path=effect.leg.path(effect.side),
        account_id=book.account.account_id,
        account_code=book.account.code,
        currency=book.account.currency,
        posted=book.render(book.balance),
        added=book.render(brought),
        ceiling=book.render(ceiling),
    )


def _beyond_digits(effect: _Effect) -> InvalidAmount | None:
    book = effect.book
    debits = book.debits_pending + effect.debits
    credits_ = book.credits_pending + effect.credits
    counters = [
        book.debits_posted + debits - book.debits_expired,
        book.credits_posted + credits_ - book.credits_expired,
    ]
    if effect.pending:
        # The counters themselves hold what has expired until it is swept.
        counters += [debits, credits_]
    if max(counters) <= amounts.MINOR_UNITS_MAX:
        return None
    problem = (
        f"account {book.account.code!r} would count more than {amounts.DIGITS_MAX} digits of "
        f"{book.account.currency} in minor units"
    )
    return InvalidAmount(path=effect.leg.path(effect.side), problem=problem)
