"""Histories written straight into the tables, at times of a test's choosing, and their sums."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final, NamedTuple
from uuid import UUID, uuid4

import psycopg

from db.ledgers import DEFAULT_LEDGER_ID
from db.moments import Clock
from ledger.accounts import Side
from ledger.identifiers import uuid7

MICROSECOND: Final = timedelta(microseconds=1)
SIDES: Final[tuple[Side, Side]] = ("DEBIT", "CREDIT")

# Around the edges of days, months and years, where sums by day and by month can go wrong.
EDGES: Final = [
    datetime(2023, 12, 30, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(2024, 1, 1, tzinfo=UTC),
    datetime(2024, 1, 31, 12, 30, tzinfo=UTC),
    datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(2024, 3, 1, tzinfo=UTC),
    datetime(2024, 3, 1, 0, 0, 0, 1, tzinfo=UTC),
    datetime(2024, 3, 1, 17, 0, tzinfo=UTC),
    datetime(2025, 3, 1, 17, 0, tzinfo=UTC),
]


class Fact(NamedTuple):
    """An entry, as far as balances go."""

    side: Side
    amount: int
    created_at: datetime
    effective_at: datetime | None = None

    def at(self, clock: Clock) -> datetime:
        """The time that it counts by."""
        return (self.effective_at if clock == "EFFECTIVE" else None) or self.created_at


class Hold(NamedTuple):
    """One side of a hold."""

    side: Side
    amount: int
    created_at: datetime
    expires_at: datetime | None = None
    resolved_at: datetime | None = None

    def pending_at(self, moment: datetime) -> bool:
        """Whether it was recorded by then, and neither resolved nor expired."""
        return (
            self.created_at <= moment
            and (self.resolved_at is None or self.resolved_at > moment)
            and (self.expires_at is None or self.expires_at > moment)
        )


def seeded(seed: int) -> Random:
    """The same choices in every run."""
    return Random(seed)  # noqa: S311 - nothing to keep secret


def random_facts(random: Random, *, size: int) -> list[Fact]:
    """Entries in recorded order: many share a moment, many are dated back or forth."""
    times = sorted(_moment(random) for _ in range(size))
    return [
        Fact(
            random.choice(SIDES),
            random.randint(1, 1000),
            created_at,
            _moment(random) if random.random() < 0.5 else None,
        )
        for created_at in times
    ]


def moments() -> list[datetime]:
    """The edges and the microseconds about them."""
    return sorted({edge + step * MICROSECOND for edge in EDGES for step in (-1, 0, 1)})


def total(facts: Sequence[Fact], side: Side, clock: Clock, *, before: datetime) -> int:
    """What was debited or credited before a moment, counted one by one."""
    return sum(one.amount for one in facts if one.side == side and one.at(clock) < before)


def write(
    conn: psycopg.Connection,
    code: str,
    normal_side: Side,
    facts: Sequence[Fact],
    holds: Sequence[Hold] = (),
) -> UUID:
    """An account in dollars with this history, as the posting path would leave it."""
    account_id = uuid4()
    times = [one.created_at for one in facts] + [one.created_at for one in holds]
    opened_at = min([*times, EDGES[0]])
    conn.execute(
        """
        INSERT INTO florin.accounts
        VALUES (%s, %s, %s, '', NULL, 'USD', 2, %s, 'OPEN', NULL, NULL, %s, %s, %s, %s, %s, %s,
            '{}', %s)
        """,
        [
            *(DEFAULT_LEDGER_ID, account_id, code, normal_side),
            *(_sum(facts, "DEBIT"), _sum(facts, "CREDIT")),
            *(_sum(_open(holds), "DEBIT"), _sum(_open(holds), "CREDIT")),
            *(len(facts), facts[-1].created_at if facts else None, opened_at),
        ],
    )
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO florin.entries VALUES (%s, %s, %s, %s, 0, %s, %s, %s, %s, %s, %s)",
            [(DEFAULT_LEDGER_ID, account_id, *row) for row in _entries(normal_side, facts)],
        )
        cursor.executemany(
            "INSERT INTO florin.shifts VALUES (%s, %s, %s, %s, %s, %s)",
            [(DEFAULT_LEDGER_ID, account_id, *row) for row in _shifts(facts)],
        )
        cursor.executemany(
            "INSERT INTO florin.holds VALUES (%s, %s, %s, 0, %s, %s, NULL, %s, %s, %s)",
            [(DEFAULT_LEDGER_ID, account_id, uuid7(one.created_at), *one) for one in holds],
        )
    return account_id


def mirrored(facts: Sequence[Fact]) -> list[Fact]:
    """The other account's side of it."""
    return [one._replace(side="CREDIT" if one.side == "DEBIT" else "DEBIT") for one in facts]


def _moment(random: Random) -> datetime:
    return random.choice(EDGES) + random.choice((-1, 0, 0, 1)) * MICROSECOND


def _open(holds: Sequence[Hold]) -> list[Hold]:
    return [one for one in holds if one.resolved_at is None]


def _sum(ones: Sequence[Fact | Hold], side: Side) -> int:
    return sum(one.amount for one in ones if one.side == side)


def _entries(normal_side: Side, facts: Sequence[Fact]) -> Iterator[tuple[object, ...]]:
    balance = debits = 0
    for version, one in enumerate(facts, start=1):
        balance += one.amount if one.side == normal_side else -one.amount
        debits += one.amount if one.side == "DEBIT" else 0
        # Every third stands for the capture of a hold, whose id is of when that was placed.
        placed_at = one.created_at - timedelta(days=40 if version % 3 == 0 else 0)
        transaction_id = uuid7(placed_at, sequence=version)
        times = (one.created_at, one.effective_at)
        yield (version, transaction_id, one.side, one.amount, balance, *times, debits)


def _shifts(facts: Sequence[Fact]) -> Iterator[tuple[object, ...]]:
    moved: defaultdict[tuple[str, date, Side], int] = defaultdict(int)
    for one in facts:
        if one.effective_at is None:
            continue
        for moment, amount in ((one.effective_at, one.amount), (one.created_at, -one.amount)):
            day = moment.astimezone(UTC).date()
            moved["DAY", day, one.side] += amount
            moved["MONTH", day.replace(day=1), one.side] += amount
    for period, starts_on in {(period, day) for period, day, _ in moved}:
        yield (
            period,
            starts_on,
            moved[period, starts_on, "DEBIT"],
            moved[period, starts_on, "CREDIT"],
        )
