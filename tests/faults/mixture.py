"""Whatever else applications do all day: they read, follow, leave, and are wrong."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx
import websockets
from websockets import Subprotocol

from server.websocket_messages import SUBPROTOCOL
from tests.faults.load import WALLETS

# What an outage may be answered with, and a client that asks for too much at a time.
_LATER: Final = frozenset({429, 503, 504})
_CLIENT_SECONDS: Final = 30.0
# There is one around all that a client does.
_NO_TIMEOUT: Final = httpx.Timeout(None)
_BACK_OFF_SECONDS: Final = 0.3

_PAGE: Final = """
    query ($first: Int!, $after: String, $code: String!) {
        transactions(first: $first, after: $after) {
            nodes { id state entries { amount account { code } } }
            pageInfo { endCursor hasNextPage }
        }
        account(by: { code: $code }) { entries(first: 20) { nodes { amount balanceAfter } } }
    }
"""
_SNAPSHOT: Final = """
    query ($code: String!) @snapshot {
        account(by: { code: $code }) { balance { posted available } }
        ledger { eventsThrough trialBalance { debits credits balanced } }
    }
"""
_EVENTS: Final = """
    subscription ($after: String) {
        ledgerEvents(after: $after) { cursor kind transaction { id } accounts { code } }
    }
"""
_LONG: Final = """
    { __schema { types { name description fields { name description args { name } } } } }
