"""Entry."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from db import entries as rows
from resolvers import entries
from schema.enums import Side
from schema.nodes import Node, answered_by, answered_for_all, represents
from schema.scalars import Amount, BigInt

if TYPE_CHECKING:
    from schema.accounts import Account
    from schema.transactions import Transaction


@strawberry.type(description="One account's side of one posting: final, and numbered without gaps.")
@represents(rows.Entry)
class Entry(Node):
    """Answered from ``db.entries.Entry``."""

    id: strawberry.ID = answered_by(
        entries.entry_id, "Global id: entry_…, its account's and its version."
    )
    account: Annotated["Account", strawberry.lazy("schema.accounts")] = answered_for_all(
        entries.accounts, "The account whose history this is part of."
    )
    transaction: Annotated["Transaction", strawberry.lazy("schema.transactions")] = (
        answered_for_all(entries.transactions, "What made it.")
    )
    side: Side = strawberry.field(description="The side it stands on.")
    amount: Amount = answered_by(entries.amount, "Positive, in the account's currency.")
    balance_after: Amount = answered_by(
        entries.balance_after, "The account's balance with this entry."
    )
    version: BigInt = strawberry.field(
        description="Its number on its account: 1, 2, 3 and so on, without gaps."
    )
    effective_at: datetime = strawberry.field(
        description="When its transaction takes effect: when it was recorded, unless that was said."
    )
    created_at: datetime = strawberry.field(
        description="When it was recorded; on an account this never runs against the versions."
    )
