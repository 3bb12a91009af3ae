"""No size that the limit on bodies lets through holds up everybody else."""

import asyncio
import json
import time

import pytest

from tests.api import Api
from tests.hostile import assert_answered, assert_serves, seed, send, send_body
from tests.hostile_sizes import DOCUMENTS, FREEZE, LEG, MEGABYTE, VARIABLES


@pytest.mark.parametrize("kind", DOCUMENTS)
async def test_a_document_of_any_length_is_answered_in_time(api: Api, kind: str) -> None:
    assert_answered(await send(api, DOCUMENTS[kind](15 * MEGABYTE // 4)), kind)
    await assert_serves(api)


@pytest.mark.parametrize("kind", VARIABLES)
async def test_variables_of_any_size_are_answered_in_time(api: Api, kind: str) -> None:
    await seed(api)
    query, make = VARIABLES[kind]
    body = json.dumps({"query": query, "variables": make()}).encode()
    assert_answered(await send_body(api, body), kind)
    await assert_serves(api)


async def test_a_refusal_does_not_echo_all_that_was_sent(api: Api) -> None:
    response = await send(api, FREEZE, {"given": "a" * MEGABYTE})
    assert_answered(response)
    assert len(response.content) < 10_000


async def test_an_error_does_not_echo_all_that_was_sent(api: Api) -> None:
    for query in ("{" + "a" * MEGABYTE + "}", "{ a" + " x" * 3000 + "}"):
        assert len((await send(api, query)).content) < 100_000
    named = await send(api, "{ __typename }", operationName="a" * MEGABYTE)
    assert len(named.content) < 10_000


async def test_a_full_batch_lets_other_requests_through(api: Api) -> None:
    await seed(api)
    transactions = [
        {"idempotencyKey": f"k{number}", "postings": [LEG] * 10} for number in range(500)
    ]
    batch = asyncio.create_task(api.post_batch(transactions))
    slowest = 0.0
    async with asyncio.timeout(30):
        while not batch.done():
            started = time.perf_counter()
            await api("{ __typename }")
            slowest = max(slowest, time.perf_counter() - started)
            await asyncio.sleep(0.01)
    assert batch.result()["committed"]
    assert slowest < 1.0
