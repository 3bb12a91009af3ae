"""Pages of transactions, newest first: all of a ledger's, or one account's.

The order is that of the ids, which is the order in which transactions were recorded. A range of
effective time is a range of ids for those that take effect when they are recorded; the others, few
as a rule, have an index of their own. An account's are those with entries on it and those that were
only ever held. Each part is read in the page's order, and they are merged. All is read through a
view, in which PostgreSQL may use the indexes on metadata and on effective times (db/schema.sql).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from psycopg.sql import SQL, Composed

from db import pages, statements
from db.pages import Listing, Window
from db.statements import Connection
from db.transactions import COLUMNS, Transaction
from ledger import identifiers
from ledger.records import TransactionState


class TransactionFilter(msgspec.Struct, frozen=True, gc=False):
    """Conditions that all hold; None asks nothing. ``metadata_contains`` is JSON text."""

    account_id: UUID | None = None
    state: TransactionState | None = None
    effective_from: datetime | None = None
    effective_before: datetime | None = None
    metadata_contains: str | None = None
    metadata_has_key: str | None = None


_DATED: Final = SQL("coalesce(t.effective_at, CASE WHEN t.state = 'POSTED' THEN t.resolved_at END)")

_CONDITIONS: Final[dict[str, SQL | Composed]] = {
    # Whole constants, so that the partial index over what is not posted can be used.
    "POSTED": SQL("t.state = 'POSTED'"),
    "PENDING": SQL("t.state = 'PENDING' AND (t.expires_at IS NULL OR t.expires_at > now())"),
    "VOIDED": SQL("t.state = 'VOIDED'"),
    "EXPIRED": SQL(
        "t.state IN ('EXPIRED', 'PENDING') AND t.state <> 'POSTED'"
        " AND (t.state = 'EXPIRED' OR t.expires_at <= now())"
    ),
    # Of what takes effect when it is recorded, whose ids begin with that time.
    "undated": SQL("{} IS NULL").format(_DATED),
    "undated_from": SQL("t.transaction_id >= %(id_from)s"),
    "undated_before": SQL("t.transaction_id < %(id_before)s"),
    # Of the others. The first lets the planner use their partial index.
    "dated": SQL("{} IS NOT NULL").format(_DATED),
    "dated_from": SQL("{} >= %(effective_from)s").format(_DATED),
    "dated_before": SQL("{} < %(effective_before)s").format(_DATED),
    # The array is the index's first column: without it other ledgers' rows would be found, and
    # thrown away again, in a time that tells of them. The last part lets the planner use the
    # partial index.
    "metadata_contains": SQL(
        "ARRAY[t.ledger_id] @> ARRAY[%(ledger_id)s::integer]"
        " AND t.metadata @> %(metadata_contains)s::jsonb AND t.metadata <> '{}'::jsonb"
    ),
    "metadata_has_key": SQL(
        "ARRAY[t.ledger_id] @> ARRAY[%(ledger_id)s::integer]"
        " AND t.metadata ? %(metadata_has_key)s AND t.metadata <> '{}'::jsonb"
    ),
}

LISTING: Final = Listing(
    select=SQL("""
        SELECT {}
        FROM florin.searchable_transactions AS t
        WHERE t.ledger_id = %(ledger_id)s""").format(COLUMNS),
    key=SQL("t.transaction_id"),
    key_name=SQL("transaction_id"),
    descending=True,
    conditions=_CONDITIONS,
)

# An account's transactions, walked along its own index, which ends the walk at the page's end:
# DISTINCT ON takes rows as they come, where DISTINCT in a query of its own would first read all.
_OF_ACCOUNT: Final = SQL("""
        SELECT DISTINCT ON (e.transaction_id) {columns}
        FROM {table} AS e
        JOIN florin.searchable_transactions AS t ON t.transaction_id = e.transaction_id
        WHERE e.ledger_id = %(ledger_id)s AND e.account_id = %(account_id)s
            -- Of another type than above, and no condition of the join: were the two one and the
            -- same to the planner, what row-level security says of the first table would hold for
            -- the second, too, and no index of the view's could be used.
            AND t.ledger_id = %(ledger_id)s::integer{condition}""")


def _listing_of_account(table: SQL, condition: SQL) -> Listing:
    return Listing(
        select=_OF_ACCOUNT.format(columns=COLUMNS, table=table, condition=condition),
        key=SQL("e.transaction_id"),
        key_name=SQL("transaction_id"),
        descending=True,
        conditions=_CONDITIONS
        | {
            # On the column that is walked: the planner does not carry a range over a join.
            "undated_from": SQL("e.transaction_id >= %(id_from)s"),
            "undated_before": SQL("e.transaction_id < %(id_before)s"),
        },
    )


# A hold has no entries until it is captured, and one that never was has none at all: the two have
# no transaction in common, and all of them between them.
OF_ACCOUNT_WITH_ENTRIES: Final = _listing_of_account(SQL("florin.entries"), SQL(""))
OF_ACCOUNT_ONLY_HELD: Final = _listing_of_account(
    SQL("florin.holds"), SQL(" AND e.captured IS NULL")
)

_MERGED: Final = SQL(
    "SELECT merged.* FROM ({parts}) AS merged"
    " ORDER BY merged.transaction_id {direction} LIMIT %(limit)s"
)


async def page(
    conn: Connection, ledger_id: int, filter_: TransactionFilter, window: Window[UUID]
) -> list[Transaction]:
    """One page, newest first; one round trip."""
    rows = await statements.all_rows(
        conn,
        Transaction,
        _page(filter_, window),
        {**_parameters(ledger_id, filter_), **pages.bounds(window)},
    )
    return rows[::-1] if window.backward else rows


async def count(conn: Connection, ledger_id: int, filter_: TransactionFilter) -> int:
    """How many there are; one round trip for each part, which reads them all."""
    counted = 0
    for listing, conditions in _parts(filter_):
        found = await statements.one_row(
            conn, int, listing.count(conditions), _parameters(ledger_id, filter_)
        )
        counted += found or 0
    return counted


def _page(filter_: TransactionFilter, window: Window[UUID]) -> SQL | Composed:
    each = [listing.page(window, conditions) for listing, conditions in _parts(filter_)]
    if len(each) == 1:
        return each[0]
    parts = SQL(" UNION ALL ").join([SQL("({})").format(part) for part in each])
    return _MERGED.format(parts=parts, direction=SQL("ASC" if window.backward else "DESC"))


def _parts(filter_: TransactionFilter) -> list[tuple[Listing, tuple[str, ...]]]:
    """What is read, each with its conditions, and merged in the page's order."""
    return [
        (listing, conditions) for listing in _listings(filter_) for conditions in _choices(filter_)
    ]


