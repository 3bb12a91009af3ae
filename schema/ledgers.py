"""Ledger and its trial balance."""

from datetime import datetime

import strawberry

from resolvers import ledgers
from schema.currencies import Currency
from schema.nodes import answered_by
from schema.scalars import Amount


@strawberry.type(description="All accounts of one currency, summed.")
class TrialBalanceLine:
    """Answered from ``db.ledgers.TrialBalanceLine``."""

    currency: Currency = answered_by(ledgers.line_currency, "The currency of the line.")
    debits: Amount = answered_by(ledgers.line_debits, "Everything ever debited.")
    credits: Amount = answered_by(ledgers.line_credits, "Everything ever credited.")
    balanced: bool = strawberry.field(
        description="Whether debits equal credits. Always true, unless the database was tampered "
        "with."
    )
    accounts: int = strawberry.field(description="How many accounts hold the currency.")


@strawberry.type(description="A book of its own: nothing crosses from one ledger into another.")
class Ledger:
    """Answered from ``db.ledgers.Ledger``."""

    code: str = strawberry.field(description="The ledger's short name.")
    name: str = strawberry.field(description="For people.")
    created_at: datetime = strawberry.field(description="When the ledger was made.")
    currencies: list[Currency] = answered_by(
        ledgers.every_currency,
        "All of ISO 4217 and what applications created, by code.",
    )
    trial_balance: list[TrialBalanceLine] = answered_by(
        ledgers.trial_balance,
        "A line for each currency in use, from one snapshot: the proof that money "
        "neither appears nor vanishes.",
    )
