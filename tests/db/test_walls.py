"""The second wall between ledgers holds where the first, a statement's condition, is gone."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import psycopg
import pytest
from psycopg import errors
from psycopg.sql import SQL, Identifier

from db import loans, setup, walls
from db.ledgers import DEFAULT_LEDGER_ID
from db.migrations import SEARCH_ROLE
from db.pool import Pool
from db.statements import Connection
from server import doctor
from tests.api import serving
from tests.everything import walk
from tests.recorder import RecordingCursor, Statement
from tests.server.test_doctor import examined

OURS: Final = DEFAULT_LEDGER_ID
THEIRS: Final = 2
TABLES: Final = """
    SELECT c.relname
    FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'ledger_id'
    WHERE c.relnamespace = 'florin'::regnamespace AND c.relkind = 'r' AND c.relname <> 'ledgers'
    ORDER BY c.relname
"""
# What says which ledger is meant is under no wall: it is asked before there is a ledger.
DIRECTORY: Final = re.compile(r"florin\.(?:ledgers|api_keys)\b")
WALL: Final = errors.InsufficientPrivilege.sqlstate
CONDITION: Final = re.compile(r"(?:\w+\.)?ledger_id = %\(ledger_id\)s(?:::integer)?")
# By the transaction that asks. Rows that are only locked do not count.
WRITTEN: Final = SQL("""
    SELECT count(*) FROM {}
    WHERE ledger_id = %s AND xmin::text::bigint = pg_current_xact_id_if_assigned()::text::bigint
""")


class Walked(NamedTuple):
    """A database in which all that a walk has left is theirs, nothing ours, and its statements."""

    pool: Pool
    statements: list[Statement]
    tables: list[str]
    # All that they have is older.
    since: datetime


class Answer(NamedTuple):
    """A statement's rows, or the SQLSTATE it failed with; and how many it wrote of theirs."""

    rows: list[tuple[Any, ...]]
    refusal: str | None = None
    theirs_written: int = 0


@pytest.fixture
async def walked(database_url: str) -> AsyncIterator[Walked]:
    assert setup.add_ledger(database_url, code="theirs", name="Theirs")
    async with serving(database_url, cursor_factory=RecordingCursor) as api:
        RecordingCursor.record.clear()
        await walk(api)
        recorded = {statement.query: statement for statement in RecordingCursor.record}
        tables = _give_all_to_them(database_url)
        statements = [one for one in recorded.values() if _is_walled(one)]
        yield Walked(api.pool, statements, tables, datetime.now(UTC))


def _is_walled(statement: Statement) -> bool:
    tables = re.findall(r"florin\.(?!ledger_id)\w+", statement.query)
    return bool(tables) and not DIRECTORY.search(statement.query)


def _give_all_to_them(database_url: str) -> list[str]:
    with psycopg.connect(database_url) as conn:
        conn.execute("SET session_replication_role = replica")  # in no order of foreign keys
        tables = [str(name) for (name,) in conn.execute(TABLES).fetchall()]
        for table in tables:
            name = Identifier("florin", table)
            remove, give = "DELETE FROM {} WHERE ledger_id = %s", "UPDATE {} SET ledger_id = %s"
            conn.execute(SQL(remove).format(name), (THEIRS,))
            conn.execute(SQL(give).format(name), (THEIRS,))
    return tables


async def ask(walked: Walked, conn: Connection, query: str, parameters: Any) -> Answer:  # noqa: ANN401
    """Run a statement, count what it wrote of theirs, and undo it."""
    try:
        async with conn.transaction(force_rollback=True):
            cursor = await psycopg.AsyncCursor(conn).execute(query.encode(), parameters)
            rows = await cursor.fetchall() if cursor.description else []
            await conn.execute("RESET ROLE")
            written = 0
            for table in walked.tables:
                found = await conn.execute(WRITTEN.format(Identifier("florin", table)), (THEIRS,))
                written += (await found.fetchone() or (0,))[0]
    except (errors.InsufficientPrivilege, errors.IntegrityError) as error:
        return Answer([], error.sqlstate)
    rows = [_timeless(row, walked.since) for row in rows]
    return Answer(rows, theirs_written=written)


def _timeless(row: tuple[Any, ...], since: datetime) -> tuple[Any, ...]:
    """A row without what only says when it was read."""
    return tuple(
        "now" if isinstance(value, datetime) and value >= since else value for value in row
    )


async def _through(walked: Walked, ledger_id: int | None, query: str, parameters: Any) -> Answer:  # noqa: ANN401
    lent = (
        loans.directory(walked.pool) if ledger_id is None else loans.reading(walked.pool, ledger_id)
    )
    async with lent as conn:
        return await ask(walked, conn, query, parameters)