def _listings(filter_: TransactionFilter) -> Sequence[Listing]:
    if filter_.account_id is None:
        return (LISTING,)
    # What is posted has entries, and nothing else has.
    match filter_.state:
        case None:
            return (OF_ACCOUNT_WITH_ENTRIES, OF_ACCOUNT_ONLY_HELD)
        case "POSTED":
            return (OF_ACCOUNT_WITH_ENTRIES,)
        case _:
            return (OF_ACCOUNT_ONLY_HELD,)


def _choices(filter_: TransactionFilter) -> Sequence[tuple[str, ...]]:
    """The conditions of a listing: one set, or two where a range of time is asked for."""
    given = pages.given(filter_)
    common: list[str] = [] if filter_.state is None else [filter_.state]
    common += [name for name in ("metadata_contains", "metadata_has_key") if name in given]
    if filter_.effective_from is None and filter_.effective_before is None:
        return [tuple(common)]
    parts: list[tuple[str, ...]] = []
    for part in ("undated", "dated"):
        bounds = [part]
        if filter_.effective_from is not None:
            bounds.append(f"{part}_from")
        if filter_.effective_before is not None:
            bounds.append(f"{part}_before")
        parts.append((*common, *bounds))
    return parts


def _parameters(ledger_id: int, filter_: TransactionFilter) -> dict[str, object]:
    given = pages.given(filter_)
    ids = {
        f"id_{bound}": identifiers.first_uuid7(moment)
        for bound, moment in (
            ("from", filter_.effective_from),
            ("before", filter_.effective_before),
        )
        if moment is not None
    }
    return {"ledger_id": ledger_id, **given, **ids}
