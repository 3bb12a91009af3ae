"""The columns of what a decision writes: arrays, as ``db.posting_writes`` unnests them.

A column that no row of a batch uses is an empty array. So a batch of plain transactions sends
nothing for holds, dates, reversals, descriptions and metadata.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeAlias

import orjson

from db.arrays import Texts, UUIDs, WholeNumbers
from db.authors import Authors
from ledger.accounts import Side
from ledger.books import Book
from ledger.posting import Decision
from ledger.records import Entry, Record, RecordedPosting
from ledger.shifts import Shift
from ledger.transactions import PLAIN_FINGERPRINT

Columns: TypeAlias = dict[str, object]
# A posting and its place in a transaction, or one side of it.
Leg: TypeAlias = tuple[Record, int, RecordedPosting]
OneSide: TypeAlias = tuple[Record, int, RecordedPosting, Side]


def legs(records: Sequence[Record]) -> list[Leg]:
    """All postings of transactions, in order."""
    return [
        (record, position, posting)
        for record in records
        for position, posting in enumerate(record.postings)
    ]


def sides(records: Sequence[Record]) -> list[OneSide]:
    """Both sides of all postings of transactions, in order, the debit first."""
    both: tuple[Side, ...] = ("DEBIT", "CREDIT")
    return [(*leg, side) for leg in legs(records) for side in both]


def of_accounts(books: Sequence[Book]) -> Columns:
    """For ``ACCOUNTS``: what is pending goes only where any of it changes."""
    pending = books if any(book.pending_changed for book in books) else ()
    return {
        "account_ids": UUIDs([book.account.account_id for book in books]),
        "debits_posted": WholeNumbers([book.debits_posted for book in books]),
        "credits_posted": WholeNumbers([book.credits_posted for book in books]),
        "debits_pending": WholeNumbers([book.debits_pending for book in pending]),
        "credits_pending": WholeNumbers([book.credits_pending for book in pending]),
        "versions_before": WholeNumbers([book.account.version for book in books]),
        "versions": WholeNumbers([book.version for book in books]),
    }


def of_transactions(decision: Decision, authored: Authors) -> Columns:
    """For ``TRANSACTIONS``."""
    requests = [request for request, _ in decision.created]
    records = [record for _, record in decision.created]
    created, resolved = authored.created, authored.resolved
    return {
        "transaction_ids": UUIDs([record.transaction_id for record in records]),
        "idempotency_keys": Texts([record.idempotency_key for record in records]),
        "fingerprints": _used(
            [None if one.fingerprint == PLAIN_FINGERPRINT else one.fingerprint for one in records]
        ),
        "descriptions": _used([request.description or None for request in requests]),
        "metadata": _used(
            [orjson.dumps(one.metadata).decode() if one.metadata else None for one in requests]
        ),
        "states": _used([None if one.state == "POSTED" else one.state for one in records]),
        "effective_at": _used([record.effective_at for record in records]),
        "expires_at": _used([record.expires_at for record in records]),
        "resolved_at": _used([record.resolved_at for record in records]),
        "resolution_ids": _used([record.resolution_id for record in records]),
        "resolution_keys": _used([record.resolution_key for record in records]),
        "reverses_ids": _used([record.reverses_id for record in records]),
        "action_ids": [created.get(one.transaction_id) for one in records] if created else [],
        "resolved_action_ids": (
            [resolved.get(one.transaction_id) for one in records] if resolved else []
        ),
    }


def of_postings(postings: Sequence[Leg]) -> Columns:
    """For ``POSTINGS``."""
    return {
        "transaction_ids": UUIDs([record.transaction_id for record, _, _ in postings]),
        "positions": _positions([position for _, position, _ in postings]),
        "debit_account_ids": UUIDs([leg.debit_account_id for _, _, leg in postings]),
        "credit_account_ids": UUIDs([leg.credit_account_id for _, _, leg in postings]),
        "amounts": WholeNumbers([leg.amount for _, _, leg in postings]),
    }


def of_entries(entries: Sequence[Entry]) -> Columns:
    """For ``ENTRIES``."""
    return {
        "account_ids": UUIDs([entry.account_id for entry in entries]),
        "versions": WholeNumbers([entry.version for entry in entries]),
        "transaction_ids": UUIDs([entry.transaction_id for entry in entries]),
        "positions": _positions([entry.position for entry in entries]),
        "sides": Texts([entry.side for entry in entries]),
        "amounts": WholeNumbers([entry.amount for entry in entries]),
        "balances_after": WholeNumbers([entry.balance_after for entry in entries]),
        "effective_at": _used([entry.effective_at for entry in entries]),
        "debits_after": WholeNumbers([entry.debits_after for entry in entries]),
    }


def of_holds(held: Sequence[OneSide]) -> Columns:
    """For ``HOLDS`` and ``RESOLVE_HOLDS``."""
    accounts = [
        leg.debit_account_id if side == "DEBIT" else leg.credit_account_id
        for _, _, leg, side in held
    ]
    return {
        "account_ids": UUIDs(accounts),
        "transaction_ids": UUIDs([record.transaction_id for record, _, _, _ in held]),
        "positions": WholeNumbers([position for _, position, _, _ in held]),
        "sides": Texts([side for _, _, _, side in held]),
        "amounts": WholeNumbers([leg.amount for _, _, leg, _ in held]),
        "captured": _used([_money(leg.captured) for _, _, leg, _ in held]),
        "expires_at": _used([record.expires_at for record, _, _, _ in held]),
        "resolved_at": _used([record.resolved_at for record, _, _, _ in held]),
    }


def of_resolutions(records: Sequence[Record], authored: Authors) -> Columns:
    """For ``RESOLVE_TRANSACTIONS``."""
    resolved = authored.resolved
    return {
        "transaction_ids": UUIDs([record.transaction_id for record in records]),
        "states": [record.state for record in records],
        "resolution_ids": [record.resolution_id for record in records],
        "resolution_keys": [record.resolution_key for record in records],
        "resolved_action_ids": (
            [resolved.get(one.transaction_id) for one in records] if resolved else []
        ),
    }


def of_shifts(moved: Sequence[Shift]) -> Columns:
    """For ``SHIFTS``."""
    return {
        "account_ids": UUIDs([shift.account_id for shift in moved]),
        "periods": [shift.period for shift in moved],
        "starts_on": [shift.starts_on for shift in moved],
        "debits": WholeNumbers([shift.debits for shift in moved]),
        "credits": WholeNumbers([shift.credits for shift in moved]),
    }


def _used(values: Sequence[object]) -> Sequence[object]:
    """A column, or an empty one where no row has anything in it."""
    return [] if values.count(None) == len(values) else values


def _positions(positions: Sequence[int]) -> WholeNumbers:
    """None where each transaction has one posting only: what is left out stands first."""
    return WholeNumbers(positions if any(positions) else ())


def _money(amount: int | None) -> Decimal | None:
    """For a column with nulls in it: a plain int would be sent as one of 64 bits."""
    return None if amount is None else Decimal(amount)