async def test_nothing_of_another_ledger_is_shown_or_written_where_it_is_asked_for_by_its_id(
    walked: Walked,
) -> None:
    shown = 0
    for statement in walked.statements:
        theirs = {**statement.parameters, "ledger_id": THEIRS}
        nothing = await _through(walked, None, statement.query, theirs)
        ours = await _through(walked, OURS, statement.query, theirs)
        assert ours == nothing, statement.query
        assert ours.refusal in {None, WALL}, statement.query
        assert ours.theirs_written == 0, statement.query
        # That the same statement shows or writes something on their own loan is what makes it
        # worth anything that it does not on ours.
        shown += await _through(walked, THEIRS, statement.query, theirs) != nothing
    assert shown > 0.7 * len(walked.statements)
    assert len(walked.statements) > 100


async def test_nothing_of_another_ledger_is_shown_or_written_where_no_ledger_is_asked_for(
    walked: Walked,
) -> None:
    without = 0
    for statement in walked.statements:
        query = CONDITION.sub("true", statement.query)
        without += query != statement.query
        parameters = {**statement.parameters, "ledger_id": OURS}
        nothing = await _through(walked, None, query, parameters)
        ours = await _through(walked, OURS, query, parameters)
        assert ours.theirs_written == 0, statement.query
        # An addition is refused without a ledger, and on our loan is one to ours.
        assert ours.rows == nothing.rows or nothing.refusal == WALL, statement.query
    assert without > 0.8 * len(walked.statements)


async def test_without_a_ledger_no_row_is_shown(walked: Walked) -> None:
    counted = {}
    for table in walked.tables:
        query = f"SELECT count(*) FROM florin.{table}"  # noqa: S608 - of the catalogue
        nothing = await _through(walked, None, query, {})
        theirs = await _through(walked, THEIRS, query, {})
        assert nothing.rows == [(0,)]
        counted[table] = theirs.rows[0][0]
    assert all(counted.values()), counted


async def test_the_views_are_walled_as_their_tables(walked: Walked) -> None:
    for table in ("users", "accounts", "transactions"):
        query = f"SELECT count(*) FROM florin.searchable_{table}"  # noqa: S608 - of this list
        for ledger_id, is_shown in ((None, False), (OURS, False), (THEIRS, True)):
            answer = await _through(walked, ledger_id, query, {})
            assert (answer.rows != [(0,)]) is is_shown


async def test_a_loan_is_for_one_ledger_whatever_the_connection_was_lent_for_before(
    walked: Walked,
) -> None:
    query = "SELECT count(*) FROM florin.accounts"
    for ledger_id in (THEIRS, OURS, THEIRS, None, THEIRS, OURS):
        answer = await _through(walked, ledger_id, query, {})
        assert (answer.rows != [(0,)]) is (ledger_id == THEIRS)


async def test_every_table_of_a_ledger_has_its_wall(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        tables = {name for (name,) in conn.execute(TABLES).fetchall()}
        found = conn.execute(
            "SELECT relname, relrowsecurity, relforcerowsecurity OR relowner = %s::regrole"
            " FROM pg_class WHERE relnamespace = 'florin'::regnamespace AND relkind = 'r'",
            (SEARCH_ROLE,),
        ).fetchall()
        members = conn.execute(
            "SELECT count(*) FROM pg_auth_members WHERE roleid = %s::regrole", (SEARCH_ROLE,)
        ).fetchone()
    assert {name for name, is_on, is_forced in found if is_on and is_forced} == tables
    assert members == (0,)


OPENED = {
    "ALTER TABLE florin.entries DISABLE ROW LEVEL SECURITY": "florin.entries",
    "ALTER TABLE florin.holds NO FORCE ROW LEVEL SECURITY": "florin.holds",
    "ALTER TABLE florin.accounts OWNER TO CURRENT_USER": "florin.accounts",
    "CREATE POLICY more ON florin.seals USING (true)": "florin.seals",
    "ALTER POLICY wall ON florin.shifts USING (true)": "florin.shifts",
    "DROP POLICY wall ON florin.postings": "florin.postings",
    "CREATE TABLE florin.notes (ledger_id integer)": "florin.notes",
    "ALTER TABLE florin.duties OWNER TO florin_app": "florin_app owns florin.duties",
}


@pytest.mark.parametrize("change", list(OPENED))
async def test_a_wall_that_stands_open_is_found_by_the_doctor(
    database_url: str, change: str
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute(change.encode())
    check = (await examined(database_url))["walls"]
    assert check.state == "failed"
    assert OPENED[change] in check.finding
    assert check.remedy


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ("ALTER ROLE florin_app BYPASSRLS", "app_bypasses"),
        ("ALTER ROLE florin_search LOGIN", "search_can_log_in"),
        ("GRANT florin_search TO florin_app", "owned_by_app"),
    ],
)
async def test_who_could_pass_is_found(database_url: str, change: str, wrong: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as conn:
        # Roles are the whole server's: never committed.
        await conn.execute(change.encode())
        found = await walls.examine(conn)
        await conn.rollback()
    assert getattr(found, wrong)
    assert [check.state for check in (doctor._walls(found),)] == ["failed"]
