"""Refusals: one type a code, all of them ``Refusal``s, answered from ``ledger.refusals``."""

import enum
import inspect
from collections.abc import Callable
from typing import TypeVar

import strawberry

from ledger import refusals as rows
from resolvers import refusals
from schema.accounts import Account
from schema.currencies import Currency
from schema.nodes import answered_by, represents
from schema.scalars import Amount
from schema.transactions import Transaction
from schema.users import User

Type = TypeVar("Type", bound=type)


@strawberry.enum(description="What was refused, for programs. Each has a type of its own.")
class RefusalCode(enum.Enum):
    """The ``code`` of every class in ``ledger.refusals``."""

    INVALID_INPUT = strawberry.enum_value(
        "INVALID_INPUT", description="Something other than an amount is malformed."
    )
    INVALID_AMOUNT = strawberry.enum_value(
        "INVALID_AMOUNT", description="An amount is malformed, not positive or too precise."
    )
    IDEMPOTENCY_CONFLICT = strawberry.enum_value(
        "IDEMPOTENCY_CONFLICT", description="The key belongs to another request."
    )
    USER_NOT_FOUND = strawberry.enum_value("USER_NOT_FOUND", description="No such user.")
    USERNAME_TAKEN = strawberry.enum_value(
        "USERNAME_TAKEN", description="Another user has this username."
    )
    EMAIL_TAKEN = strawberry.enum_value(
        "EMAIL_TAKEN", description="Another user has this email address."
    )
    CURRENCY_NOT_FOUND = strawberry.enum_value(
        "CURRENCY_NOT_FOUND", description="No such currency in this ledger."
    )
    CURRENCY_TAKEN = strawberry.enum_value(
        "CURRENCY_TAKEN", description="The ledger has a currency with this code."
    )
    CURRENCY_MISMATCH = strawberry.enum_value(
        "CURRENCY_MISMATCH", description="A posting between two currencies."
    )
    ACCOUNT_NOT_FOUND = strawberry.enum_value("ACCOUNT_NOT_FOUND", description="No such account.")
    ACCOUNT_CODE_TAKEN = strawberry.enum_value(
        "ACCOUNT_CODE_TAKEN", description="Another account has this code."
    )
    ACCOUNT_FROZEN = strawberry.enum_value(
        "ACCOUNT_FROZEN", description="The account takes no postings for now."
    )
    ACCOUNT_CLOSED = strawberry.enum_value(
        "ACCOUNT_CLOSED", description="The account takes nothing any more."
    )
    ACCOUNT_NOT_EMPTY = strawberry.enum_value(
        "ACCOUNT_NOT_EMPTY", description="Only an empty account can be closed."
    )
    SAME_ACCOUNT = strawberry.enum_value(
        "SAME_ACCOUNT", description="One account on both sides of a posting."
    )
    INSUFFICIENT_FUNDS = strawberry.enum_value(
        "INSUFFICIENT_FUNDS", description="An account would fall below its floor."
    )
    CEILING_EXCEEDED = strawberry.enum_value(
        "CEILING_EXCEEDED", description="An account would rise above its ceiling."
    )
    BATCH_REFUSED = strawberry.enum_value(
        "BATCH_REFUSED", description="Another transaction of the atomic batch was refused."
    )


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

    transaction: Transaction = answered_by(
        refusals.transaction, "The transaction that the key belongs to."
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

    user: User = answered_by(refusals.user, "Who has the username.")


@_refusal(rows.EmailTaken)
class EmailTaken(Refusal):
    """Shows who has it."""

    user: User = answered_by(refusals.user, "Who has the address.")


@_refusal(rows.CurrencyNotFound)
class CurrencyNotFound(Refusal):
    """Says all in its message."""


@_refusal(rows.CurrencyTaken)
class CurrencyTaken(Refusal):
    """Shows the one that is there."""

    currency: Currency = answered_by(refusals.currency, "The currency that has the code.")


@_refusal(rows.CurrencyMismatch)
class CurrencyMismatch(Refusal):
    """Shows both accounts."""

    debit: Account = answered_by(refusals.debit, "The account to be debited.")
    credit: Account = answered_by(refusals.credit, "The account to be credited.")


@_refusal(rows.AccountNotFound)
class AccountNotFound(Refusal):
    """Says all in its message."""


@_refusal(rows.AccountCodeTaken)
class AccountCodeTaken(Refusal):
    """Shows the one that is there."""

    account: Account = answered_by(refusals.account, "The account that has the code.")


@_refusal(rows.AccountFrozen)
class AccountFrozen(Refusal):
    """Shows the account."""

    account: Account = answered_by(refusals.account, "The frozen account.")


@_refusal(rows.AccountClosed)
class AccountClosed(Refusal):
    """Shows the account."""

    account: Account = answered_by(refusals.account, "The closed account.")


@_refusal(rows.AccountNotEmpty)
class AccountNotEmpty(Refusal):
    """Shows the account."""

    account: Account = answered_by(refusals.account, "The account that still holds something.")


@_refusal(rows.SameAccount)
class SameAccount(Refusal):
    """Shows the account."""

    account: Account = answered_by(refusals.account, "The account on both sides.")


@_refusal(rows.InsufficientFunds)
class InsufficientFunds(Refusal):
    """Shows the account and the figures of the decision."""

    account: Account = answered_by(refusals.account, "The account that has too little.")
    available: Amount = strawberry.field(
        description="What it had available when the decision was made."
    )
    required: Amount = strawberry.field(
        description="What the transaction would have taken from it in all."
    )


@_refusal(rows.CeilingExceeded)
class CeilingExceeded(Refusal):
    """Shows the account and the figures of the decision."""

    account: Account = answered_by(refusals.account, "The account that would hold too much.")
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
        description="The first refused transaction's index in the batch, from 0."
    )
