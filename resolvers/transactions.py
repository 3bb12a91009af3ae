"""Transactions and postings: how they are found and listed, and how their fields are answered."""

from datetime import datetime

import msgspec

from db import transactions
from db.accounts import Account
from db.currencies import Currency
from db.entries import Entry
from db.transactions import Posting, Transaction, TransactionFilter
from ledger import amounts, identifiers, texts
from resolvers import pages
from resolvers.context import Context, Info
from resolvers.pages import Page, PageArguments


class TransactionKey(msgspec.Struct, frozen=True, gc=False):
    """How a request names a transaction: exactly one of the two."""

    id: str | None = None
    idempotency_key: str | None = None


async def find(context: Context, key: TransactionKey) -> Transaction | None:
    """The transaction that a key names; None where there is none."""
    if key.id is not None:
        found = identifiers.parse("txn", key.id)
        return None if found is None else await context.loaders.transaction_by_id.load(found)
    if key.idempotency_key is None or not texts.storable(key.idempotency_key):
        return None
    return await context.loaders.transaction_by_idempotency_key.load(key.idempotency_key)


async def listed(
    context: Context, filter_: TransactionFilter | None, arguments: PageArguments
) -> Page[Transaction]:
    """A page of a ledger's transactions, newest first, empty for a filter that none can meet."""
    return await pages.of_ledger(
        context,
        "transactions",
        filter_,
        arguments,
        fetch=transactions.page,
        count=transactions.count,
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


def effective_at(root: Transaction) -> datetime:
    """When the transaction takes effect: as yet, when it was recorded."""
    return root.created_at
