"""Users: how they are found and listed, and how their fields are answered."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from db import users
from db.accounts import Account, AccountFilter
from db.pages import Window
from db.users import User, UserFilter
from ledger import identifiers, texts
from resolvers import pages
from resolvers.context import Context, Info
from resolvers.errors import RequestError
from resolvers.pages import Page, PageArguments


class UserKey(msgspec.Struct, frozen=True, gc=False):
    """How a request names a user: exactly one of the three."""

    id: str | None = None
    username: str | None = None
    email: str | None = None

    @property
    def text(self) -> str:
        """What was sent."""
        return self.id or self.username or self.email or ""


async def find(context: Context, key: UserKey) -> User | None:
    """The user that a key names; None where there is none."""
    loaders = context.loaders
    if key.id is not None:
        user_id = identifiers.parse("user", key.id)
        return None if user_id is None else await loaders.user_by_id.load(user_id)
    if not texts.storable(key.text):
        return None
    if key.username is not None:
        return await loaders.user_by_username.load(users.folded(key.username))
    return await loaders.user_by_email.load(users.folded(key.text))


async def listed(context: Context, filter_: UserFilter, arguments: PageArguments) -> Page[User]:
    """A page of a ledger's users, oldest first."""
    return await pages.of_ledger(
        context,
        "users",
        filter_,
        arguments,
        fetch=users.page,
        count=users.count,
        position_of=lambda row: row.user_id,
    )


def user_id(root: User) -> str:
    """The TypeID."""
    return identifiers.render("user", root.user_id)


async def accounts(
    roots: Sequence[User], info: Info, filter_: AccountFilter | None, arguments: PageArguments
) -> list[Page[Account] | RequestError]:
    """A page of each user's accounts, oldest first; empty if none can meet the filter."""
    loaders = info.context.loaders

    async def fetch(asked: Sequence[tuple[User, Window[UUID]]]) -> Sequence[list[Account]]:
        if filter_ is None:
            return [[]] * len(asked)
        return await loaders.accounts_page_by_owner_id.load_each(
            [(root.user_id, (filter_, window)) for root, window in asked]
        )

    async def count(root: User) -> int:
        if filter_ is None:
            return 0
        counts = await loaders.accounts_count_by_owner_id.load((root.user_id, filter_))
        return sum(count.rows for count in counts)

    return await pages.of_each(
        roots,
        arguments,
        lambda root: pages.by_id("accounts of", root.user_id, filter_),
        fetch=fetch,
        position_of=lambda _, account: account.account_id,
        count=count,
    )
