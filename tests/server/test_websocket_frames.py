"""Whatever frames are sent: an answer by the protocol, and never a fault, a leak or a wait."""

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any

import pytest
import websockets
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.ledgers import DEFAULT_LEDGER_ID
from tests.api import Api, serving, transaction
from tests.sockets import Served, Socket, connected, served

FRAMES_EACH = 6
EXAMPLES = 150
# What the protocol closes with; 1007 and 1009 are WebSocket's own, for text and size.
CODES = {4400, 4401, 4409, 4429, 1007, 1009}
EVENTS = """
    subscription { ledgerEvents(after: "0") { cursor transaction { idempotencyKey metadata } } }
"""
KINDS = ["connection_ack", "next", "error", "complete", "ping", "pong"]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
documents = st.sampled_from(
    [
        "{ __typename }",
        "{ ledger { code } }",
        "subscription { ledgerEvents { cursor } }",
        'subscription { ledgerEvents(after: "0") { cursor } }',
        "query ($a: ID!) { node(id: $a) { id } }",
        "{",
        'mutation { closeAccount(input: { account: { code: "x" } }) { __typename } }',
    ]
)
payloads = values | st.fixed_dictionaries(
    {"query": documents | st.text(max_size=20)},
    optional={"variables": values, "operationName": values, "extensions": values},
)
kinds = st.sampled_from(
    ["connection_init", "ping", "pong", "subscribe", "subscribe", "complete", "next", "x"]
)
messages = st.fixed_dictionaries(
    {"type": kinds | values},
    optional={"id": st.sampled_from(["1", "2"]) | values, "payload": payloads, "more": values},
)
frames = (
    messages.map(json.dumps)
    | st.text(max_size=60)
    | st.binary(max_size=60)
    | values.map(json.dumps)
    | st.builds(lambda text, cut: text[:cut], messages.map(json.dumps), st.integers(0, 80))
)


async def test_any_frames_are_answered_by_the_protocol(
    florin: Served, caplog: pytest.LogCaptureFixture
) -> None:
    """Hypothesis is not asynchronous: it asks from a thread, and the loop goes on here."""
    caplog.set_level(logging.WARNING)
    loop = asyncio.get_running_loop()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(sent=st.lists(frames, min_size=1, max_size=FRAMES_EACH), begin=st.booleans())
    def each(sent: list[str | bytes], begin: bool) -> None:  # noqa: FBT001 - drawn
        asyncio.run_coroutine_threadsafe(exchanged(florin, sent, begin=begin), loop).result(30)

    await asyncio.to_thread(each)
    assert not caplog.records
    async with connected(florin) as socket:
        await socket.subscribe("1", "{ __typename }")
        assert (await socket.hear())["type"] == "next"
    assert florin.application.state.endpoint._capacity.connections <= 1


async def exchanged(florin: Served, sent: list[str | bytes], *, begin: bool) -> None:
    """Send them all; what comes back is by the protocol, to its end."""
    async with connected(florin, init=begin) as socket:
        with suppress(websockets.ConnectionClosed):
            for frame in sent:
                await socket.send(frame)
            await socket.send({"type": "ping"})
            while (await heard(socket))["type"] != "pong":
                pass
            return
        assert socket.connection.close_code in CODES


async def heard(socket: Socket) -> Any:  # noqa: ANN401
    message = await socket.hear()
    assert message["type"] in KINDS
    return message


async def test_who_vanishes_while_it_is_answered_leaves_no_socket_behind(florin: Served) -> None:
    capacity = florin.application.state.websockets._capacity
    for _ in range(20):
        async with connected(florin) as socket:
            for number in range(30):
                await socket.send({"type": "ping"})
                await socket.subscribe(f"{number}", "{ __typename }")
            socket.connection.transport.abort()
    async with asyncio.timeout(30):
        while capacity.connections:  # noqa: ASYNC110 - seen from outside
            await asyncio.sleep(0.02)


async def test_who_does_not_read_is_closed_before_it_costs_memory(database_url: str) -> None:
    """Some twenty megabytes are there for it; it is told why it got no more, once it reads."""
    async with serving(database_url) as api, served(database_url, send_seconds=0.3) as florin:
        await post_many(api)
        feed = florin.application.state.operations._feeds.of(DEFAULT_LEDGER_ID)
        async with connected(florin, max_queue=1) as socket:
            await socket.subscribe("first", EVENTS)
            assert (await socket.hear())["type"] == "next"
            socket.connection.transport.pause_reading()
            for number in range(20):
                await socket.subscribe(f"{number}", EVENTS)
            async with asyncio.timeout(30):
                while feed._followers:  # noqa: ASYNC110 - seen from outside
                    await asyncio.sleep(0.02)
            socket.connection.transport.resume_reading()
            code, reason = await socket.is_closed_with()
    assert code == 4508
    assert "cursor" in reason


async def post_many(api: Api) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")
    batch = [
        transaction(f"k{number}", ("cash", "wallet", "1.00"), metadata={"x": "x" * 4000})
        for number in range(500)
    ]
    assert (await api.post_batch(batch))["committed"]
