"""Accounts: how they are found and listed, and how their fields are answered."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from db import accounts
from db.accounts import Account, AccountFilter
from db.balances import Balance, Moment
from db.currencies import Currency
from db.entries import Entry, EntryFilter
from db.pages import Window
from db.users import User
from ledger import amounts, identifiers, texts
from ledger.accounts import balance, reserved
from ledger.transactions import AccountKey
from resolvers import pages, selections
from resolvers.context import Context, Info
from resolvers.errors import RequestError
from resolvers.pages import Page, PageArguments

# The fields of a balance that count holds.
PENDING_FIELDS: Final = frozenset({"pendingDebits", "pendingCredits", "available"})
NOW_RECORDED: Final = Moment(at=None, clock="RECORDED")


async def find(context: Context, key: AccountKey) -> Account | None:
    """The account that a key names; None where there is none."""
    if isinstance(key.key, UUID):
        return await context.loaders.account_by_id.load(key.key)
    if key.key is None or not texts.storable(key.key):
        return None
    return await context.loaders.account_by_code.load(key.key)


async def listed(
    context: Context, filter_: AccountFilter | None, arguments: PageArguments
) -> Page[Account]:
    """A page of a ledger's accounts, oldest first, empty for a filter that none can meet."""
    return await pages.of_ledger(
        context,
        "accounts",
        filter_,
        arguments,
        fetch=accounts.page,
        count=accounts.count,
        position_of=lambda row: row.account_id,
    )


def account_id(root: Account) -> str:
    """The TypeID."""
    return identifiers.render("acct", root.account_id)


async def owners(roots: Sequence[Account], info: Info) -> list[User | None]:
    """The users that own the accounts, if any."""
    owner_ids = [root.owner_id for root in roots]
    found = await info.context.loaders.user_by_id.load_all(
        [owner_id for owner_id in owner_ids if owner_id is not None]
    )
    return [None if owner_id is None else found[owner_id] for owner_id in owner_ids]


def currencies(roots: Sequence[Account], info: Info) -> Awaitable[Sequence[Currency | None]]:
    """The accounts' currencies."""
    return info.context.loaders.currency_by_code.load_each([root.currency for root in roots])


def floor(root: Account) -> str | None:
    """The floor in major units."""
    return None if root.floor is None else amounts.render(root.floor, root.exponent)


def ceiling(root: Account) -> str | None:
    """The ceiling in major units."""
    return None if root.ceiling is None else amounts.render(root.ceiling, root.exponent)


def balances_at(
    roots: Sequence[Account], info: Info, moment: Moment
) -> Sequence[Account] | Awaitable[Sequence[Balance]]:
    """The balances at a moment; those of now, as recorded, are on the rows themselves."""
    return roots if moment == NOW_RECORDED else _balances_at(roots, info, moment)


def posted(root: Account | Balance) -> str:
    """The balance in major units."""
    return amounts.render(_posted(root), root.exponent)


def available(root: Account | Balance) -> str:
    """The balance less what pending transactions may still take, in major units."""
    taken = reserved(
        root.normal_side,
        debits_pending=root.debits_pending,
        credits_pending=root.credits_pending,
    )
    return amounts.render(_posted(root) - taken, root.exponent)


def debits(root: Account | Balance) -> str:
    """Everything ever debited, in major units."""
    return amounts.render(root.debits_posted, root.exponent)


def credits_(root: Account | Balance) -> str:
    """Everything ever credited, in major units."""
    return amounts.render(root.credits_posted, root.exponent)


def pending_debits(root: Account | Balance) -> str:
    """What pending transactions would debit, in major units."""
    return amounts.render(root.debits_pending, root.exponent)


def pending_credits(root: Account | Balance) -> str:
    """What pending transactions would credit, in major units."""
    return amounts.render(root.credits_pending, root.exponent)


def as_of(root: Account | Balance) -> datetime:
    """When all of it was true: for an account's own row, when that was read."""
    return root.read_at


async def entries(
    roots: Sequence[Account], info: Info, filter_: EntryFilter, arguments: PageArguments
) -> list[Page[Entry] | RequestError]:
    """A page of each account's entries, newest first."""
    loaders = info.context.loaders

    def fetch(asked: Sequence[tuple[Account, Window[int]]]) -> Awaitable[list[list[Entry]]]:
        return loaders.entries_page_by_account_id.load_each(
            [(root.account_id, (filter_, window)) for root, window in asked]
        )

    async def count(root: Account) -> int:
        counts = await loaders.entries_count_by_account_id.load((root.account_id, filter_))
        return sum(count.rows for count in counts)

    return await pages.of_each(
        roots,
        arguments,
        lambda root: pages.by_number("entries of", root.account_id, filter_),
        fetch=fetch,
        position_of=lambda _, entry: entry.version,
        count=count,
    )


async def _balances_at(roots: Sequence[Account], info: Info, moment: Moment) -> list[Balance]:
    # Of a busy account, the holds since then can be many; what is posted takes some 80 pages.
    if not selections.selects(info, PENDING_FIELDS):
        moment = msgspec.structs.replace(moment, with_pending=False)
    found = await info.context.loaders.balances_by_account_id.load_each(
        [(root.account_id, moment) for root in roots]
    )
    return [balance for [balance] in found]


def _posted(root: Account | Balance) -> int:
    return balance(root.normal_side, debits=root.debits_posted, credits=root.credits_posted)
