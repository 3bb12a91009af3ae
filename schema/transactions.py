"""Transaction and Posting."""

from datetime import datetime
from typing import Annotated

import strawberry

from db import transactions as rows
from resolvers import transactions
from schema.accounts import Account
from schema.currencies import Currency
from schema.entries import Entry
from schema.enums import TransactionState
from schema.nodes import Node, answered_by, answered_for_all, represents
from schema.scalars import JSON, Amount

_ItsOwn = Annotated["Transaction", strawberry.lazy("schema.transactions")]


@strawberry.type(description="A movement of one currency: balanced by construction.")
class Posting:
    """Answered from ``db.transactions.Posting``."""

    debit: Account = answered_for_all(transactions.posting_debits, "The debited account.")
    credit: Account = answered_for_all(transactions.posting_credits, "The credited account.")
    amount: Amount = answered_by(
        transactions.posting_amount,
        "Positive, in both accounts' currency: what was asked for, or held.",
    )
    captured: Amount | None = answered_by(
        transactions.posting_captured,
        "What a captured hold moved of `amount`; null for anything but a captured hold.",
    )
    currency: Currency = answered_for_all(
        transactions.posting_currencies, "The currency of both accounts."
    )


@strawberry.type(description="Postings that happen together or not at all: 1 to 100 of them.")
@represents(rows.Transaction)
class Transaction(Node):
    """Answered from ``db.transactions.Transaction``."""

    id: strawberry.ID = answered_by(transactions.transaction_id, "Global id: txn_…")
    idempotency_key: str = strawberry.field(
        description="What the application called it when it asked; unique in its ledger."
    )
    state: TransactionState = strawberry.field(
        description="How far it is, exact at the moment of the answer: a hold is EXPIRED from its "
        "expiry on."
    )
    description: str = strawberry.field(description="For people; may be empty.")
    metadata: JSON = strawberry.field(description="The application's own; an empty object if none.")
    effective_at: datetime = strawberry.field(
        description="When it takes effect: what the application said, or else when it moved money, "
        "or was recorded."
    )
    created_at: datetime = strawberry.field(
        description="When it was recorded: the database's clock while it held the accounts."
    )
    resolved_at: datetime | None = strawberry.field(
        description="When the hold was captured or voided, or expired; null if it is pending, and "
        "for what was posted at once."
    )
    expires_at: datetime | None = strawberry.field(
        description="When the hold expires, or would have; null if never, and for what was posted "
        "at once."
    )
    postings: list[Posting] = answered_for_all(
        transactions.postings, "The movements, in the order asked for."
    )
    entries: list[Entry] = answered_for_all(
        transactions.entries,
        "What it did to each account: two entries a posting, debit before credit; none while it is "
        "held, voided or expired.",
    )
    created_by: str | None = answered_for_all(
        transactions.created_by,
        "Who had it recorded: an API key's id (key_…) or a token's subject; `anonymous` where no "
        "credentials were configured, `local` for what an import did; null if it is older than "
        "this is noted.",
    )
    created_by_request: str | None = answered_for_all(
        transactions.created_by_request,
        "The id of the request that had it recorded, as its answer's X-Request-Id says.",
    )
    resolved_by: str | None = answered_for_all(
        transactions.resolved_by,
        "Who captured or voided the hold; null if nobody did, as when it expired.",
    )
    resolved_by_request: str | None = answered_for_all(
        transactions.resolved_by_request,
        "The id of the request that captured or voided the hold.",
    )
    reverses: _ItsOwn | None = answered_for_all(
        transactions.reverses, "The transaction that this one took back, if it is a reversal."
    )
    reversed_by: _ItsOwn | None = answered_for_all(
        transactions.reversed_by, "The reversal that took this transaction back, if any."
    )
