"""Where the machine runs: one database, one pool and one loop for all examples of a run."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import psycopg
from graphql import DocumentNode, ExecutionResult, execute, parse, validate

from db import adaptation, audit, holds, ledgers, loans
from db.pool import Pool, open_pool
from resolvers.context import Context
from schema.build import GRAPHQL_SCHEMA
from server.settings import Settings
from tests import clock

START: Final = datetime(2025, 6, 1, 12, tzinfo=UTC)
END: Final = datetime(2125, 6, 1, 12, tzinfo=UTC)
Result = TypeVar("Result")


class Environment:
    """The API over a database whose clock is turned by hand, and a tally of what has happened."""

    def __init__(self, owner: psycopg.Connection, runner: asyncio.Runner, pool: Pool) -> None:
        self.owner = owner
        self.now = START
        # What happened how often: steps, outcomes, and what was in conflict.
        self.tally: Counter[str] = Counter()
        self._runner = runner
        self._pool = pool
        self._documents: dict[str, DocumentNode] = {}
        # The first is the default ledger's.
        self._ledger_ids = itertools.count(2)

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run something in the loop that the pool lives in."""
        return self._runner.run(work)

    def new_ledger(self) -> int:
        """An empty ledger, and its beginning: the clock is turned back."""
        ledger_id = next(self._ledger_ids)
        name = f"ledger {ledger_id}"
        # All that is recorded is later than what the ledger begins with.
        self.turn_clock(START - timedelta(seconds=1))
        ledgers.create(self.owner, ledger_id, code=name, name=name)
        self.turn_clock(START)
        return ledger_id

    def turn_clock(self, now: datetime) -> None:
        """It is this time from now on, and stays so."""
        clock.turn(self.owner, now)
        self.now = now

    async def send(
        self, ledger_id: int, document: str, variables: Mapping[str, object]
    ) -> dict[str, Any]:
        """What the API answers, which is never an error."""
        result = execute(
            GRAPHQL_SCHEMA,
            self._parsed(document),
            context_value=Context(self._pool, ledger_id),
            variable_values=dict(variables),
        )
        if not isinstance(result, ExecutionResult):
            result = await result
        for error in result.errors or []:
            raise error.original_error or error
        assert result.data is not None
        return result.data

    async def sweep(self, ledger_id: int) -> int:
        """What the server does from time to time; says how many holds it found expired."""
        async with loans.writing(self._pool, ledger_id) as conn:
            return await holds.sweep(conn, ledger_id)

    async def discrepancies(self, ledger_id: int) -> list[str]:
        """What the audit finds."""
        async with loans.reading(self._pool, ledger_id) as conn:
            return [str(found) async for found in audit.discrepancies(conn, ledger_id)]

    def _parsed(self, document: str) -> DocumentNode:
        if document not in self._documents:
            parsed = parse(document)
            assert not validate(GRAPHQL_SCHEMA, parsed)
            self._documents[document] = parsed
        return self._documents[document]


@contextmanager
def environment(database_url: str) -> Iterator[Environment]:
    """An environment over a database of the run's own."""
    connected = psycopg.connect(database_url, autocommit=True, context=adaptation.CONTEXT)
    with connected as owner, asyncio.Runner() as runner:
        # Taken in hand before the pool's sessions begin.
        clock.take_in_hand(owner)
        stack = AsyncExitStack()
        pool = runner.run(stack.enter_async_context(open_pool(database_url, Settings().pool)))
        lived_in = Environment(owner, runner, pool)
        try:
            yield lived_in
        finally:
            # Later than anything in any ledger.
            lived_in.turn_clock(END)
            runner.run(stack.aclose())
