"""Where a subscription begins: cursors, accounts, and what is refused."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import psycopg
import pytest
from graphql.execution.collect_fields import FieldDetails

from server.authentication import ANYBODY
from server.operations import Prepared
from server.outcomes import Answer, Call, Outcome
from server.requests import GraphQLRequest
from tests.api import Api, transaction
from tests.following import PATIENCE_SECONDS

CURSORS = """
    query { ledger { eventsThrough } }
"""
FOLLOW = """
    subscription ($after: String, $accounts: [AccountBy!]) {
        ledgerEvents(after: $after, accounts: $accounts) { cursor kind accounts { code } }
    }
"""


async def test_who_reads_and_then_subscribes_misses_nothing(api: Api) -> None:
    for code in ("cash", "a", "b"):
        await api.open_account(code, floor=None)
    await api.post("before", ("cash", "a", "1"))
    cursor = (await api(CURSORS))["ledger"]["eventsThrough"]
    await api.post("between", ("cash", "b", "1"))
    async with events_of(api, after=cursor) as told:
        first = await anext(told)
    assert [account["code"] for account in first["accounts"]] == ["cash", "b"]
    async with events_of(api, after="0", accounts=[{"code": "b"}]) as told:
        assert (await anext(told))["cursor"] == first["cursor"]
    async with events_of(api, after=first["cursor"]) as told:
        await api.post("after", ("cash", "a", "1"))
        assert [it["code"] for it in (await anext(told))["accounts"]] == ["cash", "a"]


async def test_who_follows_a_database_that_is_set_back_is_told(api: Api, database_url: str) -> None:
    """As when another server takes over that lacks the newest commits."""
    for code in ("cash", "a"):
        await api.open_account(code, floor=None)
    await api.post("lost", ("cash", "a", "1"))
    answers = await subscribed(api, {"after": "0"})
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(answers):
        assert "errors" not in (await anext(answers)).content
        with psycopg.connect(database_url, autocommit=True) as owner:
            owner.execute("DELETE FROM florin.events")
            owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'florin'"
            )
        ended = [answer async for answer in answers]
        (error,) = ended[0].content["errors"]
        assert (len(ended), error["extensions"]["code"]) == (1, "CURSOR_LOST")
        await api.post("later", ("cash", "a", "1"))
        async with events_of(api, after="0") as told:
            assert (await anext(told))["kind"] == "POSTED"


async def test_a_cursor_whose_numbers_another_transaction_has_now_is_refused(
    api: Api, database_url: str
) -> None:
    """A failover lost the event, and the ids went on from before it."""
    for code in ("cash", "a"):
        await api.open_account(code, floor=None)
    await api.post("lost", ("cash", "a", "1"))
    cursor = (await api(CURSORS))["ledger"]["eventsThrough"]
    await api.post("kept", ("cash", "a", "1"))
    with psycopg.connect(database_url) as owner:
        owner.execute(
            "WITH lost AS (DELETE FROM florin.events WHERE xid ="
            " (SELECT min(xid) FROM florin.events) RETURNING xid)"
            " UPDATE florin.events SET xid = lost.xid FROM lost WHERE events.xid > lost.xid"
        )
    (error,) = await refused(api, after=cursor)
    assert error["extensions"]["code"] == "CURSOR_LOST"


async def test_a_subscription_keeps_nothing_of_the_events_that_it_sent(api: Api) -> None:
    """Shared between events, the executor's memory of the fields it collected never ended."""
    for code in ("cash", "a"):
        await api.open_account(code, floor=None)
    await api.post_batch([transaction(f"k{n}", ("cash", "a", "1")) for n in range(300)])
    kept = []
    async with events_of(api, after="0") as told:
        for number in range(300):
            await anext(told)
            if number in {20, 299}:
                gc.collect()
                kept.append(sum(isinstance(it, FieldDetails) for it in gc.get_objects()))
    assert kept[1] <= kept[0]


@pytest.mark.parametrize("after", ["", "1", "x", "0 ", "\ud800", "AAAA", "A" * 10_000, "💸"])
async def test_what_is_no_cursor_is_refused(api: Api, after: str) -> None:
    (error,) = await refused(api, after=after)
    assert error["extensions"]["code"] == "INVALID_CURSOR"


async def test_a_cursor_of_what_was_lost_is_refused(api: Api, database_url: str) -> None:
    for code in ("cash", "a"):
        await api.open_account(code, floor=None)
    await api.post("k", ("cash", "a", "1"))
    async with events_of(api, after="0") as told:
        cursor = (await anext(told))["cursor"]
    with psycopg.connect(database_url) as owner:
        owner.execute("DELETE FROM florin.events")
    (error,) = await refused(api, after=cursor)
    assert error["extensions"]["code"] == "CURSOR_LOST"
    assert "eventsThrough" in error["message"]


async def test_accounts_that_cannot_be_followed_are_named(api: Api) -> None:
    for code in ("cash", "a"):
        await api.open_account(code, floor=None)
    wrong = [{"code": "nobody"}, {"id": "acct_nothing"}, {"code": ""}]
    for account in wrong:
        (error,) = await refused(api, accounts=[{"code": "a"}, account])
        assert error["message"].startswith("`accounts.1`: there is no account")
        assert error["extensions"]["code"] == "ACCOUNT_NOT_FOUND"
    for accounts in ([], [{"code": "a"}] * 1001):
        (error,) = await refused(api, accounts=accounts)
        assert error["extensions"]["code"] == "BAD_REQUEST"


@asynccontextmanager
async def events_of(api: Api, **variables: Any) -> AsyncIterator[AsyncIterator[Any]]:  # noqa: ANN401
    """What a subscription answers with."""
    answers = await subscribed(api, variables)
    assert not isinstance(answers, Answer), answers

    async def data() -> AsyncIterator[Any]:
        async for answer in answers:
            assert "errors" not in answer.content
            yield answer.content["data"]["ledgerEvents"]

    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(answers):
        yield data()


async def refused(api: Api, **variables: Any) -> Any:  # noqa: ANN401
    """The errors of a subscription that is none."""
    answer = await subscribed(api, variables)
    assert isinstance(answer, Answer)
    assert answer.outcome is Outcome.REFUSED
    return answer.content["errors"]


async def subscribed(api: Api, variables: dict[str, Any]) -> Any:  # noqa: ANN401
    prepared = api.operations.prepare(GraphQLRequest(FOLLOW, variables), ANYBODY)
    assert isinstance(prepared, Prepared), prepared
    return await api.operations.subscribe(prepared, Call("test", ANYBODY))
