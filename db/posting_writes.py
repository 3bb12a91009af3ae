"""What a decision writes: each table once, whatever the batch's size.

Columns that no row of a batch uses are sent as an empty array: ``unnest`` fills the shorter columns
up with nulls. So a batch of plain transactions sends nothing for holds, dates and reversals.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, LiteralString, TypeVar

import orjson

from db import actions, events
from db.actions import Action
from db.arrays import UUIDs, WholeNumbers
from db.statements import Write
from ledger import shifts
from ledger.accounts import Side
from ledger.books import Book
from ledger.posting import Decision
from ledger.records import Entry, Record, RecordedPosting
from ledger.shifts import Shift

Item = TypeVar("Item")
Value = TypeVar("Value")

ACCOUNTS: Final[LiteralString] = """
    UPDATE florin.accounts AS a
    SET debits_posted = new.debits_posted, credits_posted = new.credits_posted,
        debits_pending = coalesce(new.debits_pending, a.debits_pending),
        credits_pending = coalesce(new.credits_pending, a.credits_pending),
        version = new.version,
        last_entry_at = CASE WHEN new.version > a.version THEN %(recorded_at)s
            ELSE a.last_entry_at END
    FROM unnest(
            %(account_ids)s::uuid[], %(debits_posted)s::numeric[], %(credits_posted)s::numeric[],
            %(debits_pending)s::numeric[], %(credits_pending)s::numeric[],
            %(versions_before)s::bigint[], %(versions)s::bigint[]
        ) AS new (
            account_id, debits_posted, credits_posted, debits_pending, credits_pending,
            version_before, version
        )
    WHERE a.ledger_id = %(ledger_id)s AND a.account_id = new.account_id
        -- The row is locked, so this always holds; if it ever did not, an update would be lost.
        AND a.version = new.version_before
"""

TRANSACTIONS: Final[LiteralString] = """
    INSERT INTO florin.transactions
        (ledger_id, transaction_id, idempotency_key, fingerprint, state, description, metadata,
        created_at, effective_at, expires_at, resolved_at, resolution_id, resolution_key,
        reverses_id, action_id, resolved_action_id)
    SELECT %(ledger_id)s, new.transaction_id, new.idempotency_key, new.fingerprint,
        coalesce(new.state, 'POSTED'), new.description, new.metadata::jsonb, %(recorded_at)s,
        new.effective_at, new.expires_at, new.resolved_at, new.resolution_id, new.resolution_key,
        new.reverses_id, %(action_id)s,
        CASE WHEN new.resolution_id IS NOT NULL THEN %(action_id)s END
    FROM unnest(
            %(transaction_ids)s::uuid[], %(idempotency_keys)b::text[], %(fingerprints)b::bytea[],
            %(descriptions)b::text[], %(metadata)b::text[], %(states)s::text[],
            %(effective_at)s::timestamptz[], %(expires_at)s::timestamptz[],
            %(resolved_at)s::timestamptz[], %(resolution_ids)s::uuid[],
            %(resolution_keys)s::text[], %(reverses_ids)s::uuid[]
        ) AS new (
            transaction_id, idempotency_key, fingerprint, description, metadata, state,
            effective_at, expires_at, resolved_at, resolution_id, resolution_key, reverses_id
        )
    -- Keys are locked by the unique index as they come: in one order, like the accounts.
    ORDER BY new.idempotency_key
"""

POSTINGS: Final[LiteralString] = """
    INSERT INTO florin.postings
        (ledger_id, transaction_id, position, debit_account_id, credit_account_id, amount)
    SELECT %(ledger_id)s, new.transaction_id, new.position, new.debit_account_id,
        new.credit_account_id, new.amount
    FROM unnest(
            %(transaction_ids)s::uuid[], %(positions)s::smallint[], %(debit_account_ids)s::uuid[],
            %(credit_account_ids)s::uuid[], %(amounts)s::numeric[]
        ) AS new (transaction_id, position, debit_account_id, credit_account_id, amount)
"""

ENTRIES: Final[LiteralString] = """
    INSERT INTO florin.entries
        (ledger_id, account_id, version, transaction_id, position, side, amount, balance_after,
        created_at, effective_at, debits_after)
    SELECT %(ledger_id)s, new.account_id, new.version, new.transaction_id, new.position, new.side,
        new.amount, new.balance_after, %(recorded_at)s, new.effective_at, new.debits_after
    FROM unnest(
            %(account_ids)s::uuid[], %(versions)s::bigint[], %(transaction_ids)s::uuid[],
            %(positions)s::smallint[], %(sides)b::text[], %(amounts)s::numeric[],
            %(balances_after)s::numeric[], %(effective_at)s::timestamptz[],
            %(debits_after)s::numeric[]
        ) AS new (
            account_id, version, transaction_id, position, side, amount, balance_after,
            effective_at, debits_after
        )
