"""updateAccount, freezeAccount, unfreezeAccount and closeAccount."""

from typing import Annotated

import msgspec
import strawberry
from strawberry import UNSET

from resolvers.context import Info
from resolvers.mutations import update_account as resolver
from schema.accounts import Account
from schema.keys import AccountBy
from schema.nodes import ASKED, represents
from schema.refusals import (
    AccountClosed,
    AccountNotEmpty,
    AccountNotFound,
    InvalidAmount,
    InvalidInput,
)
from schema.scalars import JSON, Amount
from schema.unset import or_empty, or_none


@strawberry.input(description="What to change of an account; what is left out stays.")
class UpdateAccountInput:
    """Becomes ``AccountChanges``."""

    account: AccountBy = strawberry.field(description="Which account to change.")
    name: str | None = strawberry.field(
        default=UNSET, description="The new name; null leaves it as it is."
    )
    floor: Amount | None = strawberry.field(
        default=UNSET,
        description="The new floor; null makes it unbounded. Binds what comes after.",
    )
    ceiling: Amount | None = strawberry.field(
        default=UNSET,
        description="The new ceiling; null makes it unbounded. Binds what comes after.",
    )
    metadata: JSON | None = strawberry.field(
        default=UNSET,
        description="Merged into the metadata by key; a key with null is removed.",
    )


@strawberry.input(description="An account to freeze.")
class FreezeAccountInput:
    """Names the account."""

    account: AccountBy = strawberry.field(description="Which account to freeze.")


@strawberry.input(description="An account to unfreeze.")
class UnfreezeAccountInput:
    """Names the account."""

    account: AccountBy = strawberry.field(description="Which account to unfreeze.")


@strawberry.input(description="An account to close.")
class CloseAccountInput:
    """Names the account."""

    account: AccountBy = strawberry.field(description="Which account to close.")


@strawberry.type(description="The account is as asked.")
@represents(resolver.UpdateAccountSuccess)
class UpdateAccountSuccess:
    """Answered from the resolver's struct of the same name."""

    account: Account = strawberry.field(description="The account as it is now.")


UpdateAccountResult = Annotated[
    UpdateAccountSuccess
    | InvalidInput
    | InvalidAmount
    | AccountNotFound
    | AccountClosed
    | AccountNotEmpty,
    strawberry.union("UpdateAccountResult", description="What became of a change to an account."),
]


async def update_account(info: Info, input: Annotated[UpdateAccountInput, ASKED]) -> object:
    """Hand the input to the resolver."""
    changes = resolver.AccountChanges(
        name=or_none(input.name),
        floor=msgspec.UNSET if input.floor is UNSET else input.floor,
        ceiling=msgspec.UNSET if input.ceiling is UNSET else input.ceiling,
        metadata=or_empty(input.metadata),
    )
    return await resolver.update_account(info.context, input.account.key(), changes)


async def freeze_account(info: Info, input: Annotated[FreezeAccountInput, ASKED]) -> object:
    """Hand the input to the resolver."""
    return await resolver.freeze_account(info.context, input.account.key())


async def unfreeze_account(info: Info, input: Annotated[UnfreezeAccountInput, ASKED]) -> object:
    """Hand the input to the resolver."""
    return await resolver.unfreeze_account(info.context, input.account.key())


async def close_account(info: Info, input: Annotated[CloseAccountInput, ASKED]) -> object:
    """Hand the input to the resolver."""
    return await resolver.close_account(info.context, input.account.key())
