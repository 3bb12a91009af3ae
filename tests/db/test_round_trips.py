"""How often a posting waits for the server: counted on the wire, through a proxy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from db import loans, users
from db.pool import open_pool
from server.settings import Settings
from tests.api import serving, transaction


class Wire:
    """Counts how often the direction turns from the server's answers to the client's requests."""

    def __init__(self) -> None:
        self.trips = 0
        self._client_spoke = False

    def sent(self) -> None:
        if not self._client_spoke:
            self.trips += 1
        self._client_spoke = True

    def answered(self) -> None:
        self._client_spoke = False


@asynccontextmanager
async def proxied(database_url: str, folder: Path, wire: Wire) -> AsyncIterator[str]:
    """A URL that leads to the same database through a socket of our own."""
    target = conninfo_to_dict(database_url)
    host, port = unquote(str(target.get("host", ""))), target.get("port", 5432)
    if not host.startswith("/"):
        pytest.skip("The test server has no Unix socket.")

    async def pipe(
        source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, from_client: bool
    ) -> None:
        while data := await source.read(1 << 20):
            wire.sent() if from_client else wire.answered()
            sink.write(data)
            await sink.drain()
        sink.close()
        await sink.wait_closed()

    ended: list[asyncio.Event] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(done := asyncio.Event())
        upstream = await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        await asyncio.gather(
            pipe(reader, upstream[1], from_client=True),
            pipe(upstream[0], writer, from_client=False),
        )
        done.set()

    server = await asyncio.start_unix_server(serve, str(folder / ".s.PGSQL.5432"))
    async with server:
        yield make_conninfo(database_url, host=str(folder), port=5432)
        await asyncio.gather(*(done.wait() for done in ended))


@pytest.mark.parametrize("size", [1, 10, 100])
async def test_a_batch_takes_three_round_trips_and_none_to_be_lent_a_connection(
    database_url: str, tmp_path: Path, size: int
) -> None:
    wire = Wire()
    async with (
        proxied(database_url, tmp_path, wire) as url,
        serving(url, pool_size_min=1, pool_size_max=1) as api,
    ):
        await api.open_account("cash", normal_side="DEBIT", floor=None)
        await api.open_account("wallet")
        for number in range(3):
            batch = [
                transaction(f"{number}-{index}", ("cash", "wallet", "1.00"))
                for index in range(size)
            ]
            before = wire.trips
            assert (await api.post_batch(batch))["committed"]
            assert wire.trips - before == 3


async def test_where_something_is_pending_one_more_trip_asks_what_has_expired(
    database_url: str, tmp_path: Path
) -> None:
    wire = Wire()
    async with (
        proxied(database_url, tmp_path, wire) as url,
        serving(url, pool_size_min=1, pool_size_max=1) as api,
    ):
        await api.open_account("cash", normal_side="DEBIT", floor=None)
        await api.open_account("wallet")
        await api.post("hold", ("cash", "wallet", "1.00"), pending=True)
        for number in range(3):
            before = wire.trips
            await api.post(f"{number}", ("cash", "wallet", "1.00"))
            assert wire.trips - before == 4


async def test_a_read_takes_one_round_trip_and_one_more_where_the_ledger_is_another(
    database_url: str, tmp_path: Path
) -> None:
    wire = Wire()
    configured = Settings(pool_size_min=1, pool_size_max=1)
    async with (
        proxied(database_url, tmp_path, wire) as url,
        open_pool(url, configured.pool) as pool,
    ):

        async def trips(ledger_id: int) -> int:
            before = wire.trips
            await loans.read(pool, ledger_id, lambda conn: users.by_ids(conn, ledger_id, []))
            return wire.trips - before

        for _ in range(10):
            # Until it is prepared, which is a trip of its own.
            await trips(3)
        assert [await trips(ledger_id) for ledger_id in (1, 1, 1, 2, 2, 1)] == [2, 1, 1, 2, 1, 2]
