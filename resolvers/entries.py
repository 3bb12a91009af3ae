"""Entries: how their fields are answered."""

from db.accounts import Account
from db.entries import Entry
from db.transactions import Transaction
from ledger import amounts, identifiers
from resolvers.context import Info


def entry_id(root: Entry) -> str:
    """The account's suffix and the version."""
    return identifiers.render_entry(root.account_id, root.version)


async def account(root: Entry, info: Info) -> Account | None:
    """The account that the entry belongs to."""
    return await info.context.loaders.account_by_id.load(root.account_id)


async def transaction(root: Entry, info: Info) -> Transaction | None:
    """The transaction that made the entry."""
    return await info.context.loaders.transaction_by_id.load(root.transaction_id)


def amount(root: Entry) -> str:
    """The amount in major units."""
    return amounts.render(root.amount, root.exponent)


def balance_after(root: Entry) -> str:
    """The account's balance once the entry was made, in major units."""
    return amounts.render(root.balance_after, root.exponent)
