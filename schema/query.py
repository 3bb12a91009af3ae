"""Query: everything that can be read."""

from typing import Annotated

import strawberry
from strawberry import UNSET

from db.accounts import Account as AccountRow
from db.ledgers import Ledger as LedgerRow
from db.transactions import Transaction as TransactionRow
from db.users import User as UserRow
from resolvers import accounts, diagnostics, ledgers, nodes, transactions, users
from resolvers.context import Info
from resolvers.pages import Page
from schema import filters
from schema.accounts import Account
from schema.diagnostics import Diagnostics
from schema.filters import AccountFilter, TransactionFilter, UserFilter
from schema.keys import AccountBy, TransactionBy, UserBy
from schema.ledgers import Ledger
from schema.nodes import Node, answered_by
from schema.pages import After, Before, Connection, First, Last, page_arguments
from schema.transactions import Transaction
from schema.users import User

By = strawberry.argument(description="Which one.")
Filter = strawberry.argument(description="Only those that meet all of this.")


async def _node(
    info: Info,
    id: Annotated[strawberry.ID, strawberry.argument(description="A global id.")],
) -> nodes.Node | None:
    return await nodes.find(info.context, id)


async def _nodes(
    info: Info,
    ids: Annotated[
        list[strawberry.ID], strawberry.argument(description="Global ids, at most 1000.")
    ],
) -> list[nodes.Node | None]:
    return await nodes.find_all(info.context, ids)


async def _ledger(info: Info) -> LedgerRow | None:
    return await ledgers.find(info.context)


async def _user(info: Info, by: Annotated[UserBy, By]) -> UserRow | None:
    return await users.find(info.context, by.key())


async def _account(info: Info, by: Annotated[AccountBy, By]) -> AccountRow | None:
    return await accounts.find(info.context, by.key())


async def _transaction(info: Info, by: Annotated[TransactionBy, By]) -> TransactionRow | None:
    return await transactions.find(info.context, by.key())


async def _users(
    info: Info,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
    filter: Annotated[UserFilter | None, Filter] = UNSET,
) -> Page[UserRow]:
    conditions = filters.user_conditions(filter)
    return await users.listed(info.context, conditions, page_arguments(first, after, last, before))


async def _accounts(
    info: Info,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
    filter: Annotated[AccountFilter | None, Filter] = UNSET,
) -> Page[AccountRow]:
    conditions = await filters.account_conditions(info.context, filter)
    arguments = page_arguments(first, after, last, before)
    return await accounts.listed(info.context, conditions, arguments)


async def _transactions(
    info: Info,
    first: First = UNSET,
    after: After = UNSET,
    last: Last = UNSET,
    before: Before = UNSET,
    filter: Annotated[TransactionFilter | None, Filter] = UNSET,
) -> Page[TransactionRow]:
    conditions = await filters.transaction_conditions(info.context, filter)
    arguments = page_arguments(first, after, last, before)
    return await transactions.listed(info.context, conditions, arguments)


def _diagnostics() -> diagnostics.Diagnostics:
    return diagnostics.find()


@strawberry.type(description="Everything that can be read. Nothing here changes anything.")
class Query:
    """Fields without a parent."""

    node: Node | None = answered_by(_node, "Any object by its global id; null if there is none.")
    nodes: list[Node | None] = answered_by(
        _nodes, "Objects by their global ids, in order; null where none is."
    )
    ledger: Ledger = answered_by(_ledger, "The ledger of this request.")
    user: User | None = answered_by(_user, "One user; null if there is none.")
    users: Connection[User] = answered_by(_users, "The ledger's users, oldest first.")
    account: Account | None = answered_by(_account, "One account; null if there is none.")
    accounts: Connection[Account] = answered_by(_accounts, "The ledger's accounts, oldest first.")
    transaction: Transaction | None = answered_by(
        _transaction, "One transaction; null if there is none."
    )
    transactions: Connection[Transaction] = answered_by(
        _transactions, "The ledger's transactions, newest first."
    )
    diagnostics: Diagnostics = answered_by(
        _diagnostics,
        "How the database server is, for those who run it. It takes the scope admin, and is about "
        "all ledgers.",
    )
