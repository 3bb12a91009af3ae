"""postTransaction and postTransactions: money moves here, and nowhere else."""

from collections.abc import Sequence
from typing import TypeAlias
from uuid import UUID

import msgspec

from db import posting
from db.statements import Connection
from db.transactions import Transaction
from ledger.posting import Decision, Posted, Replayed
from ledger.refusals import PostingRefusal
from ledger.transactions import BATCH_MAX, Malformed, TransactionRequest
from resolvers.context import Context, Info
from resolvers.errors import RequestError
from resolvers.mutations.transact import transact


class PostTransactionSuccess(msgspec.Struct, frozen=True, gc=False):
    """The transaction is recorded, now or (``replayed``) by an earlier request with its key."""

    transaction_id: UUID
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
    """Record a batch in order: all or nothing if ``atomic``, else each for itself."""
    if not 1 <= len(requests) <= BATCH_MAX:
        raise RequestError(
            f"A batch has 1 to {BATCH_MAX} transactions, not {len(requests)}. Nothing was posted; "
            "send smaller batches."
        )
    results = await _post(context, requests, atomic=atomic)
    committed = any(isinstance(result, PostTransactionSuccess) for result in results)
    return PostTransactionsPayload(results, committed=committed)


async def recorded(root: PostTransactionSuccess, info: Info) -> Transaction | None:
    """The transaction as it was committed."""
    return await info.context.loaders.transaction_by_id.load(root.transaction_id)


async def _post(
    context: Context, requests: Sequence[TransactionRequest | Malformed], *, atomic: bool
) -> list[PostTransactionResult]:
    async def work(conn: Connection) -> Decision:
        return await posting.post(conn, context.ledger_id, requests, atomic=atomic)

    decision = await transact(context, work, idempotent=True)
    return [_result(outcome) for outcome in decision.outcomes]


def _result(outcome: Posted | Replayed | PostingRefusal) -> PostTransactionResult:
    match outcome:
        case Posted():
            return PostTransactionSuccess(outcome.recorded.transaction_id, replayed=False)
        case Replayed():
            return PostTransactionSuccess(outcome.transaction_id, replayed=True)
        case _:
            return outcome