"""

HOLDS: Final[LiteralString] = """
    INSERT INTO florin.holds
        (ledger_id, account_id, transaction_id, position, side, amount, captured, created_at,
        expires_at, resolved_at)
    SELECT %(ledger_id)s, new.account_id, new.transaction_id, new.position, new.side, new.amount,
        new.captured, %(recorded_at)s, new.expires_at, new.resolved_at
    FROM unnest(
            %(account_ids)s::uuid[], %(transaction_ids)s::uuid[], %(positions)s::smallint[],
            %(sides)b::text[], %(amounts)s::numeric[], %(captured)s::numeric[],
            %(expires_at)s::timestamptz[], %(resolved_at)s::timestamptz[]
        ) AS new (
            account_id, transaction_id, position, side, amount, captured, expires_at, resolved_at
        )
"""

RESOLVE_TRANSACTIONS: Final[LiteralString] = """
    UPDATE florin.transactions AS t
    SET state = new.state, resolved_at = %(recorded_at)s, resolution_id = new.resolution_id,
        resolution_key = new.resolution_key, resolved_action_id = %(action_id)s
    FROM unnest(
            %(transaction_ids)s::uuid[], %(states)s::text[], %(resolution_ids)s::uuid[],
            %(resolution_keys)s::text[]
        ) AS new (transaction_id, state, resolution_id, resolution_key)
    WHERE t.ledger_id = %(ledger_id)s AND t.transaction_id = new.transaction_id
        -- Once: the accounts' locks see to it, and if they ever did not, this would.
        AND t.state = 'PENDING'
"""

RESOLVE_HOLDS: Final[LiteralString] = """
    UPDATE florin.holds AS h
    SET resolved_at = %(recorded_at)s, captured = new.captured
    FROM unnest(
            %(account_ids)s::uuid[], %(transaction_ids)s::uuid[], %(positions)s::smallint[],
            %(captured)s::numeric[]
        ) AS new (account_id, transaction_id, position, captured)
    WHERE h.ledger_id = %(ledger_id)s AND h.account_id = new.account_id
        AND h.transaction_id = new.transaction_id AND h.position = new.position
        AND h.resolved_at IS NULL
"""

SHIFTS: Final[LiteralString] = """
    INSERT INTO florin.shifts AS s (ledger_id, account_id, period, starts_on, debits, credits)
    SELECT %(ledger_id)s, new.account_id, new.period, new.starts_on, new.debits, new.credits
    FROM unnest(
            %(account_ids)s::uuid[], %(periods)s::text[], %(starts_on)s::date[],
            %(debits)s::numeric[], %(credits)s::numeric[]
        ) AS new (account_id, period, starts_on, debits, credits)
    ON CONFLICT (ledger_id, account_id, period, starts_on) DO UPDATE
    SET debits = s.debits + excluded.debits, credits = s.credits + excluded.credits
