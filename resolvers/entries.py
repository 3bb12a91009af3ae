"""Entries: how their fields are answered."""

from collections.abc import Awaitable, Sequence

from db.accounts import Account
from db.entries import Entry
from db.transactions import Transaction
from ledger import amounts, identifiers
from resolvers.context import Info


def entry_id(root: Entry) -> str:
    """The account's suffix and the version."""
    return identifiers.render_entry(root.account_id, root.version)


def accounts(roots: Sequence[Entry], info: Info) -> Awaitable[Sequence[Account | None]]:
    """The accounts that entries belong to."""
    return info.context.loaders.account_by_id.load_each([root.account_id for root in roots])


def transactions(roots: Sequence[Entry], info: Info) -> Awaitable[Sequence[Transaction | None]]:
    """The transactions that made entries."""
    return info.context.loaders.transaction_by_id.load_each([root.transaction_id for root in roots])


def amount(root: Entry) -> str:
    """The amount in major units."""
    return amounts.render(root.amount, root.exponent)


def balance_after(root: Entry) -> str:
    """The account's balance once the entry was made, in major units."""
    return amounts.render(root.balance_after, root.exponent)
