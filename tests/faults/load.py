"""The load: clients that post, hold and capture all at once, each with keys of its own."""

import asyncio
import itertools
import os
import time
from collections.abc import Iterator
from random import Random
from typing import Final, Self
from urllib.parse import urlsplit

import httpx

from tests.faults import requests
from tests.faults.recorder import (
    Acknowledged,
    Asked,
    Attempt,
    Item,
    Movement,
    Outcome,
    Recorder,
    Unknown,
)

# Enough to have several postings under way in each worker at any moment, and few enough for two
# cores that carry PostgreSQL, Florin and the clients.
CLIENTS: Final = 12
# Whatever happens, every request is answered within this, if only to say that nothing is known:
# FLORIN_OPERATION_TIMEOUT_SECONDS (10), a moment for a commit that has begun (2), and one for the
# server to say that what was cancelled has ended (4), on a busy machine.
ANSWER_SECONDS_MAX: Final = 17.0
# A client that hears nothing at all for so long has found a hang.
CLIENT_SECONDS_MAX: Final = 30.0
# A client reads and thinks; without a pause the load would measure the cores.
_PAUSE_SECONDS: Final = 0.02
# One who heard 503 comes back a little later, and not in a tight loop.
_BACK_OFF_SECONDS: Final = 0.2
# Connections are renewed now and then, or a restarted worker would never see a client again.
_RENEW: Final = 0.2
_RETRY_AT_ONCE: Final = 0.5
_CAPTURED: Final = 0.7
# A posting takes some milliseconds: a client that leaves within these leaves at any stage of it.
_VANISH_SECONDS_MAX: Final = 0.03
_JSON: Final = {"content-type": "application/json", "accept": "application/json"}

CASH: Final = tuple(f"cash-{number}" for number in range(4))
WALLETS: Final = tuple(f"wallet-{number}" for number in range(20))


class Load:
    """Clients that send without an end, from entering the block to ``stop`` or leaving it."""

    def __init__(
        self,
        address: str,
        recorder: Recorder,
        *,
        clients: int = CLIENTS,
        vanishing: float = 0.0,
        seed: int = 5,
    ) -> None:
        """``vanishing`` is the share of requests whose client leaves while it is answered."""
        self.recorder = recorder
        self._address = address
        self._count = clients
        self.vanishing = vanishing
        self._seed = seed
        self._numbers = itertools.count()
        self._run = f"{os.getpid()}-{time.monotonic_ns()}"
        self._stopping = False
        self._clients: list[asyncio.Task[None]] = []
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        for number in range(self._count):
            random = Random(self._seed * 1000 + number)  # noqa: S311 - nothing to keep secret
            self._clients.append(asyncio.create_task(self._client(random)))
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def stop(self) -> None:
        """Let each client hear the answer that it waits for, and send nothing more."""
        self._stopping = True
        await asyncio.gather(*self._clients)

    async def heard(self) -> None:
        """Wait until any client has heard anything."""
        self._news.clear()
        await self._news.wait()

    async def acknowledges(self, count: int) -> None:
        """Wait for so many more acknowledged keys."""
        wanted = self.recorder.acknowledged + count
        while self.recorder.acknowledged < wanted:
            await self.heard()

    async def send(self, client: httpx.AsyncClient, asked: Asked, *, last: bool = False) -> Outcome:
        """Send a request and record what is heard of it; ``last`` gives up its connection."""
        self.recorder.sends(asked)
        headers = {**_JSON, "connection": "close"} if last else _JSON
        began_at = time.monotonic()
        outcome: Outcome
        try:
            async with asyncio.timeout(CLIENT_SECONDS_MAX):
                answer = await client.post(
                    f"{self._address}/graphql", content=requests.body(asked), headers=headers
                )
            outcome = requests.outcome(asked, answer.status_code, answer.content)
        except (TimeoutError, httpx.TimeoutException):
            outcome = Unknown("no answer")
        except httpx.TransportError as error:
            outcome = Unknown(type(error).__name__)
        self._note(Attempt(asked, began_at, time.monotonic(), outcome))
        return outcome

    async def _client(self, random: Random) -> None:
        async with httpx.AsyncClient(timeout=CLIENT_SECONDS_MAX, trust_env=False) as client:
            for asked in self._wanted(random):
                if random.random() < self.vanishing:
                    await self._vanish(asked, random)
                    continue
                outcome = await self._insist(client, asked, random)
                (first, *more) = asked.items
                is_held = first.kind == "hold" and not more and isinstance(outcome, Acknowledged)
                if is_held and random.random() < _CAPTURED and not self._stopping:
                    capture = Item(f"{first.key}-capture", "capture", hold=first.key)
                    await self._insist(client, Asked((capture,)), random)

    async def _insist(self, client: httpx.AsyncClient, asked: Asked, random: Random) -> Outcome:
        """Send it, and half of the time once more where nothing is known of it."""
        outcome = await self.send(client, asked, last=random.random() < _RENEW)
        if isinstance(outcome, Unknown):
            await asyncio.sleep(_BACK_OFF_SECONDS * random.uniform(0.5, 1.5))
            if random.random() < _RETRY_AT_ONCE and not self._stopping:
                return await self.send(client, asked)
        await asyncio.sleep(_PAUSE_SECONDS * random.uniform(0.5, 1.5))
        return outcome

    async def _vanish(self, asked: Asked, random: Random) -> None:
        """Send it over a socket of its own and cut that at a random moment."""
        self.recorder.sends(asked)
        at = urlsplit(self._address)
        began_at = time.monotonic()
        try:
            _, writer = await asyncio.open_connection(at.hostname, at.port)
        except OSError as error:
            self._note(Attempt(asked, began_at, time.monotonic(), Unknown(type(error).__name__)))
            await asyncio.sleep(_BACK_OFF_SECONDS)
            return
        content = requests.body(asked)
        head = f"POST /graphql HTTP/1.1\r\nhost: {at.netloc}\r\ncontent-length: {len(content)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in _JSON.items())
        writer.write(head.encode() + b"\r\n" + content)
        await asyncio.sleep(random.uniform(0, _VANISH_SECONDS_MAX))
        writer.transport.abort()
        self._note(Attempt(asked, began_at, time.monotonic(), Unknown("vanished")))

    def _note(self, attempt: Attempt) -> None:
        self.recorder.heard(attempt)
        self._news.set()

    def _wanted(self, random: Random) -> Iterator[Asked]:
        while not self._stopping:
            yield Asked(self._items(random))

    def _items(self, random: Random) -> tuple[Item, ...]:
        chance = random.random()
        if chance < 0.5:
            return (self._item("post", random),)
        if chance < 0.7:
            return (self._item("hold", random),)
        if chance < 0.85:
            return tuple(self._item("post", random) for _ in range(random.randint(2, 12)))
        hold = self._item("hold", random)
        capture = Item(f"{hold.key}-capture", "capture", hold=hold.key)
        return (self._item("post", random), hold, capture, self._item("post", random))

    def _item(self, kind: str, random: Random) -> Item:
        key = f"{self._run}-{next(self._numbers)}"
        movements = tuple(
            Movement(random.choice(CASH), random.choice(WALLETS), random.randint(1, 9_999))
            for _ in range(random.randint(1, 3))
        )
        return Item(key, "hold" if kind == "hold" else "post", movements)
