"""No bytes that an outsider sends over HTTP give a fault, or keep the next request waiting."""

import asyncio
import json
from typing import Any, Final

import httpx
import pytest
from pydantic import SecretStr
from starlette.types import Message

from server import app
from server.settings import Settings
from tests.api import Api, serving, transaction
from tests.hostile import (
    assert_answered,
    assert_refused,
    assert_serves,
    in_time,
    send,
    send_body,
)
from tests.hostile_bodies import BODIES, GOOD, MEDIA_TYPES, PARAMETERS, WRONG_KINDS

CREATE: Final = 'mutation { createCurrency(input: { code: "C1", exponent: 2 }) { __typename } }'
CREATED: Final = "{ ledger { currencies { code } } }"


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_that_is_no_request_is_refused_with_400(api: Api, name: str) -> None:
    response = await send_body(api, BODIES[name])
    assert response.status_code == 400
    assert assert_refused(response)[0].endswith(".")
    await assert_serves(api)


@pytest.mark.parametrize(
    ("part", "wrong"),
    [(part, wrong) for part, kinds in WRONG_KINDS.items() for wrong in kinds],
    ids=repr,
)
async def test_a_part_of_the_wrong_kind_is_refused_with_400(
    api: Api, part: str, wrong: object
) -> None:
    body = json.dumps({"query": "{ __typename }", part: wrong}).encode()
    response = await send_body(api, body)
    assert response.status_code == 400
    assert_refused(response)
    await assert_serves(api)


@pytest.mark.parametrize(
    "content",
    [
        {"query": '{ user(by: { username: "\ud800" }) { id } }'},
        {"query": "{ \ud800 }"},
        {"query": "{ __typename }", "variables": {"a": "\ud800"}},
        {"query": "{ __typename }", "variables": {"\ud800": 1}},
        {"query": "{ __typename }", "operationName": "\udfff"},
    ],
    ids=repr,
)
async def test_half_a_surrogate_pair_is_refused_wherever_it_stands(
    api: Api, content: dict[str, object]
) -> None:
    assert_refused(await send_body(api, json.dumps(content).encode()))
    await assert_serves(api)


async def test_of_duplicate_keys_one_is_taken_and_nothing_breaks(api: Api) -> None:
    body = b'{"query": "{ a }", "query": "{ __typename }", "variables": 1, "variables": {}}'
    assert_answered(await send_body(api, body))
    await assert_serves(api)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
async def test_a_body_of_another_media_type_is_refused_with_415(
    api: Api, media_type: str | None
) -> None:
    headers = {} if media_type is None else {"content-type": media_type}
    raw = httpx.Headers([(key.encode(), value.encode()) for key, value in headers.items()])
    response = await api.client.post("/graphql", content=GOOD, headers=raw)
    assert response.status_code == 415
    assert "Send the" in assert_refused(response)[0]
    await assert_serves(api)


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "APPLICATION/JSON", "application/json;charset=utf-8", "application/json;"],
)
async def test_json_is_taken_however_its_media_type_is_written(api: Api, media_type: str) -> None:
    response = await send_body(api, GOOD, {"content-type": media_type})
    assert response.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("size", [2048, 2049, 100_000])
async def test_a_body_over_the_limit_is_refused_with_413(database_url: str, size: int) -> None:
    async with serving(database_url, body_bytes_max=2048) as api:
        response = await send_body(api, GOOD.ljust(size))
        assert response.status_code == (200 if size <= 2048 else 413)
        if size > 2048:
            assert "2048" in assert_refused(response)[0]
        await assert_serves(api)


async def test_a_body_that_comes_in_pieces_is_bounded_all_the_same(database_url: str) -> None:
    async def pieces() -> Any:  # noqa: ANN401 - an async generator
        for _ in range(1000):
            yield b" " * 1000

    async with serving(database_url, body_bytes_max=2048) as api:
        headers = {"content-type": "application/json", "content-length": "1"}
        for sent in ({"content-type": "application/json"}, headers):
            posted = api.client.post("/graphql", content=pieces(), headers=sent)
            assert (await in_time(posted, sent)).status_code == 413
        await assert_serves(api)


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"])
async def test_only_post_can_change_anything(api: Api, method: str) -> None:
    body = json.dumps({"query": CREATE}).encode()
    response = await send_body(api, body, method=method)
    assert 400 <= response.status_code < 500 or method == "HEAD"
    assert {"code": "C1"} not in (await api(CREATED))["ledger"]["currencies"]