"""


def of(ledger_id: int, decision: Decision, recorded_at: datetime, by: Action) -> list[Write]:
    """All writes of a decision, to be sent together; none for a table that nothing changes in."""
    common: dict[str, object] = {
        "ledger_id": ledger_id,
        "recorded_at": recorded_at,
        "action_id": by.action_id,
    }
    created = [record for _, record in decision.created]
    postings, entries = _postings(created), decision.entries
    held = _sides([record for record in created if record.is_hold])
    resolved, released = decision.resolved, _sides(decision.resolved)
    moved = shifts.of(entries, recorded_at)
    writes = (
        Write(ACCOUNTS, _account_columns(decision.books), len(decision.books)),
        Write(TRANSACTIONS, _transaction_columns(decision), len(created)),
        Write(POSTINGS, _posting_columns(postings), len(postings)),
        Write(ENTRIES, _entry_columns(entries), len(entries)),
        Write(HOLDS, _hold_columns(held), len(held)),
        Write(RESOLVE_TRANSACTIONS, _resolution_columns(resolved), len(resolved)),
        Write(RESOLVE_HOLDS, _hold_columns(released), len(released)),
        Write(SHIFTS, _shift_columns(moved), len(moved)),
    )
    return [
        *(Write(one.query, {**common, **one.parameters}, one.rows) for one in writes if one.rows),
        actions.written(ledger_id, by),
        events.written(ledger_id, decision.happened),
    ]


_Leg = tuple[Record, int, RecordedPosting]
_Side = tuple[Record, int, RecordedPosting, Side]


def _postings(records: Sequence[Record]) -> list[_Leg]:
    return [
        (record, position, posting)
        for record in records
        for position, posting in enumerate(record.postings)
    ]


def _sides(records: Sequence[Record]) -> list[_Side]:
    sides: tuple[Side, ...] = ("DEBIT", "CREDIT")
    return [(*leg, side) for leg in _postings(records) for side in sides]


def _used(items: Sequence[Item], value: Callable[[Item], Value | None]) -> list[Value | None]:
    """A column, or an empty one where no row has anything in it."""
    values = [value(item) for item in items]
    return values if any(one is not None for one in values) else []


def _money(amount: int | None) -> Decimal | None:
    """For a column with nulls in it: a plain int would be sent as one of 64 bits."""
    return None if amount is None else Decimal(amount)


def _account_columns(books: Sequence[Book]) -> dict[str, object]:
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


def _transaction_columns(decision: Decision) -> dict[str, object]:
    requests = [request for request, _ in decision.created]
    records = [record for _, record in decision.created]
    return {
        "transaction_ids": UUIDs([record.transaction_id for record in records]),
        "idempotency_keys": [record.idempotency_key for record in records],
        "fingerprints": [record.fingerprint for record in records],
        "descriptions": [request.description for request in requests],
        "metadata": [orjson.dumps(request.metadata).decode() for request in requests],
        "states": _used(records, lambda one: None if one.state == "POSTED" else one.state),
        "effective_at": _used(records, lambda one: one.effective_at),
        "expires_at": _used(records, lambda one: one.expires_at),
        "resolved_at": _used(records, lambda one: one.resolved_at),
        "resolution_ids": _used(records, lambda one: one.resolution_id),
        "resolution_keys": _used(records, lambda one: one.resolution_key),
        "reverses_ids": _used(records, lambda one: one.reverses_id),
    }


def _posting_columns(postings: Sequence[_Leg]) -> dict[str, object]:
    return {
        "transaction_ids": UUIDs([record.transaction_id for record, _, _ in postings]),
        "positions": WholeNumbers([position for _, position, _ in postings]),
        "debit_account_ids": UUIDs([leg.debit_account_id for _, _, leg in postings]),
        "credit_account_ids": UUIDs([leg.credit_account_id for _, _, leg in postings]),
        "amounts": WholeNumbers([leg.amount for _, _, leg in postings]),
    }


def _entry_columns(entries: Sequence[Entry]) -> dict[str, object]:
    return {
        "account_ids": UUIDs([entry.account_id for entry in entries]),
        "versions": WholeNumbers([entry.version for entry in entries]),
        "transaction_ids": UUIDs([entry.transaction_id for entry in entries]),
        "positions": WholeNumbers([entry.position for entry in entries]),
        "sides": [entry.side for entry in entries],
        "amounts": WholeNumbers([entry.amount for entry in entries]),
        "balances_after": WholeNumbers([entry.balance_after for entry in entries]),
        "effective_at": _used(entries, lambda entry: entry.effective_at),
        "debits_after": WholeNumbers([entry.debits_after for entry in entries]),
    }


def _hold_columns(sides: Sequence[_Side]) -> dict[str, object]:
    accounts = [
        leg.debit_account_id if side == "DEBIT" else leg.credit_account_id
        for _, _, leg, side in sides
    ]
    return {
        "account_ids": UUIDs(accounts),
        "transaction_ids": UUIDs([record.transaction_id for record, _, _, _ in sides]),
        "positions": WholeNumbers([position for _, position, _, _ in sides]),
        "sides": [side for _, _, _, side in sides],
        "amounts": WholeNumbers([leg.amount for _, _, leg, _ in sides]),
        "captured": _used(sides, lambda one: _money(one[2].captured)),
        "expires_at": _used(sides, lambda one: one[0].expires_at),
        "resolved_at": _used(sides, lambda one: one[0].resolved_at),
    }


def _resolution_columns(records: Sequence[Record]) -> dict[str, object]:
    return {
        "transaction_ids": UUIDs([record.transaction_id for record in records]),
        "states": [record.state for record in records],
        "resolution_ids": [record.resolution_id for record in records],
        "resolution_keys": [record.resolution_key for record in records],
    }


def _shift_columns(moved: Sequence[Shift]) -> dict[str, object]:
    return {
        "account_ids": UUIDs([shift.account_id for shift in moved]),
        "periods": [shift.period for shift in moved],
        "starts_on": [shift.starts_on for shift in moved],
        "debits": WholeNumbers([shift.debits for shift in moved]),
        "credits": WholeNumbers([shift.credits for shift in moved]),
    }
