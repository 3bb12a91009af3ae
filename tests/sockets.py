"""Florin on a real port, served in the test's own loop, and a client of its WebSockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import uvicorn
import websockets
from pydantic import SecretStr
from starlette.applications import Starlette

from server import app
from server.serving import uvicorn_options
from server.settings import Settings
from server.websocket_messages import SUBPROTOCOL

# Whatever a test waits for is there within this, or never.
PATIENCE_SECONDS = 30.0


class Served(NamedTuple):
    """A server that runs, and where."""

    port: int
    application: Starlette
    server: uvicorn.Server

    @property
    def http(self) -> str:
        """Where GraphQL is."""
        return f"http://127.0.0.1:{self.port}/graphql"

    @property
    def ws(self) -> str:
        """Where GraphQL is over WebSocket."""
        return f"ws://127.0.0.1:{self.port}/graphql"


@asynccontextmanager
async def served(database_url: str, **settings: Any) -> AsyncIterator[Served]:  # noqa: ANN401
    """The application on a free port, as ``florin serve`` has it, while the block runs."""
    quiet = {
        "sweep_interval_seconds": 0,
        "seal_interval_seconds": 0,
        "measure_interval_seconds": 0,
    }
    configured = Settings(database_url=SecretStr(database_url), **{**quiet, **settings})
    application = app.create(configured)
    server = uvicorn.Server(uvicorn.Config(application, port=0, **uvicorn_options(configured)))
    serving = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not server.started:  # noqa: ASYNC110 - uvicorn tells in no other way
                await asyncio.sleep(0.01)
        (listener,) = server.servers[0].sockets
        yield Served(listener.getsockname()[1], application, server)
    finally:
        server.should_exit = True
        await serving


class Socket:
    """A client of the protocol that hides nothing of it."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self.connection = connection

    async def send(self, message: object) -> None:
        """A message, or a text or bytes as they are."""
        raw = message if isinstance(message, str | bytes) else json.dumps(message)
        await self.connection.send(raw)

    async def subscribe(self, id_: str, query: str, **variables: Any) -> None:  # noqa: ANN401
        """Ask for an operation."""
        payload = {"query": query, "variables": variables}
        await self.send({"type": "subscribe", "id": id_, "payload": payload})

    async def hear(self) -> Any:  # noqa: ANN401
        """The next message; ConnectionClosed where there is none."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            frame = await self.connection.recv()
        assert isinstance(frame, str), "Clients fail on binary frames."
        return json.loads(frame)

    async def is_closed_with(self) -> tuple[int, str]:
        """The code and the reason, whatever is said before."""
        with suppress(websockets.ConnectionClosed):
            while True:
                await self.hear()
        code = self.connection.close_code
        assert code is not None
        return code, self.connection.close_reason or ""


@asynccontextmanager
async def connected(
    served_: Served,
    *,
    init: bool = True,
    **options: Any,  # noqa: ANN401
) -> AsyncIterator[Socket]:
    """An open socket, which has begun unless told."""
    options = {"subprotocols": [SUBPROTOCOL], "ping_interval": None, **options}
    async with websockets.connect(served_.ws, **options) as connection:
        socket = Socket(connection)
        if init:
            await socket.send({"type": "connection_init"})
            assert await socket.hear() == {"type": "connection_ack"}
        yield socket
