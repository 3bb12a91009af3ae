"""How many pages of tables and indexes a request reads: a count that no other load can disturb."""

from typing import Any, ClassVar

import orjson
from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from db.statements import Connection


class RecordingCursor(AsyncCursor[TupleRow]):
    """Remembers what it ran on the ledger's tables."""

    record: ClassVar[list[tuple[str, Any]]] = []

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Any:  # noqa: ANN401 - as psycopg has it
        """Remember the statement and run it."""
        text = query if isinstance(query, str) else query.as_string(self)
        if "florin." in text:
            self.record.append((text, params))
        return await super().execute(query, params, **options)


async def read_again(conn: Connection) -> int:
    """The shared buffers that the remembered statements read, and forget them."""
    total = 0
    for query, parameters in RecordingCursor.record:
        explained = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {query}".encode()
        rows = await AsyncCursor(conn).execute(explained, parameters)
        found = await rows.fetchone()
        assert found is not None
        explanation = found[0]
        (top,) = orjson.loads(explanation) if isinstance(explanation, bytes) else explanation
        plan = top["Plan"]
        total += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    RecordingCursor.record.clear()
    return total


async def last_plan(conn: Connection) -> str:
    """The plan of the last remembered statement, as text, with the pages that each node read."""
    query, parameters = RecordingCursor.record.pop()
    explained = f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF) {query}".encode()
    rows = await AsyncCursor(conn).execute(explained, parameters)
    return "\n".join(str(line) for (line,) in await rows.fetchall())
