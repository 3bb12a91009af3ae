"""Postings that are sent at the same time, and the groups that became of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg

from db import accounts, actions, loans
from db.accounts import NewAccount
from db.actions import Actor
from db.ledgers import DEFAULT_LEDGER_ID
from db.pool import Pool
from ledger import transactions
from ledger.transactions import AccountKey, Request, TransactionRequest
from resolvers.posting_groups import PostingLine
from resolvers.posting_outcomes import PostTransactionResult, PostTransactionSuccess
from tests.api import Api
from tests.ledger.examples import id_of
from tests.sessions import Watch

# Longer than any lock of ours, shorter than a test may take.
PATIENT_SECONDS = 20.0
IMPATIENT_SECONDS = 0.3
DONE = "PostTransactionSuccess"


class Sent:
    """A line to a pool's database, and who acts in it."""

    def __init__(
        self,
        pool: Pool,
        *,
        size_max: int = 64,
        patience_seconds: float = PATIENT_SECONDS,
    ) -> None:
        self.line = PostingLine(
            pool,
            DEFAULT_LEDGER_ID,
            size_max=size_max,
            patience=timedelta(seconds=patience_seconds),
        )

    def __call__(self, request: Request) -> "asyncio.Task[PostTransactionResult]":
        """A request on its way, by an actor who has its key's name."""
        key = request.idempotency_key
        action = actions.of(Actor(f"actor {key}", f"request {key}"), "postTransaction")
        return asyncio.create_task(self.line.submit(request, action, None))

    async def all(self, *requests: Request) -> "list[asyncio.Task[PostTransactionResult]]":
        """All of them, in the line in this order."""
        tasks = [self(request) for request in requests]
        # Each task's first step, which takes it to the line, comes in the order of the tasks.
        await asyncio.sleep(0)
        return tasks


def post(key: str, *legs: tuple[str, str, str]) -> TransactionRequest:
    """A request of (debit code, credit code, amount)."""
    request = transactions.request(
        path=("input",),
        idempotency_key=key,
        postings=[
            (AccountKey(debit, debit), AccountKey(credit, credit), amount)
            for debit, credit, amount in legs
        ],
        description="",
        metadata_object=None,
    )
    assert isinstance(request, TransactionRequest)
    return request


async def open_accounts(pool: Pool, *codes: str, floor: int | None = None) -> None:
    """Empty wallets in US dollars; cash among them has no floor."""
    async with loans.writing(pool, DEFAULT_LEDGER_ID) as conn:
        for code in codes:
            limit = None if code == "cash" else floor
            new = NewAccount(id_of(code), code, "", None, "USD", 2, "CREDIT", limit, None, {})
            assert await accounts.create(conn, DEFAULT_LEDGER_ID, new) is not None


@asynccontextmanager
async def locked(database_url: str, *codes: str) -> AsyncIterator[psycopg.Connection]:
    """Somebody else's locks on accounts, until the block ends."""
    with psycopg.connect(database_url, application_name="test") as conn:
        conn.execute(
            "SELECT FROM florin.accounts WHERE code = ANY(%s) ORDER BY account_id FOR UPDATE",
            [list(codes)],
        )
        yield conn
        conn.rollback()


async def together(api: Api, database_url: str, *calls: Any) -> list[Any]:  # noqa: ANN401
    """Have a posting wait for the wallet's lock, and these calls for it: they share the next."""
    with Watch(database_url) as watch:
        async with locked(database_url, "wallet"):
            first = asyncio.create_task(api.post("first", ("cash", "wallet", "1.00")))
            await asyncio.to_thread(watch.until_waiting)
            tasks = [asyncio.ensure_future(call) for call in calls]
            # Answered on the same loop, so by then they are all in the line.
            for _ in range(3):
                await api("{ ledger { code } }")
        await first
        return list(await asyncio.gather(*tasks))


def groups(database_url: str) -> list[int]:
    """How many transactions were recorded in each commit, in the order of the commits."""
    with psycopg.connect(database_url) as conn:
        rows = conn.execute(
            "SELECT cardinality(transaction_ids) FROM florin.events ORDER BY epoch, xid"
        )
        return [size for (size,) in rows]


def recorded(database_url: str, code: str = "wallet") -> list[str]:
    """The keys of what was recorded in an account, in its order."""
    with psycopg.connect(database_url) as conn:
        rows = conn.execute(
            """
            SELECT t.idempotency_key
            FROM florin.entries AS e JOIN florin.transactions AS t USING (ledger_id, transaction_id)
            JOIN florin.accounts AS a USING (ledger_id, account_id)
            WHERE a.code = %s ORDER BY e.version
            """,
            [code],
        )
        return [key for (key,) in rows]


def kinds(results: Sequence[PostTransactionResult]) -> list[str]:
    """The types of the results."""
    return [type(result).__name__ for result in results]


def ids(results: Sequence[PostTransactionResult]) -> set[UUID]:
    """The transactions that successes show."""
    done = [one for one in results if isinstance(one, PostTransactionSuccess)]
    return {one.transaction.transaction_id for one in done}
