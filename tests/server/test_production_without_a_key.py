"""What a stranger without any credential gets of a Florin in production: 401, and nothing read."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.api import Api, serving
from tests.credentials import Key, new_key
from tests.production import BODIES, DOCUMENTS, MUTATION, PRODUCTION
from tests.sockets import Served, served


@pytest.fixture
def key(database_url: str) -> Key:
    """One that opens the ledger `main`."""
    return new_key(database_url)


@pytest.fixture
async def api(key: Key, database_url: str) -> AsyncIterator[Api]:
    """A server as in production."""
    assert key
    async with serving(database_url, **PRODUCTION) as api:
        yield api


@pytest.fixture
async def listening(key: Key, database_url: str) -> AsyncIterator[Served]:
    """The same on a port."""
    assert key
    async with served(database_url, **PRODUCTION) as florin:
        yield florin


@pytest.mark.parametrize("name", BODIES)
async def test_without_a_credential_every_check_is_refused_before_anything_is_parsed(
    api: Api, name: str
) -> None:
    """The same 401, byte for byte, whatever the body."""
    json_ = {"content-type": "application/json", "x-request-id": "r"}
    expected = await api.client.post("/graphql", content=BODIES["a good one"], headers=json_)
    assert expected.status_code == 401
    assert expected.headers["www-authenticate"].startswith("Bearer")
    for content_type in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
        headers = {**json_, "content-type": content_type}
        response = await api.client.post("/graphql", content=BODIES[name], headers=headers)
        assert (response.status_code, response.content) == (401, expected.content)
        assert response.headers == expected.headers
    for parameters in ({"query": DOCUMENTS.get(name, "{")}, {"query": MUTATION}):
        response = await api.client.get(
            "/graphql", params=parameters, headers={"x-request-id": "r"}
        )
        assert (response.status_code, response.content) == (401, expected.content)


async def test_without_a_credential_a_huge_body_is_not_waited_for(listening: Served) -> None:
    head = (
        b"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        b"content-length: 10000000000\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
    writer.write(head + b'{"query": "' + b"x" * 1000)
    async with asyncio.timeout(10):
        assert (await reader.readline()).startswith(b"HTTP/1.1 401")
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    "path",
    ["/graphiql", "/playground", "/altair", "/console", "/docs", "/debug", "/.env", "/admin"],
)
async def test_there_is_nothing_beside_the_endpoint(api: Api, key: Key, path: str) -> None:
    for headers in ({}, key.headers):
        response = await api.client.get(path, headers=headers)
        assert (response.status_code, response.text) == (404, "Not Found")


async def test_the_page_is_the_same_for_everybody_and_asks_nothing_of_the_ledger(
    api: Api, key: Key
) -> None:
    page = {"accept": "text/html"}
    nobodys = await api.client.get("/graphql", headers=page)
    assert nobodys.text == (await api.client.get("/graphql", headers={**page, **key.headers})).text
    assert "frame-ancestors 'none'" in nobodys.headers["content-security-policy"]


async def test_without_a_credential_health_is_told_and_metrics_are_not(api: Api, key: Key) -> None:
    assert (await api.client.get("/healthz")).json() == {"status": "ok"}
    ready = (await api.client.get("/readyz")).json()
    assert set(ready) == {"status", "revision", "checks"}
    assert set(ready["checks"]) == {"database", "revision", "pool", "lag"}
    assert (await api.client.get("/metrics")).status_code == 401
    assert (await api.client.get("/metrics", headers=key.headers)).status_code == 403


async def test_a_server_does_not_say_what_it_runs(listening: Served, key: Key) -> None:
    async with httpx.AsyncClient() as client:
        response = await client.post(listening.http, json={"query": "{"}, headers=key.headers)
    assert "server" not in response.headers
    assert "x-powered-by" not in response.headers
