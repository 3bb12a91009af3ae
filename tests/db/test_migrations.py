"""A database that was in use before a migration is as good as new after it."""

import psycopg
from alembic import command

from db import migrate, setup
from tests.bank_statements import nothing_is_wrong
from tests.integrity import assert_sound

# Three movements between two accounts, as revision 0001 kept them.
BEFORE_0002 = """
    INSERT INTO florin.ledgers VALUES (1, 'main', 'Main ledger', now() - interval '1 day');
    INSERT INTO florin.currencies VALUES (1, 'USD', 2, 'US Dollar', now());
    INSERT INTO florin.accounts VALUES
        (1, '00000000-0000-7000-8000-00000000000a', 'cash', '', NULL, 'USD', 2, 'DEBIT', 'OPEN',
            NULL, NULL, 700, 200, 0, 0, 3, '2026-01-03Z', '{}', '2026-01-01Z'),
        (1, '00000000-0000-7000-8000-00000000000b', 'wallet', '', NULL, 'USD', 2, 'CREDIT', 'OPEN',
            0, NULL, 200, 700, 0, 0, 3, '2026-01-03Z', '{}', '2026-01-01Z');
    INSERT INTO florin.transactions
    SELECT 1, ('01950000-0000-7000-8000-00000000000' || n)::uuid, 'k' || n, sha256(''), 'POSTED',
        '', '{}', '2025-12-31Z'::timestamptz + n * interval '1 day'
    FROM generate_series(1, 3) AS n;
    INSERT INTO florin.postings
    SELECT 1, ('01950000-0000-7000-8000-00000000000' || n)::uuid, 0,
        CASE WHEN n = 2 THEN b.id ELSE a.id END, CASE WHEN n = 2 THEN a.id ELSE b.id END, amount
    FROM (VALUES (1, 500), (2, 200), (3, 200)) AS moved (n, amount),
        (VALUES ('00000000-0000-7000-8000-00000000000a'::uuid)) AS a (id),
        (VALUES ('00000000-0000-7000-8000-00000000000b'::uuid)) AS b (id);
    INSERT INTO florin.entries
    SELECT 1, leg.account_id, right(p.transaction_id::text, 1)::bigint, p.transaction_id, 0,
        leg.side, p.amount, balance.after, t.created_at
    FROM florin.postings AS p
    JOIN florin.transactions AS t USING (ledger_id, transaction_id)
    CROSS JOIN LATERAL (
        VALUES ('DEBIT', p.debit_account_id), ('CREDIT', p.credit_account_id)
    ) AS leg (side, account_id)
    JOIN (VALUES (1, 500), (2, 300), (3, 500)) AS balance (n, after)
        ON balance.n = right(p.transaction_id::text, 1)::int;
"""


async def test_entries_from_before_0002_learn_their_accounts_debits(
    empty_database_url: str,
) -> None:
    config = migrate._config()
    config.attributes["database_url"] = empty_database_url
    command.upgrade(config, "0001")
    with psycopg.connect(empty_database_url) as conn:
        conn.execute(BEFORE_0002.encode())
    setup.prepare(empty_database_url)
    with psycopg.connect(empty_database_url) as conn:
        learnt = conn.execute(
            "SELECT debits_after::int FROM florin.entries ORDER BY account_id, version"
        ).fetchall()
        # What later versions do in the background, this ledger is ready for, too.
        duties = conn.execute("SELECT duty FROM florin.duties ORDER BY duty").fetchall()
        watermarks = conn.execute("SELECT count(*) FROM florin.watermarks").fetchone()
    assert [debits for (debits,) in learnt] == [500, 500, 700, 0, 200, 200]
    assert ([duty for (duty,) in duties], watermarks) == (["SEAL", "SWEEP"], (1,))
    await assert_sound(empty_database_url)
    await nothing_is_wrong(empty_database_url)
