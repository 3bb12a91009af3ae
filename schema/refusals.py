"""Refusals: one type a code, all of them ``Refusal``s, answered from the ledger's own."""

import inspect
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import strawberry

from ledger import refusals as rows
from ledger import resolution_refusals
from resolvers import refusals
from schema.accounts import Account
from schema.currencies import Currency
from schema.nodes import answered_by, answered_for_all, represents
from schema.refusal_codes import RefusalCode
from schema.scalars import Amount
from schema.transactions import Transaction
from schema.users import User

Type = TypeVar("Type", bound=type)

_NAMED = "The transaction that was named; null if it was refused with its batch."


@strawberry.interface(
    description="A request that was understood and not carried out: nothing was changed. All "
    "refusals implement this, so `... on Refusal { code message path }` covers them."
)
class Refusal:
    """Answered from any of ``ledger.refusals``."""

    code: RefusalCode = strawberry.field(description="What was refused, for programs.")
    message: str = answered_by(
        refusals.message, "What was refused, why, and what to do; for people."
    )
    path: list[str] = strawberry.field(
        description="Where it stands in the mutation's arguments, such as "
        '["input", "postings", "0", "amount"].'
    )


def _refusal(row: type) -> Callable[[Type], Type]:
    """Make a class the GraphQL type of a refusal, described by the refusal's own docstring."""

    def decorate(cls: Type) -> Type:
        return strawberry.type(represents(row)(cls), description=inspect.getdoc(row))

    return decorate


@_refusal(rows.InvalidInput)
class InvalidInput(Refusal):
    """Says all in its message."""


@_refusal(rows.InvalidAmount)
class InvalidAmount(Refusal):
    """Says all in its message."""


@_refusal(rows.IdempotencyConflict)
class IdempotencyConflict(Refusal):
    """Shows the transaction that has the key."""

    transaction: Transaction = answered_for_all(
        refusals.transactions, "The transaction that the key belongs to."
    )
    field: str = strawberry.field(
        description="The first field that differs, such as postings.0.amount or description."
    )


@_refusal(rows.UserNotFound)
class UserNotFound(Refusal):
    """Says all in its message."""


@_refusal(rows.UsernameTaken)
class UsernameTaken(Refusal):
    """Shows who has it."""

    user: User = answered_for_all(refusals.users, "Who has the username.")


@_refusal(rows.EmailTaken)
class EmailTaken(Refusal):
    """Shows who has it."""

    user: User = answered_for_all(refusals.users, "Who has the address.")


@_refusal(rows.CurrencyNotFound)
class CurrencyNotFound(Refusal):
    """Says all in its message."""


@_refusal(rows.CurrencyTaken)
class CurrencyTaken(Refusal):
    """Shows the one that is there."""

    currency: Currency = answered_for_all(refusals.currencies, "The currency that has the code.")


@_refusal(rows.CurrencyMismatch)
class CurrencyMismatch(Refusal):
    """Shows both accounts."""

    debit: Account = answered_for_all(refusals.debits, "The account to be debited.")
    credit: Account = answered_for_all(refusals.credits_, "The account to be credited.")


@_refusal(rows.AccountNotFound)
class AccountNotFound(Refusal):
    """Says all in its message."""


@_refusal(rows.AccountCodeTaken)
class AccountCodeTaken(Refusal):
    """Shows the one that is there."""

    account: Account = answered_for_all(refusals.accounts, "The account that has the code.")


@_refusal(rows.AccountFrozen)
class AccountFrozen(Refusal):
    """Shows the account."""

    account: Account = answered_for_all(refusals.accounts, "The frozen account.")


@_refusal(rows.AccountClosed)
class AccountClosed(Refusal):
    """Shows the account."""

    account: Account = answered_for_all(refusals.accounts, "The closed account.")


@_refusal(rows.AccountNotEmpty)
class AccountNotEmpty(Refusal):
    """Shows the account."""

    account: Account = answered_for_all(
        refusals.accounts, "The account that still holds something."
    )


@_refusal(rows.SameAccount)
class SameAccount(Refusal):
    """Shows the account."""

    account: Account = answered_for_all(refusals.accounts, "The account on both sides.")


@_refusal(resolution_refusals.TransactionNotFound)
class TransactionNotFound(Refusal):
    """Says all in its message."""


@_refusal(resolution_refusals.TransactionNotPending)
class TransactionNotPending(Refusal):
    """Shows the transaction."""

    transaction: Transaction | None = answered_for_all(refusals.transactions, _NAMED)


@_refusal(resolution_refusals.AlreadyCaptured)
class AlreadyCaptured(Refusal):
    """Shows the transaction."""

    transaction: Transaction | None = answered_for_all(refusals.transactions, _NAMED)


@_refusal(resolution_refusals.AlreadyVoided)
class AlreadyVoided(Refusal):
    """Shows the transaction."""

    transaction: Transaction | None = answered_for_all(refusals.transactions, _NAMED)


@_refusal(resolution_refusals.HoldExpired)
class HoldExpired(Refusal):
    """Shows the transaction, and when it expired."""

    transaction: Transaction | None = answered_for_all(refusals.transactions, _NAMED)
    expired_at: datetime = answered_by(refusals.expired_at, "When the hold expired.")


@_refusal(resolution_refusals.AmountExceedsHold)
class AmountExceedsHold(Refusal):
    """Shows the transaction and both amounts."""

    transaction: Transaction | None = answered_for_all(refusals.transactions, _NAMED)
    held: Amount = strawberry.field(description="What is held of the posting.")
    requested: Amount = strawberry.field(description="What was to be captured of it.")


@_refusal(resolution_refusals.AlreadyReversed)
class AlreadyReversed(Refusal):
    """Shows the transaction and its reversal."""

    transaction: Transaction | None = answered_for_all(refusals.transactions, _NAMED)
    reversal: Transaction | None = answered_for_all(
        refusals.reversals,
        "The transaction that reversed it; null if that was refused with its batch.",
    )


@_refusal(resolution_refusals.NotReversible)
class NotReversible(Refusal):
    """Shows the transaction."""

    transaction: Transaction | None = answered_for_all(refusals.transactions, _NAMED)


@_refusal(rows.InsufficientFunds)
class InsufficientFunds(Refusal):
    """Shows the account and the figures of the decision."""

    account: Account = answered_for_all(refusals.accounts, "The account that has too little.")
    available: Amount = strawberry.field(
        description="What it had available when the decision was made."
    )
    required: Amount = strawberry.field(
        description="What the transaction would have taken from it in all."
    )


@_refusal(rows.CeilingExceeded)
class CeilingExceeded(Refusal):
    """Shows the account and the figures of the decision."""

    account: Account = answered_for_all(refusals.accounts, "The account that would hold too much.")
    posted: Amount = strawberry.field(
        description="Its balance when the decision was made, without pending amounts."
    )
    added: Amount = strawberry.field(
        description="What the transaction would have added to it in all."
    )
    ceiling: Amount = strawberry.field(description="Its ceiling.")


@_refusal(rows.BatchRefused)
class BatchRefused(Refusal):
    """Points at the culprit."""

    refused_index: int = strawberry.field(
        description="The first refused item's index in the batch, from 0."
    )
