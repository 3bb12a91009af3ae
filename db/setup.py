"""Makes a database ready to serve: its schema, and ledgers with their currencies."""

import psycopg

from db import currencies, ledgers, migrate, roles
from db.roles import Reach


def prepare(database_url: str) -> None:
    """Migrate and seed; run again, it adds only what is missing. For the owner's login."""
    migrate.upgrade(database_url)
    with psycopg.connect(database_url, connect_timeout=5) as conn:
        ledgers.create_default(conn)
        currencies.create_iso(conn, ledgers.DEFAULT_LEDGER_ID)


def add_ledger(owner_url: str, *, code: str, name: str) -> bool:
    """Make another ledger with the same currencies; False where the code is taken."""
    with psycopg.connect(owner_url, connect_timeout=5) as conn:
        ledger_id = ledgers.next_id(conn, code)
        if ledger_id is None:
            return False
        ledgers.create(conn, ledger_id, code=code, name=name)
        currencies.create_iso(conn, ledger_id)
    return True


def prepare_for(login: str, owner_url: str) -> list[Reach]:
    """Migrate and seed as the owner, for another login to serve with; returns what that could do
    more than it should.

    Raises CannotAdmitError, before anything is changed where that can be known before.
    """
    with psycopg.connect(owner_url, connect_timeout=5) as conn:
        roles.refuse_unfit(conn, login)
    prepare(owner_url)
    with psycopg.connect(owner_url, connect_timeout=5) as conn:
        return roles.admit(conn, login)
