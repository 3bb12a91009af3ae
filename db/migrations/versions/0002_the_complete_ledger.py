"""Holds, reversals, effective time, balances at any time, and seals.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-24
"""

from collections.abc import Sequence
from typing import Final, LiteralString

from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATEMENTS: Final[tuple[LiteralString, ...]] = (
    """
    ALTER TABLE florin.transactions
        ADD COLUMN effective_at timestamptz,
        ADD COLUMN expires_at timestamptz,
        ADD COLUMN resolved_at timestamptz,
        ADD COLUMN resolution_id uuid,
        ADD COLUMN resolution_key text COLLATE "C" CHECK (resolution_key <> ''),
        ADD COLUMN reverses_id uuid,
        ADD CHECK (state <> 'PENDING' OR resolved_at IS NULL),
        ADD CHECK (state IN ('PENDING', 'POSTED') OR resolved_at IS NOT NULL),
        ADD CHECK ((resolution_key IS NULL) = (resolution_id IS NULL))
    """,
    """
    CREATE UNIQUE INDEX transactions_resolution_key_key
        ON florin.transactions (ledger_id, resolution_key) WHERE resolution_key IS NOT NULL
    """,
    """
    CREATE UNIQUE INDEX transactions_reverses_key
        ON florin.transactions (ledger_id, reverses_id) WHERE reverses_id IS NOT NULL
    """,
    """
    CREATE INDEX transactions_resolution_idx
        ON florin.transactions (ledger_id, resolution_id) WHERE resolution_id IS NOT NULL
    """,
    """
    CREATE INDEX transactions_expiring_idx ON florin.transactions (ledger_id, expires_at)
        WHERE state = 'PENDING' AND expires_at IS NOT NULL
    """,
    """
    CREATE INDEX transactions_state_idx
        ON florin.transactions (ledger_id, state, transaction_id) WHERE state <> 'POSTED'
    """,
    """
    CREATE INDEX transactions_effective_idx
        ON florin.transactions (
            ledger_id,
            (coalesce(effective_at, CASE WHEN state = 'POSTED' THEN resolved_at END))
        )
        WHERE coalesce(effective_at, CASE WHEN state = 'POSTED' THEN resolved_at END) IS NOT NULL
    """,
    """
    ALTER TABLE florin.entries
        ADD COLUMN effective_at timestamptz,
        ADD COLUMN debits_after florin.minor_units CHECK (debits_after >= 0)
    """,
    """
    UPDATE florin.entries AS e
    SET debits_after = running.debits
    FROM (
        SELECT ledger_id, account_id, version,
            sum(CASE WHEN side = 'DEBIT' THEN amount ELSE 0 END)
                OVER (PARTITION BY ledger_id, account_id ORDER BY version) AS debits
        FROM florin.entries
    ) AS running
    WHERE running.ledger_id = e.ledger_id AND running.account_id = e.account_id
        AND running.version = e.version
    """,
    """
    ALTER TABLE florin.entries ALTER COLUMN debits_after SET NOT NULL
    """,
    """
    CREATE INDEX entries_effective_idx
        ON florin.entries (ledger_id, account_id, effective_at, version)
        WHERE effective_at IS NOT NULL
    """,
    """
    CREATE INDEX entries_dated_idx ON florin.entries (ledger_id, account_id, created_at)
        WHERE effective_at IS NOT NULL
    """,
    """
    CREATE TABLE florin.holds (
        ledger_id      integer NOT NULL,
        account_id     uuid NOT NULL,
        transaction_id uuid NOT NULL,
        position       smallint NOT NULL CHECK (position BETWEEN 0 AND 99),
        side           text NOT NULL CHECK (side IN ('DEBIT', 'CREDIT')),
        amount         florin.minor_units NOT NULL CHECK (amount > 0),
        captured       florin.minor_units CHECK (captured > 0 AND captured <= amount),
        created_at     timestamptz NOT NULL,
        expires_at     timestamptz,
        resolved_at    timestamptz,
        PRIMARY KEY (ledger_id, account_id, transaction_id, position),
        CHECK (captured IS NULL OR resolved_at IS NOT NULL)
    )
    """,
    """
    CREATE INDEX holds_open_idx ON florin.holds (ledger_id, account_id, expires_at)
        WHERE resolved_at IS NULL
    """,
    """
    CREATE INDEX holds_resolved_idx ON florin.holds (ledger_id, account_id, resolved_at)
        INCLUDE (created_at, expires_at, side, amount)
        WHERE resolved_at IS NOT NULL
    """,
    """
    CREATE TABLE florin.shifts (
        ledger_id  integer NOT NULL,
        account_id uuid NOT NULL,
        period     text COLLATE "C" NOT NULL CHECK (period IN ('DAY', 'MONTH')),
        starts_on  date NOT NULL,
        debits     florin.minor_units NOT NULL,
        credits    florin.minor_units NOT NULL,
        PRIMARY KEY (ledger_id, account_id, period, starts_on)
    )
    """,
    """
    CREATE TABLE florin.watermarks (
        ledger_id    integer NOT NULL,
        announced_at timestamptz NOT NULL,
        PRIMARY KEY (ledger_id),
        FOREIGN KEY (ledger_id) REFERENCES florin.ledgers (ledger_id)
    )
    """,
    """
    CREATE TABLE florin.seals (
        ledger_id  integer NOT NULL,
        number     bigint NOT NULL CHECK (number > 0),
        through    timestamptz NOT NULL,
        entries    integer NOT NULL CHECK (entries > 0),
        items      bytea NOT NULL CHECK (octet_length(items) = 40 * entries),
        hash       bytea NOT NULL CHECK (octet_length(hash) = 32),
        created_at timestamptz NOT NULL,
        PRIMARY KEY (ledger_id, number)
    )
    """,
    """
    CREATE TABLE florin.duties (
        ledger_id integer NOT NULL,
        duty      text COLLATE "C" NOT NULL CHECK (duty IN ('SEAL', 'SWEEP')),
        done_at   timestamptz,
        PRIMARY KEY (ledger_id, duty),
        FOREIGN KEY (ledger_id) REFERENCES florin.ledgers (ledger_id)
    )
    """,
    """
    INSERT INTO florin.watermarks (ledger_id, announced_at)
    SELECT ledger_id, created_at FROM florin.ledgers
    """,
    """
    INSERT INTO florin.duties (ledger_id, duty)
    SELECT ledgers.ledger_id, duties.duty
    FROM florin.ledgers CROSS JOIN (VALUES ('SEAL'), ('SWEEP')) AS duties (duty)
    """,
    """
    GRANT SELECT ON
        florin.holds, florin.shifts, florin.watermarks, florin.seals, florin.duties
        TO florin_app
    """,
    """
    GRANT INSERT ON florin.holds, florin.shifts, florin.seals TO florin_app
    """,
    """
    GRANT UPDATE (state, description, metadata, resolved_at, resolution_id, resolution_key)
        ON florin.transactions TO florin_app
    """,
    """
    GRANT UPDATE (captured, resolved_at) ON florin.holds TO florin_app
    """,
    """
    GRANT UPDATE (debits, credits) ON florin.shifts TO florin_app
    """,
    """
    GRANT UPDATE (announced_at) ON florin.watermarks TO florin_app
    """,
    """
    GRANT UPDATE (done_at) ON florin.duties TO florin_app
    """,
)


def upgrade() -> None:
    """Add what the complete ledger needs; entries learn their account's debits so far."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: going back would destroy holds, reversals and seals."""
    raise RuntimeError("Florin does not drop ledgers. Restore a backup instead.")
