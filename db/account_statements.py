"""Statements of account: totals from one snapshot, and pages of the entries that they sum up."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

import msgspec
from psycopg.sql import SQL, Composed

from db import entries, moments, pages, statements
from db.entries import Entry
from db.moments import Clock
from db.pages import Place, Window
from db.statements import Connection
from ledger.accounts import Side


class Period(msgspec.Struct, frozen=True, gc=False):
    """From a moment until just before another, by a clock."""

    from_: datetime
    to: datetime
    clock: Clock


class Totals(msgspec.Struct, frozen=True, gc=False):
    """All of an account's debits and credits before a period and before its end, in minor units.

    ``version`` is the account's in the snapshot that they are from: later entries are none of this
    statement's. The other two are those of the last entries recorded before both moments.
    """

    account_id: UUID
    exponent: int
    normal_side: Side
    version: int
    opening_version: int
    opening_debits: int
    opening_credits: int
    closing_version: int
    closing_debits: int
    closing_credits: int


_TOTALS: Final = SQL("""
    SELECT a.account_id, a.exponent, a.normal_side, a.version,
        opening.version AS opening_version, opening.debits AS opening_debits,
        opening.credits AS opening_credits, closing.version AS closing_version,
        closing.debits AS closing_debits, closing.credits AS closing_credits
    FROM florin.accounts AS a
    CROSS JOIN LATERAL ({opening}) AS opening
    CROSS JOIN LATERAL ({closing}) AS closing
    WHERE a.ledger_id = %(ledger_id)s AND a.account_id = ANY(%(account_ids)s)
""")


def _totals(clock: Clock) -> SQL:
    opening, closing = (
        moments.totals_before(
            clock, account=SQL("a.account_id"), normal_side=SQL("a.normal_side"), time=time
        )
        for time in (SQL("%(from)s"), SQL("%(to)s"))
    )
    return statements.rendered(_TOTALS.format(opening=opening, closing=closing))


TOTALS_RECORDED: Final = _totals("RECORDED")
TOTALS_EFFECTIVE: Final = _totals("EFFECTIVE")

_PARENTS: Final = SQL("""
    unnest(
        %(account_ids)s::uuid[], %(opening_versions)s::bigint[], %(closing_versions)s::bigint[],
        %(versions)s::bigint[]
    ) AS parent (id, opening_version, closing_version, version)""")

_PAGES: Final = SQL("""
    SELECT page.*
    FROM {parents}
    CROSS JOIN LATERAL ({page}) AS page
    ORDER BY page.{time} {direction}, page.version {direction}
""")

# Entries in recorded order: a range of versions.
_BY_VERSION: Final = SQL("""
    {select} AND e.account_id = parent.id
        AND e.version > parent.opening_version AND e.version <= parent.closing_version
        {conditions}
    ORDER BY e.version {direction}
    LIMIT %(limit)s""")

_DATED: Final = SQL("""
    {select} AND e.account_id = parent.id
        AND e.effective_at >= %(from)s AND e.effective_at < %(to)s AND e.version <= parent.version
        {conditions}
    ORDER BY e.effective_at {direction}, e.version {direction}
    LIMIT %(limit)s""")

# Both halves come in order out of an index, and each stops at the page's size.
_MERGED: Final = SQL("""
    SELECT merged.* FROM (({undated}) UNION ALL ({dated})) AS merged
    ORDER BY merged.effective_at {direction}, merged.version {direction}
    LIMIT %(limit)s""")

_UNDATED: Final = SQL("AND e.effective_at IS NULL")

# Beyond a cursor's row, which is dated or not, in each of the three orders.
_BOUNDS_RECORDED: Final = {
    "after": SQL("AND e.version > %(after_version)s"),
    "before": SQL("AND e.version < %(before_version)s"),
}
_BOUNDS_UNDATED: Final = {
    "after": SQL("AND e.version > ({})").format(
        moments.last(
            SQL("parent.id"),
            time=SQL("%(after_at)s"),
            is_before=SQL("(e.created_at, e.version) <= (%(after_at)s, %(after_version)s)"),
        )
    ),
    "before": SQL("AND e.version <= ({})").format(
        moments.last(
            SQL("parent.id"),
            time=SQL("%(before_at)s"),
            is_before=SQL("(e.created_at, e.version) < (%(before_at)s, %(before_version)s)"),
        )
    ),
}
_BOUNDS_DATED: Final = {
    "after": SQL("AND (e.effective_at, e.version) > (%(after_at)s, %(after_version)s)"),
    "before": SQL("AND (e.effective_at, e.version) < (%(before_at)s, %(before_version)s)"),
}

# What is dated is taken out where it was recorded, and put in where it takes effect.
COUNTS_EFFECTIVE: Final = statements.rendered(
    SQL("""
    SELECT parent.id AS parent_id,
        parent.closing_version - parent.opening_version - recorded.rows + effective.rows AS rows
    FROM {parents}
    CROSS JOIN LATERAL (
        SELECT count(*) AS rows
        FROM florin.entries AS e
        WHERE e.ledger_id = %(ledger_id)s AND e.account_id = parent.id
            AND e.effective_at IS NOT NULL
            AND e.created_at >= %(from)s AND e.created_at < %(to)s AND e.version <= parent.version
    ) AS recorded
    CROSS JOIN LATERAL (
        SELECT count(*) AS rows
        FROM florin.entries AS e
        WHERE e.ledger_id = %(ledger_id)s AND e.account_id = parent.id
            AND e.effective_at >= %(from)s AND e.effective_at < %(to)s
            AND e.version <= parent.version
    ) AS effective
