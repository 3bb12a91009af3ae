"""User."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from db import users as rows
from db.accounts import Account as AccountRow
from resolvers import users
from resolvers.context import Info
from resolvers.errors import RequestError
from resolvers.pages import Page
from schema import filters
from schema.filters import AccountFilter
from schema.nodes import Node, answered_by, answered_for_all, represents
from schema.pages import After, Before, Connection, First, Last, page_arguments
from schema.scalars import JSON

if TYPE_CHECKING:
    from schema.accounts import Account


async def _accounts(
    roots: Sequence[rows.User],
    info: Info,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
    filter: Annotated[
        AccountFilter | None,
        strawberry.argument(description="Only the accounts that meet all of this."),
    ] = UNSET,
) -> list[Page[AccountRow] | RequestError]:
    conditions = await filters.account_conditions(info.context, filter)
    return await users.accounts(roots, info, conditions, page_arguments(first, after, last, before))


@strawberry.type(description="Somebody, or something, that owns accounts.")
@represents(rows.User)
class User(Node):
    """Answered from ``db.users.User``."""

    id: strawberry.ID = answered_by(users.user_id, "Global id: user_…")
    username: str = strawberry.field(
        description="Unique in its ledger, whatever the capitals. 1 to 100 characters."
    )
    email: str = strawberry.field(
        description="Unique in its ledger, whatever the capitals. At most 254 characters."
    )
    metadata: JSON = strawberry.field(description="The application's own; an empty object if none.")
    created_at: datetime = strawberry.field(description="When the user was created.")
    updated_at: datetime = strawberry.field(description="When the user was last changed.")
    accounts: Connection[Annotated["Account", strawberry.lazy("schema.accounts")]] = (
        answered_for_all(_accounts, "The accounts that the user owns, oldest first.")
    )
