"""Clients that leave behind their last message, or do not read: nothing is kept for them."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import pytest

from server import connections
from tests.sockets import PATIENCE_SECONDS, Served, served

# A large answer that needs no database.
SCHEMA: Final = """
    {
        __schema {
            types { name description fields { name description args { name description } } }
        }
    }
"""
UPGRADE: Final = (
    b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
TEXT, CLOSE, PING = 0x81, 0x88, 0x89


def frame(kind: int, content: bytes) -> bytes:
    """As a client sends it: masked, with a mask that changes nothing."""
    size = len(content)
    length = bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + size.to_bytes(2, "big")
    return bytes([kind]) + length + bytes(4) + content


def message(kind: str, **more: object) -> bytes:
    return frame(TEXT, json.dumps({"type": kind, **more}).encode())


@asynccontextmanager
async def connection(
    florin: Served, request: bytes
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """One that takes little at a time, with a request that is sent."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    raw.setblocking(False)  # noqa: FBT003 - the library's
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", florin.port))
    reader, writer = await asyncio.open_connection(sock=raw)
    writer.write(request)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - seen from outside
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("last", [message("ping"), message("subscribe", id="1", payload={})])
async def test_who_leaves_behind_a_message_leaves_nothing_open(
    database_url: str, last: bytes
) -> None:
    async with served(database_url) as florin:
        capacity = florin.application.state.endpoint._capacity
        for _ in range(3):
            async with connection(florin, UPGRADE) as (reader, writer):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(message("connection_init"))
                await reader.read(1)
                writer.write(message("ping") + last + frame(CLOSE, b"\x03\xe8"))
                await reader.read()
        await until(lambda: capacity.connections == 0)


async def test_answers_that_are_not_read_do_not_pile_up(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They count among what runs, and whoever does not read is not read."""
    monkeypatch.setattr(connections, "CLOSE_SECONDS", 0.2)
    async with served(database_url, send_seconds=1, operations_max=5) as florin:
        capacity = florin.application.state.endpoint._capacity
        async with connection(florin, UPGRADE) as (reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.pause_reading()  # type: ignore[attr-defined] # asyncio's can
            writer.write(message("connection_init"))
            for number in range(2000):
                asked = {"query": SCHEMA}
                writer.write(message("subscribe", id=f"{number}", payload=asked))
            await until(lambda: capacity.connections == 1)
            most = 0
            while capacity.connections:
                running = [task for task in asyncio.all_tasks() if "_run" in repr(task.get_coro())]
                most = max(most, len(running))
                await asyncio.sleep(0.01)
            assert most <= 6
            await until(lambda: not florin.server.server_state.connections)


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_who_does_not_read_a_response_is_cut_off(
    database_url: str, accept: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(database_url, send_seconds=0.3) as florin:
        asked = json.dumps({"query": SCHEMA.replace("{", "{ a: __typename ", 1)})
        request = (
            f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Accept: {accept}\r\nContent-Length: {len(asked)}\r\n\r\n{asked}"
        ).encode()
        async with connection(florin, request * 40) as (reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.pause_reading()  # type: ignore[attr-defined] # asyncio's can
            await until(lambda: not florin.server.server_state.connections)
    assert not caplog.records


async def test_control_frames_are_not_answered_into_memory(database_url: str) -> None:
    async with served(database_url) as florin, connection(florin, UPGRADE) as (reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined] # asyncio's can
        (open_,) = florin.server.server_state.connections
        transport = open_.transport
        pings = frame(PING, bytes(125)) * 4000
        for _ in range(60):
            writer.write(pings)
        await until(lambda: transport.get_write_buffer_size() > 0)
        for _ in range(50):
            assert transport.get_write_buffer_size() < 1_000_000
            await asyncio.sleep(0.01)
