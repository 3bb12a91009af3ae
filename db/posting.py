"""The write path: a batch of transactions is locked, decided and written in three round trips.

========  =================================================  ==================================
trip      what is sent (one pipeline)                        why in this order
========  =================================================  ==================================
1         BEGIN, LOCK, RECORDED, CLOCK                       the locks come first, so that what
                                                             is read next is true until commit
2         WRITE_ACCOUNTS, WRITE_TRANSACTIONS,                their row counts are checked
          WRITE_POSTINGS, WRITE_ENTRIES                      before anything is final
3         COMMIT
========  =================================================  ==================================

However large the batch, these are all the statements: each write carries columns as arrays. Texts
go in binary (``%(…)b``): in text form each would be quoted by a regular expression.

Ordering. Every writer locks its accounts in the order of their ids, so that two batches can wait
for each other but never in a circle. Idempotency keys are read after the locks: of two requests
with one key and the same accounts, the second waits, then finds the first. Where the accounts
differ the unique key decides, and the loser runs again (``UniqueViolation`` is for the caller to
retry). The clock is read after the locks, and no entry is older than its account's last.

The caller opens the transaction (``statements.transaction``), and commits by leaving it; the pool's
check of a connection before it is lent is a trip of its own. What is raised here rolls everything
back: refusals are part of the decision, exceptions are outages or bugs.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

import msgspec
import orjson

from db import statements
from db.arrays import UUIDs, WholeNumbers
from db.statements import Connection, Write
from ledger import identifiers, posting
from ledger.accounts import Account
from ledger.books import Book
from ledger.posting import Decision, Posted, Recorded, RecordedPosting
from ledger.transactions import Malformed, TransactionRequest

LOCK: Final[LiteralString] = """
    SELECT account_id, code, currency, exponent, normal_side, state, floor, ceiling,
        debits_posted, credits_posted, debits_pending, credits_pending, version, last_entry_at
    FROM florin.accounts
    WHERE ledger_id = %(ledger_id)s AND (account_id = ANY(%(ids)s) OR code = ANY(%(codes)b))
    -- One order for everybody is what makes deadlocks impossible. NO KEY: new entries and accounts
    -- may still refer to these rows.
    ORDER BY account_id
    FOR NO KEY UPDATE
"""

RECORDED: Final[LiteralString] = """
    SELECT t.transaction_id, t.idempotency_key, t.fingerprint,
        array_agg(p.debit_account_id ORDER BY p.position) AS debit_account_ids,
        array_agg(p.credit_account_id ORDER BY p.position) AS credit_account_ids,
        array_agg(p.amount::numeric ORDER BY p.position) AS amounts
    FROM florin.transactions AS t
    JOIN florin.postings AS p
        ON p.ledger_id = t.ledger_id AND p.transaction_id = t.transaction_id
    WHERE t.ledger_id = %(ledger_id)s AND t.idempotency_key = ANY(%(keys)b)
    GROUP BY t.transaction_id, t.idempotency_key, t.fingerprint
"""

CLOCK: Final[LiteralString] = "SELECT clock_timestamp()"

WRITE_ACCOUNTS: Final[LiteralString] = """
    UPDATE florin.accounts AS a
    SET debits_posted = new.debits_posted, credits_posted = new.credits_posted,
        version = new.version, last_entry_at = %(recorded_at)s
    FROM unnest(
            %(account_ids)s::uuid[], %(debits_posted)s::numeric[], %(credits_posted)s::numeric[],
            %(versions_before)s::bigint[], %(versions)s::bigint[]
        ) AS new (account_id, debits_posted, credits_posted, version_before, version)
    WHERE a.ledger_id = %(ledger_id)s AND a.account_id = new.account_id
        -- The row is locked, so this always holds; if it ever did not, an update would be lost.
        AND a.version = new.version_before
