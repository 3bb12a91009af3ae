"""The write path: a batch of requests is locked, decided and written in three round trips.

========  =================================================  ==================================
trip      what is sent (one pipeline)                        why in this order
========  =================================================  ==================================
1         BEGIN, LOCK, RECORDED, CLOCK                       the locks come first, so that what
                                                             is read next is true until commit
(1b)      EXPIRED, where an account has something pending    what of it has expired by that clock
2         the writes of ``db.posting_writes``                their row counts are checked
                                                             before anything is final
3         COMMIT
========  =================================================  ==================================

However large the batch, these are all the statements: each write carries columns as arrays, which
are dumped at once (``db.arrays``). Lists of texts with nulls in them go in binary (``%(…)b``): in
text form each would be quoted by a regular expression.

Ordering. Every writer locks its accounts in the order of their ids, so that two batches can wait
for each other but never in a circle. A hold or a transaction is only changed, and only reversed,
under the locks of all its accounts: of two captures the second finds what the first has done.
Idempotency keys are read after the locks: of two requests with one key and the same accounts, the
second waits, then finds the first. Where the accounts differ the unique key decides, and the loser
runs again (``UniqueViolation`` is for the caller to retry), as does whoever finds after the locks
what it was to capture, void or reverse, and had not found before them (``OvertakenError``). The
clock is read after the locks, no entry is older than its account's last, and none is older than the
sealer's last announcement.

The caller opens the transaction (``statements.transaction``), and commits by leaving it; the pool's
check of a connection before it is lent is a trip of its own. What is raised here rolls everything
back: refusals are part of the decision, exceptions are outages or bugs.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, LiteralString
from uuid import UUID

import msgspec

from db import posting_writes, statements
from db.arrays import Texts, UUIDs
from db.authors import By
from db.faults import OvertakenError
from db.statements import Connection
from ledger import identifiers, posting
from ledger.accounts import Account
from ledger.posting import Decision
from ledger.records import Record, RecordedPosting, TransactionState
from ledger.transactions import AccountKey, Malformed, Request, TransactionRequest
from ledger.worksheets import Expired

PATIENCE: Final[LiteralString] = "SELECT set_config('lock_timeout', %(patience)s, true)"

LOCK: Final[LiteralString] = """
    SELECT account_id, code, currency, exponent, normal_side, state, floor, ceiling,
        debits_posted, credits_posted, debits_pending, credits_pending, version, last_entry_at
    FROM florin.accounts
    WHERE ledger_id = %(ledger_id)s AND (account_id = ANY(%(ids)s) OR code = ANY(%(codes)s))
    -- One order for everybody is what makes deadlocks impossible. NO KEY: new entries and accounts
    -- may still refer to these rows.
    ORDER BY account_id
    FOR NO KEY UPDATE
"""

# The same where transactions are captured, voided or reversed: their accounts, too. Postings never
# change, so that it does not matter that they are read before the locks are had.
LOCK_WITH_TARGETS: Final[LiteralString] = """
    SELECT account_id, code, currency, exponent, normal_side, state, floor, ceiling,
        debits_posted, credits_posted, debits_pending, credits_pending, version, last_entry_at
    FROM florin.accounts
    WHERE ledger_id = %(ledger_id)s AND (
        account_id = ANY(%(ids)s) OR code = ANY(%(codes)s) OR account_id = ANY(ARRAY(
            SELECT leg.account_id
            FROM florin.transactions AS t
            JOIN florin.postings AS p
                ON p.ledger_id = t.ledger_id AND p.transaction_id = t.transaction_id
            CROSS JOIN LATERAL (VALUES (p.debit_account_id), (p.credit_account_id))
                AS leg (account_id)
            WHERE t.ledger_id = %(ledger_id)s AND (
                t.transaction_id = ANY(%(target_ids)s) OR t.idempotency_key = ANY(%(target_keys)s)
            )
        ))
    )
    -- As above.
    ORDER BY account_id
    FOR NO KEY UPDATE
