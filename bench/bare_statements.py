"""The statements of the ceiling (``bench.bare``): each asks for what is shown and no more."""

from typing import Final, LiteralString

ACCOUNT: Final[LiteralString] = """
    SELECT code, name, owner_id
    FROM florin.accounts
    WHERE ledger_id = 1 AND code = %(code)s
"""
OWNERS: Final[LiteralString] = """
    SELECT user_id, username, email
    FROM florin.users
    WHERE ledger_id = 1 AND user_id = ANY(%(ids)s)
"""
ACCOUNTS: Final[LiteralString] = """
    SELECT account_id, code,
        CASE normal_side WHEN 'DEBIT' THEN debits_posted - credits_posted
            ELSE credits_posted - debits_posted END,
        owner_id
    FROM florin.accounts
    WHERE ledger_id = 1 AND account_id > %(after)s::uuid
    ORDER BY account_id
    LIMIT 50
"""
ENTRIES: Final[LiteralString] = """
    SELECT e.version, e.side, e.amount, e.balance_after, e.transaction_id
    FROM florin.accounts AS a
    JOIN florin.entries AS e ON e.ledger_id = 1 AND e.account_id = a.account_id
    WHERE a.ledger_id = 1 AND a.code = %(code)s
    ORDER BY e.version DESC
    LIMIT 20
"""
TRANSACTIONS: Final[LiteralString] = """
    SELECT transaction_id, idempotency_key, state
    FROM florin.transactions
    WHERE ledger_id = 1 AND transaction_id = ANY(%(ids)s)
"""
POSTINGS: Final[LiteralString] = """
    SELECT transaction_id, debit_account_id, credit_account_id
    FROM florin.postings
    WHERE ledger_id = 1 AND transaction_id = ANY(%(ids)s)
    ORDER BY transaction_id, position
"""
CODES: Final[LiteralString] = """
    SELECT account_id, code
    FROM florin.accounts
    WHERE ledger_id = 1 AND account_id = ANY(%(ids)s)
"""
USERS: Final[LiteralString] = """
    SELECT user_id, username
    FROM florin.users
    WHERE ledger_id = 1 AND user_id > %(after)s::uuid
    ORDER BY user_id
    LIMIT 10
"""
ACCOUNTS_OF: Final[LiteralString] = """
    SELECT owned.owner_id, owned.account_id, owned.code, owned.posted
    FROM unnest(%(ids)s::uuid[]) AS u (user_id)
    CROSS JOIN LATERAL (
        SELECT owner_id, account_id, code,
            CASE normal_side WHEN 'DEBIT' THEN debits_posted - credits_posted
                ELSE credits_posted - debits_posted END AS posted
        FROM florin.accounts
        WHERE ledger_id = 1 AND owner_id = u.user_id
        ORDER BY account_id
        LIMIT 5
    ) AS owned
"""
ENTRIES_OF: Final[LiteralString] = """
    SELECT latest.account_id, latest.amount, latest.balance_after
    FROM unnest(%(ids)s::uuid[]) AS a (account_id)
    CROSS JOIN LATERAL (
        SELECT account_id, amount, balance_after
        FROM florin.entries
        WHERE ledger_id = 1 AND account_id = a.account_id
        ORDER BY version DESC
        LIMIT 2
    ) AS latest
"""
TAGGED: Final[LiteralString] = """
    SELECT code, name, metadata
    FROM florin.accounts
    WHERE ledger_id = 1 AND metadata @> %(metadata)s::jsonb
    ORDER BY account_id
    LIMIT 50
"""
