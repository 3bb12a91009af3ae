"""Ledgers: a row, the default one, and the trial balance."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, LiteralString

import msgspec
import psycopg
from psycopg.sql import SQL

from db import moments, statements
from db.statements import Connection
from ledger import identifiers

# The one that is there from the start, and is meant where nothing says another.
DEFAULT_LEDGER_ID: Final = 1
DEFAULT_LEDGER_CODE: Final = "main"


class Ledger(msgspec.Struct, frozen=True, gc=False):
    """A book of its own: nothing crosses from one ledger into another."""

    ledger_id: int
    code: str
    name: str
    created_at: datetime
    # The newest seal (db.seals), if there is one: what is sealed, and the hash chain's head in hex.
    sealed_through: datetime | None
    seal_head: str | None


class Listed(msgspec.Struct, frozen=True, gc=False):
    """A ledger in the directory."""

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
    SELECT l.ledger_id, l.code, l.name, l.created_at, s.sealed_through, s.seal_head
    FROM florin.ledgers AS l
    LEFT JOIN (
        SELECT through AS sealed_through, encode(hash, 'hex') AS seal_head
        FROM florin.seals
        WHERE ledger_id = %(ledger_id)s
        ORDER BY number DESC
        LIMIT 1
    ) AS s ON true
    WHERE l.ledger_id = %(ledger_id)s
"""

# Which ledger is meant, and which there are: these belong to none.
BY_CODES: Final[LiteralString] = """
    SELECT ledger_id, code, name, created_at
    FROM florin.ledgers
    WHERE code = ANY(%(codes)s)
    ORDER BY ledger_id
"""

EVERY: Final[LiteralString] = """
    SELECT ledger_id, code, name, created_at
    FROM florin.ledgers
    ORDER BY ledger_id
"""

# Those who make ledgers wait for each other; those who read them do not.
LOCK: Final[LiteralString] = "LOCK TABLE florin.ledgers IN SHARE ROW EXCLUSIVE MODE"

# None for a code that is taken.
NEXT_ID: Final[LiteralString] = """
    SELECT max(ledger_id) + 1
    FROM florin.ledgers
    HAVING count(*) FILTER (WHERE code = %(code)s) = 0
"""

ENTER: Final[LiteralString] = """
    SELECT set_config('florin.ledger_id', %(ledger_id)s::text, true)
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

# All entries of a transaction were recorded at one moment, so debits equal credits at any. The
# accounts are those opened by then; one that has entries was, whatever a clock set back says.
TRIAL_BALANCE_AT: Final = SQL("""
    SELECT a.currency, a.exponent, sum(totals.debits), sum(totals.credits), count(*)
    FROM florin.accounts AS a
    CROSS JOIN ({moment}) AS moment
    CROSS JOIN LATERAL ({totals}) AS totals
    WHERE a.ledger_id = %(ledger_id)s
        AND (a.created_at < moment.before OR totals.version > 0)
    GROUP BY a.currency, a.exponent
    ORDER BY a.currency
""").format(
    moment=moments.MOMENT_RECORDED,
    totals=moments.totals_before(
        "RECORDED",
        account=SQL("a.account_id"),
        normal_side=SQL("a.normal_side"),
        time=SQL("moment.before"),
        first_id=SQL("%(first_id)s"),
    ),
)


async def by_id(conn: Connection, ledger_id: int) -> Ledger | None:
    """One ledger; one round trip."""
    return await statements.one_row(conn, Ledger, BY_ID, {"ledger_id": ledger_id})


async def by_codes(conn: Connection, codes: Sequence[str]) -> list[Listed]:
    """Those of these ledgers that there are; one round trip."""
    return await statements.all_rows(conn, Listed, BY_CODES, {"codes": list(codes)})


async def every(conn: Connection) -> list[Listed]:
    """All ledgers, oldest first; one round trip."""
    return await statements.all_rows(conn, Listed, EVERY, {})


def create_default(conn: psycopg.Connection) -> None:
    """Make the default ledger where it is missing. For the owner's role only."""
    create(conn, DEFAULT_LEDGER_ID, code=DEFAULT_LEDGER_CODE, name="Main ledger")


def next_id(conn: psycopg.Connection, code: str) -> int | None:
    """The id of a new ledger, which this transaction makes or nobody; None if the code is taken."""
    conn.execute(LOCK)
    found = conn.execute(NEXT_ID, {"code": code}).fetchone()
    return None if found is None else int(found[0])


def create(conn: psycopg.Connection, ledger_id: int, *, code: str, name: str) -> None:
    """Make a ledger, its watermark and its duties, each where it is missing.

    What else the transaction makes is of this ledger: row-level security holds for the owner, too.
    """
    conn.execute(ENTER, {"ledger_id": ledger_id})
    conn.execute(CREATE, {"ledger_id": ledger_id, "code": code, "name": name})
    conn.execute(CREATE_WATERMARK, {"ledger_id": ledger_id})
    conn.execute(CREATE_DUTIES, {"ledger_id": ledger_id, "duties": ["SEAL", "SWEEP"]})


async def trial_balance(
    conn: Connection, ledger_id: int, at: datetime | None
) -> list[TrialBalanceLine]:
    """A line for each currency that had an account at a moment, or has one now.

    One round trip, one snapshot.
    """
    if at is None:
        return await statements.all_rows(
            conn, TrialBalanceLine, TRIAL_BALANCE, {"ledger_id": ledger_id}
        )
    # What happens at the very moment counts; after the last that there is, nothing does.
    next_at = at + min(timedelta(microseconds=1), datetime.max.replace(tzinfo=UTC) - at)
    first_id = identifiers.first_uuid7(next_at)
    return await statements.all_rows(
        conn,
        TrialBalanceLine,
        TRIAL_BALANCE_AT,
        {"ledger_id": ledger_id, "at": at, "first_id": first_id},
    )
