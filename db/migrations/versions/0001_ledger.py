"""Ledgers, currencies, users, accounts, transactions, postings and entries.

Revision ID: 0001
Revises:
Create Date: 2026-11-23
"""

from collections.abc import Sequence
from typing import Final, LiteralString

from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

STATEMENTS: Final[tuple[LiteralString, ...]] = (
    """
    CREATE DOMAIN florin.minor_units AS numeric
        CHECK (scale(VALUE) = 0 AND VALUE > -1e38 AND VALUE < 1e38)
    """,
    """
    CREATE TABLE florin.ledgers (
        ledger_id  integer NOT NULL CHECK (ledger_id > 0),
        code       text COLLATE "C" NOT NULL CHECK (code <> ''),
        name       text NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (ledger_id)
    )
    """,
    """
    CREATE TABLE florin.currencies (
        ledger_id  integer NOT NULL,
        code       text COLLATE "C" NOT NULL CHECK (code <> ''),
        exponent   smallint NOT NULL CHECK (exponent BETWEEN 0 AND 30),
        name       text NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (ledger_id, code),
        UNIQUE (ledger_id, code, exponent),
        FOREIGN KEY (ledger_id) REFERENCES florin.ledgers (ledger_id)
    )
    """,
    """
    CREATE TABLE florin.users (
        ledger_id  integer NOT NULL,
        user_id    uuid NOT NULL,
        username   text COLLATE "C" NOT NULL CHECK (username <> ''),
        email      text COLLATE "C" NOT NULL CHECK (email <> ''),
        metadata   jsonb NOT NULL CHECK (jsonb_typeof(metadata) = 'object'),
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        PRIMARY KEY (ledger_id, user_id),
        FOREIGN KEY (ledger_id) REFERENCES florin.ledgers (ledger_id)
    )
    """,
    """
    CREATE UNIQUE INDEX users_username_key ON florin.users (ledger_id, lower(username))
    """,
    """
    CREATE UNIQUE INDEX users_email_key ON florin.users (ledger_id, lower(email))
    """,
    """
    CREATE INDEX users_metadata_idx ON florin.users USING gin (metadata)
        WHERE metadata <> '{}'::jsonb
    """,
    """
    CREATE TABLE florin.accounts (
        ledger_id       integer NOT NULL,
        account_id      uuid NOT NULL,
        code            text COLLATE "C" NOT NULL CHECK (code <> ''),
        name            text NOT NULL,
        owner_id        uuid,
        currency        text COLLATE "C" NOT NULL,
        exponent        smallint NOT NULL,
        normal_side     text NOT NULL CHECK (normal_side IN ('DEBIT', 'CREDIT')),
        state           text NOT NULL CHECK (state IN ('OPEN', 'FROZEN', 'CLOSED')),
        floor           florin.minor_units,
        ceiling         florin.minor_units,
        debits_posted   florin.minor_units NOT NULL CHECK (debits_posted >= 0),
        credits_posted  florin.minor_units NOT NULL CHECK (credits_posted >= 0),
        debits_pending  florin.minor_units NOT NULL CHECK (debits_pending >= 0),
        credits_pending florin.minor_units NOT NULL CHECK (credits_pending >= 0),
        version         bigint NOT NULL CHECK (version >= 0),
        last_entry_at   timestamptz,
        metadata        jsonb NOT NULL CHECK (jsonb_typeof(metadata) = 'object'),
        created_at      timestamptz NOT NULL,
        PRIMARY KEY (ledger_id, account_id),
        UNIQUE (ledger_id, code),
        CHECK (floor <= ceiling),
        FOREIGN KEY (ledger_id) REFERENCES florin.ledgers (ledger_id),
        FOREIGN KEY (ledger_id, owner_id) REFERENCES florin.users (ledger_id, user_id),
        FOREIGN KEY (ledger_id, currency, exponent)
            REFERENCES florin.currencies (ledger_id, code, exponent)
    ) WITH (fillfactor = 70)
    """,
    """
    CREATE INDEX accounts_owner_idx ON florin.accounts (ledger_id, owner_id, account_id)
        WHERE owner_id IS NOT NULL
    """,
    """
    CREATE INDEX accounts_metadata_idx ON florin.accounts USING gin (metadata)
        WHERE metadata <> '{}'::jsonb
    """,
    """
    CREATE TABLE florin.transactions (
        ledger_id       integer NOT NULL,
        transaction_id  uuid NOT NULL,
        idempotency_key text COLLATE "C" NOT NULL CHECK (idempotency_key <> ''),
        fingerprint     bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
        state           text NOT NULL CHECK (state IN ('PENDING', 'POSTED', 'VOIDED', 'EXPIRED')),
        description     text NOT NULL,
        metadata        jsonb NOT NULL CHECK (jsonb_typeof(metadata) = 'object'),
        created_at      timestamptz NOT NULL,
        PRIMARY KEY (ledger_id, transaction_id),
        UNIQUE (ledger_id, idempotency_key)
    )
    """,
    """
    CREATE INDEX transactions_metadata_idx ON florin.transactions USING gin (metadata)
        WHERE metadata <> '{}'::jsonb
    """,
    """
    CREATE TABLE florin.postings (
        ledger_id         integer NOT NULL,
        transaction_id    uuid NOT NULL,
        position          smallint NOT NULL CHECK (position BETWEEN 0 AND 99),
        debit_account_id  uuid NOT NULL,
        credit_account_id uuid NOT NULL,
        amount            florin.minor_units NOT NULL CHECK (amount > 0),
        PRIMARY KEY (ledger_id, transaction_id, position),
        CHECK (debit_account_id <> credit_account_id)
    )
    """,
    """
    CREATE TABLE florin.entries (
        ledger_id      integer NOT NULL,
        account_id     uuid NOT NULL,
        version        bigint NOT NULL CHECK (version > 0),
        transaction_id uuid NOT NULL,
        position       smallint NOT NULL,
        side           text NOT NULL CHECK (side IN ('DEBIT', 'CREDIT')),
        amount         florin.minor_units NOT NULL CHECK (amount > 0),
        balance_after  florin.minor_units NOT NULL,
        created_at     timestamptz NOT NULL,
        PRIMARY KEY (ledger_id, account_id, version)
    )
    """,
    """
    CREATE INDEX entries_transaction_idx
        ON florin.entries (ledger_id, account_id, transaction_id)
    """,
    """
    GRANT USAGE ON SCHEMA florin TO florin_app
    """,
    """
    GRANT SELECT ON ALL TABLES IN SCHEMA florin TO florin_app
    """,
    """
    GRANT INSERT ON
        florin.currencies, florin.users, florin.accounts,
        florin.transactions, florin.postings, florin.entries
        TO florin_app
    """,
    """
    GRANT UPDATE (username, email, metadata, updated_at) ON florin.users TO florin_app
    """,
    """
    GRANT UPDATE (
        name, state, floor, ceiling, debits_posted, credits_posted, debits_pending, credits_pending,
        version, last_entry_at, metadata
    ) ON florin.accounts TO florin_app
    """,
)


def upgrade() -> None:
    """Build the first schema."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: going back would destroy every ledger."""
    raise RuntimeError("Florin does not drop ledgers. Restore a backup instead.")
