"""What a decision writes: each table once, whatever the batch's size.

Columns that no row of a batch uses are sent as an empty array (``db.posting_columns``): ``unnest``
fills the shorter columns up with nulls, and the statement says what stands for them.
"""

from datetime import datetime
from typing import Final, LiteralString

from db import actions, authors, events
from db import posting_columns as columns
from db.authors import By
from db.statements import Write
from ledger import shifts, transactions
from ledger.posting import Decision

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
    SELECT %(ledger_id)s, new.transaction_id, new.idempotency_key,
        coalesce(new.fingerprint, %(plain_fingerprint)b), coalesce(new.state, 'POSTED'),
        coalesce(new.description, ''), coalesce(new.metadata::jsonb, '{}'), %(recorded_at)s,
        new.effective_at, new.expires_at, new.resolved_at, new.resolution_id, new.resolution_key,
        new.reverses_id, coalesce(new.action_id, %(action_id)s),
        CASE WHEN new.resolution_id IS NOT NULL
            THEN coalesce(new.resolved_action_id, %(action_id)s) END
    FROM unnest(
            %(transaction_ids)s::uuid[], %(idempotency_keys)s::text[], %(fingerprints)b::bytea[],
            %(descriptions)b::text[], %(metadata)b::text[], %(states)s::text[],
            %(effective_at)s::timestamptz[], %(expires_at)s::timestamptz[],
            %(resolved_at)s::timestamptz[], %(resolution_ids)s::uuid[],
            %(resolution_keys)s::text[], %(reverses_ids)s::uuid[], %(action_ids)s::uuid[],
            %(resolved_action_ids)s::uuid[]
        ) AS new (
            transaction_id, idempotency_key, fingerprint, description, metadata, state,
            effective_at, expires_at, resolved_at, resolution_id, resolution_key, reverses_id,
            action_id, resolved_action_id
        )
    -- Keys are locked by the unique index as they come: in one order, like the accounts.
    ORDER BY new.idempotency_key
"""

POSTINGS: Final[LiteralString] = """
    INSERT INTO florin.postings
        (ledger_id, transaction_id, position, debit_account_id, credit_account_id, amount)
    SELECT %(ledger_id)s, new.transaction_id, coalesce(new.position, 0), new.debit_account_id,
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
    SELECT %(ledger_id)s, new.account_id, new.version, new.transaction_id,
        coalesce(new.position, 0), new.side, new.amount, new.balance_after, %(recorded_at)s,
        new.effective_at, new.debits_after
    FROM unnest(
            %(account_ids)s::uuid[], %(versions)s::bigint[], %(transaction_ids)s::uuid[],
            %(positions)s::smallint[], %(sides)s::text[], %(amounts)s::numeric[],
            %(balances_after)s::numeric[], %(effective_at)s::timestamptz[],
            %(debits_after)s::numeric[]
        ) AS new (
            account_id, version, transaction_id, position, side, amount, balance_after,
            effective_at, debits_after
        )
    -- As the indexes have them, which saves a sixth of what this takes.
    ORDER BY new.account_id, new.version
"""

HOLDS: Final[LiteralString] = """
    INSERT INTO florin.holds
        (ledger_id, account_id, transaction_id, position, side, amount, captured, created_at,
        expires_at, resolved_at)
    SELECT %(ledger_id)s, new.account_id, new.transaction_id, new.position, new.side, new.amount,
        new.captured, %(recorded_at)s, new.expires_at, new.resolved_at
    FROM unnest(
            %(account_ids)s::uuid[], %(transaction_ids)s::uuid[], %(positions)s::smallint[],
            %(sides)s::text[], %(amounts)s::numeric[], %(captured)s::numeric[],
            %(expires_at)s::timestamptz[], %(resolved_at)s::timestamptz[]
        ) AS new (
            account_id, transaction_id, position, side, amount, captured, expires_at, resolved_at
        )
"""

RESOLVE_TRANSACTIONS: Final[LiteralString] = """
    UPDATE florin.transactions AS t
    SET state = new.state, resolved_at = %(recorded_at)s, resolution_id = new.resolution_id,
        resolution_key = new.resolution_key,
        resolved_action_id = coalesce(new.resolved_action_id, %(action_id)s)
    FROM unnest(
            %(transaction_ids)s::uuid[], %(states)s::text[], %(resolution_ids)s::uuid[],
            %(resolution_keys)s::text[], %(resolved_action_ids)s::uuid[]
        ) AS new (transaction_id, state, resolution_id, resolution_key, resolved_action_id)
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


def of(ledger_id: int, decision: Decision, recorded_at: datetime, by: By) -> list[Write]:
    """All writes of a decision, to be sent together; none for a table that nothing changes in."""
    authored = authors.of(decision, by)
    common: dict[str, object] = {
        "ledger_id": ledger_id,
        "recorded_at": recorded_at,
        "action_id": authored.done[0].action_id,
        "plain_fingerprint": transactions.PLAIN_FINGERPRINT,
    }
    created = [record for _, record in decision.created]
    postings, entries = columns.legs(created), decision.entries
    held = columns.sides([record for record in created if record.is_hold])
    resolved, released = decision.resolved, columns.sides(decision.resolved)
    moved = shifts.of(entries, recorded_at)
    writes = (
        Write(ACCOUNTS, columns.of_accounts(decision.books), len(decision.books)),
        Write(TRANSACTIONS, columns.of_transactions(decision, authored), len(created)),
        Write(POSTINGS, columns.of_postings(postings), len(postings)),
        Write(ENTRIES, columns.of_entries(entries), len(entries)),
        Write(HOLDS, columns.of_holds(held), len(held)),
        Write(RESOLVE_TRANSACTIONS, columns.of_resolutions(resolved, authored), len(resolved)),
        Write(RESOLVE_HOLDS, columns.of_holds(released), len(released)),
        Write(SHIFTS, columns.of_shifts(moved), len(moved)),
    )
    return [
        *(Write(one.query, {**common, **one.parameters}, one.rows) for one in writes if one.rows),
        actions.written(ledger_id, authored.done),
        events.written(ledger_id, decision.happened),
    ]
