"""Refusals: how their fields are answered."""

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


async def transaction(root: IdempotencyConflict, info: Info) -> Transaction | None:
    """The transaction that the key belongs to."""
    return await info.context.loaders.transaction_by_id.load(root.transaction_id)
