"""Refusals: how their fields are answered."""

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


async def account(root: OfAccount, info: Info) -> Account | None:
    """The account that a refusal is about, as it is now."""
    return await info.context.loaders.account_by_id.load(root.account_id)


async def debit(root: CurrencyMismatch, info: Info) -> Account | None:
    """The account to be debited."""
    return await info.context.loaders.account_by_id.load(root.debit_id)


async def credit(root: CurrencyMismatch, info: Info) -> Account | None:
    """The account to be credited."""
    return await info.context.loaders.account_by_id.load(root.credit_id)


async def user(root: UsernameTaken | EmailTaken, info: Info) -> User | None:
    """Who has what was asked for."""
    return await info.context.loaders.user_by_id.load(root.user_id)


async def currency(root: CurrencyTaken, info: Info) -> Currency | None:
    """The currency that has the code."""
    return await info.context.loaders.currency_by_code.load(root.currency_code)


async def transaction(root: OfTransaction, info: Info) -> Transaction | None:
    """The transaction that a refusal is about; None where it was refused with its batch."""
    return await info.context.loaders.transaction_by_id.load(root.transaction_id)


async def reversal(root: AlreadyReversed, info: Info) -> Transaction | None:
    """What reversed the transaction before; None where it was refused with its batch."""
    return await info.context.loaders.transaction_by_id.load(root.reversal_id)


def expired_at(root: HoldExpired) -> datetime:
    """When the hold expired."""
    return root.expires_at
