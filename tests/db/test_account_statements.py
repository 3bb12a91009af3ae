"""Statements of account: totals, pages and counts are what going through all entries would give."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
import psycopg
import pytest

from db import account_statements, loans
from db.account_statements import Period, Totals
from db.entries import Entry
from db.ledgers import DEFAULT_LEDGER_ID
from db.moments import Clock
from db.pages import Place, Window
from db.pool import Pool
from tests import histories
from tests.histories import EDGES, MICROSECOND, SIDES, Fact

EVERYTHING = 1000
PERIODS = [
    (EDGES[0], EDGES[-1] + timedelta(days=1)),
    (EDGES[1], EDGES[4]),
    (EDGES[4], EDGES[6] + MICROSECOND),
    (EDGES[3], EDGES[3] + MICROSECOND),
    (EDGES[2], EDGES[2]),
]


def expected(facts: Sequence[Fact], period: Period) -> list[int]:
    """The versions of a period's entries, in the statement's order."""
    inside = [
        (one.at(period.clock), version)
        for version, one in enumerate(facts, start=1)
        if period.from_ <= one.at(period.clock) < period.to
    ]
    return [version for _, version in sorted(inside)]


def place(entry: Entry, clock: Clock) -> Place:
    return Place(entry.created_at if clock == "RECORDED" else entry.effective_at, entry.version)


async def totals(pool: Pool, ids: Sequence[UUID], period: Period) -> list[Totals]:
    async with loans.reading(pool, DEFAULT_LEDGER_ID) as conn:
        return await account_statements.totals_by_account_ids(conn, DEFAULT_LEDGER_ID, ids, period)


async def page(
    pool: Pool, all_totals: Sequence[Totals], period: Period, window: Window[Place]
) -> list[Entry]:
    async with loans.reading(pool, DEFAULT_LEDGER_ID) as conn:
        return await account_statements.pages_by_totals(
            conn, DEFAULT_LEDGER_ID, all_totals, period, window
        )


def write(database_url: str, seed: int) -> dict[UUID, list[Fact]]:
    random, written = histories.seeded(seed), {}
    with psycopg.connect(database_url) as conn:
        for size in (0, 1, 30, 90):
            facts = histories.random_facts(random, size=size)
            side = random.choice(SIDES)
            written[histories.write(conn, f"a{size}", side, facts)] = facts
    return written


@pytest.mark.parametrize("clock", ["RECORDED", "EFFECTIVE"])
@pytest.mark.parametrize("seed", range(3))
async def test_statements_of_many_accounts_have_their_totals_their_entries_and_their_count(
    pool: Pool, database_url: str, seed: int, clock: Clock
) -> None:
    written = write(database_url, seed)
    for from_, to in PERIODS:
        period = Period(from_, to, clock)
        found = await totals(pool, list(written), period)
        assert {one.account_id for one in found} == set(written)
        for one in found:
            facts = written[one.account_id]
            sums = [
                histories.total(facts, side, clock, before=moment)
                for moment in (from_, to)
                for side in SIDES
            ]
            assert sums[:2] == [one.opening_debits, one.opening_credits]
            assert sums[2:] == [one.closing_debits, one.closing_credits]
            assert one.version == len(facts)
        async with loans.reading(pool, DEFAULT_LEDGER_ID) as conn:
            counts = await account_statements.counts_by_totals(
                conn, DEFAULT_LEDGER_ID, found, period
            )
        rows = {one.parent_id: one.rows for one in counts}
        entries = await page(pool, found, period, Window(EVERYTHING))
        for account_id, facts in written.items():
            listed = [one.version for one in entries if one.account_id == account_id]
            assert listed == expected(facts, period)
            assert clock == "RECORDED" or rows[account_id] == len(listed)


@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize("clock", ["RECORDED", "EFFECTIVE"])
@pytest.mark.parametrize("seed", range(2))
async def test_pages_walk_both_ways_without_gap_or_repeat(
    pool: Pool, database_url: str, seed: int, clock: Clock, size: int
) -> None:
    for account_id, facts in write(database_url, seed).items():
        period = Period(*PERIODS[1], clock)
        one = await totals(pool, [account_id], period)
        forward: list[int] = []
        after = None
        while rows := await page(pool, one, period, Window(size, after=after)):
            forward += [row.version for row in rows]
            assert len(forward) <= len(facts)
            after = place(rows[-1], clock)
        backward: list[int] = []
        before = None
        while rows := await page(pool, one, period, Window(size, before=before, backward=True)):
            backward = [row.version for row in rows] + backward
            assert len(backward) <= len(facts)
            before = place(rows[0], clock)
        assert forward == backward == expected(facts, period)


@pytest.mark.parametrize("clock", ["RECORDED", "EFFECTIVE"])
async def test_a_page_between_any_two_cursors_excludes_both(
    pool: Pool, database_url: str, clock: Clock
) -> None:
    account_id, facts = list(write(database_url, 5).items())[2]
    period = Period(*PERIODS[0], clock)
    one = await totals(pool, [account_id], period)
    rows = await page(pool, one, period, Window(EVERYTHING))
    versions = [row.version for row in rows]
    assert versions == expected(facts, period)
    for start in range(0, len(rows), 3):
        for end in range(0, len(rows), 4):
            window = Window(
                EVERYTHING,
                after=place(rows[start], clock),
                before=place(rows[end], clock),
                backward=bool(end % 2),
            )
            between = await page(pool, one, period, window)
            assert [row.version for row in between] == versions[start + 1 : end]


@pytest.mark.parametrize("clock", ["RECORDED", "EFFECTIVE"])
async def test_pages_and_counts_know_no_entry_that_is_later_than_the_totals(
    pool: Pool, database_url: str, clock: Clock
) -> None:
    facts = [
        Fact("CREDIT", 1, EDGES[1]),
        Fact("DEBIT", 1, EDGES[2], EDGES[1]),
        Fact("CREDIT", 5, EDGES[2]),
        Fact("CREDIT", 5, EDGES[2], EDGES[1]),
    ]
    period = Period(EDGES[0], EDGES[-1], clock)
    with psycopg.connect(database_url) as conn:
        account_id = histories.write(conn, "a", "CREDIT", facts)
    [now] = await totals(pool, [account_id], period)
    # As they were when there were two entries.
    earlier = [msgspec.structs.replace(now, version=2, closing_version=2)]
    entries = await page(pool, earlier, period, Window(EVERYTHING))
    assert [entry.version for entry in entries] == [1, 2]
    async with loans.reading(pool, DEFAULT_LEDGER_ID) as conn:
        counts = await account_statements.counts_by_totals(conn, DEFAULT_LEDGER_ID, earlier, period)
    assert [one.rows for one in counts] == [2]
