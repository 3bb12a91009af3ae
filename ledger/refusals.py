"""Every way in which Florin says no: what, where and what to do about it.

A refusal is a returned value, never an exception. ``path`` leads from the mutation's arguments to
what was refused; ``code`` is for programs, ``text`` is the template of the message for people.
"""

from typing import ClassVar, TypeAlias
from uuid import UUID

import msgspec

from ledger.paths import Path
from ledger.resolution_refusals import (
    AlreadyCaptured,
    AlreadyReversed,
    AlreadyVoided,
    AmountExceedsHold,
    HoldExpired,
    NotReversible,
    TransactionNotFound,
    TransactionNotPending,
)


class InvalidInput(msgspec.Struct, frozen=True, kw_only=True):
    """Something other than an amount is malformed."""

    code: ClassVar[str] = "INVALID_INPUT"
    text: ClassVar[str] = "{where} is refused: {refusal.problem}."
    path: Path
    problem: str


class InvalidAmount(msgspec.Struct, frozen=True, kw_only=True):
    """An amount is malformed, not positive, too precise for its currency or too large."""

    code: ClassVar[str] = "INVALID_AMOUNT"
    text: ClassVar[str] = "{where} is refused: {refusal.problem}."
    path: Path
    problem: str


class IdempotencyConflict(msgspec.Struct, frozen=True, kw_only=True):
    """The idempotency key is bound to another request."""

    code: ClassVar[str] = "IDEMPOTENCY_CONFLICT"
    text: ClassVar[str] = (
        "Idempotency key {refusal.idempotency_key!r} already belongs to a request that differs in "
        "{refusal.field}. Send the first request unchanged to have its result again, or use a new "
        "key for a new request."
    )
    path: Path
    idempotency_key: str
    transaction_id: UUID
    field: str


class UserNotFound(msgspec.Struct, frozen=True, kw_only=True):
    """No such user."""

    code: ClassVar[str] = "USER_NOT_FOUND"
    text: ClassVar[str] = (
        "There is no user {refusal.user!r}. Create it first, or check the id or the name."
    )
    path: Path
    user: str


class UsernameTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Another user has this username; capital and small letters count as the same."""

    code: ClassVar[str] = "USERNAME_TAKEN"
    text: ClassVar[str] = (
        "Username {refusal.username!r} belongs to another user. Choose a different one."
    )
    path: Path
    username: str
    user_id: UUID


class EmailTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Another user has this email address; capital and small letters count as the same."""

    code: ClassVar[str] = "EMAIL_TAKEN"
    text: ClassVar[str] = (
        "Email address {refusal.email!r} belongs to another user. Use a different one."
    )
    path: Path
    email: str
    user_id: UUID


