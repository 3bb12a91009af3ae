"""Currencies: all of ISO 4217, and those that applications create."""

from collections.abc import Sequence
from typing import Final, LiteralString

import iso4217
import msgspec
import psycopg

from db import statements
from db.statements import Connection


class Currency(msgspec.Struct, frozen=True, gc=False):
    """A unit of account; its exponent, the decimals of its major unit, never changes."""

    code: str
    exponent: int
    name: str


BY_CODES: Final[LiteralString] = """
    SELECT code, exponent, name
    FROM florin.currencies
    WHERE ledger_id = %(ledger_id)s AND code = ANY(%(codes)s)
"""

ALL: Final[LiteralString] = """
    SELECT code, exponent, name
    FROM florin.currencies
    WHERE ledger_id = %(ledger_id)s
    ORDER BY code
"""

CREATE: Final[LiteralString] = """
    INSERT INTO florin.currencies (ledger_id, code, exponent, name, created_at)
    VALUES (%(ledger_id)s, %(code)s, %(exponent)s, %(name)s, now())
    ON CONFLICT (ledger_id, code) DO NOTHING
    RETURNING code, exponent, name
"""

CREATE_ALL: Final[LiteralString] = """
    INSERT INTO florin.currencies (ledger_id, code, exponent, name, created_at)
    SELECT %(ledger_id)s, new.code, new.exponent, new.name, now()
    FROM unnest(%(codes)s::text[], %(exponents)s::smallint[], %(names)s::text[])
        AS new (code, exponent, name)
    ON CONFLICT (ledger_id, code) DO NOTHING
"""


async def by_codes(conn: Connection, ledger_id: int, codes: Sequence[str]) -> list[Currency]:
    """Those that exist, in no order; one round trip."""
    parameters = {"ledger_id": ledger_id, "codes": codes}
    return await statements.all_rows(conn, Currency, BY_CODES, parameters)


async def every(conn: Connection, ledger_id: int) -> list[Currency]:
    """Every currency of a ledger, by code; one round trip."""
    return await statements.all_rows(conn, Currency, ALL, {"ledger_id": ledger_id})


async def create(conn: Connection, ledger_id: int, currency: Currency) -> Currency | None:
    """The new row, or None where the code is taken; one round trip."""
    parameters = {
        "ledger_id": ledger_id,
        "code": currency.code,
        "exponent": currency.exponent,
        "name": currency.name,
    }
    return await statements.one_row(conn, Currency, CREATE, parameters)


def iso() -> list[Currency]:
    """ISO 4217, as every ledger has it from the start.

    Codes without a minor unit of their own (gold, bond units, testing) are left for applications to
    create with the exponent they mean.
    """
    return [
        Currency(currency.code, currency.exponent, currency.currency_name)
        for currency in iso4217.Currency
        if currency.exponent is not None
    ]


def create_iso(conn: psycopg.Connection, ledger_id: int) -> None:
    """Add what a ledger lacks of ISO 4217. What is there, whoever made it, stays as it is."""
    known = iso()
    parameters = {
        "ledger_id": ledger_id,
        "codes": [currency.code for currency in known],
        "exponents": [currency.exponent for currency in known],
        "names": [currency.name for currency in known],
    }
    conn.execute(CREATE_ALL, parameters)
