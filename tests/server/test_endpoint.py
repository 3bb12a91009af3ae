"""The endpoint as GraphQL over HTTP specifies it: methods, media types, statuses, request ids."""

import logging
from collections.abc import AsyncIterator
from typing import Final

import httpx
import psycopg
import pytest

from tests.api import CREATE_USER, Api
from tests.hostile_bodies import GOOD

GRAPHQL: Final = "application/graphql-response+json"
JSON: Final = "application/json"
WRONG: Final = b'{"query": "{ nope }"}'
_SENT: Final = {"content-type": JSON}


async def answer(api: Api, accept: str | None, body: bytes = GOOD) -> httpx.Response:
    request = api.client.build_request("POST", "/graphql", content=body, headers=_SENT)
    del request.headers["accept"]
    if accept is not None:
        request.headers["accept"] = accept
    return await api.client.send(request)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{JSON}, {GRAPHQL};q=0.9", JSON),
        (f"{JSON};q=0.5, {GRAPHQL};q=0.6", GRAPHQL),
        (f"{GRAPHQL};q=0, */*", JSON),
        (f"{JSON};q=0, */*;q=0.1", GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8, text/html", GRAPHQL),
        (GRAPHQL.upper(), GRAPHQL),
        ("text/html, */*;q=0.1", JSON),
    ],
)
async def test_the_answer_is_written_in_what_is_liked_best(
    api: Api, accept: str | None, media_type: str
) -> None:
    response = await answer(api, accept)
    assert response.json()["data"] == {"__typename": "Query"}
    assert response.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert response.headers["vary"] == "accept"


@pytest.mark.parametrize("accept", ["text/html", "image/*", "*/*;q=0", f"{JSON};q=0.0"])
async def test_where_nothing_is_acceptable_nothing_is_run(api: Api, accept: str) -> None:
    body = b'{"query": "mutation { createCurrency(input: { code: \\"C1\\", exponent: 2 }) '
    response = await answer(api, accept, body + b'{ __typename } }"}')
    assert response.status_code == 406
    assert GRAPHQL in response.json()["errors"][0]["message"]
    codes = (await api("{ ledger { currencies { code } } }"))["ledger"]["currencies"]
    assert "C1" not in [currency["code"] for currency in codes]


@pytest.mark.parametrize(
    ("accept", "status"), [(None, 400), ("*/*", 400), (GRAPHQL, 400), (JSON, 200)]
)
async def test_a_request_error_has_no_data(api: Api, accept: str | None, status: int) -> None:
    response = await answer(api, accept, WRONG)
    assert response.status_code == status
    assert set(response.json()) <= {"errors", "extensions"}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused_with_405(api: Api, method: str) -> None:
    response = await api.client.request(method, "/graphql", content=GOOD, headers=_SENT)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST"


async def test_get_is_for_queries_only(api: Api) -> None:
    query = {"query": "query Q { __typename } mutation M { __typename }"}
    refused = await api.client.get("/graphql", params={**query, "operationName": "M"})
    assert refused.status_code == 405
    assert refused.headers["allow"] == "POST"
    assert "data" not in refused.json()
    answered = await api.client.get("/graphql", params={**query, "operationName": "Q"})
    assert answered.json()["data"] == {"__typename": "Query"}


async def test_too_large_is_told_from_the_length_alone(api: Api) -> None:
    class Unread(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield GOOD
            raise AssertionError("The body was read on.")

    length = {"content-length": str(2**40)}
    request = httpx.Request(
        "POST", "http://localhost/graphql", headers=_SENT | length, stream=Unread()
    )
    assert (await api.client.send(request)).status_code == 413


async def test_too_many_values_are_refused_before_they_are_read(api: Api) -> None:
    body = b'{"query": "{ __typename }", "variables": {"a": [' + b"0," * 100_000 + b"0]}}"
    response = await answer(api, JSON, body)
    assert response.status_code == 413
    assert "FLORIN_BODY_VALUES_MAX" in response.json()["errors"][0]["message"]


async def test_a_request_id_that_is_well_formed_is_kept(api: Api) -> None:
    for sent, is_kept in (("abc-1.2:3_4", True), ("a b", False), ("", False), ("x" * 65, False)):
        headers = _SENT | {"x-request-id": sent}
        response = await api.client.post("/graphql", content=GOOD, headers=headers)
        assert (response.headers["x-request-id"] == sent) is is_kept
        assert response.headers["x-request-id"]


async def test_a_fault_is_masked_and_logged_under_its_request_id(
    api: Api, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute("ALTER VIEW florin.searchable_users RENAME TO misplaced")
    with caplog.at_level(logging.ERROR):
        response = await api.send("{ users { nodes { username } } }")
    assert response.status_code == 500
    assert_masked(response, caplog, "misplaced", "florin.searchable_users", "psycopg")


async def test_a_fault_in_writing_the_answer_is_masked_too(
    api: Api, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    user = {"username": "alice", "email": "alice@example.com", "metadata": {"a": 1}}
    await api(CREATE_USER, input=user)
    with psycopg.connect(database_url) as conn:
        # Deeper than anything here writes it, or than orjson would.
        deep = '{"a": ' * 300 + "1" + "}" * 300
        conn.execute("UPDATE florin.users SET metadata = %s::jsonb", [deep])
    with caplog.at_level(logging.ERROR):
        response = await api.send("{ users { nodes { metadata } } }")
    assert response.status_code == 500
    assert_masked(response, caplog, "Recursion", "orjson")


def assert_masked(
    response: httpx.Response, caplog: pytest.LogCaptureFixture, *secrets: str
) -> None:
    request_id = response.headers["x-request-id"]
    (error,) = response.json()["errors"]
    assert error["extensions"] == {"code": "INTERNAL_ERROR", "requestId": request_id}
    assert request_id in error["message"]
    assert not any(secret in response.text for secret in secrets)
    assert request_id in caplog.text
