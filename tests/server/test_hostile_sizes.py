"""No size that the limit on bodies lets through holds up everybody else."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.api import CREATE_USER, POST_TRANSACTION, POST_TRANSACTIONS, Api
from tests.hostile import assert_answered, assert_serves, seed, send, send_body

MEGABYTE: Final = 1024 * 1024

DOCUMENTS: Final[dict[str, Callable[[int], str]]] = {
    "a comment": lambda n: "{ __typename } #" + "a" * n,
    "spaces": lambda n: "{ __typename }" + " " * n,
    "lines": lambda n: "{ __typename }" + "\n" * n,
    "a string": lambda n: '{ user(by: { username: "' + "a" * n + '" }) { id } }',
    "a block string": lambda n: '{ user(by: { username: """' + "a\n" * (n // 2) + '""" }) { id } }',
    "a name": lambda n: "{" + "a" * n + "}",
    "a number": lambda n: "{ users(first: " + "9" * n + ") { totalCount } }",
    "errors behind many lines": lambda n: (
        "{" + "\n" * (n // 8) + " ".join(f"x{i}" for i in range(100)) + "}"
    ),
}
NODES: Final = "query ($given: [ID!]!) { nodes(ids: $given) { id } }"
USERS: Final = "query ($given: String) { users(filter: { usernamePrefix: $given }) { totalCount } }"
FREEZE: Final = """
    mutation ($given: String) {
        freezeAccount(input: { account: { code: $given } }) {
            __typename
            ... on Refusal { code message path }
        }
    }
"""
LEG: Final = {"debit": {"code": "cash"}, "credit": {"code": "wallet"}, "amount": "0.01"}
EMPTY: Final = {"idempotencyKey": "", "postings": []}


def _user(metadata: object) -> dict[str, Any]:
    return {"input": {"username": "a", "email": "a@b", "metadata": metadata}}


VARIABLES: Final[dict[str, tuple[str, Callable[[], dict[str, Any]]]]] = {
    "a million ids": (NODES, lambda: {"given": ["a"] * 1_000_000}),
    "100,000 transactions": (
        POST_TRANSACTIONS,
        lambda: {"input": {"transactions": [EMPTY] * 100_000}},
    ),
    "100,000 postings": (
        POST_TRANSACTION,
        lambda: {"input": {"idempotencyKey": "k", "postings": [LEG] * 100_000}},
    ),
    "5,000,000 numbers as metadata": (CREATE_USER, lambda: _user({"a": [0] * 5_000_000})),
    "a million keys as metadata": (
        CREATE_USER,
        lambda: _user({"a": {f"{n}": n for n in range(1_000_000)}}),
    ),
    "15 MB of text as metadata": (CREATE_USER, lambda: _user({"a": "x" * 15_000_000})),
    "15 MB of prefix": (USERS, lambda: {"given": "é" * 7_500_000}),
    "15 MB of nothing": ("{ __typename }", lambda: {"unused": [0] * 7_500_000}),
}


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
