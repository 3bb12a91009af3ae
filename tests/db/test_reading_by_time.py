"""However long an account's history, what is asked of a moment or a period takes few pages."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final, LiteralString
from uuid import UUID

import psycopg
import pytest

from db import account_statements, adaptation, balances, entries, ledgers, loans
from db.account_statements import Period, Totals
from db.balances import Moment
from db.entries import EntryFilter
from db.ledgers import DEFAULT_LEDGER_ID
from db.pages import Place, Window
from db.pool import open_pool
from db.statements import Connection
from server.settings import Settings
from tests import plans
from tests.recorder import RecordingCursor, Statement

ACCOUNT: Final = UUID(int=1)
ENTRIES: Final = 250_000
BEGINNING: Final = datetime(2020, 1, 1, tzinfo=UTC)
STEP: Final = timedelta(minutes=3)
FROM: Final = BEGINNING + 80_000 * STEP + timedelta(hours=11)
TO: Final = FROM + 14_400 * STEP
INSIDE: Final = Place(FROM + 7_200 * STEP, 87_420)

GROW: Final[tuple[LiteralString, ...]] = (
    """
    INSERT INTO florin.accounts
    SELECT 1, lpad(to_hex(number), 32, '0')::uuid, 'a' || number, '', NULL, 'USD', 2, 'CREDIT',
        'OPEN', NULL, NULL, 0, size, 0, 0, size, %(beginning)s + size * %(step)s::interval, '{}',
        %(beginning)s
    FROM (VALUES (1, %(entries)s), (2, 1000), (3, 1000)) AS account (number, size)
    """,
    # One in fifty takes effect a day before it is recorded.
    """
    INSERT INTO florin.entries
    SELECT 1, a.account_id, number,
        -- A UUIDv7 of when it is recorded.
        (lpad(to_hex((1000 * extract(epoch FROM recorded_at))::bigint), 12, '0')
            || '70008000' || lpad(to_hex(number), 12, '0'))::uuid,
        0, 'CREDIT', 1, number, recorded_at,
        CASE WHEN number %% 50 = 0 THEN recorded_at - interval '1 day' END, 0
    FROM florin.accounts AS a
    CROSS JOIN LATERAL generate_series(1, a.version) AS number
    CROSS JOIN LATERAL (SELECT %(beginning)s + number * %(step)s::interval) AS r (recorded_at)
    """,
    """
    INSERT INTO florin.shifts
    SELECT 1, e.account_id, period, date_trunc(period, move.at, 'UTC')::date, 0, sum(move.amount)
    FROM florin.entries AS e
    CROSS JOIN LATERAL (VALUES (e.effective_at, 1), (e.created_at, -1)) AS move (at, amount)
    CROSS JOIN unnest('{DAY,MONTH}'::text[]) AS period
    WHERE e.effective_at IS NOT NULL
    GROUP BY e.account_id, period, date_trunc(period, move.at, 'UTC')
    """,
)

Read = Callable[[Connection], Awaitable[object]]


def balance(moment: Moment) -> Read:
    return lambda conn: balances.by_account_ids(conn, DEFAULT_LEDGER_ID, [ACCOUNT], moment)


def totals(period: Period) -> Read:
    return lambda conn: account_statements.totals_by_account_ids(
        conn, DEFAULT_LEDGER_ID, [ACCOUNT], period
    )


def page(period: Period, window: Window[Place]) -> Read:
    found = Totals(ACCOUNT, 2, "CREDIT", ENTRIES, 80_220, 0, 0, 94_620, 0, 0)
    return lambda conn: account_statements.pages_by_totals(
        conn, DEFAULT_LEDGER_ID, [found], period, window
    )


RECORDED: Final = Period(FROM, TO, "RECORDED")
EFFECTIVE: Final = Period(FROM, TO, "EFFECTIVE")

# With the most index pages that each may read: a search in this history takes 18 look-ups.
READS: Final[dict[str, tuple[Read, int]]] = {
    "balance, recorded": (balance(Moment(FROM, "RECORDED")), 100),
    "balance, effective": (balance(Moment(FROM, "EFFECTIVE")), 100),
    "totals, recorded": (totals(RECORDED), 200),
    "totals, effective": (totals(EFFECTIVE), 200),
    "page, recorded": (page(RECORDED, Window(51)), 30),
    "page, recorded, after": (page(RECORDED, Window(51, after=INSIDE)), 30),
    "page, effective": (page(EFFECTIVE, Window(51)), 30),
    "last page, effective": (page(EFFECTIVE, Window(51, backward=True)), 30),
    "page, effective, after": (page(EFFECTIVE, Window(51, after=INSIDE)), 100),
    "page, effective, before": (page(EFFECTIVE, Window(51, before=INSIDE, backward=True)), 100),
    "entries of an old range": (
        lambda conn: entries.pages_by_account_ids(
            conn, DEFAULT_LEDGER_ID, [ACCOUNT], EntryFilter(None, FROM, TO), Window(51)
        ),
        200,
    ),
    # Of three accounts.
    "trial balance": (lambda conn: ledgers.trial_balance(conn, DEFAULT_LEDGER_ID, FROM), 300),
}


@pytest.fixture
def grown(database_url: str) -> str:
    """A quarter of a million entries on one account, and two smaller accounts."""
    with psycopg.connect(database_url) as conn:
        for statement in GROW:
            conn.execute(statement, {"beginning": BEGINNING, "step": STEP, "entries": ENTRIES})
        conn.execute("ANALYZE")
    return database_url


async def sent(database_url: str, read: Read) -> Statement:
    """The statement that a read sends."""
    settings = Settings().pool
    async with (
        open_pool(database_url, settings, cursor_factory=RecordingCursor) as pool,
        loans.reading(pool, DEFAULT_LEDGER_ID) as conn,
    ):
        RecordingCursor.record.clear()
        await read(conn)
        [statement] = RecordingCursor.record
        return statement


async def test_reads_by_time_take_few_index_pages_and_never_all_entries(grown: str) -> None:
    statements = {name: await sent(grown, read) for name, (read, _) in READS.items()}
    with psycopg.connect(grown, autocommit=True, context=adaptation.CONTEXT) as conn:
        for mode in ("force_custom_plan", "force_generic_plan"):
            conn.execute("SELECT set_config('plan_cache_mode', %s, false)", [mode])
            for name, statement in statements.items():
                pages, bound = plans.index_pages(conn, statement), READS[name][1]
                assert pages < bound, (name, pages, mode)
                scanned = {
                    node["Relation Name"]
                    for node in plans.nodes(conn, statement)
                    if node["Node Type"] == "Seq Scan"
                }
                assert "entries" not in scanned, (name, mode)
