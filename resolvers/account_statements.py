"""Statements of account: how their fields are answered, all of one request from one snapshot."""

from collections.abc import Awaitable, Sequence
from datetime import datetime

import msgspec

from db.account_statements import Period, Totals
from db.accounts import Account
from db.entries import Entry
from db.moments import Clock
from db.pages import Place, Window
from ledger import amounts
from ledger.accounts import balance
from resolvers import pages
from resolvers.context import Info
from resolvers.errors import RequestError
from resolvers.pages import List, Page, PageArguments


class Statement(msgspec.Struct, frozen=True, gc=False):
    """An account's period, summed up."""

    account: Account
    period: Period
    totals: Totals


async def of_accounts(roots: Sequence[Account], info: Info, period: Period) -> list[Statement]:
    """The statements of a period; RequestError for one that ends before it begins."""
    if period.from_ > period.to:
        raise RequestError(
            f"`from` ({period.from_.isoformat()}) is after `to` ({period.to.isoformat()}): give "
            "the earlier moment as `from`."
        )
    found = await info.context.loaders.statement_totals_by_account_id.load_each(
        [(root.account_id, period) for root in roots]
    )
    return [Statement(root, period, totals) for root, [totals] in zip(roots, found, strict=True)]


def from_(root: Statement) -> datetime:
    """The first moment that counts."""
    return root.period.from_


def to(root: Statement) -> datetime:
    """The first moment that counts no more."""
    return root.period.to


def clock(root: Statement) -> Clock:
    """Which of its times an entry counts by."""
    return root.period.clock


def opening(root: Statement) -> str:
    """The balance before the period, in major units."""
    totals = root.totals
    return _balance(totals, debits=totals.opening_debits, credits=totals.opening_credits)


def closing(root: Statement) -> str:
    """The balance at the period's end, in major units."""
    totals = root.totals
    return _balance(totals, debits=totals.closing_debits, credits=totals.closing_credits)


def debits(root: Statement) -> str:
    """What was debited in the period, in major units."""
    totals = root.totals
    return amounts.render(totals.closing_debits - totals.opening_debits, totals.exponent)


def credits_(root: Statement) -> str:
    """What was credited in the period, in major units."""
    totals = root.totals
    return amounts.render(totals.closing_credits - totals.opening_credits, totals.exponent)


async def entries(
    roots: Sequence[Statement], info: Info, arguments: PageArguments
) -> list[Page[Entry] | RequestError]:
    """A page of each period's entries, oldest first.

    A list, and so its cursors, is the same in every request, while each shows only the entries of
    the snapshot that its totals are from.
    """
    loaders = info.context.loaders

    def list_of(root: Statement) -> List[Place]:
        period = root.period
        return pages.by_place(
            "statement of", root.totals.account_id, period.from_, period.to, period.clock
        )

    def fetch(asked: Sequence[tuple[Statement, Window[Place]]]) -> Awaitable[list[list[Entry]]]:
        return loaders.entries_page_by_statement.load_each(
            [(root.totals, (root.period, window)) for root, window in asked]
        )

    async def count(root: Statement) -> int:
        totals = root.totals
        if root.period.clock == "RECORDED":
            return totals.closing_version - totals.opening_version
        counts = await loaders.entries_count_by_statement.load((totals, root.period))
        return sum(count.rows for count in counts)

    return await pages.of_each(
        roots, arguments, list_of, fetch=fetch, position_of=_place, count=count
    )


def _place(root: Statement, entry: Entry) -> Place:
    recorded = root.period.clock == "RECORDED"
    return Place(entry.created_at if recorded else entry.effective_at, entry.version)


def _balance(totals: Totals, *, debits: int, credits: int) -> str:
    signed = balance(totals.normal_side, debits=debits, credits=credits)
    return amounts.render(signed, totals.exponent)
