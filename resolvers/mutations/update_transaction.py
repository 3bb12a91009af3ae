"""updateTransaction: another description, other metadata. What moved stays as it is."""

from typing import TypeAlias

import msgspec

from db import actions, transactions
from db.statements import Connection
from db.transactions import Transaction
from ledger import identifiers, metadata, texts
from ledger.metadata import Metadata
from ledger.refusals import InvalidInput
from ledger.resolution_refusals import TransactionNotFound
from ledger.transactions import TransactionKey
from resolvers.context import Context
from resolvers.mutations.transact import transact
from resolvers.transactions import find


class UpdateTransactionSuccess(msgspec.Struct, frozen=True):
    """The transaction as it is now."""

    transaction: Transaction


UpdateTransactionOutcome: TypeAlias = UpdateTransactionSuccess | InvalidInput | TransactionNotFound


async def update_transaction(
    context: Context,
    *,
    key: TransactionKey,
    description: str | None,
    metadata_changes: Metadata,
) -> UpdateTransactionOutcome:
    """Change what is given; metadata is merged by key, and null removes a key.

    A replay of the first request still answers with this transaction: it is compared with what was
    first sent.
    """
    refusal = _malformed(description, metadata_changes)
    if refusal is not None:
        return refusal
    named = await find(context, key)
    missing = TransactionNotFound(path=("input", "transaction"), transaction=texts.shown(key.text))
    if named is None:
        return missing

    async def work(conn: Connection) -> UpdateTransactionOutcome:
        transaction = await transactions.lock(conn, context.ledger_id, named.transaction_id)
        if transaction is None:
            return missing
        merged = metadata.merge(transaction.metadata, metadata_changes)
        problem = metadata.problem(merged)
        if problem is not None:
            return InvalidInput(path=("input", "metadata"), problem=problem)
        changed = msgspec.structs.replace(
            transaction,
            description=transaction.description if description is None else description,
            metadata=merged,
        )
        updated = await transactions.update(conn, context.ledger_id, changed)
        assert updated is not None
        subject = identifiers.render("txn", updated.transaction_id)
        action = actions.of(context.actor, "updateTransaction", subject=subject)
        await actions.record(conn, context.ledger_id, action)
        return UpdateTransactionSuccess(updated)

    return await transact(context, work)


def _malformed(description: str | None, changes: Metadata) -> InvalidInput | None:
    problem = texts.prose_problem(description or "", length_max=texts.DESCRIPTION_MAX)
    if problem is not None:
        return InvalidInput(path=("input", "description"), problem=problem)
    problem = metadata.problem(changes)
    return None if problem is None else InvalidInput(path=("input", "metadata"), problem=problem)
