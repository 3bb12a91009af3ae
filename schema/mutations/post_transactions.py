"""postTransaction and postTransactions."""

from collections.abc import Mapping
from typing import Annotated, Any

import strawberry
from strawberry import UNSET
from strawberry.types import get_object_definition

from ledger import transactions as rules
from ledger.refusals import Path
from ledger.transactions import Malformed, TransactionRequest
from resolvers.context import Info
from resolvers.mutations import post_transactions as resolver
from schema.keys import AccountBy
from schema.nodes import ASKED, represents
from schema.refusals import (
    AccountClosed,
    AccountFrozen,
    AccountNotFound,
    BatchRefused,
    CeilingExceeded,
    CurrencyMismatch,
    IdempotencyConflict,
    InsufficientFunds,
    InvalidAmount,
    InvalidInput,
    SameAccount,
)
from schema.scalars import JSON, Amount
from schema.transactions import Transaction
from schema.unset import or_none


@strawberry.input(
    description="One movement: the amount leaves the credited account's debit side, so to speak, "
    "and both accounts change by it. A wallet on the credit side grows when it is credited."
)
class PostingInput:
    """Becomes a ``PostingRequest``."""

    debit: AccountBy = strawberry.field(description="The account to debit.")
    credit: AccountBy = strawberry.field(description="The account to credit: another one.")
    amount: Amount = strawberry.field(description="Positive, in both accounts' currency.")


@strawberry.input(description="Postings that happen together or not at all.")
class PostTransactionInput:
    """Becomes a ``TransactionRequest``."""

    idempotency_key: str = strawberry.field(
        description="The application's name for this request, 1 to 200 characters. Sent again with "
        "the same content it answers with the same transaction; with other content it is refused. "
        "Only a success binds it."
    )
    postings: list[PostingInput] = strawberry.field(
        description="1 to 100 movements. Floors and ceilings are held against their net effect."
    )
    description: str | None = strawberry.field(
        default=UNSET, description="For people, at most 1000 characters."
    )
    metadata: JSON | None = strawberry.field(
        default=UNSET, description="The application's own object, if any."
    )

    def request(self, path: Path) -> TransactionRequest | Malformed:
        """As the ledger takes it; ``path`` is where this input stands."""
        return rules.request(
            path=path,
            idempotency_key=self.idempotency_key,
            postings=[(leg.debit.key(), leg.credit.key(), leg.amount) for leg in self.postings],
            description=self.description or "",
            metadata_object=or_none(self.metadata),
        )


def _from_input(_type: type, value: Mapping[str, Any], _context: object) -> PostTransactionInput:
    """Build the input by hand: Strawberry's own conversion walks it field by field, and took more
    time than everything else that is done for a transaction of a batch.
    """
    return PostTransactionInput(
        idempotency_key=value["idempotencyKey"],
        postings=[
            PostingInput(
                debit=AccountBy(**posting["debit"]),
                credit=AccountBy(**posting["credit"]),
                amount=posting["amount"],
            )
            # One more than is allowed is enough to be refused.
            for posting in value["postings"][: rules.POSTINGS_MAX + 1]
        ],
        description=value.get("description"),
        metadata=value.get("metadata"),
    )


get_object_definition(PostTransactionInput, strict=True).from_input = _from_input


@strawberry.input(description="Transactions to post in order.")
class PostTransactionsInput:
    """Becomes a list of ``TransactionRequest``."""

    transactions: list[PostTransactionInput] = strawberry.field(
        description="1 to 1000 transactions; each sees the effects of those before it."
    )
    atomic: bool | None = strawberry.field(
        default=True,
        description="True, or null: one refusal refuses all. False: each stands for itself.",
    )


@strawberry.type(description="The transaction is recorded, and final.")
@represents(resolver.PostTransactionSuccess)
class PostTransactionSuccess:
    """Answered from the resolver's struct of the same name."""

    transaction: Transaction = strawberry.field(description="The transaction.")
    replayed: bool = strawberry.field(
        description="Whether an earlier request with this key had recorded it already."
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
    | InsufficientFunds
    | CeilingExceeded
    | BatchRefused,
    strawberry.union("PostTransactionResult", description="What became of a transaction."),
]


@strawberry.type(description="What became of a batch.")
class PostTransactionsPayload:
    """Answered from the resolver's struct of the same name."""

    results: list[PostTransactionResult] = strawberry.field(
        description="One for each transaction, in order; a single one for a batch of a wrong size."
    )
    committed: bool = strawberry.field(
        description="Whether any of them is recorded; of an atomic batch, all or none are."
    )


async def post_transaction(info: Info, input: Annotated[PostTransactionInput, ASKED]) -> object:
    """Hand the input to the resolver."""
    return await resolver.post_transaction(info.context, input.request(("input",)))


async def post_transactions(info: Info, input: Annotated[PostTransactionsInput, ASKED]) -> object:
    """Hand the input to the resolver."""
    requests = [
        transaction.request(("input", "transactions", str(index)))
        for index, transaction in enumerate(input.transactions)
    ]
    return await resolver.post_transactions(
        info.context, requests, atomic=input.atomic is not False
    )
