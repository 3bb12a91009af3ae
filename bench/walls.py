"""What the second wall between ledgers costs, and what loans cost behind a transaction pooler."""

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from statistics import median
from typing import Final, LiteralString, TypeAlias

import msgspec
import psycopg
import uvloop
from psycopg_pool import AsyncConnectionPool

from bench import batches, servers
from bench.report import Measured, Table
from db import accounts, actions, ledgers, loans, posting
from db.accounts import AccountFilter
from db.pages import Window
from db.pool import Pool, open_pool
from ledger.transactions import BATCH_MAX, TransactionRequest
from resolvers.context import Context
from resolvers.mutations.transact import transact
from server.settings import Settings

_LEDGER_ID: Final = ledgers.DEFAULT_LEDGER_ID
_PAGE: Final = 50
_ACCOUNTS: Final = 100_000
_POSTED_BEFORE: Final = 20
# A hundred accounts of each group.
_GROUPS: Final = 1_000
_FILL: Final[LiteralString] = """
    INSERT INTO florin.accounts
        (ledger_id, account_id, code, name, currency, exponent, normal_side, state, debits_posted,
        credits_posted, debits_pending, credits_pending, version, metadata, created_at)
    SELECT %(ledger_id)s, gen_random_uuid(), 'filled:' || n, '', 'USD', 2, 'CREDIT', 'OPEN', 0, 0,
        0, 0, 0, jsonb_build_object('group', n %% %(groups)s), now()
    FROM generate_series(1, %(rows)s) AS n
"""
_OPEN_UP: Final[tuple[LiteralString, ...]] = (
    """
    DO $$
    DECLARE
        walled text;
    BEGIN
        FOR walled IN SELECT tablename FROM pg_policies WHERE schemaname = 'florin' LOOP
            EXECUTE format('ALTER TABLE florin.%I DISABLE ROW LEVEL SECURITY', walled);
        END LOOP;
    END $$
    """,
    """
    CREATE OR REPLACE VIEW florin.searchable_accounts AS
    SELECT ledger_id, account_id, code, name, owner_id, currency, exponent, normal_side, state,
        floor, ceiling, debits_posted, credits_posted, debits_pending, credits_pending, version,
        metadata, created_at
    FROM florin.accounts
    """,
)

Work: TypeAlias = Callable[[Context], Awaitable[object]]


class Variant(msgspec.Struct, frozen=True):
    """How a ledger is walled and lent for."""

    label: str
    is_walled: bool = True
    # A statement that says nothing but that the connection lives.
    checks_only: bool = False
    transaction_pooler: bool = False


_OPEN: Final = "without walls, bare checks"
_VARIANTS: Final = (
    Variant(_OPEN, is_walled=False, checks_only=True),
    Variant("without walls", is_walled=False),
    Variant("as shipped"),
    Variant("as shipped, as behind a pooler", transaction_pooler=True),
)


