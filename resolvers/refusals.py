"""Refusals: how their fields are answered."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import TypeAlias

from db.accounts import Account
from db.currencies import Currency
from db.transactions import Transaction
from db.users import User
from ledger import refusals
from ledger.refusals import (
    AccountClosed,
    AccountCodeTaken,
    AccountFrozen,
    AccountNotEmpty,
    CeilingExceeded,
    CurrencyMismatch,
    CurrencyTaken,
    EmailTaken,
    IdempotencyConflict,
    InsufficientFunds,
    Refusal,
    SameAccount,
    UsernameTaken,
)
from ledger.resolution_refusals import (
    AlreadyCaptured,
    AlreadyReversed,
    AlreadyVoided,
    AmountExceedsHold,
    HoldExpired,
    NotReversible,
    TransactionNotPending,
)
from resolvers.context import Info

OfAccount: TypeAlias = (
    AccountCodeTaken
    | AccountFrozen
    | AccountClosed
    | AccountNotEmpty
    | SameAccount
    | InsufficientFunds
    | CeilingExceeded
)
OfTransaction: TypeAlias = (
    IdempotencyConflict
    | TransactionNotPending
    | AlreadyCaptured
    | AlreadyVoided
    | HoldExpired
    | AmountExceedsHold
    | AlreadyReversed
    | NotReversible
)


def message(root: Refusal) -> str:
    """What happened, where, and what to do."""
    return refusals.message(root)


def accounts(roots: Sequence[OfAccount], info: Info) -> Awaitable[Sequence[Account | None]]:
    """The accounts that refusals are about, as they are now."""
    return info.context.loaders.account_by_id.load_each([root.account_id for root in roots])


def debits(roots: Sequence[CurrencyMismatch], info: Info) -> Awaitable[Sequence[Account | None]]:
    """The accounts to be debited."""
    return info.context.loaders.account_by_id.load_each([root.debit_id for root in roots])


def credits_(roots: Sequence[CurrencyMismatch], info: Info) -> Awaitable[Sequence[Account | None]]:
    """The accounts to be credited."""
    return info.context.loaders.account_by_id.load_each([root.credit_id for root in roots])


def users(
    roots: Sequence[UsernameTaken | EmailTaken], info: Info
) -> Awaitable[Sequence[User | None]]:
    """Who has what was asked for."""
    return info.context.loaders.user_by_id.load_each([root.user_id for root in roots])


def currencies(roots: Sequence[CurrencyTaken], info: Info) -> Awaitable[Sequence[Currency | None]]:
    """The currencies that have the codes."""
    return info.context.loaders.currency_by_code.load_each([root.currency_code for root in roots])


def transactions(
    roots: Sequence[OfTransaction], info: Info
) -> Awaitable[Sequence[Transaction | None]]:
    """The transactions that refusals are about; None where one was refused with its batch."""
    return info.context.loaders.transaction_by_id.load_each([root.transaction_id for root in roots])


def reversals(
    roots: Sequence[AlreadyReversed], info: Info
) -> Awaitable[Sequence[Transaction | None]]:
    """What reversed transactions before; None where one was refused with its batch."""
    return info.context.loaders.transaction_by_id.load_each([root.reversal_id for root in roots])


def expired_at(root: HoldExpired) -> datetime:
    """When the hold expired."""
    return root.expires_at
