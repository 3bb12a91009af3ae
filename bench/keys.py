"""What foreign keys, the second index on entries and the postings table cost the posting path."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from statistics import median
from typing import Final, LiteralString
from unittest import mock

import msgspec
import psycopg
import uvloop

from bench import batches, servers
from bench.report import Measured, Table
from db import actions, ledgers, posting, posting_writes, statements
from db.pool import open_pool
from db.statements import Connection, Write
from ledger.posting import Decision
from ledger.transactions import BATCH_MAX, TransactionRequest
from resolvers.context import Context
from resolvers.mutations.transact import transact
from server.settings import Settings

_AS_SHIPPED: Final = "as shipped"

_ENTRIES_TO_ACCOUNTS: Final = """
    ALTER TABLE florin.entries ADD FOREIGN KEY (ledger_id, account_id)
        REFERENCES florin.accounts (ledger_id, account_id)
"""
_ENTRIES_TO_TRANSACTIONS: Final = """
    ALTER TABLE florin.entries ADD FOREIGN KEY (ledger_id, transaction_id)
        REFERENCES florin.transactions (ledger_id, transaction_id)
"""
_POSTINGS_TO_TRANSACTIONS: Final = """
    ALTER TABLE florin.postings ADD FOREIGN KEY (ledger_id, transaction_id)
        REFERENCES florin.transactions (ledger_id, transaction_id)
"""
_POSTINGS_TO_DEBITED: Final = """
    ALTER TABLE florin.postings ADD FOREIGN KEY (ledger_id, debit_account_id)
        REFERENCES florin.accounts (ledger_id, account_id)
"""
_POSTINGS_TO_CREDITED: Final = """
    ALTER TABLE florin.postings ADD FOREIGN KEY (ledger_id, credit_account_id)
        REFERENCES florin.accounts (ledger_id, account_id)
"""


class Variant(msgspec.Struct, frozen=True):
    """A database that differs from the shipped one in one thing."""

    name: str
    label: str
    statements: tuple[LiteralString, ...] = ()
    writes_postings: bool = True


_VARIANTS: Final = (
    Variant("shipped", _AS_SHIPPED),
    Variant(
        "all_keys",
        "with all five foreign keys",
        (
            _ENTRIES_TO_ACCOUNTS,
            _ENTRIES_TO_TRANSACTIONS,
            _POSTINGS_TO_TRANSACTIONS,
            _POSTINGS_TO_DEBITED,
            _POSTINGS_TO_CREDITED,
        ),
    ),
    Variant("entries_keys", "with entries to accounts only", (_ENTRIES_TO_ACCOUNTS,)),
    Variant(
        "no_index",
        "without entries_transaction_idx",
        ("DROP INDEX florin.entries_transaction_idx",),
    ),
    Variant("no_postings", "without writing postings", writes_postings=False),
)


def measure(server_url: str, *, seconds: int, rounds: int) -> Measured:
    """Microseconds a transaction for each variant, one figure a batch of the largest size."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(_measure(server_url, seconds=seconds, rounds=rounds))
    return Measured(table=_table(figures), figures=figures)


def _table(figures: dict[str, list[float]]) -> Table:
    """Medians, and their ratios to the schema as it ships."""
    reference = median(figures[_AS_SHIPPED])
    return Table(
        title="What keys and tables cost the posting path",
        note=f"One connection, batches of {BATCH_MAX} with one posting each, from the lock to the "
        f"commit, without HTTP and GraphQL. Medians of {len(figures[_AS_SHIPPED])} batches in "
        "turns, each variant in a database of its own.",
        columns=("variant", "µs a transaction", "transactions a second", "ratio to shipped"),
        rows=[
            (
                label,
                f"{median(spent):.1f}",
                f"{1_000_000 / median(spent):,.0f}",
                f"{median(spent) / reference:.2f}",
            )
            for label, spent in figures.items()
        ],
    )


async def _measure(server_url: str, *, seconds: int, rounds: int) -> dict[str, list[float]]:
    """Batch by batch in turns, as long as everything over HTTP has for one turn of each."""
    figures: dict[str, list[float]] = {variant.label: [] for variant in _VARIANTS}
    source = batches.requests(BATCH_MAX)
    async with AsyncExitStack() as stack:
        contexts = []
        for variant in _VARIANTS:
            url = stack.enter_context(_prepared(server_url, variant))
            pool = await stack.enter_async_context(open_pool(url, Settings().pool))
            contexts.append((variant, Context(pool, ledgers.DEFAULT_LEDGER_ID)))
        for number in range(rounds):
            deadline = time.monotonic() + seconds * len(_VARIANTS)
            while time.monotonic() < deadline:
                # The first to run is another one every time.
                contexts.append(contexts.pop(0))
                for variant, context in contexts:
                    spent = await _seconds(variant, context, next(source))
                    figures[variant.label].append(spent * 1_000_000 / BATCH_MAX)
            print(f"keys: round {number + 1} of {rounds}", file=sys.stderr)
    # The first batches planned the statements.
    return {label: spent[10:] or spent for label, spent in figures.items()}


@contextlib.contextmanager
def _prepared(server_url: str, variant: Variant) -> Iterator[str]:
    with servers.ledger(server_url, variant.name) as url:
        batches.open_accounts(url)
        with psycopg.connect(url) as conn:
            for statement in variant.statements:
                conn.execute(statement)
        yield url


async def _seconds(variant: Variant, context: Context, requests: list[TransactionRequest]) -> float:
    async def work(conn: Connection) -> Decision:
        decision, _ = await posting.post(
            conn,
            context.ledger_id,
            requests,
            atomic=True,
            by=actions.of(context.actor, "postTransactions"),
        )
        return decision

    write = statements.write if variant.writes_postings else _write_without_postings
    with mock.patch.object(statements, "write", write):
        start = time.perf_counter()
        decision = await transact(context, work, idempotent=True)
        spent = time.perf_counter() - start
    if len(decision.posted) != len(requests):
        raise RuntimeError(f"not posted: {decision.outcomes[0]}")
    return spent


_write = statements.write


async def _write_without_postings(conn: Connection, *writes: Write) -> None:
    await _write(conn, *(one for one in writes if one.query is not posting_writes.POSTINGS))