def measure(server_url: str, *, seconds: int, rounds: int) -> Measured:
    """Microseconds of each work for each variant, one figure each time it was done."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(_measure(server_url, seconds=seconds, rounds=rounds))
    return Measured(table=_table(figures), figures=figures)


def _table(figures: dict[str, dict[str, list[float]]]) -> Table:
    return Table(
        title="What the walls between ledgers cost",
        note=f"One connection, without HTTP and GraphQL, over {_ACCOUNTS:,} accounts; medians of "
        "what was done in turns, in microseconds, and their ratios to a database without row-level "
        "security whose connections are only checked.",
        columns=("what", *(f"{variant.label} (ratio)" for variant in _VARIANTS)),
        rows=[
            (
                name,
                *(
                    f"{median(each[variant.label]):,.0f} "
                    f"({median(each[variant.label]) / median(each[_OPEN]):.2f})"
                    for variant in _VARIANTS
                ),
            )
            for name, each in figures.items()
        ],
    )


async def _measure(
    server_url: str, *, seconds: int, rounds: int
) -> dict[str, dict[str, list[float]]]:
    works = _works()
    figures: dict[str, dict[str, list[float]]] = {
        name: {variant.label: [] for variant in _VARIANTS} for name in works
    }
    async with AsyncExitStack() as stack:
        urls = {
            is_walled: stack.enter_context(_prepared(server_url, is_walled=is_walled))
            for is_walled in (False, True)
        }
        for url in urls.values():
            await _post_some(url)
        contexts = []
        for variant in _VARIANTS:
            configured = Settings(
                pool_size_min=1, pool_size_max=1, transaction_pooler=variant.transaction_pooler
            )
            pool = await stack.enter_async_context(
                open_pool(urls[variant.is_walled], configured.pool)
            )
            if variant.checks_only:
                pool._check = AsyncConnectionPool.check_connection  # noqa: SLF001
            contexts.append((variant, Context(pool, _LEDGER_ID)))
        for number in range(rounds):
            deadline = time.monotonic() + seconds * len(_VARIANTS)
            while time.monotonic() < deadline:
                # The first to run is another one every time.
                contexts.append(contexts.pop(0))
                for name, work in works.items():
                    for variant, context in contexts:
                        start = time.perf_counter()
                        await work(context)
                        spent = time.perf_counter() - start
                        figures[name][variant.label].append(spent * 1_000_000)
            print(f"walls: round {number + 1} of {rounds}", file=sys.stderr)
    return figures


async def _post_some(url: str) -> None:
    """Have tables of some size, and PostgreSQL know it: plans that are kept are made for that."""
    async with open_pool(url, Settings(transaction_pooler=True).pool) as pool:
        context = Context(pool, _LEDGER_ID)
        for _ in range(_POSTED_BEFORE):
            await _works()[f"post {BATCH_MAX}"](context)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("VACUUM ANALYZE")


def _works() -> dict[str, Work]:
    ones, many = batches.requests(1), batches.requests(BATCH_MAX)

    def posting_of(source: Iterator[list[TransactionRequest]]) -> Work:
        async def work(context: Context) -> None:
            requests = next(source)
            action = actions.of(context.actor, "postTransactions")
            decision, _ = await transact(
                context,
                lambda conn: posting.post(conn, _LEDGER_ID, requests, atomic=True, by=action),
            )
            if len(decision.posted) != len(requests):
                raise RuntimeError(f"not posted: {decision.outcomes[0]}")

        return work

    async def look_up(pool: Pool) -> None:
        code = f"filled:{random.randrange(1, _ACCOUNTS)}"
        async with loans.reading(pool, _LEDGER_ID) as conn:
            await accounts.by_codes(conn, _LEDGER_ID, [code])

    async def page(pool: Pool, filter_: AccountFilter) -> None:
        async with loans.reading(pool, _LEDGER_ID) as conn:
            await accounts.page(conn, _LEDGER_ID, filter_, Window(_PAGE))

    def search() -> AccountFilter:
        return AccountFilter(metadata_contains=f'{{"group": {random.randrange(_GROUPS)}}}')

    return {
        "post one": posting_of(ones),
        f"post {BATCH_MAX}": posting_of(many),
        "an account by its code": lambda context: look_up(context.pool),
        f"a page of {_PAGE} accounts": lambda context: page(context.pool, AccountFilter()),
        "a search by metadata": lambda context: page(context.pool, search()),
    }


@contextmanager
def _prepared(server_url: str, *, is_walled: bool) -> Iterator[str]:
    with servers.ledger(server_url, "walled" if is_walled else "open") as url:
        batches.open_accounts(url)
        with psycopg.connect(url, autocommit=True) as conn:
            parameters = {"ledger_id": _LEDGER_ID, "groups": _GROUPS, "rows": _ACCOUNTS}
            conn.execute(_FILL, parameters)
            for statement in () if is_walled else _OPEN_UP:
                conn.execute(statement)
        yield url
