"""A cursor that tells what it ran: the statement, its rows, its time and PostgreSQL's own plan."""

import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Any, Final, TypeVar

import msgspec
import psycopg
from psycopg import AsyncCursor
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composable

from db.cursors import ObservedCursor
from db.statements import Connection

# Runs the statement once more: the plan is of that second run.
EXPLAIN: Final = SQL("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {}")

Row = TypeVar("Row")

logger = logging.getLogger("florin.explain")


class Read(msgspec.Struct, frozen=True, gc=False):
    """A statement that was run. ``plan`` is the root of EXPLAIN's JSON, None if there is none."""

    statement: str
    rows: int
    milliseconds: float
    plan: Mapping[str, Any] | None


@contextmanager
def explaining(
    conn: Connection, tell: Callable[[Read], None], *, wants_plan: Callable[[], bool]
) -> Iterator[Connection]:
    """The connection, whose cursors ``tell`` what they read for as long as the block runs.

    Each statement is run a second time, in a transaction or savepoint, where a plan is wanted.
    """
    made_by = conn.cursor_factory
    cursor = partial(_ExplainingCursor, tell=tell, wants_plan=wants_plan)
    conn.cursor_factory = cursor  # type: ignore[assignment]  # it is called, and nothing else
    try:
        yield conn
    finally:
        conn.cursor_factory = made_by


class _ExplainingCursor(ObservedCursor):
    """Of a connection that only reads."""

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - psycopg's own
        tell: Callable[[Read], None],
        wants_plan: Callable[[], bool],
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*args, **options)
        self._tell = tell
        self._wants_plan = wants_plan

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Any:  # noqa: ANN401
        """Run it, then have it explained and told."""
        began = perf_counter()
        await super().execute(query, params, **options)
        milliseconds = (perf_counter() - began) * 1000
        composed = query if isinstance(query, Composable) else SQL(query)
        plan = await self._plan(composed, params) if self._wants_plan() else None
        text = inspect.cleandoc(composed.as_string(self))
        self._tell(Read(text, self.rowcount, milliseconds, plan))
        return self

    async def _plan(self, query: Composable, params: Any) -> Mapping[str, Any] | None:  # noqa: ANN401
        """None where it cannot be had, such as in time: what was asked for has been read."""
        plain = AsyncCursor(self.connection, row_factory=tuple_row)
        try:
            # A snapshot, which this is a savepoint in, goes on after it.
            async with self.connection.transaction():
                # Once each: nothing to be prepared for.
                await plain.execute(EXPLAIN.format(query), params, prepare=False)
                row = await plain.fetchone()
        except psycopg.Error as error:
            logger.warning("A statement could not be explained: %s", error)
            return None
        assert row is not None
        plan: Mapping[str, Any] = row[0][0]["Plan"]
        return plan
