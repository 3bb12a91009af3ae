"""Makes holds expire at once, so that no test has to wait, or to hurry."""

from datetime import datetime

import psycopg

# The tables' owner moves the time itself; the app's role could not.
_TRANSACTIONS = """
    UPDATE florin.transactions SET expires_at = %(now)s
    WHERE state = 'PENDING' AND idempotency_key LIKE %(keys)s
"""
_HOLDS = """
    UPDATE florin.holds AS h
    SET expires_at = %(now)s
    FROM florin.transactions AS t
    WHERE t.ledger_id = h.ledger_id AND t.transaction_id = h.transaction_id
        AND t.state = 'PENDING' AND t.idempotency_key LIKE %(keys)s
"""


def expire(database_url: str, keys: str = "%") -> datetime:
    """Let the pending holds whose keys are LIKE this have expired just now, and say when that was.

    It is the database's clock: whatever is asked afterwards, is asked later.
    """
    with psycopg.connect(database_url) as conn:
        row = conn.execute("SELECT clock_timestamp()").fetchone()
        assert row is not None
        now: datetime = row[0]
        for statement in (_TRANSACTIONS, _HOLDS):
            conn.execute(statement, {"now": now, "keys": keys})
        return now
