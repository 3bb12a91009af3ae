"""The cursor of pooled connections: it tells whoever watches what is sent."""

from collections.abc import Coroutine
from typing import Any

from psycopg import AsyncCursor
from psycopg.rows import TupleRow
from psycopg.sql import Composable

from db.observation import Trace, watching


class ObservedCursor(AsyncCursor[TupleRow]):
    """Counts its statements, and has them traced where the operation is."""

    # No coroutine of its own around psycopg's: that was measured to cost more than the counting.
    def execute(
        self,
        query: Any,  # noqa: ANN401
        params: Any = None,  # noqa: ANN401
        **options: Any,  # noqa: ANN401
    ) -> Coroutine[Any, Any, "ObservedCursor"]:
        """Send a statement, as psycopg's cursor does."""
        observed = watching.get()
        observed.statements += 1
        if observed.trace is None:
            return super().execute(query, params, **options)
        return self._traced(observed.trace, query, params, **options)

    async def _traced(
        self,
        trace: Trace,
        query: Any,  # noqa: ANN401
        params: Any,  # noqa: ANN401
        **options: Any,  # noqa: ANN401
    ) -> "ObservedCursor":
        text = query.as_string(self) if isinstance(query, Composable) else query
        with trace.statement(text):
            return await super().execute(query, params, **options)
