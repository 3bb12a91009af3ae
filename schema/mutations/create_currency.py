"""createCurrency."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from resolvers.context import Info
from resolvers.mutations import create_currency as resolver
from schema.currencies import Currency
from schema.nodes import ASKED, represents
from schema.refusals import CurrencyTaken, InvalidInput
from schema.unset import or_none


@strawberry.input(description="A currency to create.")
class CreateCurrencyInput:
    """Becomes the resolver's arguments."""

    code: str = strawberry.field(
        description="2 to 16 capital letters or digits, a letter first; final."
    )
    exponent: int = strawberry.field(description="Decimals of the major unit, 0 to 30; final.")
    name: str | None = strawberry.field(
        default=UNSET, description="For people, at most 200 characters; the code if left out."
    )


@strawberry.type(description="The currency is there.")
@represents(resolver.CreateCurrencySuccess)
class CreateCurrencySuccess:
    """Answered from the resolver's struct of the same name."""

    currency: Currency = strawberry.field(description="The new currency.")


CreateCurrencyResult = Annotated[
    CreateCurrencySuccess | InvalidInput | CurrencyTaken,
    strawberry.union("CreateCurrencyResult", description="What became of a new currency."),
]


async def create_currency(info: Info, input: Annotated[CreateCurrencyInput, ASKED]) -> object:
    """Hand the input to the resolver."""
    name = or_none(input.name)
    return await resolver.create_currency(
        info.context,
        code=input.code,
        exponent=input.exponent,
        name=input.code if name is None else name,
    )