async def test_head_is_answered_as_get_is(api: Api) -> None:
    for parameters in ({"query": "{ __typename }"}, {"query": CREATE}, {"query": "{"}):
        got = await api.client.get("/graphql", params=parameters)
        head = await api.client.head("/graphql", params=parameters)
        assert head.status_code == got.status_code
    assert {"code": "C1"} not in (await api(CREATED))["ledger"]["currencies"]


@pytest.mark.parametrize("query", [CREATE, "subscription { x }"])
async def test_get_only_reads(api: Api, query: str) -> None:
    response = await api.client.get("/graphql", params={"query": query})
    assert response.status_code in {400, 405}
    if response.status_code == 405:
        assert response.headers["allow"] == "POST"
    assert_refused(response)
    assert {"code": "C1"} not in (await api(CREATED))["ledger"]["currencies"]


@pytest.mark.parametrize("parameters", PARAMETERS, ids=lambda text: text[:50])
async def test_a_wrong_query_string_is_refused_with_400(api: Api, parameters: str) -> None:
    response = await in_time(api.client.get(f"/graphql?{parameters}"), parameters)
    assert response.status_code == 400
    assert_refused(response, parameters)
    await assert_serves(api)


@pytest.mark.parametrize("accept", ["", "*/*", ",;=", "é", "application/*;q=2", "a" * 10_000])
async def test_an_accept_header_that_asks_for_nothing_in_particular_gets_json(
    api: Api, accept: str
) -> None:
    raw = httpx.Headers([(b"accept", accept.encode()), (b"content-type", b"application/json")])
    response = await api.client.post("/graphql", content=GOOD, headers=raw)
    assert assert_answered(response)["data"] == {"__typename": "Query"}
    assert response.headers["content-type"] == "application/json; charset=utf-8"


async def test_a_client_that_leaves_in_mid_request_is_no_fault(database_url: str) -> None:
    application = app.create(Settings(database_url=SecretStr(database_url)))
    coming: list[Message] = [
        {"type": "http.request", "body": b'{"query"', "more_body": True},
        {"type": "http.disconnect"},
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }

    async def receive() -> Message:
        return coming.pop(0) if coming else {"type": "http.disconnect"}

    async def forget(_message: Message) -> None:
        await asyncio.sleep(0)

    async with application.router.lifespan_context(application):
        await application(scope, receive, forget)


async def test_of_many_wrong_requests_at_once_each_is_answered(api: Api) -> None:
    sent = [send_body(api, body) for body in list(BODIES.values()) * 4]
    for response in await asyncio.gather(*sent):
        assert response.status_code == 400
    assert_answered(await send(api, "{ __typename }"))


@pytest.mark.parametrize(
    "by", ['{ id: "x", username: "a" }', "{}", "{ id: null }", '{ id: null, email: "a" }']
)
async def test_exactly_one_name_is_asked_for(api: Api, by: str) -> None:
    response = await api.send(f"{{ user(by: {by}) {{ id }} }}")
    assert response.status_code == 400
    assert "data" not in response.json()


async def test_a_batch_of_a_wrong_size_leaves_what_was_committed_before_in_the_answer(
    api: Api,
) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")
    leg = '{ debit: { code: "cash" }, credit: { code: "wallet" }, amount: "1.00" }'
    query = f"""mutation ($many: [PostTransactionInput!]!) {{
        one: postTransaction(input: {{ idempotencyKey: "one", postings: [{leg}] }}) {{ __typename }}
        many: postTransactions(input: {{ transactions: $many }}) {{
            committed results {{ __typename ... on Refusal {{ message path }} }} }}
    }}"""
    batch = [transaction(str(n), ("cash", "wallet", "1.00")) for n in range(1001)]
    data = await api(query, many=batch)
    assert data["one"]["__typename"] == "PostTransactionSuccess"
    assert not data["many"]["committed"]
    (result,) = data["many"]["results"]
    assert result["__typename"] == "InvalidInput"
    assert "1 to 1000 transactions, not 1001" in result["message"]
    assert await api.balance("wallet") == "1.00"
