"""Trust: several ledgers, the keys that open them, and who had what done.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-24
"""

from collections.abc import Sequence
from typing import Final, LiteralString

from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATEMENTS: Final[tuple[LiteralString, ...]] = (
    """
    CREATE UNIQUE INDEX ledgers_code_key ON florin.ledgers (code)
    """,
    """
    ALTER TABLE florin.ledgers ADD COLUMN cursor_key uuid NOT NULL DEFAULT gen_random_uuid()
    """,
    """
    CREATE TABLE florin.api_keys (
        key_id       uuid NOT NULL,
        name         text NOT NULL,
        secret_hash  bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
        hashed_with  bytea NOT NULL CHECK (octet_length(hashed_with) = 8),
        scopes       text[] NOT NULL CHECK (
            cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'write', 'admin']
        ),
        ledger_ids   integer[] NOT NULL CHECK (cardinality(ledger_ids) > 0),
        created_at   timestamptz NOT NULL,
        expires_at   timestamptz,
        revoked_at   timestamptz,
        last_used_at timestamptz,
        PRIMARY KEY (key_id)
    )
    """,
    """
    CREATE TABLE florin.actions (
        ledger_id  integer NOT NULL,
        action_id  uuid NOT NULL,
        kind       text NOT NULL CHECK (kind <> ''),
        subject    text COLLATE "C",
        actor      text COLLATE "C" NOT NULL CHECK (actor <> ''),
        request_id text COLLATE "C",
        created_at timestamptz NOT NULL,
        PRIMARY KEY (ledger_id, action_id)
    )
    """,
    """
    CREATE INDEX actions_subject_idx ON florin.actions (ledger_id, subject, action_id)
        WHERE subject IS NOT NULL
    """,
    """
    ALTER TABLE florin.transactions
        ADD COLUMN action_id uuid,
        ADD COLUMN resolved_action_id uuid
    """,
    """
    GRANT SELECT ON florin.api_keys TO florin_app
    """,
    """
    GRANT UPDATE (last_used_at) ON florin.api_keys TO florin_app
    """,
    """
    GRANT SELECT, INSERT ON florin.actions TO florin_app
    """,
    """
    GRANT UPDATE (resolved_action_id) ON florin.transactions TO florin_app
    """,
)


def upgrade() -> None:
    """Add keys and actions. Transactions from before have no action."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: keys would be lost, and who had what done."""
    raise RuntimeError("Florin does not drop ledgers. Restore a backup instead.")
