"""Ledgers: a row, the default one, and the trial balance."""

from datetime import datetime
from typing import Final, LiteralString

import msgspec
import psycopg

from db import statements
from db.statements import Connection

# Until credentials choose among several (a later version), every request means this one.
DEFAULT_LEDGER_ID: Final = 1


class Ledger(msgspec.Struct, frozen=True, gc=False):
    """A book of its own: nothing crosses from one ledger into another."""

    ledger_id: int
    code: str
    name: str
    created_at: datetime


class TrialBalanceLine(msgspec.Struct, frozen=True, gc=False):
    """All accounts of one currency, summed. Amounts are minor units."""

    currency: str
    exponent: int
    debits: int
    credits: int
    accounts: int

    @property
    def balanced(self) -> bool:
        """Whether debits equal credits; anything else is corruption."""
        return self.debits == self.credits


BY_ID: Final[LiteralString] = """
    SELECT ledger_id, code, name, created_at
    FROM florin.ledgers
    WHERE ledger_id = %(ledger_id)s
"""

CREATE: Final[LiteralString] = """
    INSERT INTO florin.ledgers (ledger_id, code, name, created_at)
    VALUES (%(ledger_id)s, %(code)s, %(name)s, now())
    ON CONFLICT (ledger_id) DO NOTHING
"""

CREATE_WATERMARK: Final[LiteralString] = """
    INSERT INTO florin.watermarks (ledger_id, announced_at)
    VALUES (%(ledger_id)s, now())
    ON CONFLICT (ledger_id) DO NOTHING
"""

CREATE_DUTIES: Final[LiteralString] = """
    INSERT INTO florin.duties (ledger_id, duty)
    SELECT %(ledger_id)s, new.duty FROM unnest(%(duties)s::text[]) AS new (duty)
    ON CONFLICT (ledger_id, duty) DO NOTHING
"""

TRIAL_BALANCE: Final[LiteralString] = """
    SELECT currency, exponent, sum(debits_posted), sum(credits_posted), count(*)
    FROM florin.accounts
    WHERE ledger_id = %(ledger_id)s
    GROUP BY currency, exponent
    ORDER BY currency
"""


async def by_id(conn: Connection, ledger_id: int) -> Ledger | None:
    """One ledger; one round trip."""
    return await statements.one_row(conn, Ledger, BY_ID, {"ledger_id": ledger_id})


def create_default(conn: psycopg.Connection) -> None:
    """Make the default ledger where it is missing. For the owner's role only."""
    create(conn, DEFAULT_LEDGER_ID, code="main", name="Main ledger")


def create(conn: psycopg.Connection, ledger_id: int, *, code: str, name: str) -> None:
    """Make a ledger, its watermark and its duties, each where it is missing."""
    conn.execute(CREATE, {"ledger_id": ledger_id, "code": code, "name": name})
    conn.execute(CREATE_WATERMARK, {"ledger_id": ledger_id})
    conn.execute(CREATE_DUTIES, {"ledger_id": ledger_id, "duties": ["SEAL", "SWEEP"]})


async def trial_balance(conn: Connection, ledger_id: int) -> list[TrialBalanceLine]:
    """A line for each currency that has an account; one round trip, one snapshot."""
    return await statements.all_rows(
        conn, TrialBalanceLine, TRIAL_BALANCE, {"ledger_id": ledger_id}
    )
