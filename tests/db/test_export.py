"""What an export reads: one moment, in the order of an index."""

import psycopg
import pytest
from psycopg.sql import SQL, Composed
from rich.progress import Progress

from db import adaptation, export
from db.ledgers import DEFAULT_LEDGER_ID
from db.snapshots import open_snapshot
from server import exporting
from tests.api import Api

# Some are holds that were captured, so that both orders have something in them.
FILL = """
    INSERT INTO florin.transactions (ledger_id, transaction_id, idempotency_key, fingerprint, state,
        description, metadata, created_at, resolved_at, resolution_id, resolution_key)
    SELECT 1, gen_random_uuid(), 't' || n, sha256(''::bytea), 'POSTED', '', '{}', now(),
        resolved.at, CASE WHEN resolved.at IS NOT NULL THEN gen_random_uuid() END,
        CASE WHEN resolved.at IS NOT NULL THEN 'r' || n END
    FROM generate_series(1, 20000) AS n
    CROSS JOIN LATERAL (SELECT CASE WHEN n % 4 = 0 THEN now() END AS at) AS resolved
"""
EXPLAIN = "EXPLAIN (FORMAT JSON) DECLARE streamed CURSOR FOR {}"


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (export.BEGAN, "transactions_pkey"),
        (export.RESOLVED, "transactions_resolution_idx"),
        (SQL(export.ACCOUNTS), "accounts_pkey"),
        (SQL(export.USERS), "users_pkey"),
    ],
)
def test_rows_come_in_the_order_of_an_index_and_are_not_sorted(
    database_url: str, statement: Composed, index: str
) -> None:
    with psycopg.connect(database_url, context=adaptation.CONTEXT) as conn:
        conn.execute(FILL)
        conn.execute("ANALYZE florin.transactions")
        explain = SQL(EXPLAIN).format(statement)
        row = conn.cursor(binary=False).execute(explain, {"ledger_id": 1}).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    while plan["Node Type"] == "Nested Loop":
        plan = plan["Plans"][0]
    assert (plan["Node Type"], plan["Index Name"]) == ("Index Scan", index)


async def test_what_is_recorded_while_an_export_is_read_is_not_in_it(
    api: Api, database_url: str
) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")
    await api.post("before", ("cash", "wallet", "1.00"), pending=True)
    async with open_snapshot(database_url, DEFAULT_LEDGER_ID) as conn:
        lines = exporting.lines(conn, Progress(disable=True))
        read = [await anext(lines)]
        await api.capture("meanwhile", "before")
        await api.post("meanwhile, too", ("cash", "wallet", "1.00"))
        await api.open_account("another")
        read += [line async for line in lines]
        counts = await export.counts(conn, DEFAULT_LEDGER_ID)
    assert counts == export.Counts(users=0, accounts=2, events=1)
    assert [line[:9] for line in read] == [b'{"openAcc', b'{"openAcc', b'{"post":{', b'{"updateA']
    assert b"meanwhile" not in b"".join(read)
