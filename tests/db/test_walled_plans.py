"""Under the wall between ledgers every statement is planned as well as without it."""

from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
import pytest

from db import accounts, adaptation, pages, transaction_pages, users
from db.ledgers import DEFAULT_LEDGER_ID
from db.migrations import APP_ROLE
from db.pages import Listing, Window
from tests.api import serving
from tests.everything import walk
from tests.plans import nodes
from tests.recorder import RecordingCursor, Statement

# One large ledger among small ones: what is asked of it is rare in no table, and what is asked of
# another is rare in all.
LARGE: Final = 20_000
SMALL: Final = 50
SMALL_LEDGERS: Final = range(2, 22)
# A transaction for each account, between itself and the ledger's one busy account; a quarter of the
# rows have metadata, a fiftieth is dated.
FILL: Final[tuple[LiteralString, ...]] = (
    """
    INSERT INTO florin.users
        (ledger_id, user_id, username, email, metadata, created_at, updated_at)
    SELECT %(ledger_id)s, md5('u' || n)::uuid, 'Filled' || n, n || '@filled.org',
        CASE WHEN n %% 4 = 0 THEN jsonb_build_object('n', n, 'k' || n, 1) ELSE '{}' END,
        now(), now()
    FROM generate_series(1, %(rows)s) AS n
    """,
    """
    INSERT INTO florin.accounts
        (ledger_id, account_id, code, name, owner_id, currency, exponent, normal_side, state,
        debits_posted, credits_posted, debits_pending, credits_pending, version, metadata,
        created_at)
    SELECT %(ledger_id)s, md5('a' || n)::uuid, 'filled:' || n, '', md5('u' || n)::uuid, 'USD', 2,
        'CREDIT', 'OPEN', 0, 0, 0, 0, 0,
        CASE WHEN n %% 4 = 0 THEN jsonb_build_object('n', n, 'k' || n, 1) ELSE '{}' END, now()
    FROM generate_series(1, %(rows)s) AS n
    """,
    """
    INSERT INTO florin.transactions
        (ledger_id, transaction_id, idempotency_key, fingerprint, state, description, metadata,
        created_at, effective_at)
    SELECT %(ledger_id)s, md5('t' || n)::uuid, 'filled' || n, sha256(''), 'POSTED', '',
        CASE WHEN n %% 4 = 0 THEN jsonb_build_object('n', n, 'k' || n, 1) ELSE '{}' END, now(),
        CASE WHEN n %% 50 = 0 THEN now() END
    FROM generate_series(1, %(rows)s) AS n
    """,
    """
    INSERT INTO florin.postings
        (ledger_id, transaction_id, position, debit_account_id, credit_account_id, amount)
    SELECT %(ledger_id)s, md5('t' || n)::uuid, 0, md5('a1')::uuid, md5('a' || n + 1)::uuid, 1
    FROM generate_series(1, %(rows)s) AS n
    """,
    """
    INSERT INTO florin.entries
        (ledger_id, account_id, version, transaction_id, position, side, amount, balance_after,
        created_at, effective_at, debits_after)
    SELECT %(ledger_id)s, leg.account_id, leg.version, md5('t' || n)::uuid, 0, leg.side, 1, 1,
        now(), CASE WHEN n %% 50 = 0 THEN now() END, 1
    FROM generate_series(1, %(rows)s) AS n
    CROSS JOIN LATERAL (
        VALUES (md5('a1')::uuid, n, 'DEBIT'), (md5('a' || n + 1)::uuid, 1, 'CREDIT')
    ) AS leg (account_id, version, side)
    """,
    """
    INSERT INTO florin.holds
        (ledger_id, account_id, transaction_id, position, side, amount, created_at, expires_at)
    SELECT %(ledger_id)s, md5('a' || n)::uuid, md5('h' || n)::uuid, 0, 'CREDIT', 1, now(),
        CASE WHEN n %% 3 = 0 THEN now() END
    FROM generate_series(1, %(rows)s) AS n
    """,
    """
    INSERT INTO florin.events (ledger_id, epoch, xid, written_at, transaction_ids, kinds)
    SELECT %(ledger_id)s, 0, (100 + n)::text::xid8, now(), ARRAY[md5('t' || n)::uuid],
        ARRAY['POSTED']
    FROM generate_series(1, %(rows)s) AS n
    """,
    """
    INSERT INTO florin.actions (ledger_id, action_id, kind, actor, created_at)
    SELECT %(ledger_id)s, md5('t' || n)::uuid, 'postTransaction', 'local', now()
    FROM generate_series(1, %(rows)s) AS n
    """,
)
# What is a little dearer for the condition itself, or for another order of what costs the same.
_DEARER_MAX: Final = 1.2
_DEARER_BY_MAX: Final = 20


def fill(conn: psycopg.Connection) -> None:
    """A large ledger, and small ones."""
    conn.execute("SET session_replication_role = replica")
    sizes = {DEFAULT_LEDGER_ID: LARGE} | dict.fromkeys(SMALL_LEDGERS, SMALL)
    for ledger_id, rows in sizes.items():
        for statement in FILL:
            conn.execute(statement, {"ledger_id": ledger_id, "rows": rows})
    conn.execute("ANALYZE")


def cost(plan: list[Any]) -> float:
    return float(plan[0]["Total Cost"])


def scanned(plan: list[Any]) -> set[str]:
    """The tables that a plan reads from end to end."""
    return {node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan"}


def walled_and_not(conn: psycopg.Connection, statement: Statement) -> tuple[list[Any], list[Any]]:
    """A statement's plans, as the app's role on its ledger's loan, and as nothing keeps it in."""
    bare = statement._replace(query=statement.query.replace("florin.searchable_", "florin."))
    with conn.transaction(force_rollback=True):
        without = list(nodes(conn, bare))
        conn.execute("SELECT set_config('florin.ledger_id', %s, true)", (str(DEFAULT_LEDGER_ID),))
        conn.execute(f"SET LOCAL ROLE {APP_ROLE}".encode())
        return list(nodes(conn, statement)), without


async def test_every_statement_is_planned_under_the_wall_as_without_it(database_url: str) -> None:
    async with serving(database_url, cursor_factory=RecordingCursor) as api:
        RecordingCursor.record.clear()
        await walk(api)
        recorded = {one.query: one for one in RecordingCursor.record if "florin." in one.query}
    with psycopg.connect(database_url, context=adaptation.CONTEXT, autocommit=True) as conn:
        fill(conn)
        for statement in recorded.values():
            walled, without = walled_and_not(conn, statement)
            assert scanned(walled) <= scanned(without), statement.query
            assert cost(walled) <= _DEARER_MAX * cost(without) + _DEARER_BY_MAX, statement.query
    assert len(recorded) > 100


@pytest.mark.parametrize(
    "listing",
    [users.LISTING, accounts.LISTING, transaction_pages.LISTING],
    ids=["users", "accounts", "transactions"],
)
def test_what_many_rows_have_is_read_page_by_page(database_url: str, listing: Listing) -> None:
    window: Window[UUID] = Window(limit=50)
    page = listing.page(window, ("metadata_has_key",)).as_string(None)
    parameters = {"ledger_id": DEFAULT_LEDGER_ID, "metadata_has_key": "n", **pages.bounds(window)}
    with psycopg.connect(database_url, context=adaptation.CONTEXT, autocommit=True) as conn:
        fill(conn)
        walled, _ = walled_and_not(conn, Statement(page, parameters))
    # A quarter of the ledger's rows have it: to look up all of them for fifty would take longer.
    assert not [node for node in walled if node["Node Type"].startswith("Bitmap")]
