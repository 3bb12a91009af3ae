"""A balance at any moment, by either clock, is what adding up one by one would give."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from db import accounts, balances, loans
from db.balances import Balance, Moment
from db.ledgers import DEFAULT_LEDGER_ID
from db.moments import Clock
from db.pool import Pool
from tests import histories
from tests.histories import EDGES, MICROSECOND, SIDES, Fact, Hold

PAST = datetime(2024, 1, 1, tzinfo=UTC)


async def read(
    pool: Pool, account_ids: Iterable[UUID], at: datetime | None, clock: Clock
) -> list[Balance]:
    ids, moment = list(account_ids), Moment(at, clock)
    async with loans.reading(pool, DEFAULT_LEDGER_ID) as conn:
        return await balances.by_account_ids(conn, DEFAULT_LEDGER_ID, ids, moment)


@pytest.mark.parametrize("clock", ["RECORDED", "EFFECTIVE"])
@pytest.mark.parametrize("seed", range(4))
async def test_a_balance_at_any_moment_is_the_sum_of_the_entries_up_to_it(
    pool: Pool, database_url: str, seed: int, clock: Clock
) -> None:
    random = histories.seeded(seed)
    written = {}
    with psycopg.connect(database_url) as conn:
        for size in (0, 1, 2, 3, 40, 130):
            facts = histories.random_facts(random, size=size)
            side = random.choice(SIDES)
            written[histories.write(conn, f"a{size}", side, facts)] = facts
    for at in histories.moments():
        found = await read(pool, written, at, clock)
        assert {one.account_id for one in found} == set(written)
        for one in found:
            facts, before = written[one.account_id], at + MICROSECOND
            assert one.debits_posted == histories.total(facts, "DEBIT", clock, before=before)
            assert one.credits_posted == histories.total(facts, "CREDIT", clock, before=before)
            assert one.read_at == at


@pytest.mark.parametrize("clock", ["RECORDED", "EFFECTIVE"])
@pytest.mark.parametrize("seed", range(2))
async def test_pending_at_a_moment_is_what_was_recorded_and_neither_resolved_nor_expired(
    pool: Pool, database_url: str, seed: int, clock: Clock
) -> None:
    random, holds = histories.seeded(seed), []
    for _ in range(60):
        first, second, third = sorted(random.choice(histories.moments()) for _ in range(3))
        expires_at = random.choice((None, second, third))
        resolved_at = random.choice((None, second, expires_at))
        side = random.choice(SIDES)
        holds.append(Hold(side, random.randint(1, 99), first, expires_at, resolved_at))
    with psycopg.connect(database_url) as conn:
        account_id = histories.write(conn, "a", "CREDIT", [], holds)
    for at in histories.moments():
        [found] = await read(pool, [account_id], at, clock)
        for side, pending in (("DEBIT", found.debits_pending), ("CREDIT", found.credits_pending)):
            assert pending == sum(
                one.amount for one in holds if one.side == side and one.pending_at(at)
            )


@pytest.mark.parametrize("at", [None, datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)])
async def test_now_and_the_future_are_the_accounts_own_row(
    pool: Pool, database_url: str, at: datetime | None
) -> None:
    hour, now = timedelta(hours=1), datetime.now(UTC)
    holds = [
        Hold("DEBIT", 1, PAST),
        Hold("DEBIT", 20, PAST, now + hour),
        Hold("DEBIT", 300, PAST, now - hour),  # expired, and not swept yet
        Hold("CREDIT", 4000, PAST, now - hour, now - hour),
    ]
    facts = [Fact("CREDIT", 7, PAST), Fact("DEBIT", 2, now + hour)]  # by a clock set back since
    with psycopg.connect(database_url) as conn:
        account_id = histories.write(conn, "a", "CREDIT", facts, holds)
    [found] = await read(pool, [account_id], at, "RECORDED")
    async with loans.reading(pool, DEFAULT_LEDGER_ID) as conn:
        [own] = await accounts.by_ids(conn, DEFAULT_LEDGER_ID, [account_id])
    for name in ("debits_posted", "credits_posted", "debits_pending", "credits_pending"):
        assert getattr(found, name) == getattr(own, name)
    assert (found.debits_posted, found.credits_posted) == (2, 7)
    assert (found.debits_pending, found.credits_pending) == (21, 0)
    assert now < found.read_at < own.read_at


async def test_a_future_moment_counts_what_is_to_take_effect_by_then(
    pool: Pool, database_url: str
) -> None:
    due = datetime.now(UTC) + timedelta(days=40)
    facts = [Fact("CREDIT", 1, PAST), Fact("CREDIT", 20, PAST, due)]
    holds = [Hold("DEBIT", 5, PAST, due - timedelta(days=1))]
    with psycopg.connect(database_url) as conn:
        account_id = histories.write(conn, "a", "CREDIT", facts, holds)
    expected = {None: 1, due - MICROSECOND: 1, due: 21, due + timedelta(days=400): 21}
    for at, credited in expected.items():
        [found] = await read(pool, [account_id], at, "EFFECTIVE")
        assert found.credits_posted == credited
        assert found.debits_pending == 5  # of now, when the hold is open
        assert at is None or found.read_at == at


async def test_backdating_leaves_recorded_balances_as_they_were(
    pool: Pool, database_url: str
) -> None:
    plain = [Fact("CREDIT", 10, EDGES[1]), Fact("CREDIT", 10, EDGES[4])]
    with psycopg.connect(database_url) as conn:
        before = histories.write(conn, "a", "CREDIT", plain)
        after = histories.write(
            conn, "b", "CREDIT", [*plain, Fact("CREDIT", 5, EDGES[6], EDGES[2])]
        )
    for at, effective in ((EDGES[1], 10), (EDGES[2], 15), (EDGES[4], 25), (EDGES[7], 25)):
        recorded = await read(pool, [before, after], min(at, EDGES[5]), "RECORDED")
        assert len({one.credits_posted for one in recorded}) == 1
        [found] = await read(pool, [after], at, "EFFECTIVE")
        assert found.credits_posted == effective
