"""When the database cannot be had: 503 with Retry-After and a GraphQL error, never a hang."""

import asyncio
import time
from typing import Any

import psycopg

from db import migrate
from tests.api import BALANCE, Api, serving

QUERY = "{ ledger { code } }"
POSTING = """mutation { postTransaction(input: { idempotencyKey: "k", postings: [
    { debit: { code: "a" }, credit: { code: "b" }, amount: "1" }] }) { __typename } }"""


async def answers_unavailable(api: Api, query: str = QUERY) -> Any:  # noqa: ANN401
    response = await api.send(query)
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) >= 1
    body = response.json()
    assert body["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert "data" not in body
    return body


async def test_an_exhausted_pool_answers_503_within_its_timeout(database_url: str) -> None:
    # More run than there are connections, or the others would not even get so far.
    limits: dict[str, Any] = {"pool_size_min": 1, "pool_size_max": 1, "running_max": 10}
    limits["pool_timeout_seconds"] = 0.3
    async with serving(database_url, **limits) as api:
        with psycopg.connect(database_url) as blocker:
            blocker.execute("LOCK TABLE florin.ledgers IN ACCESS EXCLUSIVE MODE")
            holder = asyncio.create_task(api.send(QUERY))
            await asyncio.sleep(0.2)
            begun = time.monotonic()
            await answers_unavailable(api)
            await answers_unavailable(api, POSTING)
            assert time.monotonic() - begun < 2
            blocker.rollback()
        assert (await holder).status_code == 200
        assert (await api.send(QUERY)).status_code == 200


async def test_a_full_queue_answers_503_at_once(database_url: str) -> None:
    limits: dict[str, Any] = {
        "pool_size_min": 1,
        "pool_size_max": 1,
        "running_max": 10,
        "pool_timeout_seconds": 5.0,
        "pool_waiting_max": 2,
    }
    async with serving(database_url, **limits) as api:
        with psycopg.connect(database_url) as blocker:
            blocker.execute("LOCK TABLE florin.ledgers IN ACCESS EXCLUSIVE MODE")
            holders = [asyncio.create_task(api.send(QUERY)) for _ in range(3)]
            await asyncio.sleep(0.3)
            begun = time.monotonic()
            await answers_unavailable(api)
            await answers_unavailable(api, POSTING)
            assert time.monotonic() - begun < 2
            blocker.rollback()
        assert {response.status_code for response in await asyncio.gather(*holders)} == {200}


async def test_a_statement_over_its_time_answers_503_and_gives_its_connection_back(
    database_url: str,
) -> None:
    async with serving(database_url, statement_timeout_seconds=0.3) as api:
        with psycopg.connect(database_url) as blocker:
            blocker.execute("LOCK TABLE florin.ledgers IN ACCESS EXCLUSIVE MODE")
            for _ in range(15):  # more than the pool has connections
                await answers_unavailable(api)
            blocker.rollback()
        assert (await api.send(QUERY)).status_code == 200


async def test_terminated_backends_are_replaced_without_an_error(database_url: str) -> None:
    async with serving(database_url) as api:
        await api.open_account("wallet")
        for _ in range(5):
            with psycopg.connect(database_url, autocommit=True) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'florin' AND datname = current_database()"
                )
            assert (await api(BALANCE, code="wallet"))["account"]["version"] == "0"


async def test_readiness_and_liveness_differ(database_url: str, server_url: str) -> None:
    async with serving(database_url, pool_timeout_seconds=0.5) as api:
        ready = (await api.client.get("/readyz")).json()
        assert (ready["status"], ready["revision"]) == ("ok", migrate.head())
        name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
        with psycopg.connect(server_url, autocommit=True) as admin:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            response = await api.client.get("/readyz")
            assert response.status_code == 503
            assert response.json()["status"] == "unavailable"
            assert (await api.client.get("/healthz")).status_code == 200
            await answers_unavailable(api)
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())


async def test_a_database_at_another_revision_is_not_ready(database_url: str) -> None:
    async with serving(database_url) as api:
        with psycopg.connect(database_url) as conn:
            conn.execute("UPDATE florin.alembic_version SET version_num = '0000'")
        response = await api.client.get("/readyz")
        assert response.status_code == 503
        assert "florin migrate" in response.json()["reason"]