class CurrencyNotFound(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger has no such currency."""

    code: ClassVar[str] = "CURRENCY_NOT_FOUND"
    text: ClassVar[str] = (
        "This ledger has no currency {refusal.currency_code!r}. All of ISO 4217 is there; "
        "create your own with createCurrency."
    )
    path: Path
    currency_code: str


class CurrencyTaken(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger already has a currency with this code."""

    code: ClassVar[str] = "CURRENCY_TAKEN"
    text: ClassVar[str] = (
        "This ledger already has a currency {refusal.currency_code!r}. Choose another code."
    )
    path: Path
    currency_code: str


class CurrencyMismatch(msgspec.Struct, frozen=True, kw_only=True):
    """A posting's two accounts hold different currencies."""

    code: ClassVar[str] = "CURRENCY_MISMATCH"
    text: ClassVar[str] = (
        "Account {refusal.debit_code!r} holds {refusal.debit_currency}, account "
        "{refusal.credit_code!r} holds {refusal.credit_currency}; a posting moves one currency."
        " Exchange through one trading account for each currency."
    )
    path: Path
    debit_id: UUID
    debit_code: str
    debit_currency: str
    credit_id: UUID
    credit_code: str
    credit_currency: str


class AccountNotFound(msgspec.Struct, frozen=True, kw_only=True):
    """No such account."""

    code: ClassVar[str] = "ACCOUNT_NOT_FOUND"
    text: ClassVar[str] = (
        "There is no account {refusal.account!r}. Open it first, or check the id or the code."
    )
    path: Path
    account: str


class AccountCodeTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Another account has this code."""

    code: ClassVar[str] = "ACCOUNT_CODE_TAKEN"
    text: ClassVar[str] = (
        "Account code {refusal.account_code!r} is taken. Choose another, or use that account."
    )
    path: Path
    account_id: UUID
    account_code: str


class AccountFrozen(msgspec.Struct, frozen=True, kw_only=True):
    """The account is frozen: it takes no postings until it is unfrozen."""

    code: ClassVar[str] = "ACCOUNT_FROZEN"
    text: ClassVar[str] = (
        "Account {refusal.account_code!r} is frozen. Unfreeze it, or use another account."
    )
    path: Path
    account_id: UUID
    account_code: str


class AccountClosed(msgspec.Struct, frozen=True, kw_only=True):
    """The account is closed for good."""

    code: ClassVar[str] = "ACCOUNT_CLOSED"
    text: ClassVar[str] = (
        "Account {refusal.account_code!r} is closed for good. Use another account."
    )
    path: Path
    account_id: UUID
    account_code: str


class AccountNotEmpty(msgspec.Struct, frozen=True, kw_only=True):
    """An account can only be closed with a zero balance and nothing pending."""

    code: ClassVar[str] = "ACCOUNT_NOT_EMPTY"
    text: ClassVar[str] = (
        "Account {refusal.account_code!r} holds {refusal.posted} {refusal.currency} and "
        "{refusal.pending} {refusal.currency} pending. Move it elsewhere, then close the "
        "account."
    )
    path: Path
    account_id: UUID
    account_code: str
    currency: str
    posted: str
    pending: str


class SameAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A posting debits and credits one and the same account."""

    code: ClassVar[str] = "SAME_ACCOUNT"
    text: ClassVar[str] = (
        "The posting debits and credits the same account {refusal.account_code!r}, which would "
        "move nothing. Name two accounts."
    )
    path: Path
    account_id: UUID
    account_code: str


class InsufficientFunds(msgspec.Struct, frozen=True, kw_only=True):
    """The transaction would take an account's available balance below its floor."""

    code: ClassVar[str] = "INSUFFICIENT_FUNDS"
    text: ClassVar[str] = (
        "Account {refusal.account_code!r} has {refusal.available} {refusal.currency} available;"
        " the transaction takes {refusal.required} and would leave less than the floor of "
        "{refusal.floor}. Fund the account, take less, or lower its floor."
    )
    path: Path
    account_id: UUID
    account_code: str
    currency: str
    available: str
    required: str
    floor: str


class CeilingExceeded(msgspec.Struct, frozen=True, kw_only=True):
    """The transaction would take an account's balance above its ceiling."""

    code: ClassVar[str] = "CEILING_EXCEEDED"
    text: ClassVar[str] = (
        "Account {refusal.account_code!r} has {refusal.posted} {refusal.currency}; the "
        "transaction adds {refusal.added} and would pass the ceiling of {refusal.ceiling}, "
        "pending amounts included. Add less, or raise the ceiling."
    )
    path: Path
    account_id: UUID
    account_code: str
    currency: str
    posted: str
    added: str
    ceiling: str


class BatchRefused(msgspec.Struct, frozen=True, kw_only=True):
    """Another item of an atomic batch was refused, so this one was not carried out either."""

    code: ClassVar[str] = "BATCH_REFUSED"
    text: ClassVar[str] = (
        "Not carried out, because item {refusal.refused_index} of this atomic batch was "
        "refused. Mend that one and send the batch again, or send it with atomic: false."
    )
    path: Path
    refused_index: int


PostingRefusal: TypeAlias = (
    InvalidInput
    | InvalidAmount
    | IdempotencyConflict
    | AccountNotFound
    | SameAccount
    | AccountFrozen
    | AccountClosed
    | CurrencyMismatch
    | TransactionNotFound
    | TransactionNotPending
    | AlreadyCaptured
    | AlreadyVoided
    | HoldExpired
    | AmountExceedsHold
    | AlreadyReversed
    | NotReversible
    | InsufficientFunds
    | CeilingExceeded
    | BatchRefused
)
Refusal: TypeAlias = (
    PostingRefusal
    | UserNotFound
    | UsernameTaken
    | EmailTaken
    | CurrencyNotFound
    | CurrencyTaken
    | AccountCodeTaken
    | AccountNotEmpty
)


def message(refusal: Refusal) -> str:
    """What happened, where, and what to do: one or two sentences for people."""
    return str(refusal.text.format(refusal=refusal, where=".".join(refusal.path)))
