"""updateUser."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from resolvers.context import Info
from resolvers.mutations import update_user as resolver
from schema.keys import UserBy
from schema.nodes import ASKED, represents
from schema.refusals import EmailTaken, InvalidInput, UsernameTaken, UserNotFound
from schema.scalars import JSON
from schema.unset import or_empty, or_none
from schema.users import User


@strawberry.input(description="What to change of a user; what is left out, or null, stays.")
class UpdateUserInput:
    """Becomes the resolver's arguments."""

    user: UserBy = strawberry.field(description="Whom to change.")
    username: str | None = strawberry.field(default=UNSET, description="The new username.")
    email: str | None = strawberry.field(default=UNSET, description="The new email address.")
    metadata: JSON | None = strawberry.field(
        default=UNSET,
        description="Merged into the metadata by key; a key with null is removed.",
    )


@strawberry.type(description="The user is changed.")
@represents(resolver.UpdateUserSuccess)
class UpdateUserSuccess:
    """Answered from the resolver's struct of the same name."""

    user: User = strawberry.field(description="The user as it is now.")


UpdateUserResult = Annotated[
    UpdateUserSuccess | InvalidInput | UserNotFound | UsernameTaken | EmailTaken,
    strawberry.union("UpdateUserResult", description="What became of a change to a user."),
]


async def update_user(info: Info, input: Annotated[UpdateUserInput, ASKED]) -> object:
    """Hand the input to the resolver."""
    return await resolver.update_user(
        info.context,
        key=input.user.key(),
        username=or_none(input.username),
        email=or_none(input.email),
        metadata_changes=or_empty(input.metadata),
    )
