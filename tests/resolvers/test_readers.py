"""A snapshot's connection goes back to the pool, whatever happens to who asked for it."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, ClassVar

import psycopg
import pytest
from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from db import loans, snapshots
from db.ledgers import DEFAULT_LEDGER_ID
from db.statements import COMMIT
from resolvers.readers import SnapshotReader
from server.authentication import ANYBODY
from server.operations import Prepared
from server.outcomes import Answer, Call
from server.requests import GraphQLRequest
from tests.api import Api, serving
from tests.sessions import Watch

QUERY = "query @snapshot { users { totalCount } accounts { totalCount } ledger { code } }"
EXPLAIN = {"florin": {"explain": True}}
LOCK = "LOCK TABLE florin.users IN ACCESS EXCLUSIVE MODE"
END_IT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND state = 'idle in transaction'"
)


class LosingCursor(AsyncCursor[TupleRow]):
    """Loses its connection before a statement that begins so."""

    before: ClassVar[str | None] = None
    database_url: ClassVar[str]

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Any:  # noqa: ANN401
        if query == LosingCursor.before:
            LosingCursor.before = None
            async with await psycopg.AsyncConnection.connect(LosingCursor.database_url) as conn:
                await conn.execute(END_IT)
        return await super().execute(query, params, **options)


@pytest.fixture
async def one(database_url: str) -> AsyncIterator[Api]:
    """An application whose pool has a single connection: one that is lost would be missed."""
    LosingCursor.database_url = database_url
    async with serving(
        database_url,
        cursor_factory=LosingCursor,
        pool_size_min=1,
        pool_size_max=1,
        pool_timeout_seconds=1,
    ) as api:
        yield api


def run(api: Api, extensions: dict[str, Any] | None = None) -> Coroutine[Any, Any, Answer]:
    prepared = api.operations.prepare(
        GraphQLRequest(
            query=QUERY,
            variables=None,
            operation_name=None,
            extensions=extensions,
            document_id=None,
        ),
        ANYBODY,
    )
    assert isinstance(prepared, Prepared)
    running = api.operations.execute(prepared, Call("test", ANYBODY))
    assert not isinstance(running, Answer)
    return running


def assert_lost() -> None:
    assert LosingCursor.before is None


async def assert_healthy(api: Api, watch: Watch) -> None:
    assert watch.unfinished() == []
    assert (await api(QUERY))["users"]["totalCount"] == 0
    assert api.pool.get_stats()["pool_available"] == 1


async def test_cancelled_again_and_again_it_gives_its_connection_back(
    one: Api, database_url: str
) -> None:
    with Watch(database_url) as watch, psycopg.connect(database_url) as blocker:
        # That it is cancelled at every stage of its end: so many turns of the loop between.
        for turns in range(12):
            blocker.execute(LOCK)
            running = asyncio.ensure_future(run(one))
            await asyncio.to_thread(watch.until_waiting)
            running.cancel()
            for _ in range(turns):
                await asyncio.sleep(0)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            blocker.rollback()
            await assert_healthy(one, watch)


@pytest.mark.parametrize("extensions", [None, EXPLAIN])
async def test_cancelled_at_any_turn_of_the_loop_it_gives_its_connection_back(
    one: Api, database_url: str, extensions: dict[str, Any] | None
) -> None:
    with Watch(database_url) as watch:
        # Before, its resolvers have not begun.
        turns = 3
        while True:
            running = asyncio.ensure_future(run(one, extensions))
            for _ in range(turns):
                await asyncio.sleep(0)
            if running.done():
                break
            running.cancel()
            await asyncio.wait([running])
            await asyncio.to_thread(watch.until_finished)
            await assert_healthy(one, watch)
            turns += 1
        assert turns > 10


async def test_what_was_read_is_answered_though_the_snapshots_end_is_lost(
    one: Api, database_url: str
) -> None:
    LosingCursor.before = COMMIT
    answer = await one.send(QUERY)
    assert answer.status_code == 200
    assert "errors" not in answer.json()
    assert_lost()
    with Watch(database_url) as watch:
        await assert_healthy(one, watch)


async def test_a_snapshot_whose_connection_is_lost_is_an_outage_and_no_fault(
    one: Api, database_url: str
) -> None:
    with Watch(database_url) as watch, psycopg.connect(database_url) as blocker:
        blocker.execute(LOCK)
        running = asyncio.ensure_future(one.send(QUERY))
        await asyncio.to_thread(watch.until_waiting)
        watch.conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        answer = await running
        assert answer.status_code == 503
        blocker.rollback()
        await assert_healthy(one, watch)


async def test_where_the_pool_is_exhausted_a_snapshots_reads_do_not_wait_one_after_another(
    one: Api,
) -> None:
    async with loans.reading(one.pool, DEFAULT_LEDGER_ID):
        before = one.pool.get_stats().get("requests_num", 0)
        answer = await one.send(QUERY)
    assert answer.status_code == 503
    assert one.pool.get_stats()["requests_num"] == before + 1


async def test_many_snapshots_share_a_small_pool(one: Api) -> None:
    answers = await asyncio.gather(*(run(one) for _ in range(8)))
    assert not any("errors" in answer.content for answer in answers)


async def test_nothing_is_read_from_a_snapshot_that_has_ended(one: Api) -> None:
    reader = SnapshotReader(one.pool, DEFAULT_LEDGER_ID)
    await reader.read(lambda conn: conn.execute("SELECT 1"))
    await reader.close()
    with pytest.raises(RuntimeError, match="has ended"):
        await reader.read(lambda conn: conn.execute("SELECT 1"))


async def test_a_snapshot_that_failed_can_be_ended(one: Api) -> None:
    async with loans.reading(one.pool, DEFAULT_LEDGER_ID) as conn:
        with pytest.raises(psycopg.errors.DivisionByZero):
            async with snapshots.frozen(conn):
                await conn.execute("SELECT 1 / 0")
        assert conn.info.transaction_status.name == "IDLE"
