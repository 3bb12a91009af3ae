"""What PostgreSQL is doing for a server under test, seen from a session of the test's own."""

import time
from collections.abc import Callable
from typing import Final

import psycopg
from psycopg.sql import SQL, Identifier

# What a test waits for is there within this, or never.
_PATIENCE_SECONDS: Final = 30.0

_WAITING: Final = """
    SELECT query FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'
"""
_UNFINISHED: Final = """
    SELECT state, query FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
        AND application_name <> 'test' AND backend_type = 'client backend'
"""
# Commits of new rows then wait for whoever holds this lock.
_WAIT: Final = """
    CREATE FUNCTION florin.wait_for_the_test() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$
"""
_HELD_COMMITS: Final = SQL("""
    CREATE CONSTRAINT TRIGGER wait_for_the_test AFTER INSERT ON florin.{}
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION florin.wait_for_the_test()
""")
_TERMINATE: Final = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'
        AND ltrim(query, E' \n') LIKE %s
"""


class Watch:
    """Looks at the sessions of one database."""

    def __init__(self, database_url: str) -> None:
        self.conn = psycopg.connect(database_url, autocommit=True, application_name="test")

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self.conn.close()

    def waiting(self) -> list[str]:
        """The statements that wait for a lock."""
        return [query.strip() for (query,) in self.conn.execute(_WAITING)]

    def unfinished(self) -> list[tuple[str, str]]:
        """Other sessions' transactions that have not ended: their states and last statements."""
        return list(self.conn.execute(_UNFINISHED))

    def usernames(self) -> list[str]:
        """Who is there."""
        return [name for (name,) in self.conn.execute("SELECT username FROM florin.users")]

    def hold_commits(self, table: str = "users") -> None:
        """Have commits of new rows wait until ``release_commits``."""
        self.conn.execute(_WAIT)
        self.conn.execute(_HELD_COMMITS.format(Identifier(table)))
        self.conn.execute("SELECT pg_advisory_lock(1)")

    def terminate(self, query: str) -> None:
        """End the sessions that wait for a lock with a statement that begins so."""
        assert self.conn.execute(_TERMINATE, [f"{query}%"]).fetchall()

    def release_commits(self) -> None:
        """Let them go on."""
        self.conn.execute("SELECT pg_advisory_unlock(1)")

    def until_waiting(self, query: str = "") -> None:
        """Return when a statement that begins so waits for a lock."""
        self.until(lambda: any(waiting.startswith(query) for waiting in self.waiting()))

    def until_finished(self) -> None:
        """Return when no transaction of anybody else's is left."""
        self.until(lambda: not self.unfinished())

    def until_there(self, username: str) -> None:
        """Return when there is such a user."""
        self.until(lambda: username in self.usernames())

    def until(self, condition: Callable[[], bool]) -> None:
        """Return when something is so."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, (self.waiting(), self.unfinished())
            time.sleep(0.01)
