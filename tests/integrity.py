"""Whether a database holds a sound ledger: rules that every accepted and refused request keeps."""

from typing import Final, LiteralString

import psycopg

# Each statement looks for rows that break its promise; a sound database has none.
PROMISES: Final[dict[str, LiteralString]] = {
    "debits equal credits in every currency": """
        SELECT ledger_id, currency, sum(debits_posted), sum(credits_posted)
        FROM florin.accounts
        GROUP BY ledger_id, currency
        HAVING sum(debits_posted) <> sum(credits_posted)
            OR sum(debits_pending) <> sum(credits_pending)
    """,
    "an account's counters, version and time are those of its entries": """
        SELECT a.account_id, a.debits_posted, a.credits_posted, a.version, a.last_entry_at
        FROM florin.accounts AS a
        LEFT JOIN (
            SELECT ledger_id, account_id, count(*) AS entries, max(created_at) AS last_at,
                coalesce(sum(amount) FILTER (WHERE side = 'DEBIT'), 0) AS debits,
                coalesce(sum(amount) FILTER (WHERE side = 'CREDIT'), 0) AS credits
            FROM florin.entries
            GROUP BY ledger_id, account_id
        ) AS e ON e.ledger_id = a.ledger_id AND e.account_id = a.account_id
        WHERE a.debits_posted <> coalesce(e.debits, 0)
            OR a.credits_posted <> coalesce(e.credits, 0)
            OR a.version <> coalesce(e.entries, 0)
            OR a.last_entry_at IS DISTINCT FROM e.last_at
    """,
    "an account's entries are numbered without gaps, in time's order, and carry its balance": """
        SELECT counted.account_id, counted.version
        FROM (
            SELECT e.account_id, e.version, e.balance_after, e.created_at,
                row_number() OVER running AS number,
                lag(e.created_at) OVER running AS previous_at,
                sum(CASE WHEN e.side = a.normal_side THEN e.amount ELSE -e.amount END)
                    OVER running AS balance
            FROM florin.entries AS e
            JOIN florin.accounts AS a
                ON a.ledger_id = e.ledger_id AND a.account_id = e.account_id
            WINDOW running AS (PARTITION BY e.ledger_id, e.account_id ORDER BY e.version)
        ) AS counted
        WHERE counted.version <> counted.number
            OR counted.balance_after <> counted.balance
            OR counted.created_at < counted.previous_at
    """,
    "an entry belongs to an account": """
        SELECT e.account_id, e.version
        FROM florin.entries AS e
        WHERE NOT EXISTS (
            SELECT 1 FROM florin.accounts AS a
            WHERE a.ledger_id = e.ledger_id AND a.account_id = e.account_id
        )
    """,
    "a transaction has 1 to 100 postings, numbered from 0 without gaps": """
        SELECT t.transaction_id, count(p.position)
        FROM florin.transactions AS t
        LEFT JOIN florin.postings AS p
            ON p.ledger_id = t.ledger_id AND p.transaction_id = t.transaction_id
        GROUP BY t.ledger_id, t.transaction_id
        HAVING count(p.position) NOT BETWEEN 1 AND 100
            OR min(p.position) <> 0 OR max(p.position) <> count(p.position) - 1
    """,
    "a posting belongs to a transaction": """
        SELECT p.transaction_id, p.position
        FROM florin.postings AS p
        WHERE NOT EXISTS (
            SELECT 1 FROM florin.transactions AS t
            WHERE t.ledger_id = p.ledger_id AND t.transaction_id = p.transaction_id
        )
    """,
    "each side of each posting has one entry, of its amount and time, and no entry is over": """
        SELECT expected.*, e.*
        FROM (
            SELECT p.ledger_id, p.transaction_id, p.position, leg.side, leg.account_id,
                coalesce(h.captured, p.amount) AS amount,
                -- A hold's entries are made by its capture.
                coalesce(t.resolved_at, t.created_at) AS created_at
            FROM florin.postings AS p
            JOIN florin.transactions AS t
                ON t.ledger_id = p.ledger_id AND t.transaction_id = p.transaction_id
            CROSS JOIN LATERAL (
                VALUES ('DEBIT', p.debit_account_id), ('CREDIT', p.credit_account_id)
            ) AS leg (side, account_id)
            LEFT JOIN florin.holds AS h
                ON h.ledger_id = p.ledger_id AND h.account_id = leg.account_id
                AND h.transaction_id = p.transaction_id AND h.position = p.position
            WHERE t.state = 'POSTED'
        ) AS expected
        FULL JOIN florin.entries AS e
            ON e.ledger_id = expected.ledger_id AND e.transaction_id = expected.transaction_id
            AND e.position = expected.position AND e.side = expected.side
        WHERE e.account_id IS DISTINCT FROM expected.account_id
            OR e.amount IS DISTINCT FROM expected.amount
            OR e.created_at IS DISTINCT FROM expected.created_at
    """,
    "both accounts of a posting hold one currency": """
        SELECT p.transaction_id, p.position
        FROM florin.postings AS p
        JOIN florin.accounts AS d
            ON d.ledger_id = p.ledger_id AND d.account_id = p.debit_account_id
        JOIN florin.accounts AS c
            ON c.ledger_id = p.ledger_id AND c.account_id = p.credit_account_id
        WHERE d.currency <> c.currency OR d.exponent <> c.exponent
    """,
    "a closed account is empty: what is pending on it has expired": """
        SELECT a.account_id
        FROM florin.accounts AS a
        WHERE a.state = 'CLOSED' AND (
            a.debits_posted <> a.credits_posted
            OR EXISTS (
                SELECT 1 FROM florin.holds AS h
                WHERE h.ledger_id = a.ledger_id AND h.account_id = a.account_id
                    AND h.resolved_at IS NULL
                    AND (h.expires_at IS NULL OR h.expires_at > statement_timestamp())
            )
        )
    """,
    "an account's pending counters are the sum of its holds that nothing has become of": """
        SELECT a.account_id, a.debits_pending, a.credits_pending
        FROM florin.accounts AS a
        LEFT JOIN (
            SELECT ledger_id, account_id,
                coalesce(sum(amount) FILTER (WHERE side = 'DEBIT'), 0) AS debits,
                coalesce(sum(amount) FILTER (WHERE side = 'CREDIT'), 0) AS credits
            FROM florin.holds
            WHERE resolved_at IS NULL
            GROUP BY ledger_id, account_id
        ) AS h ON h.ledger_id = a.ledger_id AND h.account_id = a.account_id
        WHERE a.debits_pending <> coalesce(h.debits, 0)
            OR a.credits_pending <> coalesce(h.credits, 0)
    """,
    "each side of each posting of a hold is held once, and until the hold is resolved": """
        SELECT expected.*, h.*
        FROM (
            SELECT p.ledger_id, p.transaction_id, p.position, leg.side, leg.account_id, p.amount,
                t.state, t.created_at, t.expires_at, t.resolved_at
            FROM florin.postings AS p
            JOIN florin.transactions AS t
                ON t.ledger_id = p.ledger_id AND t.transaction_id = p.transaction_id
            CROSS JOIN LATERAL (
                VALUES ('DEBIT', p.debit_account_id), ('CREDIT', p.credit_account_id)
            ) AS leg (side, account_id)
            WHERE t.state <> 'POSTED' OR t.resolved_at IS NOT NULL
        ) AS expected
        FULL JOIN florin.holds AS h
            ON h.ledger_id = expected.ledger_id AND h.transaction_id = expected.transaction_id
            AND h.position = expected.position AND h.side = expected.side
        WHERE h.account_id IS DISTINCT FROM expected.account_id
            OR h.amount IS DISTINCT FROM expected.amount
            OR h.created_at IS DISTINCT FROM expected.created_at
            OR h.expires_at IS DISTINCT FROM expected.expires_at
            OR h.resolved_at IS DISTINCT FROM expected.resolved_at
            OR (h.captured IS NULL) IS DISTINCT FROM (expected.state <> 'POSTED')
    """,
    "an expired hold is resolved when it expired": """
        SELECT ledger_id, transaction_id, expires_at, resolved_at
        FROM florin.transactions
        WHERE state = 'EXPIRED' AND resolved_at IS DISTINCT FROM expires_at
    """,
    "a reversal is the mirror image of what it takes back": """
        SELECT r.transaction_id, r.position
        FROM (
            SELECT t.ledger_id, t.transaction_id, t.reverses_id, p.position, p.debit_account_id,
                p.credit_account_id, p.amount
            FROM florin.transactions AS t
            JOIN florin.postings AS p
                ON p.ledger_id = t.ledger_id AND p.transaction_id = t.transaction_id
            WHERE t.reverses_id IS NOT NULL
        ) AS r
        LEFT JOIN florin.postings AS p
            ON p.ledger_id = r.ledger_id AND p.transaction_id = r.reverses_id
            AND p.position = r.position
        LEFT JOIN florin.holds AS h
            ON h.ledger_id = p.ledger_id AND h.account_id = p.debit_account_id
            AND h.transaction_id = p.transaction_id AND h.position = p.position
        WHERE r.debit_account_id IS DISTINCT FROM p.credit_account_id
            OR r.credit_account_id IS DISTINCT FROM p.debit_account_id
            OR r.amount IS DISTINCT FROM coalesce(h.captured, p.amount)
    """,
}

COUNTS: Final[LiteralString] = """
    SELECT (SELECT count(*) FROM florin.currencies), (SELECT count(*) FROM florin.users),
        (SELECT count(*) FROM florin.accounts), (SELECT count(*) FROM florin.transactions),
        (SELECT count(*) FROM florin.postings), (SELECT count(*) FROM florin.entries),
        (SELECT count(*) FROM florin.holds)
"""
TABLES: Final = ("currencies", "users", "accounts", "transactions", "postings", "entries", "holds")


async def assert_sound(database_url: str) -> None:
    """Fail with the first rows that break a promise, all read from one snapshot."""
    async with await psycopg.AsyncConnection.connect(database_url) as conn:
        await conn.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        for promise, breaches in PROMISES.items():
            found = await (await conn.execute(breaches)).fetchmany(5)
            assert not found, f"It does not hold that {promise}: {found}"


async def row_counts(database_url: str) -> dict[str, int]:
    """How many rows each table has."""
    async with await psycopg.AsyncConnection.connect(database_url) as conn:
        counts = await (await conn.execute(COUNTS)).fetchone()
    assert counts is not None
    return dict(zip(TABLES, counts, strict=True))
