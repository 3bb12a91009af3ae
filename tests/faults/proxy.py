"""A small TCP proxy between Florin and its database: silent, slow, or cutting what it carries."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

from psycopg.conninfo import conninfo_to_dict, make_conninfo

Streams: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect: TypeAlias = Callable[[], Awaitable[Streams]]

_CHUNK_BYTES: Final = 65_536
# A slow line hands on little at a time: several packets for each answer, seldom at its borders.
_TRICKLE_BYTES: Final = 700


class Proxy:
    """Carries bytes both ways; what it does with them can be changed at any time."""

    def __init__(self, connect: Connect) -> None:
        self.port = 0
        # Added to every chunk, each way, in seconds; with it, chunks are small.
        self.latency_seconds = 0.0
        self._connect_there = connect
        self._open = asyncio.Event()
        self._open.set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    def silence(self) -> None:
        """Carry nothing from now on, and say nothing: connections stay, new ones are accepted."""
        self._open.clear()

    def speak(self) -> None:
        """Carry again, what came meanwhile first."""
        self._open.set()

    def cut(self) -> None:
        """End every connection, as a firewall does that has forgotten them."""
        for writer in self._writers:
            writer.transport.abort()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        carrying = asyncio.create_task(self._connect(reader, writer))
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            await self._open.wait()
            there, back = await self._connect_there()
        except OSError:
            self._end(writer)
            return
        self._writers.add(back)
        ways = {
            asyncio.create_task(self._carry(reader, back)),
            asyncio.create_task(self._carry(there, writer)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            self._end(writer)
            self._end(back)

    def _end(self, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()
        self._writers.discard(writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            size = _TRICKLE_BYTES if self.latency_seconds else _CHUNK_BYTES
            try:
                data = await reader.read(size)
                if not data:
                    return
                await asyncio.sleep(self.latency_seconds)
                await self._open.wait()
                writer.write(data)
                await writer.drain()
            except OSError:
                return

    async def close(self) -> None:
        """End all of it."""
        self._open.set()
        self.cut()
        carrying = list(self._carrying)
        for one in carrying:
            one.cancel()
        if carrying:
            await asyncio.wait(carrying)


@asynccontextmanager
async def between(connect: Connect) -> AsyncIterator[Proxy]:
    """A proxy to wherever ``connect`` leads; its ``port`` is one of this machine's."""
    proxy = Proxy(connect)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()


@asynccontextmanager
async def before(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy to a database that is reached by a Unix socket, and the way through it."""
    known = conninfo_to_dict(url)
    path = f"{known['host']}/.s.PGSQL.{known.get('port', 5432)}"
    async with between(lambda: asyncio.open_unix_connection(path)) as proxy:
        yield proxy, make_conninfo(url, host="127.0.0.1", port=proxy.port, sslmode="disable")
