"""Makes a database ready to serve: its schema, the default ledger and that ledger's currencies."""

import psycopg

from db import currencies, ledgers, migrate


def prepare(database_url: str) -> None:
    """Migrate and seed; run again, it adds only what is missing. For the owner's login."""
    migrate.upgrade(database_url)
    with psycopg.connect(database_url, connect_timeout=5) as conn:
        ledgers.create_default(conn)
        currencies.create_iso(conn, ledgers.DEFAULT_LEDGER_ID)
