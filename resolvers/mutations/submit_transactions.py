"""Whatever moves or holds money, alone or in a batch: here, by one path, and nowhere else."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from db import actions, posting, transactions
from db.observation import watching
from db.statements import Connection
from db.transactions import Transaction
from ledger.posting import Decision
from ledger.refusals import InvalidInput
from ledger.transactions import BATCH_MAX, Malformed, Request
from resolvers import posting_outcomes
from resolvers.context import Context
from resolvers.mutations.transact import transact
from resolvers.posting_outcomes import PostTransactionResult, PostTransactionSuccess, counted


class PostTransactionsPayload(msgspec.Struct, frozen=True):
    """A result for each item, in order; ``committed`` if any of them is recorded."""

    results: Sequence[PostTransactionResult]
    committed: bool


async def submit_one(
    context: Context, request: Request | Malformed, *, kind: str
) -> PostTransactionResult:
    """Post, capture, void or reverse one transaction; ``kind`` is the mutation's field.

    It shares a database transaction with what others ask at the same time, where there is a line
    for them (``resolvers.posting_groups``).
    """
    if context.line is None or isinstance(request, Malformed):
        (result,) = await _submit(context, [request], atomic=False, kind=kind)
        return result
    context.forget()
    return await context.line.submit(request, actions.of(context.actor, kind), context.feed)


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
    rows = posting_outcomes.created(decision, recorded_at)
    rows |= await _earlier(context, posting_outcomes.earlier(decision))
    return [posting_outcomes.result(outcome, rows) for outcome in decision.outcomes]


async def _earlier(context: Context, ids: set[UUID]) -> dict[UUID, Transaction]:
    """The transactions that were there before."""
    if not ids:
        return {}
    found = await context.loaders.read(
        lambda conn: transactions.by_ids(conn, context.ledger_id, list(ids))
    )
    return {transaction.transaction_id: transaction for transaction in found}
