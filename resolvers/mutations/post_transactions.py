"""postTransaction and postTransactions: money moves here, and nowhere else."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec

from db import posting, transactions
from db.statements import Connection
from db.transactions import Transaction
from ledger.posting import Decision, Outcome, Posted, Replayed
from ledger.refusals import InvalidInput, PostingRefusal
from ledger.transactions import BATCH_MAX, Malformed, TransactionRequest
from resolvers.context import Context
from resolvers.mutations.transact import transact


class PostTransactionSuccess(msgspec.Struct, frozen=True, gc=False):
    """The transaction is recorded, now or (``replayed``) by an earlier request with its key."""

    transaction: Transaction
    replayed: bool


PostTransactionResult: TypeAlias = PostTransactionSuccess | PostingRefusal


class PostTransactionsPayload(msgspec.Struct, frozen=True):
    """A result for each transaction, in order; ``committed`` if any of them is recorded."""

    results: Sequence[PostTransactionResult]
    committed: bool


async def post_transaction(
    context: Context, request: TransactionRequest | Malformed
) -> PostTransactionResult:
    """Record one transaction."""
    (result,) = await _post(context, [request], atomic=False)
    return result


async def post_transactions(
    context: Context, requests: Sequence[TransactionRequest | Malformed], *, atomic: bool
) -> PostTransactionsPayload:
    """Record a batch in order: all or nothing if ``atomic``, else each for itself.

    A batch of a wrong size is refused whole, with one result.
    """
    if not 1 <= len(requests) <= BATCH_MAX:
        problem = f"a batch has 1 to {BATCH_MAX} transactions, not {len(requests)}"
        refusal = InvalidInput(path=("input", "transactions"), problem=problem)
        return PostTransactionsPayload([refusal], committed=False)
    results = await _post(context, requests, atomic=atomic)
    committed = any(isinstance(result, PostTransactionSuccess) for result in results)
    return PostTransactionsPayload(results, committed=committed)


async def _post(
    context: Context, requests: Sequence[TransactionRequest | Malformed], *, atomic: bool
) -> list[PostTransactionResult]:
    async def work(conn: Connection) -> tuple[Decision, datetime]:
        return await posting.post(conn, context.ledger_id, requests, atomic=atomic)

    decision, recorded_at = await transact(context, work, idempotent=True)
    earlier = await _replayed(context, decision)
    return [_result(outcome, recorded_at, earlier) for outcome in decision.outcomes]


async def _replayed(context: Context, decision: Decision) -> Mapping[UUID, Transaction]:
    """The transactions that were recorded before, as they are now."""
    ids = {one.transaction_id for one in decision.outcomes if isinstance(one, Replayed)}
    if not ids:
        return {}
    found = await context.loaders.read(
        lambda conn: transactions.by_ids(conn, context.ledger_id, list(ids))
    )
    return {transaction.transaction_id: transaction for transaction in found}


def _result(
    outcome: Outcome, recorded_at: datetime, earlier: Mapping[UUID, Transaction]
) -> PostTransactionResult:
    match outcome:
        case Posted():
            return PostTransactionSuccess(_transaction(outcome, recorded_at), replayed=False)
        case Replayed():
            return PostTransactionSuccess(earlier[outcome.transaction_id], replayed=True)
        case _:
            return outcome


def _transaction(posted: Posted, recorded_at: datetime) -> Transaction:
    """The row as it was just written."""
    return Transaction(
        transaction_id=posted.recorded.transaction_id,
        idempotency_key=posted.request.idempotency_key,
        state="POSTED",
        description=posted.request.description,
        metadata=posted.request.metadata,
        created_at=recorded_at,
    )
