"""The checker: reads the database and holds it against what the recorder knows."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID

import msgspec
import psycopg

from tests.faults.recorder import Acknowledged, Asked, Item, Movement, Recorder

# Of one kind. Where more is wrong it is wrong in one way.
_SHOWN_MAX: Final = 5

TRANSACTIONS: Final = """
    SELECT transaction_id, idempotency_key, state, resolution_key FROM florin.transactions
"""
POSTINGS: Final = """
    SELECT p.transaction_id, d.code, c.code, p.amount::numeric
    FROM florin.postings AS p
    JOIN florin.accounts AS d USING (ledger_id)
    JOIN florin.accounts AS c USING (ledger_id)
    WHERE d.account_id = p.debit_account_id AND c.account_id = p.credit_account_id
    ORDER BY p.transaction_id, p.position
"""
ENTRIES: Final = """
    SELECT e.transaction_id, e.side, a.code, e.amount::numeric
    FROM florin.entries AS e
    JOIN florin.accounts AS a USING (ledger_id, account_id)
"""
BALANCES: Final = """
    SELECT code, debits_posted::numeric, credits_posted::numeric, debits_pending::numeric,
        credits_pending::numeric
    FROM florin.accounts
"""


class Found(msgspec.Struct):
    """One transaction, as the tables have it."""

    transaction_id: UUID
    state: str
    resolution_key: str | None
    movements: list[Movement] = []
    entries: Counter[tuple[str, str, int]] = msgspec.field(default_factory=Counter)


class Books(msgspec.Struct):
    """All that a database holds: transactions by key (one each, or it is doubled), balances."""

    by_key: dict[str, list[Found]]
    by_resolution_key: dict[str, list[Found]]
    balances: dict[str, tuple[int, ...]]

    @property
    def keys(self) -> set[str]:
        """Every key that made or captured a transaction."""
        return {*self.by_key, *self.by_resolution_key}


class Verdict(msgspec.Struct):
    """What a check came to: how many keys were found, lost, doubled; and all that is wrong."""

    found: int = 0
    lost: int = 0
    doubled: int = 0
    problems: list[str] = []


def read(conn: psycopg.Connection) -> Books:
    """Everything, in one snapshot."""
    by_id: dict[UUID, Found] = {}
    books = Books({}, {}, {})
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for transaction_id, key, state, resolution_key in conn.execute(TRANSACTIONS):
            found = by_id[transaction_id] = Found(transaction_id, state, resolution_key)
            books.by_key.setdefault(key, []).append(found)
            if resolution_key is not None:
                books.by_resolution_key.setdefault(resolution_key, []).append(found)
        for transaction_id, debit, credit, amount in conn.execute(POSTINGS):
            by_id[transaction_id].movements.append(Movement(debit, credit, int(amount)))
        for transaction_id, side, code, amount in conn.execute(ENTRIES):
            by_id[transaction_id].entries[side, code, int(amount)] += 1
        for code, *sums in conn.execute(BALANCES):
            books.balances[code] = tuple(map(int, sums))
    return books


def check(recorder: Recorder, books: Books) -> Verdict:
    """Whether every acknowledged key is there once, wholly, and with the id that was told.

    And every other request wholly or not at all; nothing is there that nobody asked for; and the
    balances are the sums of what is there, as it was asked for.
    """
    keys = books.keys
    verdict = Verdict(found=len(keys))
    items = {item.key: item for asked in recorder.asked.values() for item in asked.items}
    problems = defaultdict[str, list[str]](list)
    for item in items.values():
        told = recorder.told.get(item.key, set())
        there = (books.by_resolution_key if item.kind == "capture" else books.by_key).get(
            item.key, []
        )
        what = _of_item(item, told, there)
        if what is not None:
            problems[what].append(item.key)
            verdict.lost += what.startswith("lost")
            verdict.doubled += what.startswith("doubled")
    for asked in recorder.asked.values():
        there_keys = [key for key in asked.keys if key in keys]
        if there_keys and len(there_keys) < len(asked.keys):
            problems["torn: a request is there in part"] += asked.keys
    for key in keys - items.keys():
        problems["invented: nobody asked for it"].append(key)
    for code, wanted, is_ in _wrong_balances(items.values(), books):
        problems["a balance is not the sum of what is there"].append(f"{code} {is_}, not {wanted}")
    verdict.problems = [_said(what, keys) for what, keys in problems.items()]
    return verdict


def _of_item(item: Item, told: set[UUID], there: list[Found]) -> str | None:
    if len(told) > 1:
        return "doubled: clients were told more than one id"
    if len(there) > 1:
        return "doubled: there more than once"
    if not there:
        return "lost: acknowledged, and not there" if told else None
    (found,) = there
    if told and found.transaction_id not in told:
        return "lost: there with another id than was told"
    if item.kind != "capture" and found.movements != list(item.movements):
        return "lost: its postings are not those that were asked for"
    wanted = _entries(found)
    if found.entries != wanted:
        more = found.entries.total() > wanted.total()
        return "doubled: it has too many entries" if more else "lost: entries are missing"
    if item.kind == "post" and found.state != "POSTED":
        return "lost: it is not posted"
    return None


def _entries(found: Found) -> Counter[tuple[str, str, int]]:
    """What a transaction must have done to its accounts."""
    if found.state != "POSTED":
        return Counter()
    debits = Counter(("DEBIT", one.debit, one.amount) for one in found.movements)
    return debits + Counter(("CREDIT", one.credit, one.amount) for one in found.movements)


def _wrong_balances(
    items: Iterable[Item], books: Books
) -> Iterator[tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """Accounts whose sums are not those of what was asked for and is there."""
    sums: dict[str, list[int]] = {code: [0, 0, 0, 0] for code in books.balances}
    for item in items:
        for found in books.by_key.get(item.key, []):
            pending = 0 if found.state == "POSTED" else 2
            for movement in item.movements:
                sums[movement.debit][pending] += movement.amount
                sums[movement.credit][pending + 1] += movement.amount
    for code, wanted in sums.items():
        if books.balances[code] != tuple(wanted):
            yield code, tuple(wanted), books.balances[code]


def check_settled(asked: Asked, outcome: object, books: Books) -> str | None:
    """What is wrong with a retry's outcome, by what was there before it."""
    if not isinstance(outcome, Acknowledged):
        return f"a retry was not acknowledged: {outcome}"
    for item, replayed in zip(asked.items, outcome.replayed, strict=True):
        is_there = item.key in books.by_key or item.key in books.by_resolution_key
        if is_there and not replayed:
            return "doubled: a retry did not find what was there"
    return None


