"""The ledger: its own fields, its currencies and its trial balance."""

from collections.abc import Awaitable, Sequence
from datetime import datetime

from db import currencies, ledgers
from db.currencies import Currency
from db.ledgers import Ledger, TrialBalanceLine
from ledger import amounts
from resolvers.context import Context, Info


async def find(context: Context) -> Ledger | None:
    """The request's ledger."""
    return await context.loaders.read(lambda conn: ledgers.by_id(conn, context.ledger_id))


async def every_currency(root: Ledger, info: Info) -> list[Currency]:
    """All the ledger's currencies, by code."""
    return await info.context.loaders.read(lambda conn: currencies.every(conn, root.ledger_id))


async def trial_balance(root: Ledger, info: Info, at: datetime | None) -> list[TrialBalanceLine]:
    """A line for each currency in use, at a moment or now."""
    return await info.context.loaders.read(
        lambda conn: ledgers.trial_balance(conn, root.ledger_id, at)
    )


def line_currencies(
    roots: Sequence[TrialBalanceLine], info: Info
) -> Awaitable[Sequence[Currency | None]]:
    """The lines' currencies."""
    return info.context.loaders.currency_by_code.load_each([root.currency for root in roots])


def line_debits(root: TrialBalanceLine) -> str:
    """Everything ever debited in this currency, in major units."""
    return amounts.render(root.debits, root.exponent)


def line_credits(root: TrialBalanceLine) -> str:
    """Everything ever credited in this currency, in major units."""
    return amounts.render(root.credits, root.exponent)
