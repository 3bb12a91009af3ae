"""Walls: row-level security, so that a statement that forgets its ledger finds nothing.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-24
"""

from collections.abc import Sequence
from typing import Final, LiteralString

from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATEMENTS: Final[tuple[LiteralString, ...]] = (
    # A search by metadata looked through all ledgers' rows, and took as long as there were such
    # rows anywhere. The indexes begin with the ledger now, as all others do. The statistics are
    # taken apart because PostgreSQL uses none of a partial index: it would think of a ledger as a
    # two-hundredth of the table, and a page of what many rows have took 130 milliseconds, not one.
    "DROP INDEX florin.users_metadata_idx",
    """
    CREATE INDEX users_metadata_idx ON florin.users
        USING gin ((ARRAY[ledger_id]), metadata) WHERE metadata <> '{}'::jsonb
    """,
    "CREATE STATISTICS florin.users_ledger_stats ON (ARRAY[ledger_id]) FROM florin.users",
    "DROP INDEX florin.accounts_metadata_idx",
    """
    CREATE INDEX accounts_metadata_idx ON florin.accounts
        USING gin ((ARRAY[ledger_id]), metadata) WHERE metadata <> '{}'::jsonb
    """,
    "CREATE STATISTICS florin.accounts_ledger_stats ON (ARRAY[ledger_id]) FROM florin.accounts",
    "DROP INDEX florin.transactions_metadata_idx",
    """
    CREATE INDEX transactions_metadata_idx ON florin.transactions
        USING gin ((ARRAY[ledger_id]), metadata) WHERE metadata <> '{}'::jsonb
    """,
    """
    CREATE STATISTICS florin.transactions_ledger_stats ON (ARRAY[ledger_id])
        FROM florin.transactions
    """,
    # Only where there is something: of a table that was analysed while it was empty PostgreSQL
    # thinks that it stays small, and reads it whole until it is analysed again.
    """
    DO $$ BEGIN
        IF EXISTS (SELECT FROM florin.users) THEN
            ANALYZE florin.users;
        END IF;
        IF EXISTS (SELECT FROM florin.accounts) THEN
            ANALYZE florin.accounts;
        END IF;
        IF EXISTS (SELECT FROM florin.transactions) THEN
            ANALYZE florin.transactions;
        END IF;
    END $$
    """,
    # The setting is read once a statement and not once a row, because it is asked for in a query of
    # its own. Missing or empty, it is no ledger's.
    """
    DO $$
    DECLARE
        walled text;
    BEGIN
        FOREACH walled IN ARRAY ARRAY[
            'currencies', 'users', 'accounts', 'transactions', 'postings', 'entries', 'holds',
            'shifts', 'watermarks', 'events', 'actions', 'seals', 'duties'
        ] LOOP
            EXECUTE format('ALTER TABLE florin.%I ENABLE ROW LEVEL SECURITY', walled);
            IF walled NOT IN ('users', 'accounts', 'transactions') THEN
                EXECUTE format('ALTER TABLE florin.%I FORCE ROW LEVEL SECURITY', walled);
            END IF;
            -- For what is read and for what is written.
            EXECUTE format(
                'CREATE POLICY wall ON florin.%I USING (ledger_id = (
                    SELECT nullif(current_setting(''florin.ledger_id'', true), '''')::integer
                ))',
                walled
            );
        END LOOP;
    END $$
    """,
    # What is searched belongs to a role of its own, which nobody is, and is searched through views
    # of that role's with the same wall: under a policy PostgreSQL would use no index on metadata,
    # lower() or coalesce(), and no statistics of them.
    """
    CREATE VIEW florin.searchable_users AS
    SELECT ledger_id, user_id, username, email, metadata, created_at, updated_at
    FROM florin.users
    WHERE ledger_id = (SELECT nullif(current_setting('florin.ledger_id', true), '')::integer)
    """,
    """
    CREATE VIEW florin.searchable_accounts AS
    SELECT ledger_id, account_id, code, name, owner_id, currency, exponent, normal_side, state,
        floor, ceiling, debits_posted, credits_posted, debits_pending, credits_pending, version,
        metadata, created_at
    FROM florin.accounts
    WHERE ledger_id = (SELECT nullif(current_setting('florin.ledger_id', true), '')::integer)
    """,
    """
    CREATE VIEW florin.searchable_transactions AS
    SELECT ledger_id, transaction_id, idempotency_key, state, description, metadata, effective_at,
        created_at, resolved_at, expires_at, reverses_id
    FROM florin.transactions
    WHERE ledger_id = (SELECT nullif(current_setting('florin.ledger_id', true), '')::integer)
    """,
    """
    GRANT SELECT ON
        florin.searchable_users, florin.searchable_accounts, florin.searchable_transactions
        TO florin_app
    """,
    # Whoever is to own something in a schema must be allowed to make it there.
    "GRANT USAGE, CREATE ON SCHEMA florin TO florin_search",
    "ALTER TABLE florin.users OWNER TO florin_search",
    "ALTER TABLE florin.accounts OWNER TO florin_search",
    "ALTER TABLE florin.transactions OWNER TO florin_search",
    "ALTER VIEW florin.searchable_users OWNER TO florin_search",
    "ALTER VIEW florin.searchable_accounts OWNER TO florin_search",
    "ALTER VIEW florin.searchable_transactions OWNER TO florin_search",
    "REVOKE CREATE ON SCHEMA florin FROM florin_search",
)


def upgrade() -> None:
    """Put a wall around each ledger's rows, and views within it for what is searched."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: nothing is to stand open that was closed."""
    raise RuntimeError("Florin does not take down its walls. Restore a backup instead.")
