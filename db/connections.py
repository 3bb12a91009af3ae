"""A pooled connection, and what it remembers from one loan to the next: its ledger, its cursors."""

import select
from typing import Any, Final

from psycopg import AsyncConnection, AsyncCursor
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGconn
from psycopg.rows import TupleRow

# As many statements as psycopg keeps prepared on a connection. There are fewer but for the shapes
# of filters.
_CURSORS_MAX: Final = 100


class PooledConnection(AsyncConnection[TupleRow]):
    """A connection that says whether anything has to be asked before it is lent again.

    ``ledger_id`` is what the session's ``florin.ledger_id`` is known to be, None where it is not.
    """

    def __init__(self, pgconn: PGconn, *options: Any) -> None:  # noqa: ANN401 - psycopg's own
        super().__init__(pgconn, *options)
        self.ledger_id: str | None = None
        self._cursors: dict[tuple[str, type], AsyncCursor[Any]] = {}

    def is_ready_for(self, ledger_id: str) -> bool:
        """Whether it is set for this ledger, and the server has said nothing since.

        A server that has closed the connection, or been asked to, has said so. It may be about to,
        or out of reach: only a round trip tells.
        """
        if self.ledger_id != ledger_id or self.pgconn.transaction_status != TransactionStatus.IDLE:
            return False
        line = select.poll()
        line.register(self.pgconn.socket, select.POLLIN)
        return not line.poll(0)

    def take_cursor(self, query: str, row: type) -> AsyncCursor[Any] | None:
        """A cursor that has run this statement before, nobody else's until it is given back.

        It knows how its parameters are written and its columns read: a fifth of what a statement
        costs here.
        """
        cursor = self._cursors.pop((query, row), None)
        # While a request is explained there are cursors of another kind.
        return cursor if type(cursor) is self.cursor_factory else None

    def give_back(self, cursor: AsyncCursor[Any], query: str, row: type) -> None:
        """Keep a cursor whose rows have all been read."""
        if type(cursor) is not self.cursor_factory or cursor.pgresult is None:
            return
        cursor.pgresult.clear()
        if len(self._cursors) >= _CURSORS_MAX:
            self._cursors.clear()
        self._cursors[query, row] = cursor

    def forget(self) -> None:
        """Remember nothing: the connection is lost, or may be."""
        self.ledger_id = None
        # They hold the connection, which would stay half open until the collector comes by.
        self._cursors.clear()
