"""A PostgreSQL with logins that have passwords, one of which owns a database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from server.settings import Settings
from tests import debians
from tests.faults import databases
from tests.faults.databases import Postgres

DATABASE = "florin"


class TwoLogins:
    """A server whose logins have passwords, and a database that is one of theirs."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self.administrator = make_conninfo(server.url, dbname="postgres")

    def url(self, login: str, **changed: str) -> str:
        given = {"user": login, "password": f"{login}'s", "dbname": DATABASE} | changed
        return make_conninfo(self._server.url, **given)

    def settings(self, login: str = "florin_web", owner: str | None = "florin_owner") -> Settings:
        return Settings(
            database_url=SecretStr(self.url(login)),
            owner_url=None if owner is None else SecretStr(self.url(owner)),
        )

    def administer(self, *statements: str, dbname: str = "postgres") -> None:
        text = make_conninfo(self.administrator, dbname=dbname)
        with psycopg.connect(text, autocommit=True) as conn:
            for statement in statements:
                conn.execute(statement.encode())


@contextmanager
def started(binaries: Path | None) -> Iterator[TwoLogins]:
    """Such a server while the block runs, by these commands or by the embedded server's."""
    with databases.folder() as place:
        server = Postgres(place / "server")
        with debians.used(binaries):
            server.initialise({"fsync": "off"})
            rules = "local all postgres trust\nlocal all all scram-sha-256\n"
            (server.data / "pg_hba.conf").write_text(rules)
            server.start()
        try:
            yield TwoLogins(server)
        finally:
            with debians.used(binaries):
                server.close()