"""

WRITE_TRANSACTIONS: Final[LiteralString] = """
    INSERT INTO florin.transactions
        (ledger_id, transaction_id, idempotency_key, fingerprint, state, description, metadata,
        created_at)
    SELECT %(ledger_id)s, new.transaction_id, new.idempotency_key, new.fingerprint, 'POSTED',
        new.description, new.metadata::jsonb, %(recorded_at)s
    FROM unnest(
            %(transaction_ids)s::uuid[], %(idempotency_keys)b::text[], %(fingerprints)b::bytea[],
            %(descriptions)b::text[], %(metadata)b::text[]
        ) AS new (transaction_id, idempotency_key, fingerprint, description, metadata)
    -- Keys are locked by the unique index as they come: in one order, like the accounts.
    ORDER BY new.idempotency_key
"""

WRITE_POSTINGS: Final[LiteralString] = """
    INSERT INTO florin.postings
        (ledger_id, transaction_id, position, debit_account_id, credit_account_id, amount)
    SELECT %(ledger_id)s, new.transaction_id, new.position, new.debit_account_id,
        new.credit_account_id, new.amount
    FROM unnest(
            %(transaction_ids)s::uuid[], %(positions)s::smallint[], %(debit_account_ids)s::uuid[],
            %(credit_account_ids)s::uuid[], %(amounts)s::numeric[]
        ) AS new (transaction_id, position, debit_account_id, credit_account_id, amount)
"""

WRITE_ENTRIES: Final[LiteralString] = """
    INSERT INTO florin.entries
        (ledger_id, account_id, version, transaction_id, position, side, amount, balance_after,
        debits_after, created_at)
    SELECT %(ledger_id)s, new.account_id, new.version, new.transaction_id, new.position, new.side,
        new.amount, new.balance_after, new.debits_after, %(recorded_at)s
    FROM unnest(
            %(account_ids)s::uuid[], %(versions)s::bigint[], %(transaction_ids)s::uuid[],
            %(positions)s::smallint[], %(sides)b::text[], %(amounts)s::numeric[],
            %(balances_after)s::numeric[], %(debits_after)s::numeric[]
        ) AS new (
            account_id, version, transaction_id, position, side, amount, balance_after,
            debits_after
        )
