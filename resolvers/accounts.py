"""Accounts: how they are found and listed, and how their fields are answered."""

from collections.abc import Awaitable
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


async def owner(root: Account, info: Info) -> User | None:
    """The user that owns the account, if any."""
    if root.owner_id is None:
        return None
    return await info.context.loaders.user_by_id.load(root.owner_id)


async def currency(root: Account, info: Info) -> Currency | None:
    """The account's currency."""
    return await info.context.loaders.currency_by_code.load(root.currency)


def floor(root: Account) -> str | None:
    """The floor in major units."""
    return None if root.floor is None else amounts.render(root.floor, root.exponent)


def ceiling(root: Account) -> str | None:
    """The ceiling in major units."""
    return None if root.ceiling is None else amounts.render(root.ceiling, root.exponent)


def balance_at(root: Account, info: Info, moment: Moment) -> Account | Awaitable[Balance]:
    """The balance at a moment; that of now, as recorded, is on the row itself."""
    return root if moment == NOW_RECORDED else _balance_at(root, info, moment)


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
    root: Account, info: Info, filter_: EntryFilter, arguments: PageArguments
) -> Page[Entry]:
    """A page of an account's entries, newest first."""
    loaders = info.context.loaders
    list_ = pages.by_number("entries of", root.account_id, filter_)

    async def fetch(window: Window[int]) -> list[Entry]:
        return await loaders.entries_page_by_account_id.load((root.account_id, (filter_, window)))

    async def count() -> int:
        counts = await loaders.entries_count_by_account_id.load((root.account_id, filter_))
        return sum(count.rows for count in counts)

    return await pages.page(
        pages.window(arguments, list_),
        list_,
        fetch=fetch,
        position_of=lambda entry: entry.version,
        count=count,
    )


async def _balance_at(root: Account, info: Info, moment: Moment) -> Balance:
    # Of a busy account, the holds since then can be many; what is posted takes some 80 pages.
    if not selections.selects(info, PENDING_FIELDS):
        moment = msgspec.structs.replace(moment, with_pending=False)
    [found] = await info.context.loaders.balances_by_account_id.load((root.account_id, moment))
    return found


def _posted(root: Account | Balance) -> int:
    return balance(root.normal_side, debits=root.debits_posted, credits=root.credits_posted)