def _said(what: str, keys: list[str]) -> str:
    more = f" and {len(keys) - _SHOWN_MAX} more" if len(keys) > _SHOWN_MAX else ""
    return f"{what}: {', '.join(keys[:_SHOWN_MAX])}{more}"


BUSY: Final = """
    SELECT count(*), string_agg(concat_ws(' ', state, wait_event, left(query, 60)), '; ')
    FROM pg_stat_activity
    WHERE application_name = 'florin' AND datname = 'florin' AND state <> 'idle'
        AND backend_type = 'client backend'
"""
_QUIET_POLLS: Final = 3
_POLL_SECONDS: Final = 0.1


async def quiet(conn: psycopg.Connection, seconds_max: float) -> float:
    """Wait until Florin has nothing under way in the database; how long that took.

    Raises TimeoutError where it never is: something holds a transaction open.
    """
    began = time.monotonic()
    idle = 0
    while idle < _QUIET_POLLS:
        row = conn.execute(BUSY).fetchone()
        assert row is not None
        idle = 0 if row[0] else idle + 1
        if time.monotonic() - began > seconds_max:
            raise TimeoutError(f"After {seconds_max} s there still is under way: {row[1]}")
        await asyncio.sleep(_POLL_SECONDS)
    return time.monotonic() - began


SESSIONS: Final = """
    SELECT count(*), string_agg(concat_ws(' ', state, wait_event, left(query, 60)), '; ')
    FROM pg_stat_activity WHERE application_name = 'florin' AND datname = 'florin'
"""


def sessions(conn: psycopg.Connection) -> tuple[int, str]:
    """How many Florin has, and what they do."""
    row = conn.execute(SESSIONS).fetchone()
    assert row is not None
    return row[0], row[1] or ""
