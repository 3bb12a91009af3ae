"""postTransaction, captureTransaction, voidTransaction, reverseTransaction, and batches of them."""

from collections.abc import Sequence
from typing import Annotated, Protocol

import strawberry

from ledger.paths import Path
from ledger.transactions import Malformed, Request
from resolvers import posting_outcomes
from resolvers.context import Info
from resolvers.mutations import submit_transactions as resolver
from schema.nodes import ASKED, represents
from schema.refusals import (
    AccountClosed,
    AccountFrozen,
    AccountNotFound,
    AlreadyCaptured,
    AlreadyReversed,
    AlreadyVoided,
    AmountExceedsHold,
    BatchRefused,
    CeilingExceeded,
    CurrencyMismatch,
    HoldExpired,
    IdempotencyConflict,
    InsufficientFunds,
    InvalidAmount,
    InvalidInput,
    NotReversible,
    SameAccount,
    TransactionNotFound,
    TransactionNotPending,
)
from schema.transaction_inputs import (
    CaptureTransactionInput,
    PostTransactionInput,
    PostTransactionsInput,
    ReverseTransactionInput,
    SubmitTransactionsInput,
    VoidTransactionInput,
)
from schema.transactions import Transaction


@strawberry.type(description="It is done, and recorded.")
@represents(posting_outcomes.PostTransactionSuccess)
class PostTransactionSuccess:
    """Answered from the resolver's struct of the same name."""

    transaction: Transaction = strawberry.field(
        description="The transaction: the one that was posted or held, captured or voided; of a "
        "reversal, the new one."
    )
    replayed: bool = strawberry.field(
        description="Whether an earlier request with this key had done it already."
    )


PostTransactionResult = Annotated[
    PostTransactionSuccess
    | InvalidInput
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
    | BatchRefused,
    strawberry.union("PostTransactionResult", description="What became of a transaction."),
]


@strawberry.type(description="What became of a batch.")
class PostTransactionsPayload:
    """Answered from the resolver's struct of the same name."""

    results: list[PostTransactionResult] = strawberry.field(
        description="One for each item, in order; a single one for a batch of a wrong size."
    )
    committed: bool = strawberry.field(
        description="Whether any of them is recorded; of an atomic batch, all or none are."
    )


class _Asked(Protocol):
    def request(self, path: Path) -> Request | Malformed: ...


async def post_transaction(info: Info, input: Annotated[PostTransactionInput, ASKED]) -> object:
    """Hand the input to the resolver."""
    return await resolver.submit_one(info.context, input.request(("input",)), kind=info.field_name)


async def capture_transaction(
    info: Info, input: Annotated[CaptureTransactionInput, ASKED]
) -> object:
    """Hand the input to the resolver."""
    return await resolver.submit_one(info.context, input.request(("input",)), kind=info.field_name)


async def void_transaction(info: Info, input: Annotated[VoidTransactionInput, ASKED]) -> object:
    """Hand the input to the resolver."""
    return await resolver.submit_one(info.context, input.request(("input",)), kind=info.field_name)


async def reverse_transaction(
    info: Info, input: Annotated[ReverseTransactionInput, ASKED]
) -> object:
    """Hand the input to the resolver."""
    return await resolver.submit_one(info.context, input.request(("input",)), kind=info.field_name)


async def post_transactions(info: Info, input: Annotated[PostTransactionsInput, ASKED]) -> object:
    """Hand the input to the resolver."""
    return await _submit_all(info, "transactions", input.transactions, atomic=input.atomic)


async def submit_transactions(
    info: Info, input: Annotated[SubmitTransactionsInput, ASKED]
) -> object:
    """Hand the input to the resolver."""
    return await _submit_all(info, "items", input.items, atomic=input.atomic)


async def _submit_all(
    info: Info, field: str, asked: Sequence[_Asked], *, atomic: bool | None
) -> object:
    requests = [one.request(("input", field, str(index))) for index, one in enumerate(asked)]
    return await resolver.submit_all(
        info.context, requests, atomic=atomic is not False, field=field, kind=info.field_name
    )
