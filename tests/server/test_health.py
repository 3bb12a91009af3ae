"""Readiness: every check is told, and there is an answer in time whatever the database does."""

import asyncio
import time
from typing import Any

import psycopg

from db import migrate
from tests.api import Api, serving
from tests.faults import databases, proxy

Checks = dict[str, dict[str, Any]]


async def ready(api: Api) -> tuple[int, dict[str, Any]]:
    response = await api.client.get("/readyz")
    return response.status_code, response.json()


async def until_ready(api: Api) -> None:
    while (await ready(api))[0] != 200:  # noqa: ASYNC110 - it is only told when asked
        await asyncio.sleep(0.05)


async def test_every_check_is_told(database_url: str) -> None:
    async with serving(database_url, measure_interval_seconds=0.05) as api:
        while True:
            status, body = await ready(api)
            if body["checks"]["lag"]["status"] == "ok":
                break
            await asyncio.sleep(0.05)
    assert (status, body["status"], body["revision"]) == (200, "ok", migrate.head())
    checks: Checks = body["checks"]
    assert {name: check["status"] for name, check in checks.items()} == {
        "database": "ok",
        "revision": "ok",
        "pool": "ok",
        "lag": "ok",
    }
    assert checks["pool"]["max"] == 10
    assert checks["lag"]["sealerSeconds"] == checks["lag"]["eventsSeconds"] == 0


async def test_a_pool_that_is_lent_out_is_not_ready_and_says_so_in_time(database_url: str) -> None:
    limits: dict[str, Any] = {"pool_size_min": 1, "pool_size_max": 1, "ready_timeout_seconds": 0.3}
    async with serving(database_url, **limits) as api:
        with psycopg.connect(database_url) as blocker:
            blocker.execute("LOCK TABLE florin.ledgers IN ACCESS EXCLUSIVE MODE")
            holder = asyncio.create_task(api("{ ledger { code } }"))
            await asyncio.sleep(0.2)
            begun = time.monotonic()
            answers = await asyncio.gather(*(ready(api) for _ in range(20)))
            assert time.monotonic() - begun < 1
            blocker.rollback()
        await holder
        for status, body in answers:
            assert status == 503
            assert body["reason"].startswith("all 1 connections of the pool are lent")
            assert body["checks"]["database"]["status"] == "unknown"
        await until_ready(api)


async def test_a_network_that_swallows_everything_does_not_hold_up_the_answer() -> None:
    with databases.running() as postgres:
        async with (
            proxy.before(postgres.url) as (network, url),
            serving(url, ready_timeout_seconds=0.3) as api,
        ):
            assert (await ready(api))[0] == 200
            # Its connections are there, and nothing comes back on them.
            network.silence()
            for _ in range(3):
                begun = time.monotonic()
                status, body = await ready(api)
                assert time.monotonic() - begun < 1
                assert status == 503
                assert body["checks"]["database"]["reason"] == "no answer within 0.3 s"
            assert (await api.client.get("/healthz")).json() == {"status": "ok"}
            network.speak()
            await until_ready(api)


async def test_a_database_at_another_revision_names_the_remedy(database_url: str) -> None:
    async with serving(database_url) as api:
        with psycopg.connect(database_url) as conn:
            conn.execute("UPDATE florin.alembic_version SET version_num = '0000'")
        status, body = await ready(api)
    assert status == 503
    assert "run florin migrate" in body["reason"]
    assert body["checks"]["database"]["status"] == "ok"
