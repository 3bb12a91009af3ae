"""createUser."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from resolvers.context import Info
from resolvers.mutations import create_user as resolver
from schema.nodes import ASKED, represents
from schema.refusals import EmailTaken, InvalidInput, UsernameTaken
from schema.scalars import JSON
from schema.unset import or_empty
from schema.users import User


@strawberry.input(description="A user to create.")
class CreateUserInput:
    """Becomes the resolver's arguments."""

    username: str = strawberry.field(
        description="1 to 100 characters; unique in the ledger, whatever the capitals."
    )
    email: str = strawberry.field(
        description="At most 254 characters; unique in the ledger, whatever the capitals."
    )
    metadata: JSON | None = strawberry.field(
        default=UNSET, description="The application's own object, if any."
    )


@strawberry.type(description="The user is there.")
@represents(resolver.CreateUserSuccess)
class CreateUserSuccess:
    """Answered from the resolver's struct of the same name."""

    user: User = strawberry.field(description="The new user.")


CreateUserResult = Annotated[
    CreateUserSuccess | InvalidInput | UsernameTaken | EmailTaken,
    strawberry.union("CreateUserResult", description="What became of a new user."),
]


async def create_user(info: Info, input: Annotated[CreateUserInput, ASKED]) -> object:
    """Hand the input to the resolver."""
    return await resolver.create_user(
        info.context,
        username=input.username,
        email=input.email,
        metadata_object=or_empty(input.metadata),
    )
