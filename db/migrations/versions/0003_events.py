"""Events: what happened, in the order of commits, for those who follow a ledger.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-24
"""

from collections.abc import Sequence
from typing import Final, LiteralString

from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATEMENTS: Final[tuple[LiteralString, ...]] = (
    """
    ALTER TABLE florin.watermarks
        ADD COLUMN epoch integer NOT NULL DEFAULT 1 CHECK (epoch > 0)
    """,
    """
    CREATE TABLE florin.events (
        ledger_id       integer NOT NULL,
        epoch           integer NOT NULL,
        xid             xid8 NOT NULL,
        written_at      timestamptz NOT NULL,
        transaction_ids uuid[] NOT NULL CHECK (cardinality(transaction_ids) > 0),
        kinds           text[] NOT NULL,
        PRIMARY KEY (ledger_id, epoch, xid),
        CHECK (cardinality(kinds) = cardinality(transaction_ids))
    )
    """,
    # What happened before there were events, in the order of its times: epoch 0, some hundreds a
    # row, numbered as if each row had been a commit.
    """
    INSERT INTO florin.events (ledger_id, epoch, xid, written_at, transaction_ids, kinds)
    SELECT ledger_id, 0, chunk::text::xid8, max(happened_at),
        array_agg(transaction_id ORDER BY number), array_agg(kind ORDER BY number)
    FROM (
        SELECT ledger_id, transaction_id, kind, happened_at, number, 3 + number / 500 AS chunk
        FROM (
            SELECT ledger_id, transaction_id, kind, happened_at,
                row_number() OVER (PARTITION BY ledger_id ORDER BY happened_at, event_id) AS number
            FROM (
                SELECT ledger_id, transaction_id, transaction_id AS event_id,
                    CASE WHEN state = 'POSTED' AND resolved_at IS NULL THEN 'POSTED'
                        ELSE 'PENDING' END AS kind,
                    created_at AS happened_at
                FROM florin.transactions
                UNION ALL
                SELECT ledger_id, transaction_id, coalesce(resolution_id, transaction_id),
                    CASE state WHEN 'POSTED' THEN 'CAPTURED' ELSE state END, resolved_at
                FROM florin.transactions
                WHERE resolved_at IS NOT NULL
            ) AS happened
        ) AS numbered
    ) AS chunked
    GROUP BY ledger_id, chunk
    """,
    """
    GRANT SELECT, INSERT ON florin.events TO florin_app
    """,
)


def upgrade() -> None:
    """Add events, and those of what has happened so far."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: cursors that clients keep would mean nothing any more."""
    raise RuntimeError("Florin does not drop ledgers. Restore a backup instead.")
