"""More than can be served: what is refused, how, and who is not held up by whom."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx
import pytest

from server.admission import Admission
from tests.api import Api
from tests.sockets import PATIENCE_SECONDS, Served, connected, served

QUERY: Final = '{ account(by: { code: "nobody" }) { id } }'
EVENTS: Final = "subscription { ledgerEvents { cursor } }"


@asynccontextmanager
async def busy(database_url: str, waiting_max: int = 0) -> AsyncIterator[tuple[Served, Admission]]:
    """A server that may run one operation, and runs one."""
    async with served(database_url, running_max=1, waiting_max=waiting_max) as florin:
        admission: Admission = florin.application.state.gate._admission
        assert admission.enter() is True
        try:
            yield florin, admission
        finally:
            admission.leave()


def request(query: str = QUERY, **headers: str) -> bytes:
    body = json.dumps({"query": query})
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return (
        "POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{more}\r\n{body}"
    ).encode()


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ") for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
    return int(first.split()[1]), headers, body


async def test_what_is_too_much_hears_503_and_when_to_come_back(database_url: str) -> None:
    async with busy(database_url) as (florin, admission):
        reader, writer = await asyncio.open_connection("127.0.0.1", florin.port)
        answers = []
        # The first by the application; from then on by the connection, unless it is unusual.
        for sent in (request(), request(), request(), request(Upgrade="h2c")):
            writer.write(sent)
            answers.append(await answer(reader))
        for status, headers, body in answers:
            (error,) = json.loads(body)["errors"]
            assert (status, headers["retry-after"]) == (503, "1")
            assert headers["content-type"] == "application/json; charset=utf-8"
            assert headers["cache-control"] == "no-store"
            assert "date" in headers
            assert error["extensions"] == {"code": "UNAVAILABLE"}
        assert admission.refused == 4
        # The connection is as good as before.
        admission.leave()
        writer.write(request())
        assert (await answer(reader))[0] == 200
        assert admission.enter() is True
        writer.close()


async def test_health_and_metrics_are_answered_however_busy(database_url: str) -> None:
    async with busy(database_url) as (florin, admission), httpx.AsyncClient() as client:
        assert (await client.post(florin.http, json={"query": QUERY})).status_code == 503
        for path in ("healthz", "readyz", "metrics"):
            found = await client.get(f"http://127.0.0.1:{florin.port}/{path}")
            assert found.status_code == 200, path
        assert 'florin_rejected_total{reason="overload"}' in found.text
        assert admission.refused == 1


async def test_who_waits_is_served_when_it_is_their_turn(database_url: str) -> None:
    async with (
        busy(database_url, waiting_max=5) as (florin, admission),
        httpx.AsyncClient() as client,
    ):
        asked = [client.post(florin.http, json={"query": QUERY}) for _ in range(5)]
        sent = [asyncio.create_task(one) for one in asked]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while admission.waiting < 5:  # noqa: ASYNC110 - seen from outside
                await asyncio.sleep(0.01)
        admission.leave()
        assert [one.status_code for one in await asyncio.gather(*sent)] == [200] * 5
        assert admission.enter() is True


async def test_who_sends_slowly_takes_nobodys_place(database_url: str) -> None:
    async with served(database_url, running_max=1, waiting_max=0) as florin:
        reader, writer = await asyncio.open_connection("127.0.0.1", florin.port)
        whole = request()
        writer.write(whole[:-5])
        async with httpx.AsyncClient() as client:
            for _ in range(3):
                assert (await client.post(florin.http, json={"query": QUERY})).status_code == 200
        writer.write(whole[-5:])
        assert (await answer(reader))[0] == 200
        writer.close()


async def test_a_long_body_is_refused_at_its_end(database_url: str) -> None:
    async with busy(database_url) as (florin, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", florin.port)
        for _ in range(2):
            whole = request(f"{{ __typename }} #{'x' * 90_000}")
            for start in range(0, len(whole), 30_000):
                writer.write(whole[start : start + 30_000])
                await asyncio.sleep(0.02)
            assert (await answer(reader))[0] == 503
        writer.close()


async def test_who_asks_whether_to_send_is_told_and_waits_for_a_turn(database_url: str) -> None:
    async with busy(database_url) as (florin, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", florin.port)
        head, separator, body = request(Expect="100-continue").partition(b"\r\n\r\n")
        writer.write(head + separator)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(body)
        assert (await answer(reader))[0] == 503
        writer.close()


async def test_what_only_looks_like_a_request_is_not_answered(database_url: str) -> None:
    """The rest of a body that nobody reads, for its request was refused at once."""
    async with busy(database_url) as (florin, admission):
        reader, writer = await asyncio.open_connection("127.0.0.1", florin.port)
        writer.write(request())
        assert (await answer(reader))[0] == 503
        within = request()
        head = f"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Length: {len(within) + 1}\r\n\r\n"
        writer.write(head.encode() + b" ")
        assert (await answer(reader))[0] == 415
        writer.write(within)
        await asyncio.sleep(0.05)
        writer.write(request())
        assert (await answer(reader))[0] == 503
        assert admission.refused == 2
        writer.close()


async def test_requests_behind_each_other_are_each_answered(database_url: str) -> None:
    async with busy(database_url) as (florin, admission):
        reader, writer = await asyncio.open_connection("127.0.0.1", florin.port)
        writer.write(request() * 7)
        assert [(await answer(reader))[0] for _ in range(7)] == [503] * 7
        assert admission.refused == 7
        writer.close()


@pytest.mark.parametrize("by", ["websocket", "stream"])
async def test_streams_take_nobodys_place(database_url: str, funded: Api, by: str) -> None:
    assert funded is not None
    async with (
        served(database_url, running_max=1, waiting_max=0) as florin,
        connected(florin) as socket,
        httpx.AsyncClient(headers={"accept": "text/event-stream"}) as streams,
        httpx.AsyncClient() as client,
    ):
        if by == "websocket":
            await socket.subscribe("1", EVENTS)
            assert (await client.post(florin.http, json={"query": QUERY})).status_code == 200
        else:
            async with streams.stream("POST", florin.http, json={"query": EVENTS}) as stream:
                assert stream.status_code == 200
                answered = await client.post(florin.http, json={"query": QUERY})
                assert answered.status_code == 200


async def test_an_operation_of_a_websocket_waits_for_its_turn_too(database_url: str) -> None:
    async with (
        busy(database_url, waiting_max=1) as (florin, admission),
        connected(florin) as socket,
    ):
        await socket.subscribe("1", QUERY)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not admission.waiting:  # noqa: ASYNC110 - seen from outside
                await asyncio.sleep(0.01)
        await socket.subscribe("2", QUERY)
        refused = await socket.hear()
        assert (refused["type"], refused["id"]) == ("error", "1")
        assert refused["payload"][0]["extensions"]["code"] == "UNAVAILABLE"
        # The newest may still be in time.
        admission.leave()
        assert (await socket.hear())["id"] == "2"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while admission.running:  # noqa: ASYNC110 - seen from outside
                await asyncio.sleep(0.01)
        assert admission.enter() is True


async def test_so_does_a_query_that_is_answered_with_an_event(database_url: str) -> None:
    headers = {"accept": "text/event-stream"}
    async with (
        served(database_url, running_max=1, waiting_max=0) as florin,
        httpx.AsyncClient(headers=headers) as client,
    ):
        answered = await client.post(florin.http, json={"query": QUERY})
        assert json.loads(answered.text.partition("data: ")[2].partition("\n")[0]) == {
            "data": {"account": None},
            "extensions": {"cost": {"requested": 10, "allowed": 500000}},
        }