"""

RECORDED: Final[LiteralString] = """
    SELECT t.transaction_id, t.idempotency_key, t.fingerprint, t.state, t.effective_at,
        t.expires_at, t.resolved_at, t.resolution_id, t.resolution_key, t.reverses_id,
        (
            SELECT r.transaction_id FROM florin.transactions AS r
            WHERE r.ledger_id = %(ledger_id)s AND r.reverses_id = t.transaction_id
        ) AS reversed_by_id,
        array_agg(p.debit_account_id ORDER BY p.position) AS debit_account_ids,
        array_agg(p.credit_account_id ORDER BY p.position) AS credit_account_ids,
        array_agg(p.amount::numeric ORDER BY p.position) AS amounts,
        array_agg(h.captured::numeric ORDER BY p.position) AS captured
    FROM florin.transactions AS t
    JOIN florin.postings AS p
        ON p.ledger_id = t.ledger_id AND p.transaction_id = t.transaction_id
    LEFT JOIN florin.holds AS h
        ON h.ledger_id = p.ledger_id AND h.account_id = p.debit_account_id
        AND h.transaction_id = p.transaction_id AND h.position = p.position
    WHERE t.ledger_id = %(ledger_id)s AND (
        t.idempotency_key = ANY(%(keys)s) OR t.resolution_key = ANY(%(keys)s)
        OR t.transaction_id = ANY(%(target_ids)s)
    )
    GROUP BY t.ledger_id, t.transaction_id
"""

CLOCK: Final[LiteralString] = """
    SELECT greatest(
        clock_timestamp(),
        (
            SELECT announced_at + interval '1 microsecond'
            FROM florin.watermarks WHERE ledger_id = %(ledger_id)s
        )
    )
"""

# A statement of its own behind the locks: a snapshot from before them might still show as open what
# was captured while they were waited for.
EXPIRED: Final[LiteralString] = """
    SELECT account_id,
        coalesce(sum(amount) FILTER (WHERE side = 'DEBIT'), 0) AS debits,
        coalesce(sum(amount) FILTER (WHERE side = 'CREDIT'), 0) AS credits
    FROM florin.holds
    WHERE ledger_id = %(ledger_id)s AND account_id = ANY(%(account_ids)s)
        AND resolved_at IS NULL AND expires_at <= %(recorded_at)s
    GROUP BY account_id
