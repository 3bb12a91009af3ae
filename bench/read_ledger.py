"""The ledger that is read side by side: users with accounts, and a history on those.

What only one of the contestants needs to be as fast as it can is here, too: an index and a function
for PostGraphile.
"""

from datetime import UTC, datetime, timedelta
from typing import Final, LiteralString

import psycopg

from bench.history import History
from db import ledgers

ENTRIES: Final = 60_000
# Each of these is the metadata of some twenty accounts.
GROUPS: Final = 50

_YEARS: Final = timedelta(days=730)
# What expires in a day, has.
_ENDED: Final = timedelta(days=2)
_USERS: Final = 200

_CREATE_USERS: Final[LiteralString] = """
    INSERT INTO florin.users
        (ledger_id, user_id, username, email, metadata, created_at, updated_at)
    SELECT %(ledger_id)s, gen_random_uuid(), 'user' || n, 'user' || n || '@example.com', '{}',
        now(), now()
    FROM generate_series(1, %(users)s) AS n
"""
_SHARE_OUT: Final[LiteralString] = """
    UPDATE florin.accounts AS a
    SET owner_id = u.user_id, name = 'Wallet of ' || u.username,
        metadata = jsonb_build_object('group', wallet.number %% %(groups)s, 'channel', 'web')
    FROM (
        SELECT account_id, row_number() OVER (ORDER BY account_id) AS number
        FROM florin.accounts
        WHERE ledger_id = %(ledger_id)s AND normal_side = 'CREDIT'
    ) AS wallet
    JOIN (
        SELECT user_id, username, row_number() OVER (ORDER BY user_id) AS number
        FROM florin.users
        WHERE ledger_id = %(ledger_id)s
    ) AS u ON u.number = 1 + wallet.number %% %(users)s
    WHERE a.ledger_id = %(ledger_id)s AND a.account_id = wallet.account_id
"""
# One number instead of three columns; PostgreSQL puts its expression into the statement.
_POSTED: Final[LiteralString] = """
    CREATE FUNCTION florin.accounts_posted(account florin.accounts) RETURNS numeric
    LANGUAGE sql STABLE AS $$
        SELECT CASE account.normal_side
            WHEN 'DEBIT' THEN account.debits_posted - account.credits_posted
            ELSE account.credits_posted - account.debits_posted
        END
    $$
"""
# Florin's own index is for its own conditions, which PostGraphile does not write.
_METADATA_INDEX: Final[LiteralString] = """
    CREATE INDEX accounts_metadata_of_all ON florin.accounts USING gin (metadata)
"""


def fill(database_url: str, *, entries: int = ENTRIES) -> None:
    """Fill an empty ledger; ``entries`` is even."""
    ended_at = datetime.now(UTC) - _ENDED
    history = History(ended_at - _YEARS)
    parameters = {"ledger_id": ledgers.DEFAULT_LEDGER_ID, "users": _USERS, "groups": GROUPS}
    with psycopg.connect(database_url) as conn:
        history.open_accounts(conn)
        conn.execute(_CREATE_USERS, parameters)
        conn.execute(_SHARE_OUT, parameters)
        conn.commit()
        conn.execute(_POSTED)
        conn.execute(_METADATA_INDEX)
        history.grow(conn, entries=entries, until=ended_at)
