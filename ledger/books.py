"""An account while a batch is being decided, and the questions a transaction asks of it."""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from ledger import amounts, texts
from ledger.accounts import Account, Side, balance, expected, reserved
from ledger.refusals import (
    AccountClosed,
    AccountFrozen,
    AccountNotFound,
    CeilingExceeded,
    CurrencyMismatch,
    InsufficientFunds,
    InvalidAmount,
    Path,
    SameAccount,
)
from ledger.transactions import AccountKey, PostingRequest


class Book(msgspec.Struct, gc=False):
    """An account's counters as the requests before have left them. Amounts are minor units."""

    account: Account
    debits_posted: int = 0
    credits_posted: int = 0
    version: int = 0
    # Posted on the normal side less posted on the other.
    balance: int = 0

    def __post_init__(self) -> None:
        """Open the book where the account stands."""
        account = self.account
        self.debits_posted = account.debits_posted
        self.credits_posted = account.credits_posted
        self.version = account.version
        self.balance = balance(
            account.normal_side, debits=account.debits_posted, credits=account.credits_posted
        )

    @property
    def changed(self) -> bool:
        """Whether anything was posted."""
        return self.version != self.account.version

    @property
    def available(self) -> int:
        """The balance less what pending transactions may still take away."""
        account = self.account
        return self.balance - reserved(
            account.normal_side,
            debits_pending=account.debits_pending,
            credits_pending=account.credits_pending,
        )

    @property
    def foreseeable(self) -> int:
        """The balance and what pending transactions may still bring."""
        account = self.account
        return self.balance + expected(
            account.normal_side,
            debits_pending=account.debits_pending,
            credits_pending=account.credits_pending,
        )

    def post(self, side: Side, amount: int) -> None:
        """Enter an amount on one side; each entry is the account's next version."""
        if side == "DEBIT":
            self.debits_posted += amount
        else:
            self.credits_posted += amount
        self.balance += amount if side == self.account.normal_side else -amount
        self.version += 1

    def render(self, minor_units: int) -> str:
        """An amount of this account's currency, for people."""
        return amounts.render(minor_units, self.account.exponent)


class Leg(msgspec.Struct, frozen=True, gc=False):
    """A requested posting and the books it names, None where there is no such account."""

    request_path: Path
    position: int
    posting: PostingRequest
    debit: Book | None
    credit: Book | None

    def path(self, *names: str) -> Path:
        """Where this posting, or something in it, stands in the mutation."""
        return (*self.request_path, "postings", str(self.position), *names)

    def known(self) -> tuple[Book, Book, int]:
        """Both books and the minor units; only for a leg that ``account_refusal`` let pass."""
        assert self.debit is not None
        assert self.credit is not None
        amount = self.posting.amount.minor_units(self.debit.account.exponent)
        assert amount is not None
        return self.debit, self.credit, amount


AccountRefusal: TypeAlias = (
    AccountNotFound | SameAccount | AccountFrozen | AccountClosed | CurrencyMismatch | InvalidAmount
)
LimitRefusal: TypeAlias = InsufficientFunds | CeilingExceeded | InvalidAmount


def account_refusal(legs: Sequence[Leg]) -> AccountRefusal | None:
    """The first reason why these accounts cannot take these postings, whatever their balances."""
    for check in (_missing, _same, _stopped, _mismatched, _inexpressible):
        for leg in legs:
            refusal = check(leg)
            if refusal is not None:
                return refusal
    return None


def limit_refusal(legs: Sequence[Leg]) -> LimitRefusal | None:
    """The first limit that the transaction's net effect on its accounts would break."""
    effects: dict[int, _Effect] = {}
    for leg in legs:
        debit, credit, amount = leg.known()
        effects.setdefault(id(debit), _Effect(debit, leg, "debit")).debits += amount
        effects.setdefault(id(credit), _Effect(credit, leg, "credit")).credits += amount
    for check in (_below_floor, _above_ceiling, _beyond_digits):
        for effect in effects.values():
            refusal = check(effect)
            if refusal is not None:
                return refusal
    return None


class _Effect(msgspec.Struct, gc=False):
    """What a transaction does to one account in all, and the leg that names the account first."""

    book: Book
    leg: Leg
    side: str
    debits: int = 0
    credits: int = 0

    @property
    def net(self) -> int:
        return balance(self.book.account.normal_side, debits=self.debits, credits=self.credits)


def _missing(leg: Leg) -> AccountNotFound | None:
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
    if leg.debit is None:
        return None
    account, posting = leg.debit.account, leg.posting
    amount = posting.amount.minor_units(account.exponent)
    if amount is None:
        problem = (
            f"{posting.amount_text} has {posting.amount.decimals} decimals; "
            f"{account.currency} has {account.exponent}"
        )
    elif amount > amounts.MINOR_UNITS_MAX:
        problem = f"the amount has more than {amounts.DIGITS_MAX} digits in minor units"
    else:
        return None
    return InvalidAmount(path=leg.path("amount"), problem=problem)


def _below_floor(effect: _Effect) -> InsufficientFunds | None:
    book = effect.book
    floor = book.account.floor
    if floor is None:
        return None
    net = effect.net
    if net >= 0 or book.available + net >= floor:
        return None
    return InsufficientFunds(
        path=effect.leg.path(effect.side),
        account_id=book.account.account_id,
        account_code=book.account.code,
        currency=book.account.currency,
        available=book.render(book.available),
        required=book.render(-net),
        floor=book.render(floor),
    )


def _above_ceiling(effect: _Effect) -> CeilingExceeded | None:
    book = effect.book
    ceiling = book.account.ceiling
    if ceiling is None:
        return None
    net = effect.net
    if net <= 0 or book.foreseeable + net <= ceiling:
        return None
    return CeilingExceeded(
        path=effect.leg.path(effect.side),
        account_id=book.account.account_id,
        account_code=book.account.code,
        currency=book.account.currency,
        posted=book.render(book.balance),
        added=book.render(net),
        ceiling=book.render(ceiling),
    )


def _beyond_digits(effect: _Effect) -> InvalidAmount | None:
    book = effect.book
    debits = book.debits_posted + book.account.debits_pending + effect.debits
    credits_ = book.credits_posted + book.account.credits_pending + effect.credits
    if max(debits, credits_) <= amounts.MINOR_UNITS_MAX:
        return None
    problem = (
        f"account {book.account.code!r} would count more than {amounts.DIGITS_MAX} digits of "
        f"{book.account.currency} in minor units"
    )
    return InvalidAmount(path=effect.leg.path(effect.side), problem=problem)
