"""Where a server process spends a request of 1000 transactions, stage by stage.

Each stage is called by itself with what the one before gave, on the real database. Wall time beside
the process's own CPU time shows what is work here and what is waiting for others.
"""

import asyncio
import contextlib
import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from statistics import median
from typing import Any, Final
from unittest import mock

import msgspec
import orjson
import uvloop
from graphql import DocumentNode, OperationDefinitionNode, execute, parse
from graphql.execution.values import VariableValues, get_variable_values
from psycopg._queries import PostgresQuery
from psycopg.adapt import Transformer
from strawberry.types.arguments import convert_argument

from bench import batches, servers
from bench.report import Measured, Table
from db import actions, ledgers, loans, posting, posting_writes, statements
from db.pool import Pool, open_pool
from db.statements import Connection, Write
from execution import Plan, compile_plan
from execution.variables import compile_variables
from ledger import identifiers
from ledger import posting as rules
from ledger.posting import Decision
from ledger.transactions import BATCH_MAX, Malformed, Request
from resolvers import posting_outcomes
from resolvers.context import Context
from resolvers.mutations import submit_transactions as resolver
from schema.build import schema
from schema.transaction_inputs import PostTransactionsInput
from server.settings import Settings

_GRAPHQL_SCHEMA: Final = schema._schema  # noqa: SLF001 - as the server does
_DOCUMENT: Final = parse(batches.COMMITTED_AND_IDS)
_PLAN: Final = compile_plan(_GRAPHQL_SCHEMA, _DOCUMENT)
_SHORT_PLAN: Final = compile_plan(_GRAPHQL_SCHEMA, parse(batches.COMMITTED))
(_OPERATION,) = _DOCUMENT.definitions
assert isinstance(_OPERATION, OperationDefinitionNode)
_DEFINITIONS: Final = _OPERATION.variable_definitions or ()
_COERCION: Final = compile_variables(_GRAPHQL_SCHEMA, _DEFINITIONS)
_BATCHES_A_ROUND: Final = 10
_WARM_UP: Final = 5


class Spent(msgspec.Struct, frozen=True):
    """Seconds for one batch."""

    wall: float
    cpu: float


