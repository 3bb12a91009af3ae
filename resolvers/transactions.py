"""Transactions and postings: how they are found and listed, and how their fields are answered."""

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


async def postings(root: Transaction, info: Info) -> list[Posting]:
    """The transaction's postings, in order."""
    return await info.context.loaders.postings_by_transaction_id.load(root.transaction_id)


async def entries(root: Transaction, info: Info) -> list[Entry]:
    """The transaction's entries, in its postings' order, debit before credit."""
    return await info.context.loaders.entries_by_transaction_id.load(root.transaction_id)


async def created_by(root: Transaction, info: Info) -> str | None:
    """Who had it recorded."""
    authorship = await _authorship(root, info)
    return None if authorship is None else authorship.created_by


async def created_by_request(root: Transaction, info: Info) -> str | None:
    """The request that had it recorded."""
    authorship = await _authorship(root, info)
    return None if authorship is None else authorship.created_by_request


async def resolved_by(root: Transaction, info: Info) -> str | None:
    """Who captured or voided it."""
    authorship = await _authorship(root, info)
    return None if authorship is None else authorship.resolved_by


async def resolved_by_request(root: Transaction, info: Info) -> str | None:
    """The request that captured or voided it."""
    authorship = await _authorship(root, info)
    return None if authorship is None else authorship.resolved_by_request


async def _authorship(root: Transaction, info: Info) -> Authorship | None:
    return await info.context.loaders.authorship_by_transaction_id.load(root.transaction_id)


async def posting_debit(root: Posting, info: Info) -> Account | None:
    """The debited account."""
    return await info.context.loaders.account_by_id.load(root.debit_account_id)


async def posting_credit(root: Posting, info: Info) -> Account | None:
    """The credited account."""
    return await info.context.loaders.account_by_id.load(root.credit_account_id)


async def posting_currency(root: Posting, info: Info) -> Currency | None:
    """The currency of both accounts."""
    return await info.context.loaders.currency_by_code.load(root.currency)


def posting_amount(root: Posting) -> str:
    """The amount in major units."""
    return amounts.render(root.amount, root.exponent)


def posting_captured(root: Posting) -> str | None:
    """What a captured hold moved, in major units."""
    return None if root.captured is None else amounts.render(root.captured, root.exponent)


async def reverses(root: Transaction, info: Info) -> Transaction | None:
    """The transaction that this one took back."""
    if root.reverses_id is None:
        return None
    return await info.context.loaders.transaction_by_id.load(root.reverses_id)


async def reversed_by(root: Transaction, info: Info) -> Transaction | None:
    """The transaction that took this one back."""
    loaders = info.context.loaders
    reversal = await loaders.reversal_by_transaction_id.load(root.transaction_id)
    return (
        None if reversal is None else await loaders.transaction_by_id.load(reversal.transaction_id)
    )
