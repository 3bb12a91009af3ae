"""Balances: what accounts held at a moment, by the time of recording or by the time of effect."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from psycopg.sql import SQL

from db import moments, statements
from db.moments import Clock
from db.statements import Connection
from ledger.accounts import Side


class Balance(msgspec.Struct, frozen=True, gc=False):
    """An account's counters as they were. Amounts are minor units."""

    account_id: UUID
    exponent: int
    normal_side: Side
    debits_posted: int
    credits_posted: int
    debits_pending: int
    credits_pending: int
    # The moment that they were true of.
    read_at: datetime


class Moment(msgspec.Struct, frozen=True, gc=False):
    """When, None for now, and by which clock. What happens at the very moment counts.

    Without ``with_pending`` the pending counters are not read, and 0.
    """

    at: datetime | None
    clock: Clock
    with_pending: bool = True


_AT: Final = SQL("""
    SELECT a.account_id, a.exponent, a.normal_side,
        totals.debits AS debits_posted, totals.credits AS credits_posted,
        pending.debits AS debits_pending, pending.credits AS credits_pending, moment.read_at
    FROM florin.accounts AS a
    CROSS JOIN ({moment}) AS moment
    CROSS JOIN LATERAL ({totals}) AS totals
    CROSS JOIN LATERAL ({pending}) AS pending
    WHERE a.ledger_id = %(ledger_id)s AND a.account_id = ANY(%(account_ids)s)
""")

# Pending is what was recorded and not resolved before the moment's end, and had not expired at it
# (or by now, where the moment is still to come). The two halves have an index each; the second
# reads whatever was resolved since.
_PENDING: Final = SQL("""
        SELECT coalesce(sum(hold.amount) FILTER (WHERE hold.side = 'DEBIT'), 0) AS debits,
            coalesce(sum(hold.amount) FILTER (WHERE hold.side = 'CREDIT'), 0) AS credits
        FROM (
            SELECT h.side, h.amount, h.created_at, h.expires_at
            FROM florin.holds AS h
            WHERE h.ledger_id = %(ledger_id)s AND h.account_id = a.account_id
                AND h.resolved_at IS NULL
            UNION ALL
            SELECT h.side, h.amount, h.created_at, h.expires_at
            FROM florin.holds AS h
            WHERE h.ledger_id = %(ledger_id)s AND h.account_id = a.account_id
                AND h.resolved_at IS NOT NULL AND h.resolved_at >= moment.before
        ) AS hold
        WHERE hold.created_at < moment.before
            AND (hold.expires_at IS NULL
                OR hold.expires_at > least(moment.read_at, now()))
""")
_NO_PENDING: Final = SQL("SELECT 0::numeric AS debits, 0::numeric AS credits")


def _at(clock: Clock, moment: SQL, pending: SQL) -> SQL:
    totals = moments.totals_before(
        clock,
        account=SQL("a.account_id"),
        normal_side=SQL("a.normal_side"),
        time=SQL("moment.before"),
    )
    return statements.rendered(_AT.format(moment=moment, totals=totals, pending=pending))


AT_RECORDED: Final = _at("RECORDED", moments.MOMENT_RECORDED, _PENDING)
AT_EFFECTIVE: Final = _at("EFFECTIVE", moments.MOMENT_EFFECTIVE, _PENDING)
POSTED_AT_RECORDED: Final = _at("RECORDED", moments.MOMENT_RECORDED, _NO_PENDING)
POSTED_AT_EFFECTIVE: Final = _at("EFFECTIVE", moments.MOMENT_EFFECTIVE, _NO_PENDING)

_STATEMENTS: Final[Mapping[tuple[Clock, bool], SQL]] = {
    ("RECORDED", True): AT_RECORDED,
    ("EFFECTIVE", True): AT_EFFECTIVE,
    ("RECORDED", False): POSTED_AT_RECORDED,
    ("EFFECTIVE", False): POSTED_AT_EFFECTIVE,
}


async def by_account_ids(
    conn: Connection, ledger_id: int, account_ids: Sequence[UUID], moment: Moment
) -> list[Balance]:
    """One for each account that exists, in no order; one round trip."""
    return await statements.all_rows(
        conn,
        Balance,
        _STATEMENTS[moment.clock, moment.with_pending],
        {"ledger_id": ledger_id, "account_ids": account_ids, "at": moment.at},
    )