"""


class _RecordedRow(msgspec.Struct, frozen=True, gc=False):
    transaction_id: UUID
    idempotency_key: str
    fingerprint: bytes
    state: TransactionState
    effective_at: datetime | None
    expires_at: datetime | None
    resolved_at: datetime | None
    resolution_id: UUID | None
    resolution_key: str | None
    reverses_id: UUID | None
    reversed_by_id: UUID | None
    debit_account_ids: list[UUID]
    credit_account_ids: list[UUID]
    amounts: list[int]
    captured: list[int | None]

    def value(self) -> Record:
        legs = zip(
            self.debit_account_ids,
            self.credit_account_ids,
            self.amounts,
            self.captured,
            strict=True,
        )
        return Record(
            self.transaction_id,
            self.idempotency_key,
            self.fingerprint,
            tuple(RecordedPosting(*leg) for leg in legs),
            self.state,
            self.effective_at,
            self.expires_at,
            self.resolved_at,
            self.resolution_id,
            self.resolution_key,
            self.reverses_id,
            self.reversed_by_id,
        )


async def post(
    conn: Connection,
    ledger_id: int,
    requests: Sequence[Request | Malformed],
    *,
    atomic: bool,
    by: By,
) -> tuple[Decision, datetime]:
    """Decide the requests in order, write what is accepted, and say when it is recorded.

    With it is written that it was done ``by`` an action, or each by its own; with nothing, nothing
    is.

    ``conn`` is in a transaction and in pipeline mode. Raises UniqueViolation or OvertakenError when
    another session binds one of the keys, or records what is to be resolved, at this moment, and
    psycopg's errors for deadlocks and outages.
    """
    accounts, recorded, clock = await _lock_and_read(conn, ledger_id, requests)
    _check_locked(accounts, _targets(requests), recorded)
    recorded_at = posting.recorded_time(clock, accounts)
    decision = posting.decide(
        requests,
        accounts=accounts,
        expired=await _expired(conn, ledger_id, accounts, recorded_at),
        recorded=recorded,
        recorded_at=recorded_at,
        transaction_ids=identifiers.uuid7_sequence(recorded_at, len(requests)),
        atomic=atomic,
    )
    if decision.changes:
        writes = posting_writes.of(ledger_id, decision, recorded_at, by)
        await statements.write(conn, *writes)
    return decision, recorded_at


async def be_impatient(conn: Connection, patience: timedelta) -> None:
    """Have this transaction wait for no lock for longer; it is sent with what comes next.

    Who has waited for so long hears LockNotAvailable (``faults.is_kept_waiting``).
    """
    await conn.execute(PATIENCE, {"patience": f"{patience // timedelta(milliseconds=1)}ms"})


async def _lock_and_read(
    conn: Connection, ledger_id: int, requests: Sequence[Request | Malformed]
) -> tuple[list[Account], list[Record], datetime]:
    well_formed = [request for request in requests if not isinstance(request, Malformed)]
    named = {account.key for account in _accounts(well_formed)}
    targets = _targets(requests)
    keys = [request.idempotency_key for request in well_formed]
    target_keys = [key for key in targets if isinstance(key, str)]
    parameters: dict[str, object] = {
        "ledger_id": ledger_id,
        "ids": UUIDs([key for key in named if isinstance(key, UUID)]),
        "codes": Texts([key for key in named if isinstance(key, str)]),
        "keys": Texts(keys + target_keys),
        "target_ids": UUIDs([key for key in targets if isinstance(key, UUID)]),
        "target_keys": Texts(target_keys),
    }
    accounts = statements.cursor(conn, Account)
    recorded = statements.cursor(conn, _RecordedRow)
    await accounts.execute(LOCK_WITH_TARGETS if targets else LOCK, parameters)
    await recorded.execute(RECORDED, parameters)
    clock = await (await conn.execute(CLOCK, {"ledger_id": ledger_id})).fetchone()
    assert clock is not None
    return (
        await accounts.fetchall(),
        [row.value() for row in await recorded.fetchall()],
        clock[0],
    )


def _accounts(requests: Sequence[Request]) -> Iterator[AccountKey]:
    for request in requests:
        if isinstance(request, TransactionRequest):
            for leg in request.postings:
                yield leg.debit
                yield leg.credit


def _targets(requests: Sequence[Request | Malformed]) -> set[UUID | str | None]:
    """The ids and keys of the transactions to be captured, voided or reversed."""
    return {
        request.transaction.key
        for request in requests
        if not isinstance(request, TransactionRequest | Malformed)
    }


def _check_locked(
    accounts: Sequence[Account], targets: set[UUID | str | None], recorded: Sequence[Record]
) -> None:
    """Raise OvertakenError where a target was not there yet when its accounts were to be locked.

    Another request of the batch may see that its key is bound; this one must not say meanwhile that
    there is no such transaction.
    """
    locked = {account.account_id for account in accounts}
    for record in recorded:
        if record.transaction_id in targets or record.idempotency_key in targets:
            for leg in record.postings:
                if leg.debit_account_id not in locked or leg.credit_account_id not in locked:
                    raise OvertakenError


async def _expired(
    conn: Connection, ledger_id: int, accounts: Sequence[Account], recorded_at: datetime
) -> list[Expired]:
    pending = [a.account_id for a in accounts if a.debits_pending or a.credits_pending]
    if not pending:
        return []
    return await statements.all_rows(
        conn,
        Expired,
        EXPIRED,
        {"ledger_id": ledger_id, "account_ids": UUIDs(pending), "recorded_at": recorded_at},
    )
