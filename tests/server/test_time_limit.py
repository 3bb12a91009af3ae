"""An operation that takes too long is cancelled on the server, too, and answered clearly."""

import asyncio

import httpx
import psycopg

from tests.api import CREATE_USER, Api, serving
from tests.sessions import Watch

# More than the pool has connections.
MANY = 15
NEW_USER = {"input": {"username": "alice", "email": "alice@example.com"}}
# One level waits for the next: many statements, of which none takes long by itself.
QUERY = "{ users { totalCount nodes { accounts { totalCount } } } }"


def assert_timed_out(response: httpx.Response) -> str:
    assert response.status_code == 504
    content = response.json()
    assert "data" not in content
    (error,) = content["errors"]
    assert error["extensions"]["code"] == "TIMEOUT"
    return str(error["message"])


async def test_a_query_over_its_time_leaves_no_statement_behind(database_url: str) -> None:
    with Watch(database_url) as watch, psycopg.connect(database_url) as blocker:
        async with serving(database_url, operation_timeout_seconds=0.2) as api:
            blocker.execute("SET application_name TO test")
            blocker.execute("LOCK TABLE florin.users IN ACCESS EXCLUSIVE MODE")
            for _ in range(MANY):
                assert "0.2 s" in assert_timed_out(await api.send(QUERY))
                assert watch.unfinished() == []
            blocker.rollback()
            assert (await api("{ users { totalCount } }"))["users"]["totalCount"] == 0


async def test_a_snapshot_over_its_time_is_ended(database_url: str) -> None:
    with Watch(database_url) as watch, psycopg.connect(database_url) as blocker:
        async with serving(database_url, operation_timeout_seconds=0.2) as api:
            blocker.execute("SET application_name TO test")
            blocker.execute("LOCK TABLE florin.users IN ACCESS EXCLUSIVE MODE")
            for _ in range(MANY):
                assert_timed_out(await api.send(f"query @snapshot {QUERY}"))
                assert watch.unfinished() == []
            blocker.rollback()
            assert (await api("{ users { totalCount } }"))["users"]["totalCount"] == 0


async def test_a_mutation_over_its_time_is_rolled_back(database_url: str) -> None:
    with Watch(database_url) as watch, psycopg.connect(database_url) as blocker:
        async with serving(database_url, operation_timeout_seconds=0.2) as api:
            blocker.execute("SET application_name TO test")
            blocker.execute("LOCK TABLE florin.users IN ACCESS EXCLUSIVE MODE")
            for _ in range(MANY):
                message = assert_timed_out(await api.send(CREATE_USER, NEW_USER))
                assert "same keys" in message
                assert watch.unfinished() == []
            blocker.rollback()
            assert watch.usernames() == []
            assert (await api.create_user("bob"))["__typename"] == "CreateUserSuccess"


async def test_a_commit_that_has_begun_is_finished_though_time_is_up(database_url: str) -> None:
    with Watch(database_url) as watch:
        async with serving(database_url, operation_timeout_seconds=0.5) as api:
            watch.hold_commits()
            late = asyncio.create_task(api.send(CREATE_USER, NEW_USER))
            await asyncio.to_thread(watch.until_waiting, "COMMIT")
            # Another one's time, which began later, is up: so this one's is, too.
            with psycopg.connect(database_url) as blocker:
                blocker.execute("LOCK TABLE florin.accounts IN ACCESS EXCLUSIVE MODE")
                assert_timed_out(await api.send("{ accounts { totalCount } }"))
            assert watch.waiting() == ["COMMIT"]
            assert not late.done()
            watch.release_commits()
            assert_timed_out(await late)
            assert watch.usernames() == ["alice"]
            await healthy(api)


async def healthy(api: Api) -> None:
    for number in range(MANY):
        assert (await api.create_user(f"user{number}"))["__typename"] == "CreateUserSuccess"