""").format(parents=_PARENTS)
)


async def totals_by_account_ids(
    conn: Connection, ledger_id: int, account_ids: Sequence[UUID], period: Period
) -> list[Totals]:
    """One for each account that exists, in no order; one round trip, one snapshot."""
    return await statements.all_rows(
        conn,
        Totals,
        TOTALS_RECORDED if period.clock == "RECORDED" else TOTALS_EFFECTIVE,
        {"ledger_id": ledger_id, "account_ids": account_ids, **_moments(period)},
    )


async def pages_by_totals(
    conn: Connection,
    ledger_id: int,
    totals: Sequence[Totals],
    period: Period,
    window: Window[Place],
) -> list[Entry]:
    """One page for each statement, each one's rows oldest first by its clock; one round trip."""
    parameters = {
        "ledger_id": ledger_id,
        "limit": window.limit,
        **_parents(totals),
        **_moments(period),
        **_places(window),
    }
    query = _pages(
        period.clock,
        tuple(name for name in ("after", "before") if getattr(window, name)),
        backward=window.backward,
    )
    rows = await statements.all_rows(conn, Entry, query, parameters)
    return rows[::-1] if window.backward else rows


async def counts_by_totals(
    conn: Connection, ledger_id: int, totals: Sequence[Totals], period: Period
) -> list[pages.Count]:
    """How many entries each statement has by effective time; one round trip.

    By recorded time nothing needs to be read: it is the difference of two versions.
    """
    parameters = {"ledger_id": ledger_id, **_parents(totals), **_moments(period)}
    return await statements.all_rows(conn, pages.Count, COUNTS_EFFECTIVE, parameters)


@lru_cache
def _pages(clock: Clock, given: tuple[str, ...], *, backward: bool) -> SQL:
    direction = SQL("DESC" if backward else "ASC")

    def part(query: SQL, bounds: dict[str, SQL] | dict[str, Composed], *first: SQL) -> Composed:
        conditions = (*first, *(bounds[name] for name in given))
        return query.format(
            select=entries.LISTING.select,
            conditions=SQL(" ").join(conditions),
            direction=direction,
        )

    if clock == "RECORDED":
        page = part(_BY_VERSION, _BOUNDS_RECORDED)
    else:
        page = _MERGED.format(
            undated=part(_BY_VERSION, _BOUNDS_UNDATED, _UNDATED),
            dated=part(_DATED, _BOUNDS_DATED),
            direction=direction,
        )
    time = SQL("created_at" if clock == "RECORDED" else "effective_at")
    return statements.rendered(
        _PAGES.format(parents=_PARENTS, page=page, time=time, direction=direction)
    )


def _moments(period: Period) -> dict[str, object]:
    return {"from": period.from_, "to": period.to}


def _parents(totals: Sequence[Totals]) -> dict[str, object]:
    return {
        "account_ids": [one.account_id for one in totals],
        "opening_versions": [one.opening_version for one in totals],
        "closing_versions": [one.closing_version for one in totals],
        "versions": [one.version for one in totals],
    }


def _places(window: Window[Place]) -> dict[str, object]:
    after, before = window.after, window.before
    return {
        "after_at": after and after.at,
        "after_version": after and after.version,
        "before_at": before and before.at,
        "before_version": before and before.version,
    }