"""
# Each is refused, whatever else goes on.
_WRONG: Final[tuple[bytes, ...]] = tuple(
    json.dumps(content).encode() if not isinstance(content, bytes) else content
    for content in (
        b"{",
        b"[1]",
        {"query": "{"},
        {"query": "{ nothingOfTheKind }"},
        {"query": "{" + "a: ledger { code } " * 200 + "}"},
        {"query": "query ($x: NoSuchType) { ledger { code } }"},
        {"query": "mutation { postTransaction(input: {}) { __typename } }"},
        {"query": "{ ledger { code } }", "variables": []},
    )
)


class Mixture:
    """Clients of every other kind, from entering the block to leaving it."""

    def __init__(self, address: str, *, seed: int = 7) -> None:
        self.done: Counter[str] = Counter()
        self.problems: Counter[str] = Counter()
        self._address = address
        self._at = urlsplit(address)
        self._seed = seed
        self._clients: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        kinds = (self._page, self._read_at_once, self._be_wrong, self._be_silent)
        streams = (self._follow_by_socket, self._follow_by_socket, self._follow_by_stream)
        for number, kind in enumerate((*kinds, *streams)):
            random = Random(self._seed * 1000 + number)  # noqa: S311 - nothing to keep secret
            self._clients.append(asyncio.create_task(self._repeat(kind, random)))
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _repeat(self, kind: Callable[[Random], Awaitable[None]], random: Random) -> None:
        name = kind.__name__.strip("_")
        while True:
            try:
                async with asyncio.timeout(_CLIENT_SECONDS):
                    await kind(random)
                self.done[name] += 1
            except (httpx.TransportError, OSError, websockets.WebSocketException, EOFError):
                self.done[f"{name}, cut off"] += 1
            except TimeoutError:
                self.problems[f"{name}: no answer"] += 1
            except Exception as error:  # noqa: BLE001 - told as what it is: a problem
                self.problems[f"{name}: {error!r}"] += 1
            await asyncio.sleep(_BACK_OFF_SECONDS * random.uniform(0.5, 1.5))

    async def _page(self, random: Random) -> None:
        """Some pages of all transactions, each after the other."""
        after = None
        async with httpx.AsyncClient(timeout=_NO_TIMEOUT, trust_env=False) as client:
            for _ in range(random.randint(1, 5)):
                variables = {"first": 50, "after": after, "code": random.choice(WALLETS)}
                data = await self._asked(client, _PAGE, variables)
                if data is None or not data["transactions"]["pageInfo"]["hasNextPage"]:
                    return
                after = data["transactions"]["pageInfo"]["endCursor"]

    async def _read_at_once(self, random: Random) -> None:
        async with httpx.AsyncClient(timeout=_NO_TIMEOUT, trust_env=False) as client:
            data = await self._asked(client, _SNAPSHOT, {"code": random.choice(WALLETS)})
        if data is not None and not all(one["balanced"] for one in data["ledger"]["trialBalance"]):
            self.problems["the trial balance of one moment is not balanced"] += 1

    async def _asked(self, client: httpx.AsyncClient, query: str, variables: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever the query selects
        answer = await client.post(
            f"{self._address}/graphql", json={"query": query, "variables": variables}
        )
        if answer.status_code in _LATER:
            self.done[f"{answer.status_code}"] += 1
            return None
        if answer.status_code != 200 or "errors" in answer.json():
            self.problems[f"{answer.status_code}: {answer.text[:200]}"] += 1
            return None
        return answer.json()["data"]

    async def _be_wrong(self, random: Random) -> None:
        async with httpx.AsyncClient(timeout=_NO_TIMEOUT, trust_env=False) as client:
            for content in random.sample(_WRONG, 3):
                answer = await client.post(
                    f"{self._address}/graphql",
                    content=content,
                    headers={"content-type": "application/json", "accept": "*/*"},
                )
                if not (400 <= answer.status_code < 500 or answer.status_code in _LATER):
                    self.problems[f"{answer.status_code} to what is wrong: {content[:80]!r}"] += 1

    async def _be_silent(self, random: Random) -> None:
        """Ask for much, read none of it, and leave in the middle."""
        body = json.dumps({"query": _LONG}).encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: {self._at.netloc}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        _, writer = await asyncio.open_connection(self._at.hostname, self._at.port)
        try:
            writer.transport.pause_reading()  # type: ignore[attr-defined] # asyncio's can
            writer.write((head.encode() + body) * 20)
            await asyncio.sleep(random.uniform(0.5, 3))
        finally:
            writer.transport.abort()

    async def _follow_by_socket(self, random: Random) -> None:
        """All events from some point on, several subscriptions and queries; then leave, or not."""
        url = f"ws://{self._at.netloc}/graphql"
        options: Any = {"subprotocols": [Subprotocol(SUBPROTOCOL)], "ping_interval": None}
        async with websockets.connect(url, **options) as socket:
            await socket.send('{"type":"connection_init"}')
            for number in range(random.randint(1, 4)):
                await socket.send(_subscribe(f"s{number}", _EVENTS, after=None))
            await socket.send(_subscribe("q", _SNAPSHOT, code=random.choice(WALLETS)))
            await socket.send(_subscribe("w", "{ nothingOfTheKind }"))
            heard: set[tuple[str, str]] = set()
            with suppress(TimeoutError):
                async with asyncio.timeout(random.uniform(1, 8)):
                    while True:
                        await self._hear(socket, json.loads(await socket.recv()), heard)
            if random.random() < 0.5:
                socket.transport.abort()

    async def _hear(
        self,
        socket: websockets.ClientConnection,
        message: Any,  # noqa: ANN401 - JSON
        heard: set[tuple[str, str]],
    ) -> None:
        if message["type"] == "ping":
            await socket.send('{"type":"pong"}')
        if message["type"] != "next" or not message["id"].startswith("s"):
            return
        event = (message["id"], message["payload"]["data"]["ledgerEvents"]["cursor"])
        if event in heard:
            self.problems["an event came twice"] += 1
        heard.add(event)
        self.done["events by socket"] += 1

    async def _follow_by_stream(self, random: Random) -> None:
        """The same as server-sent events, until the client has enough."""
        headers = {"accept": "text/event-stream"}
        async with (
            httpx.AsyncClient(timeout=_NO_TIMEOUT, trust_env=False, headers=headers) as client,
            client.stream("POST", f"{self._address}/graphql", json={"query": _EVENTS}) as stream,
        ):
            enough = random.randint(1, 300)
            with suppress(TimeoutError):
                async with asyncio.timeout(random.uniform(1, 8)):
                    async for line in stream.aiter_lines():
                        self.done["events by stream"] += line.startswith("data: {")
                        enough -= 1
                        if not enough:
                            break


def _subscribe(id_: str, query: str, **variables: object) -> str:
    payload = {"query": query, "variables": variables}
    return json.dumps({"type": "subscribe", "id": id_, "payload": payload})
