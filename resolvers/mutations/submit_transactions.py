"""Whatever moves or holds money, alone or in a batch: here, by one path, and nowhere else."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec

from db import actions, posting, transactions
from db.observation import watching
from db.statements import Connection
from db.transactions import Transaction
from ledger.posting import Decision, Outcome, Posted, Replayed, Resolved
from ledger.records import Record
from ledger.refusals import InvalidInput, PostingRefusal
from ledger.transactions import (
    BATCH_MAX,
    Malformed,
    Request,
    ReversalRequest,
    TransactionRequest,
)
from resolvers.context import Context
from resolvers.mutations.transact import transact
from resolvers.posting_outcomes import counted


class PostTransactionSuccess(msgspec.Struct, frozen=True, gc=False):
    """It is done, now or (``replayed``) by an earlier request with its key."""

    transaction: Transaction
    replayed: bool


PostTransactionResult: TypeAlias = PostTransactionSuccess | PostingRefusal


class PostTransactionsPayload(msgspec.Struct, frozen=True):
    """A result for each item, in order; ``committed`` if any of them is recorded."""

    results: Sequence[PostTransactionResult]
    committed: bool


async def submit_one(
    context: Context, request: Request | Malformed, *, kind: str
) -> PostTransactionResult:
    """Post, capture, void or reverse one transaction; ``kind`` is the mutation's field."""
    (result,) = await _submit(context, [request], atomic=False, kind=kind)
    return result


async def submit_all(
    context: Context,
    requests: Sequence[Request | Malformed],
    *,
    atomic: bool,
    field: str,
    kind: str,
) -> PostTransactionsPayload:
    """Carry out a batch in order: all or nothing if ``atomic``, else each for itself.

    A batch of a wrong size is refused whole, with one result; ``field`` is its name in the input,
    ``kind`` the mutation's field.
    """
    if not 1 <= len(requests) <= BATCH_MAX:
        problem = f"a batch has 1 to {BATCH_MAX} {field}, not {len(requests)}"
        refusal = InvalidInput(path=("input", field), problem=problem)
        return PostTransactionsPayload([refusal], committed=False)
    results = await _submit(context, requests, atomic=atomic, kind=kind)
    committed = any(isinstance(result, PostTransactionSuccess) for result in results)
    return PostTransactionsPayload(results, committed=committed)


async def _submit(
    context: Context, requests: Sequence[Request | Malformed], *, atomic: bool, kind: str
) -> list[PostTransactionResult]:
    action = actions.of(context.actor, kind)

    async def work(conn: Connection) -> tuple[Decision, datetime]:
        return await posting.post(conn, context.ledger_id, requests, atomic=atomic, by=action)

    decision, recorded_at = await transact(context, work, idempotent=True)
    watching.get().decided(counted(decision.outcomes))
    if decision.changes and context.feed is not None:
        context.feed.committed()
    # What is new needs no reading: it is as it was just written.
    rows = await _earlier(context, decision)
    for request, record in decision.created:
        rows[record.transaction_id] = _transaction(request, record, recorded_at)
    return [_result(outcome, rows) for outcome in decision.outcomes]


async def _earlier(context: Context, decision: Decision) -> dict[UUID, Transaction]:
    """The transactions that were there before, and are replayed, captured or voided."""
    ids = {one.transaction_id for one in decision.outcomes if isinstance(one, Replayed)}
    ids |= {record.transaction_id for record in decision.resolved}
    ids -= {record.transaction_id for _, record in decision.created}
    if not ids:
        return {}
    found = await context.loaders.read(
        lambda conn: transactions.by_ids(conn, context.ledger_id, list(ids))
    )
    return {transaction.transaction_id: transaction for transaction in found}


def _result(outcome: Outcome, rows: Mapping[UUID, Transaction]) -> PostTransactionResult:
    match outcome:
        case Posted() | Resolved():
            return PostTransactionSuccess(rows[outcome.recorded.transaction_id], replayed=False)
        case Replayed():
            return PostTransactionSuccess(rows[outcome.transaction_id], replayed=True)
        case _:
            return outcome


def _transaction(
    request: TransactionRequest | ReversalRequest, record: Record, recorded_at: datetime
) -> Transaction:
    """The row as it was just written: a hold that its own batch captured takes effect now, too."""
    return Transaction(
        transaction_id=record.transaction_id,
        idempotency_key=record.idempotency_key,
        state=record.state,
        description=request.description,
        metadata=request.metadata,
        effective_at=record.effective_at or recorded_at,
        created_at=recorded_at,
        resolved_at=record.resolved_at,
        expires_at=record.expires_at,
        reverses_id=record.reverses_id,
    )
