"""Transaction and Posting."""

from datetime import datetime

import strawberry

from db import transactions as rows
from resolvers import transactions
from schema.accounts import Account
from schema.currencies import Currency
from schema.entries import Entry
from schema.enums import TransactionState
from schema.nodes import Node, answered_by, represents
from schema.scalars import JSON, Amount


@strawberry.type(description="A movement of one currency: balanced by construction.")
class Posting:
    """Answered from ``db.transactions.Posting``."""

    debit: Account = answered_by(transactions.posting_debit, "The debited account.")
    credit: Account = answered_by(transactions.posting_credit, "The credited account.")
    amount: Amount = answered_by(
        transactions.posting_amount, "Positive, in both accounts' currency."
    )
    currency: Currency = answered_by(
        transactions.posting_currency, "The currency of both accounts."
    )


@strawberry.type(description="Postings that happened together: 1 to 100 of them, and final.")
@represents(rows.Transaction)
class Transaction(Node):
    """Answered from ``db.transactions.Transaction``."""

    id: strawberry.ID = answered_by(transactions.transaction_id, "Global id: txn_…")
    idempotency_key: str = strawberry.field(
        description="What the application called it when it asked; unique in its ledger."
    )
    state: TransactionState = strawberry.field(description="How far it is.")
    description: str = strawberry.field(description="For people; may be empty.")
    metadata: JSON = strawberry.field(description="The application's own; an empty object if none.")
    effective_at: datetime = answered_by(
        transactions.effective_at,
        "When it takes effect; as yet, always when it was recorded.",
    )
    created_at: datetime = strawberry.field(
        description="When it was recorded: the database's clock while it held the accounts."
    )
    postings: list[Posting] = answered_by(
        transactions.postings, "The movements, in the order asked for."
    )
    entries: list[Entry] = answered_by(
        transactions.entries,
        "What it did to each account: two entries a posting, debit before credit.",
    )
