"""A group gives what the same requests give one by one: outcomes, books, and who did what."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
import psycopg
import pytest

from db.pool import Pool, open_pool
from ledger.transactions import Request
from resolvers.posting_outcomes import PostTransactionResult, PostTransactionSuccess
from server.settings import Settings
from tests.grouped import Sent, groups, kinds, open_accounts
from tests.integrity import assert_sound
from tests.ledger import histories, random_asks
from tests.ledger.asks import Ask
from tests.ledger.examples import id_of
from tests.ledger.random_asks import Known

CODES: Final = ["cash", "a", "b", "c", "d"]
ASKS: Final = 120
SIZES: Final = [1, 2, 5, 20, 50]
# What two databases agree on: neither ids of transactions nor times.
BOOKS: Final[tuple[LiteralString, ...]] = (
    """
    SELECT code, version, debits_posted, credits_posted, debits_pending, credits_pending
    FROM florin.accounts ORDER BY code
    """,
    """
    SELECT t.idempotency_key, t.state, t.description, t.metadata, t.resolution_key,
        original.idempotency_key, recorded.actor, recorded.kind, recorded.request_id,
        resolved.actor, resolved.kind
    FROM florin.transactions AS t
    JOIN florin.actions AS recorded ON recorded.action_id = t.action_id
    LEFT JOIN florin.actions AS resolved ON resolved.action_id = t.resolved_action_id
    LEFT JOIN florin.transactions AS original ON original.transaction_id = t.reverses_id
    ORDER BY t.idempotency_key
    """,
    """
    SELECT e.account_id, e.version, t.idempotency_key, e.position, e.side, e.amount,
        e.balance_after, e.effective_at, e.debits_after
    FROM florin.entries AS e JOIN florin.transactions AS t USING (ledger_id, transaction_id)
    ORDER BY e.account_id, e.version
    """,
    """
    SELECT h.account_id, t.idempotency_key, h.position, h.side, h.amount, h.captured,
        h.resolved_at IS NULL
    FROM florin.holds AS h JOIN florin.transactions AS t USING (ledger_id, transaction_id)
    ORDER BY h.account_id, t.idempotency_key, h.position, h.side
    """,
    """
    SELECT t.idempotency_key, happened.kind
    FROM florin.events AS e
    CROSS JOIN LATERAL unnest(e.transaction_ids, e.kinds) WITH ORDINALITY
        AS happened (transaction_id, kind, number)
    JOIN florin.transactions AS t
        ON t.ledger_id = e.ledger_id AND t.transaction_id = happened.transaction_id
    ORDER BY e.epoch, e.xid, happened.number
    """,
    "SELECT actor, kind, request_id FROM florin.actions ORDER BY actor, kind, request_id",
)


def asked(random: Random) -> list[Request]:
    """Requests of every kind, most of which could succeed; none that a clock decides on."""
    known = [Known(code, id_of(code), "USD") for code in CODES]
    # Nothing expires while the test runs.
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    asks: list[Ask] = []
    while len(asks) < ASKS:
        asks.append(random_asks.next_ask(random, known, asks, now))
    requests = [histories.request(number, ask) for number, ask in enumerate(asks)]
    return [request for request in requests if isinstance(request, Request)]


async def books(pool: Pool) -> None:
    """An account that has no end, and four that may be overdrawn by fifty dollars."""
    await open_accounts(pool, *CODES, floor=-5000)


def said(result: PostTransactionResult) -> object:
    """A result as far as two databases can agree on it."""
    if isinstance(result, PostTransactionSuccess):
        one = result.transaction
        if result.replayed:
            # It shows the transaction as it is now, which those who come later have a part in.
            return one.idempotency_key
        return (
            *(result.replayed, one.idempotency_key, one.state, one.description, one.metadata),
            *(one.expires_at, one.resolved_at is None, one.reverses_id is None),
        )
    fields = msgspec.structs.asdict(result)
    # Accounts have the same ids in both.
    accounts = {id_of(code) for code in CODES}
    return type(result).__name__, {
        name: value
        for name, value in fields.items()
        if not isinstance(value, datetime)
        and not (isinstance(value, UUID) and value not in accounts)
    }


def written(database_url: str) -> list[list[tuple[Any, ...]]]:
    with psycopg.connect(database_url) as conn:
        return [conn.execute(query).fetchall() for query in BOOKS]


@pytest.mark.parametrize("seed", range(6))
async def test_a_group_gives_exactly_what_the_same_requests_give_one_by_one(
    pool: Pool, database_url: str, other_database_url: str, seed: int
) -> None:
    random = Random(f"groups {seed}")  # noqa: S311 - nothing here is secret
    requests = asked(random)
    await books(pool)
    grouped = Sent(pool, size_max=1000)
    together: list[PostTransactionResult] = []
    for batch in in_groups(random, requests):
        together += await asyncio.gather(*await grouped.all(*batch))
    async with open_pool(other_database_url, Settings().pool) as other:
        await books(other)
        single = Sent(other)
        one_by_one = [await single(request) for request in requests]
    assert list(map(said, together)) == list(map(said, one_by_one))
    assert written(database_url) == written(other_database_url)
    assert max(groups(database_url)) > 5
    assert len(set(kinds(together))) > 5
    await assert_sound(database_url)


def in_groups(random: Random, requests: Sequence[Request]) -> list[Sequence[Request]]:
    """The requests in groups of sizes small and large."""
    batches: list[Sequence[Request]] = []
    start = 0
    while start < len(requests):
        size = random.choice(SIZES)
        batches.append(requests[start : start + size])
        start += size
    return batches
