"""Any object by its global id."""

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

from db.accounts import Account
from db.entries import Entry
from db.transactions import Transaction
from db.users import User
from ledger import identifiers
from resolvers import pages
from resolvers.context import Context
from resolvers.errors import RequestError

Node: TypeAlias = User | Account | Transaction | Entry


async def find(context: Context, global_id: str) -> Node | None:
    """The object with this id; None where there is none, or where it is no id at all."""
    loaders = context.loaders
    if (user_id := identifiers.parse("user", global_id)) is not None:
        return await loaders.user_by_id.load(user_id)
    if (account_id := identifiers.parse("acct", global_id)) is not None:
        return await loaders.account_by_id.load(account_id)
    if (transaction_id := identifiers.parse("txn", global_id)) is not None:
        return await loaders.transaction_by_id.load(transaction_id)
    if (entry_key := identifiers.parse_entry(global_id)) is not None:
        return await loaders.entry_by_key.load(entry_key)
    return None


async def find_all(context: Context, global_ids: Sequence[str]) -> list[Node | None]:
    """The objects with these ids, in order; a statement for each kind, however many ids."""
    if len(global_ids) > pages.SIZE_MAX:
        raise RequestError(f"`ids` has {len(global_ids)} ids; at most {pages.SIZE_MAX} at once.")
    return list(await asyncio.gather(*(find(context, global_id) for global_id in global_ids)))
