"""Transactions and postings: how they are found and listed, and how their fields are answered."""

from collections.abc import Awaitable, Sequence
from uuid import UUID

from db import transaction_pages
from db.accounts import Account
from db.actions import Authorship
from db.currencies import Currency
from db.entries import Entry
from db.transaction_pages import TransactionFilter
from db.transactions import Posting, Transaction
from ledger import amounts, identifiers
from ledger.transactions import TransactionKey
from resolvers import pages
from resolvers.context import Context, Info
from resolvers.pages import Page, PageArguments


async def find(context: Context, key: TransactionKey) -> Transaction | None:
    """The transaction that a key names; None where there is none."""
    if isinstance(key.key, UUID):
        return await context.loaders.transaction_by_id.load(key.key)
    if key.key is None:
        return None
    return await context.loaders.transaction_by_idempotency_key.load(key.key)


async def listed(
    context: Context, filter_: TransactionFilter | None, arguments: PageArguments
) -> Page[Transaction]:
    """A page of a ledger's transactions, newest first, empty for a filter that none can meet."""
    return await pages.of_ledger(
        context,
        "transactions",
        filter_,
        arguments,
        fetch=transaction_pages.page,
        count=transaction_pages.count,
        position_of=lambda row: row.transaction_id,
    )


def transaction_id(root: Transaction) -> str:
    """The TypeID."""
    return identifiers.render("txn", root.transaction_id)


def postings(roots: Sequence[Transaction], info: Info) -> Awaitable[Sequence[list[Posting]]]:
    """The transactions' postings, in order."""
    return info.context.loaders.postings_by_transaction_id.load_each(_ids(roots))


def entries(roots: Sequence[Transaction], info: Info) -> Awaitable[Sequence[list[Entry]]]:
    """The transactions' entries, in their postings' order, debit before credit."""
    return info.context.loaders.entries_by_transaction_id.load_each(_ids(roots))


async def created_by(roots: Sequence[Transaction], info: Info) -> list[str | None]:
    """Who had them recorded."""
    return [None if one is None else one.created_by for one in await _authorships(roots, info)]


async def created_by_request(roots: Sequence[Transaction], info: Info) -> list[str | None]:
    """The requests that had them recorded."""
    return [
        None if one is None else one.created_by_request for one in await _authorships(roots, info)
    ]


async def resolved_by(roots: Sequence[Transaction], info: Info) -> list[str | None]:
    """Who captured or voided them."""
    return [None if one is None else one.resolved_by for one in await _authorships(roots, info)]


async def resolved_by_request(roots: Sequence[Transaction], info: Info) -> list[str | None]:
    """The requests that captured or voided them."""
    return [
        None if one is None else one.resolved_by_request for one in await _authorships(roots, info)
    ]


def posting_debits(roots: Sequence[Posting], info: Info) -> Awaitable[Sequence[Account | None]]:
    """The debited accounts."""
    return info.context.loaders.account_by_id.load_each([root.debit_account_id for root in roots])


def posting_credits(roots: Sequence[Posting], info: Info) -> Awaitable[Sequence[Account | None]]:
    """The credited accounts."""
    return info.context.loaders.account_by_id.load_each([root.credit_account_id for root in roots])


def posting_currencies(
    roots: Sequence[Posting], info: Info
) -> Awaitable[Sequence[Currency | None]]:
    """The currencies of both accounts."""
    return info.context.loaders.currency_by_code.load_each([root.currency for root in roots])


def posting_amount(root: Posting) -> str:
    """The amount in major units."""
    return amounts.render(root.amount, root.exponent)


def posting_captured(root: Posting) -> str | None:
    """What a captured hold moved, in major units."""
    return None if root.captured is None else amounts.render(root.captured, root.exponent)


async def reverses(roots: Sequence[Transaction], info: Info) -> list[Transaction | None]:
    """The transactions that these took back."""
    reversed_ids = [root.reverses_id for root in roots]
    return await _some(reversed_ids, info)


async def reversed_by(roots: Sequence[Transaction], info: Info) -> list[Transaction | None]:
    """The transactions that took these back."""
    reversals = await info.context.loaders.reversal_by_transaction_id.load_each(_ids(roots))
    return await _some([None if one is None else one.transaction_id for one in reversals], info)


def _ids(roots: Sequence[Transaction]) -> list[UUID]:
    return [root.transaction_id for root in roots]


def _authorships(
    roots: Sequence[Transaction], info: Info
) -> Awaitable[Sequence[Authorship | None]]:
    return info.context.loaders.authorship_by_transaction_id.load_each(_ids(roots))


async def _some(ids: Sequence[UUID | None], info: Info) -> list[Transaction | None]:
    known = [one for one in ids if one is not None]
    found = await info.context.loaders.transaction_by_id.load_all(known)
    return [None if one is None else found[one] for one in ids]
