"""Look-ups that requests share are fewer statements and the same answers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest

from db import accounts
from db.ledgers import DEFAULT_LEDGER_ID
from resolvers.look_ups import LookUps, SharedLookUps
from tests.api import Api, serving
from tests.recorder import RecordingCursor
from tests.sessions import Watch

ACCOUNT: Final = "query ($code: String!) { account(by: { code: $code }) { id code } }"
LOCK: Final = "LOCK TABLE florin.accounts IN ACCESS EXCLUSIVE MODE"
CODES: Final = [f"account {number}" for number in range(20)]


@pytest.fixture
async def sharing(database_url: str) -> AsyncIterator[Api]:
    async with serving(
        database_url, cursor_factory=RecordingCursor, share_look_ups=True, pool_size_max=4
    ) as api:
        for code in CODES:
            await api.open_account(code)
        yield api


def selected() -> int:
    """Look-ups by code since the record was cleared."""
    return sum("a.code = ANY" in one.query for one in RecordingCursor.record)


async def test_requests_at_the_same_time_share_statements_and_get_their_own_answers(
    sharing: Api,
) -> None:
    RecordingCursor.record.clear()
    found = await asyncio.gather(*(sharing(ACCOUNT, code=code) for code in [*CODES, "none"]))
    assert [one["account"] and one["account"]["code"] for one in found] == [*CODES, None]
    assert 1 <= selected() <= 10


async def test_a_request_alone_waits_for_nobody(sharing: Api) -> None:
    RecordingCursor.record.clear()
    for code in CODES[:3]:
        await sharing(ACCOUNT, code=code)
    assert selected() == 3


async def test_snapshots_and_what_is_explained_share_nothing(sharing: Api) -> None:
    query = ACCOUNT.replace(") {", ") @snapshot {", 1)
    RecordingCursor.record.clear()
    await asyncio.gather(*(sharing(query, code=code) for code in CODES))
    assert selected() == len(CODES)
    content = {"query": ACCOUNT, "extensions": {"florin": {"explain": True}}}
    answers = await asyncio.gather(
        *(
            sharing.client.post("/graphql", json={**content, "variables": {"code": code}})
            for code in CODES
        )
    )
    reads = [answer.json()["extensions"]["florin"]["explain"] for answer in answers]
    assert [len(read) for read in reads] == [1] * len(CODES)


async def _find(look_ups: LookUps, code: str) -> Any:  # noqa: ANN401 - an account, or none
    return (await look_ups.find(accounts.by_codes, lambda one: one.code, [code]))[code]


async def test_what_is_asked_for_is_never_read_before_it_was_asked(
    sharing: Api, database_url: str
) -> None:
    look_ups = LookUps(sharing.pool, DEFAULT_LEDGER_ID)
    with Watch(database_url) as watch, psycopg.connect(database_url) as blocker:
        blocker.execute(LOCK)
        # As many as may run at once, and one that waits for them.
        early = [asyncio.ensure_future(_find(look_ups, CODES[0]))]
        await asyncio.to_thread(watch.until_waiting)
        early.append(asyncio.ensure_future(_find(look_ups, CODES[1])))
        await asyncio.sleep(0.05)
        blocker.execute("SET LOCAL session_replication_role = replica")
        blocker.execute("UPDATE florin.accounts SET name = 'new' WHERE code = %s", [CODES[2]])
        blocker.commit()
        late = await _find(look_ups, CODES[2])
        assert late.name == "new"
        assert [one.code for one in await asyncio.gather(*early)] == CODES[:2]
    assert look_ups.is_idle


async def test_one_who_leaves_takes_nothing_from_the_others(
    sharing: Api, database_url: str
) -> None:
    look_ups = LookUps(sharing.pool, DEFAULT_LEDGER_ID)
    with Watch(database_url) as watch, psycopg.connect(database_url) as blocker:
        blocker.execute(LOCK)
        asked = [asyncio.ensure_future(_find(look_ups, code)) for code in CODES]
        await asyncio.to_thread(watch.until_waiting)
        asked[0].cancel()
        await asyncio.wait([asked[0]])
        blocker.rollback()
        assert [one.code for one in await asyncio.gather(*asked[1:])] == CODES[1:]


async def test_callers_share_nothing_with_others(sharing: Api) -> None:
    shared = SharedLookUps(sharing.pool)
    ours = shared.of(DEFAULT_LEDGER_ID, "ours")
    asked = asyncio.ensure_future(_find(ours, CODES[0]))
    await asyncio.sleep(0)
    assert shared.of(DEFAULT_LEDGER_ID, "theirs") is not ours
    assert shared.of(DEFAULT_LEDGER_ID + 1, "ours") is not ours
    assert shared.of(DEFAULT_LEDGER_ID, "ours") is ours
    assert isinstance((await asked).account_id, UUID)
    await shared.close()


async def test_what_fails_fails_for_those_who_asked_and_for_nobody_later(
    sharing: Api, database_url: str
) -> None:
    look_ups = LookUps(sharing.pool, DEFAULT_LEDGER_ID)
    with Watch(database_url) as watch, psycopg.connect(database_url) as blocker:
        blocker.execute(LOCK)
        asked = [asyncio.ensure_future(_find(look_ups, code)) for code in CODES[:2]]
        await asyncio.to_thread(watch.until_waiting)
        watch.conn.execute(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        failed = await asyncio.gather(*asked, return_exceptions=True)
        blocker.rollback()
    assert [type(error) for error in failed] == [psycopg.errors.QueryCanceled] * 2
    assert (await _find(look_ups, CODES[0])).code == CODES[0]