"""


class _RecordedRow(msgspec.Struct, frozen=True, gc=False):
    transaction_id: UUID
    idempotency_key: str
    fingerprint: bytes
    debit_account_ids: list[UUID]
    credit_account_ids: list[UUID]
    amounts: list[int]

    def value(self) -> Recorded:
        legs = zip(self.debit_account_ids, self.credit_account_ids, self.amounts, strict=True)
        return Recorded(
            self.transaction_id,
            self.idempotency_key,
            self.fingerprint,
            tuple(RecordedPosting(*leg) for leg in legs),
        )


async def post(
    conn: Connection,
    ledger_id: int,
    requests: Sequence[TransactionRequest | Malformed],
    *,
    atomic: bool,
) -> tuple[Decision, datetime]:
    """Decide the requests in order, write what is accepted, and say when it is recorded.

    ``conn`` is in a transaction and in pipeline mode. Raises UniqueViolation when another session
    binds one of the keys at this moment, and psycopg's errors for deadlocks and outages.
    """
    accounts, recorded, clock = await _lock_and_read(conn, ledger_id, requests)
    recorded_at = posting.recorded_time(clock, accounts)
    decision = posting.decide(
        requests,
        accounts=accounts,
        recorded=recorded,
        transaction_ids=identifiers.uuid7_sequence(recorded_at, len(requests)),
        atomic=atomic,
    )
    if decision.posted:
        await _write(conn, ledger_id, decision, recorded_at)
    return decision, recorded_at


async def _lock_and_read(
    conn: Connection, ledger_id: int, requests: Sequence[TransactionRequest | Malformed]
) -> tuple[list[Account], list[Recorded], datetime]:
    well_formed = [request for request in requests if isinstance(request, TransactionRequest)]
    named = {
        account.key
        for request in well_formed
        for leg in request.postings
        for account in (leg.debit, leg.credit)
    }
    accounts = statements.cursor(conn, Account)
    recorded = statements.cursor(conn, _RecordedRow)
    await accounts.execute(
        LOCK,
        {
            "ledger_id": ledger_id,
            "ids": UUIDs([key for key in named if isinstance(key, UUID)]),
            "codes": [key for key in named if isinstance(key, str)],
        },
    )
    await recorded.execute(
        RECORDED,
        {"ledger_id": ledger_id, "keys": [request.idempotency_key for request in well_formed]},
    )
    clock = await (await conn.execute(CLOCK)).fetchone()
    assert clock is not None
    return (
        await accounts.fetchall(),
        [row.value() for row in await recorded.fetchall()],
        clock[0],
    )


async def _write(
    conn: Connection, ledger_id: int, decision: Decision, recorded_at: datetime
) -> None:
    posted = decision.posted
    common: dict[str, object] = {"ledger_id": ledger_id, "recorded_at": recorded_at}
    await statements.write(
        conn,
        Write(WRITE_ACCOUNTS, common | _account_columns(decision.books), len(decision.books)),
        Write(WRITE_TRANSACTIONS, common | _transaction_columns(posted), len(posted)),
        Write(WRITE_POSTINGS, common | _posting_columns(posted), _legs(posted)),
        Write(WRITE_ENTRIES, common | _entry_columns(posted), 2 * _legs(posted)),
    )


def _legs(posted: Sequence[Posted]) -> int:
    return sum(len(one.recorded.postings) for one in posted)


def _account_columns(books: Sequence[Book]) -> dict[str, object]:
    return {
        "account_ids": UUIDs([book.account.account_id for book in books]),
        "debits_posted": WholeNumbers([book.debits_posted for book in books]),
        "credits_posted": WholeNumbers([book.credits_posted for book in books]),
        "versions_before": WholeNumbers([book.account.version for book in books]),
        "versions": WholeNumbers([book.version for book in books]),
    }


def _transaction_columns(posted: Sequence[Posted]) -> dict[str, object]:
    return {
        "transaction_ids": UUIDs([one.recorded.transaction_id for one in posted]),
        "idempotency_keys": [one.request.idempotency_key for one in posted],
        "fingerprints": [one.recorded.fingerprint for one in posted],
        "descriptions": [one.request.description for one in posted],
        "metadata": [orjson.dumps(one.request.metadata).decode() for one in posted],
    }


def _posting_columns(posted: Sequence[Posted]) -> dict[str, object]:
    legs = [
        (one.recorded.transaction_id, position, leg)
        for one in posted
        for position, leg in enumerate(one.recorded.postings)
    ]
    return {
        "transaction_ids": UUIDs([transaction_id for transaction_id, _, _ in legs]),
        "positions": WholeNumbers([position for _, position, _ in legs]),
        "debit_account_ids": UUIDs([leg.debit_account_id for _, _, leg in legs]),
        "credit_account_ids": UUIDs([leg.credit_account_id for _, _, leg in legs]),
        "amounts": WholeNumbers([leg.amount for _, _, leg in legs]),
    }


def _entry_columns(posted: Sequence[Posted]) -> dict[str, object]:
    entries = [entry for one in posted for entry in one.entries]
    return {
        "account_ids": UUIDs([entry.account_id for entry in entries]),
        "versions": WholeNumbers([entry.version for entry in entries]),
        "transaction_ids": UUIDs([entry.transaction_id for entry in entries]),
        "positions": WholeNumbers([entry.position for entry in entries]),
        "sides": [entry.side for entry in entries],
        "amounts": WholeNumbers([entry.amount for entry in entries]),
        "balances_after": WholeNumbers([entry.balance_after for entry in entries]),
        "debits_after": WholeNumbers([entry.debits_after for entry in entries]),
    }
