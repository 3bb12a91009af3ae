"""A cursor that remembers what it ran, so that tests can count statements and explain them."""

from typing import Any, ClassVar, NamedTuple

from psycopg import AsyncServerCursor
from psycopg.rows import TupleRow

from db.cursors import ObservedCursor
from db.pool import CONFIGURE


class Statement(NamedTuple):
    """One statement as it was sent."""

    query: str
    parameters: Any


class RecordingCursor(ObservedCursor):
    """Records every statement of every connection; a test clears the record before it looks."""

    record: ClassVar[list[Statement]] = []

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Any:  # noqa: ANN401
        text = query if isinstance(query, str) else query.as_string(self)
        # A server asks once a second whether there are any keys by now.
        # A connection that the pool makes meanwhile is nobody's statement either.
        if "florin." in text and "florin.api_keys" not in text and text != CONFIGURE:
            self.record.append(Statement(text, params))
        return await super().execute(query, params, **options)


class RecordingServerCursor(AsyncServerCursor[TupleRow]):
    """Records, in the same place, what is streamed over a connection that makes its cursors so."""

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Any:  # noqa: ANN401
        text = query if isinstance(query, str) else query.as_string(self)
        RecordingCursor.record.append(Statement(text, params))
        return await super().execute(query, params, **options)
