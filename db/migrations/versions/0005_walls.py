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
            EXECUTE format('ALTER TABLE florin.%I FORCE ROW LEVEL SECURITY', walled);
            EXECUTE format(
                'CREATE POLICY wall ON florin.%I
                    USING (ledger_id = (
                        SELECT nullif(current_setting(''florin.ledger_id'', true), '''')::integer
                    ))
                    WITH CHECK (ledger_id = (
                        SELECT nullif(current_setting(''florin.ledger_id'', true), '''')::integer
                    ))',
                walled
            );
        END LOOP;
    END $$
    """,
    """
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'florin_search') THEN
            CREATE ROLE florin_search NOLOGIN;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;  -- another database of this server was migrated at the same moment
    END $$
    """,
    """
    CREATE POLICY search ON florin.users FOR SELECT TO florin_search USING (true)
    """,
    """
    CREATE POLICY search ON florin.accounts FOR SELECT TO florin_search USING (true)
    """,
    """
    CREATE POLICY search ON florin.transactions FOR SELECT TO florin_search USING (true)
    """,
    """
    GRANT SELECT ON florin.users, florin.accounts, florin.transactions TO florin_search
    """,
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
    # Who gives a view to another role must be able to become it, and that role must be able to make
    # one: both only for as long as it takes.
    """
    DO $$
    DECLARE
        joins boolean := NOT pg_has_role(
            current_user, 'florin_search',
            CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET'
                ELSE 'MEMBER' END
        );
    BEGIN
        IF joins THEN
            GRANT florin_search TO CURRENT_USER;
        END IF;
        GRANT USAGE, CREATE ON SCHEMA florin TO florin_search;
        ALTER VIEW florin.searchable_users OWNER TO florin_search;
        ALTER VIEW florin.searchable_accounts OWNER TO florin_search;
        ALTER VIEW florin.searchable_transactions OWNER TO florin_search;
        GRANT SELECT ON
            florin.searchable_users, florin.searchable_accounts, florin.searchable_transactions
            TO florin_app;
        REVOKE CREATE ON SCHEMA florin FROM florin_search;
        IF joins THEN
            REVOKE florin_search FROM CURRENT_USER;
        END IF;
    END $$
    """,
)


def upgrade() -> None:
    """Put a wall around each ledger's rows, and doors into it for what is searched."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: nothing is to stand open that was closed."""
    raise RuntimeError("Florin does not take down its walls. Restore a backup instead.")