class Watch:
    """Adds up what each stage took."""

    def __init__(self) -> None:
        self.spent: dict[str, list[Spent]] = {}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time the block."""
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        wall = time.perf_counter() - wall
        spent = Spent(wall, time.process_time() - cpu)
        self.spent.setdefault(name, []).append(spent)


def measure(server_url: str, *, seconds: int, rounds: int) -> Measured:
    """What each stage took, once for each batch; ``seconds`` has no part in it."""
    del seconds
    with (
        servers.ledger(server_url, "breakdown") as url,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        batches.open_accounts(url)
        figures = runner.run(_measure(url, _BATCHES_A_ROUND * rounds))
    return Measured(table=_table(figures), figures=figures)


def _table(figures: dict[str, list[Spent]]) -> Table:
    """Medians for one transaction; what is indented is part of the line above it."""
    return Table(
        title=f"Where a request of {BATCH_MAX} transactions spends its time",
        note="One request at a time in one process, stage by stage; medians in µs a transaction. "
        "What wall time has over CPU time is waiting: for PostgreSQL, or for a free core.",
        columns=("stage", "wall", "CPU here", "waiting"),
        rows=[
            (
                name,
                f"{wall:.1f}",
                f"{cpu:.1f}",
                f"{max(0.0, wall - cpu):.1f}",
            )
            for name, wall, cpu in (
                (name, _microseconds([one.wall for one in spent]), _microseconds(_cpu(spent)))
                for name, spent in figures.items()
            )
        ],
    )


def _cpu(spent: list[Spent]) -> list[float]:
    return [one.cpu for one in spent]


def _microseconds(seconds: list[float]) -> float:
    return median(seconds) * 1_000_000 / BATCH_MAX


async def _measure(url: str, count: int) -> dict[str, list[Spent]]:
    bodies = batches.bodies(batches.COMMITTED_AND_IDS, BATCH_MAX)
    watch = Watch()
    async with open_pool(url, Settings().pool) as pool:
        for body in itertools.islice(bodies, _WARM_UP):
            await _request(Watch(), pool, body)
            await _whole(Watch(), pool, next(bodies))
        for number, body in enumerate(itertools.islice(bodies, count)):
            await _request(watch, pool, body)
            await _whole(watch, pool, next(bodies))
            if number % _BATCHES_A_ROUND == 0:
                print(f"breakdown: batch {number + 1} of {count}", file=sys.stderr)
    return watch.spent


async def _request(watch: Watch, pool: Pool, body: bytes) -> None:
    """One request, stage by stage."""
    with watch.stage("JSON to dicts (orjson)"):
        content = orjson.loads(body)
    with watch.stage("variables"):
        values = _COERCION(content["variables"], hide_suggestions=False)
    with watch.stage("  graphql-core's own coercion"):
        get_variable_values(_GRAPHQL_SCHEMA, _DEFINITIONS, content["variables"])
    assert isinstance(values, VariableValues)
    with watch.stage("input objects"):
        given = convert_argument(
            values.coerced["input"],
            PostTransactionsInput,
            schema.schema_converter.scalar_registry,
            schema.config,
        )
    assert isinstance(given, PostTransactionsInput)
    with watch.stage("requests of the ledger"):
        requests = [
            one.request(("input", "transactions", str(index)))
            for index, one in enumerate(given.transactions)
        ]
    decision, recorded_at = await _post(watch, pool, requests)
    with watch.stage("results with their rows"):
        rows = posting_outcomes.created(decision, recorded_at)
        results = [posting_outcomes.result(one, rows) for one in decision.outcomes]
    await _answer(watch, pool, resolver.PostTransactionsPayload(results, committed=True))


async def _post(
    watch: Watch, pool: Pool, requests: list[Request | Malformed]
) -> tuple[Decision, datetime]:
    """What ``db.posting.post`` does in ``transact``, in its own steps."""
    ledger_id = ledgers.DEFAULT_LEDGER_ID
    with contextlib.ExitStack() as last:
        async with loans.writing(pool, ledger_id) as conn:
            with watch.stage("lock and read"):
                accounts, recorded, clock = await posting._lock_and_read(  # noqa: SLF001
                    conn, ledger_id, requests
                )
            recorded_at = rules.recorded_time(clock, accounts)
            with watch.stage("transaction ids"):
                ids = identifiers.uuid7_sequence(recorded_at, len(requests))
            with watch.stage("decide"):
                decision = rules.decide(
                    requests,
                    accounts=accounts,
                    recorded=recorded,
                    recorded_at=recorded_at,
                    transaction_ids=ids,
                    atomic=True,
                )
            with watch.stage("columns to write"):
                writes = posting_writes.of(
                    ledger_id, decision, recorded_at, actions.of(actions.LOCAL, "postTransactions")
                )
            _to_bytes(watch, conn, writes)
            with watch.stage("write"):
                await statements.write(conn, *writes)
            last.enter_context(watch.stage("commit"))
    return decision, recorded_at


def _to_bytes(watch: Watch, conn: Connection, writes: Sequence[Write]) -> None:
    """Work that ``write`` does again right after."""
    with watch.stage("  of write: columns to bytes (psycopg)"):
        # psycopg's own class, because each statement says itself what it wants in binary.
        for one in writes:
            PostgresQuery(Transformer(conn)).convert(one.query, one.parameters)


async def _answer(watch: Watch, pool: Pool, payload: resolver.PostTransactionsPayload) -> None:
    """The payload's fields, without what made them."""

    async def answered(*_: object, **__: object) -> resolver.PostTransactionsPayload:
        return payload

    with mock.patch.object(resolver, "submit_all", answered):
        nothing: dict[str, Any] = {"input": {"transactions": []}}
        with watch.stage("answer: committed and ids"):
            result = await _executed(_PLAN, pool, nothing)
        with watch.stage("  or only: committed"):
            await _executed(_SHORT_PLAN, pool, nothing)
        with watch.stage("  graphql-core's own answer"):
            await _executed(_DOCUMENT, pool, nothing)
    with watch.stage("answer to JSON (orjson)"):
        orjson.dumps({"data": result.data})


async def _whole(watch: Watch, pool: Pool, body: bytes) -> None:
    with watch.stage("ALL OF IT, without HTTP"):
        content = orjson.loads(body)
        result = await _executed(_PLAN, pool, content["variables"])
        orjson.dumps({"data": result.data})


async def _executed(
    executed: Plan | DocumentNode | list[Any], pool: Pool, variables: dict[str, Any]
) -> Any:  # noqa: ANN401
    assert not isinstance(executed, list), executed
    context = Context(pool, ledgers.DEFAULT_LEDGER_ID)
    result: Any
    if isinstance(executed, Plan):
        result = executed.execute(context_value=context, variable_values=variables)
    else:
        result = execute(
            _GRAPHQL_SCHEMA, executed, context_value=context, variable_values=variables
        )
    result = await result
    if result.errors:
        raise RuntimeError(f"not answered: {result.errors[0]}")
    return result
