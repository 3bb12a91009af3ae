"""createCurrency: a unit of account that ISO 4217 does not have."""

import msgspec

from db import actions, currencies
from db.currencies import Currency
from db.statements import Connection
from ledger import texts
from ledger.refusals import CurrencyTaken, InvalidInput
from resolvers.context import Context
from resolvers.mutations.transact import transact


class CreateCurrencySuccess(msgspec.Struct, frozen=True):
    """The currency is there."""

    currency: Currency


async def create_currency(
    context: Context, *, code: str, exponent: int, name: str
) -> CreateCurrencySuccess | InvalidInput | CurrencyTaken:
    """Create a currency; its code and exponent are final."""
    refusal = _malformed(code=code, exponent=exponent, name=name)
    if refusal is not None:
        return refusal

    async def work(conn: Connection) -> CreateCurrencySuccess | CurrencyTaken:
        created = await currencies.create(
            conn, context.ledger_id, Currency(code=code, exponent=exponent, name=name)
        )
        if created is None:
            return CurrencyTaken(path=("input", "code"), currency_code=code)
        action = actions.of(context.actor, "createCurrency", subject=code)
        await actions.record(conn, context.ledger_id, action)
        return CreateCurrencySuccess(created)

    return await transact(context, work)


def _malformed(*, code: str, exponent: int, name: str) -> InvalidInput | None:
    problem = texts.currency_code_problem(code)
    if problem is not None:
        return InvalidInput(path=("input", "code"), problem=problem)
    if not 0 <= exponent <= texts.CURRENCY_EXPONENT_MAX:
        problem = f"an exponent is from 0 to {texts.CURRENCY_EXPONENT_MAX}, not {exponent}"
        return InvalidInput(path=("input", "exponent"), problem=problem)
    problem = texts.prose_problem(name, length_max=texts.NAME_MAX)
    return None if problem is None else InvalidInput(path=("input", "name"), problem=problem)
