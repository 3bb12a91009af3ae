"""Ledger and its trial balance."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import UNSET

from db.ledgers import Ledger as LedgerRow
from db.ledgers import TrialBalanceLine as TrialBalanceLineRow
from resolvers import ledger_events, ledgers
from resolvers.context import Info
from schema.currencies import Currency
from schema.nodes import answered_by, answered_for_all
from schema.scalars import Amount
from schema.unset import or_none


@strawberry.type(description="All accounts of one currency, summed.")
class TrialBalanceLine:
    """Answered from ``db.ledgers.TrialBalanceLine``."""

    currency: Currency = answered_for_all(ledgers.line_currencies, "The currency of the line.")
    debits: Amount = answered_by(ledgers.line_debits, "Everything ever debited.")
    credits: Amount = answered_by(ledgers.line_credits, "Everything ever credited.")
    balanced: bool = strawberry.field(
        description="Whether debits equal credits. Always true, unless the database was tampered "
        "with."
    )
    accounts: int = strawberry.field(description="How many accounts hold the currency.")


async def _trial_balance(
    root: LedgerRow,
    info: Info,
    at: Annotated[
        datetime | None,
        strawberry.argument(
            description="Of the accounts opened and the entries recorded up to this moment; now "
            "unless told."
        ),
    ] = UNSET,
) -> list[TrialBalanceLineRow]:
    return await ledgers.trial_balance(root, info, or_none(at))


@strawberry.type(description="A book of its own: nothing crosses from one ledger into another.")
class Ledger:
    """Answered from ``db.ledgers.Ledger``."""

    code: str = strawberry.field(description="The ledger's short name.")
    name: str = strawberry.field(description="For people.")
    created_at: datetime = strawberry.field(description="When the ledger was made.")
    sealed_through: datetime | None = strawberry.field(
        description="Every entry recorded up to this moment is in the hash chain; null while "
        "nothing is. It follows what is recorded by a few seconds."
    )
    seal_head: str | None = strawberry.field(
        description="The newest seal's hash, 64 hexadecimal digits. Keep it elsewhere: with it, "
        "nobody can rewrite what is sealed without being found out."
    )
    events_through: str = answered_by(
        ledger_events.through,
        "The cursor after the newest event. Read what you show in the same query, marked "
        "`@snapshot`, then subscribe to `ledgerEvents(after:)` with it: nothing is missed in "
        "between, though what is shown already may come again.",
    )
    currencies: list[Currency] = answered_by(
        ledgers.every_currency,
        "All of ISO 4217 and what applications created, by code.",
    )
    trial_balance: list[TrialBalanceLine] = answered_by(
        _trial_balance,
        "A line for each currency in use, from one snapshot: the proof that money "
        "neither appears nor vanishes.",
    )
