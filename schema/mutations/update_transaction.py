"""updateTransaction."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from resolvers.context import Info
from resolvers.mutations import update_transaction as resolver
from schema.keys import TransactionBy
from schema.nodes import ASKED, represents
from schema.refusals import InvalidInput, TransactionNotFound
from schema.scalars import JSON
from schema.transactions import Transaction
from schema.unset import or_empty, or_none


@strawberry.input(
    description="What to change of a transaction; what is left out, or null, stays. Nothing else "
    "of it ever changes."
)
class UpdateTransactionInput:
    """Becomes the resolver's arguments."""

    transaction: TransactionBy = strawberry.field(description="Which transaction to change.")
    description: str | None = strawberry.field(
        default=UNSET, description="The new description, at most 1000 characters."
    )
    metadata: JSON | None = strawberry.field(
        default=UNSET,
        description="Merged into the metadata by key; a key with null is removed.",
    )


@strawberry.type(description="The transaction's description and metadata are as asked.")
@represents(resolver.UpdateTransactionSuccess)
class UpdateTransactionSuccess:
    """Answered from the resolver's struct of the same name."""

    transaction: Transaction = strawberry.field(description="The transaction as it is now.")


UpdateTransactionResult = Annotated[
    UpdateTransactionSuccess | InvalidInput | TransactionNotFound,
    strawberry.union(
        "UpdateTransactionResult", description="What became of a change to a transaction."
    ),
]


async def update_transaction(info: Info, input: Annotated[UpdateTransactionInput, ASKED]) -> object:
    """Hand the input to the resolver."""
    return await resolver.update_transaction(
        info.context,
        key=input.transaction.key(),
        description=or_none(input.description),
        metadata_changes=or_empty(input.metadata),
    )
