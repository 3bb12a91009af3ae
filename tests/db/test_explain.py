"""A statement that cannot be explained has been read all the same."""

from collections.abc import AsyncIterator

import pytest
from psycopg.rows import scalar_row

from db import explain, loans, snapshots
from db.explain import Read
from db.ledgers import DEFAULT_LEDGER_ID
from db.statements import Connection
from tests.api import Api

# EXPLAIN takes no SHOW.
UNEXPLAINABLE = "SHOW statement_timeout"


@pytest.fixture
async def conn(api: Api) -> AsyncIterator[Connection]:
    """A pooled connection, given back in order."""
    async with loans.reading(api.pool, DEFAULT_LEDGER_ID) as conn:
        yield conn
        assert conn.info.transaction_status.name == "IDLE"


async def now(conn: Connection) -> object:
    cursor = conn.cursor(row_factory=scalar_row)
    await cursor.execute("SELECT now()")
    return await cursor.fetchone()


async def test_without_a_plan_what_was_read_is_there(conn: Connection) -> None:
    reads: list[Read] = []
    with explain.explaining(conn, reads.append, wants_plan=lambda: True) as explained:
        cursor = await explained.execute(UNEXPLAINABLE)
        assert await cursor.fetchone() is not None
        await explained.execute("SELECT 1 WHERE %(is_wanted)s", {"is_wanted": False})
    assert [(read.statement, read.rows) for read in reads] == [
        (UNEXPLAINABLE, 1),
        ("SELECT 1 WHERE %(is_wanted)s", 0),
    ]
    assert reads[0].plan is None
    assert reads[1].plan is not None
    assert reads[1].plan["Actual Rows"] == 0


async def test_without_a_plan_a_snapshot_goes_on(conn: Connection) -> None:
    reads: list[Read] = []
    async with snapshots.frozen(conn):
        moment = await now(conn)
        with explain.explaining(conn, reads.append, wants_plan=lambda: True):
            await conn.execute(UNEXPLAINABLE)
            assert await now(conn) == moment
    assert [read.plan is None for read in reads] == [True, False]
