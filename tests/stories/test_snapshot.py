"""@snapshot: all of a query is read at one moment, however much is posted meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any, ClassVar, Final

import psycopg
import pytest
from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from tests.api import Api, serving

BALANCE_AND_NEWEST_ENTRY = """
    query Look {snapshot} {{
        account(by: {{ code: "alice" }}) {{
            version
            balance {{ posted asOf }}
            entries(first: 1) {{ nodes {{ version balanceAfter }} }}
        }}
        others: accounts {{ nodes {{ balance {{ asOf }} }} }}
        ledger {{ trialBalance {{ debits credits balanced }} }}
    }}
"""
MARKED = BALANCE_AND_NEWEST_ENTRY.format(snapshot="@snapshot")
UNMARKED = BALANCE_AND_NEWEST_ENTRY.format(snapshot="")
# So many different states are looked at.
VERSIONS: Final = 50
BY_HEADER = {"florin-snapshot": "true"}


class InterruptedCursor(AsyncCursor[TupleRow]):
    """Lets something happen before entries are read: after the account has been, that is."""

    happen: ClassVar[Callable[[], Awaitable[object]] | None] = None

    async def execute(self, query: Any, params: Any = None, **options: Any) -> Any:  # noqa: ANN401
        text = query if isinstance(query, str) else query.as_string(self)
        happen = InterruptedCursor.happen
        if happen is not None and "FROM florin.entries" in text:
            InterruptedCursor.happen = None
            await happen()
        return await super().execute(query, params, **options)


@pytest.fixture
async def interrupted(api: Api, database_url: str) -> AsyncIterator[Api]:
    """An application over the same ledger as ``api``, in whose reads a posting comes between."""
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("alice")
    await api.post("before", ("cash", "alice", "10.00"))
    async with serving(database_url, cursor_factory=InterruptedCursor, pool_size_max=2) as served:
        InterruptedCursor.happen = lambda: api.post("meanwhile", ("cash", "alice", "5.00"))
        yield served
        assert InterruptedCursor.happen is None


async def test_a_balance_and_its_newest_entry_agree_in_a_snapshot(interrupted: Api) -> None:
    data = await interrupted(MARKED)
    account = data["account"]
    newest = account["entries"]["nodes"][0]
    assert account["version"] == newest["version"] == "1"
    assert account["balance"]["posted"] == newest["balanceAfter"] == "10.00"
    assert data["ledger"]["trialBalance"] == [
        {"debits": "10.00", "credits": "10.00", "balanced": True}
    ]
    assert (await interrupted(MARKED))["account"]["balance"]["posted"] == "15.00"


async def test_without_one_each_statement_sees_what_is_committed(interrupted: Api) -> None:
    account = (await interrupted(UNMARKED))["account"]
    assert (account["version"], account["entries"]["nodes"][0]["version"]) == ("1", "2")


async def test_the_header_does_the_same(interrupted: Api) -> None:
    answer = await interrupted.client.post("/graphql", json={"query": UNMARKED}, headers=BY_HEADER)
    account = answer.json()["data"]["account"]
    assert account["version"] == account["entries"]["nodes"][0]["version"] == "1"


@pytest.mark.parametrize("unclear", ["1", "yes", "", "true, true"])
async def test_a_header_that_says_neither_is_refused(api: Api, unclear: str) -> None:
    answer = await api.client.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"florin-snapshot": unclear}
    )
    assert answer.status_code == 400
    assert "either true or false" in answer.json()["errors"][0]["message"]


async def test_a_header_that_says_no_is_as_good_as_none(interrupted: Api) -> None:
    answer = await interrupted.client.post(
        "/graphql", json={"query": UNMARKED}, headers={"florin-snapshot": "false"}
    )
    account = answer.json()["data"]["account"]
    assert (account["version"], account["entries"]["nodes"][0]["version"]) == ("1", "2")


async def test_while_many_write_no_snapshot_disagrees_with_itself(api: Api) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("alice")
    await api.post("first", ("cash", "alice", "1.00"))
    stopped = asyncio.Event()

    async def write(writer: int) -> None:
        for number in count():
            if stopped.is_set():
                return
            await api.post(f"{writer}-{number}", ("cash", "alice", "1.00"))

    seen: set[str] = set()
    async with asyncio.TaskGroup() as writers:
        for writer in range(4):
            writers.create_task(write(writer))
        while len(seen) < VERSIONS:
            data = await api(MARKED)
            account, (total,) = data["account"], data["ledger"]["trialBalance"]
            newest = account["entries"]["nodes"][0]
            assert account["version"] == newest["version"]
            assert account["balance"]["posted"] == newest["balanceAfter"] == total["credits"]
            assert total["balanced"]
            seen.add(account["version"])
        stopped.set()


async def test_all_balances_of_a_snapshot_are_of_one_moment(interrupted: Api) -> None:
    data = await interrupted(MARKED)
    moments = {node["balance"]["asOf"] for node in data["others"]["nodes"]}
    assert moments == {data["account"]["balance"]["asOf"]}


async def test_a_mutation_cannot_be_read_from_a_snapshot_and_is_not_carried_out(api: Api) -> None:
    create = 'createCurrency(input: { code: "PTS", exponent: 0 }) { __typename }'
    marked = await api.send(f"mutation @snapshot {{ {create} }}")
    assert "Directive '@snapshot' may not be used on mutation." in marked.text
    by_header = await api.client.post(
        "/graphql", json={"query": f"mutation {{ {create} }}"}, headers=BY_HEADER
    )
    assert by_header.status_code == marked.status_code == 400
    assert by_header.json()["errors"][0]["extensions"] == {"code": "SNAPSHOT_NOT_POSSIBLE"}
    carried_out = await api(f"mutation {{ {create} }}")
    assert carried_out["createCurrency"]["__typename"] == "CreateCurrencySuccess"


async def test_a_snapshot_that_runs_out_of_time_gives_its_connection_back(
    database_url: str,
) -> None:
    async with (
        serving(
            database_url, pool_size_min=1, pool_size_max=1, operation_timeout_seconds=0.3
        ) as api,
        await psycopg.AsyncConnection.connect(database_url) as blocker,
    ):
        await api.open_account("alice")
        await blocker.execute("LOCK TABLE florin.entries IN ACCESS EXCLUSIVE MODE")
        timed_out = await api.send(MARKED)
        assert timed_out.json()["errors"][0]["extensions"] == {"code": "TIMEOUT"}
        await blocker.rollback()
        assert (await api(MARKED))["account"]["version"] == "0"
        open_transactions = await (
            await blocker.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()"
            )
        ).fetchone()
        assert open_transactions == (0,)


async def test_what_reads_nothing_borrows_no_connection(api: Api) -> None:
    before = api.pool.get_stats().get("requests_num", 0)
    assert await api("query @snapshot { __typename }") == {"__typename": "Query"}
    assert api.pool.get_stats().get("requests_num", 0) == before
