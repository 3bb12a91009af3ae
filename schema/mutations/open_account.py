"""openAccount."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from resolvers.context import Info
from resolvers.mutations import open_account as resolver
from schema.accounts import Account
from schema.enums import Side
from schema.keys import UserBy
from schema.nodes import ASKED, represents
from schema.refusals import (
    AccountCodeTaken,
    CurrencyNotFound,
    InvalidAmount,
    InvalidInput,
    UserNotFound,
)
from schema.scalars import JSON, Amount
from schema.unset import or_empty, or_none


@strawberry.input(description="An account to open.")
class OpenAccountInput:
    """Becomes an ``OpenAccountRequest``."""

    code: str = strawberry.field(
        description="The application's name for it, such as user:alice:wallet; unique in the "
        "ledger, 1 to 200 characters, final."
    )
    name: str | None = strawberry.field(
        default=UNSET, description="For people, at most 200 characters."
    )
    currency: str = strawberry.field(description="The currency's code; final.")
    normal_side: Side = strawberry.field(
        description="CREDIT for what you owe, such as users' wallets; DEBIT for what you own, such "
        "as cash at a bank; final."
    )
    owner: UserBy | None = strawberry.field(default=UNSET, description="The owner, if any; final.")
    floor: Amount | None = strawberry.field(
        default=Amount("0"),
        description='No posting takes the available balance below this: "0", the default, forbids '
        'an overdraft, "-500" is a credit line; null is unbounded.',
    )
    ceiling: Amount | None = strawberry.field(
        default=UNSET,
        description="No posting takes the balance above this; null is unbounded.",
    )
    metadata: JSON | None = strawberry.field(
        default=UNSET, description="The application's own object, if any."
    )


@strawberry.type(description="The account is open.")
@represents(resolver.OpenAccountSuccess)
class OpenAccountSuccess:
    """Answered from the resolver's struct of the same name."""

    account: Account = strawberry.field(description="The new account.")


OpenAccountResult = Annotated[
    OpenAccountSuccess
    | InvalidInput
    | InvalidAmount
    | CurrencyNotFound
    | UserNotFound
    | AccountCodeTaken,
    strawberry.union("OpenAccountResult", description="What became of a new account."),
]


async def open_account(info: Info, input: Annotated[OpenAccountInput, ASKED]) -> object:
    """Hand the input to the resolver."""
    request = resolver.OpenAccountRequest(
        code=input.code,
        name=input.name or "",
        currency=input.currency,
        normal_side=Side(input.normal_side).word,
        owner=input.owner.key() if input.owner else None,
        floor=input.floor,
        ceiling=or_none(input.ceiling),
        metadata=or_empty(input.metadata),
    )
    return await resolver.open_account(info.context, request)
