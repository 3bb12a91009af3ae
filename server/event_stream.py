"""GraphQL over server-sent events, a connection for each operation ("distinct connections mode").

Each answer is an event `next`, and `complete` is the last one; comments in between keep the
connection open. What is refused before it runs is answered as over plain HTTP. Who does not read
is cut off (``server.connections``).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import aclosing
from typing import Any, Final

import anyio
import orjson
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from server import outcomes
from server.capacity import Capacity
from server.observed import current
from server.outcomes import Answer, Call, Outcome
from server.subscription_settings import SubscriptionSettings

# For a stream to end in good order when the server stops.
_GRACE_SECONDS: Final = 5.0


def of_many(
    answers: AsyncGenerator[Answer, None],
    call: Call,
    capacity: Capacity,
    configured: SubscriptionSettings,
    ended: Callable[[], Coroutine[Any, Any, str]],
) -> Response:
    """The events of a subscription; the stream ends with it, with the client, or with the server.

    Only in the first case is it complete: otherwise the client is to come back. It also ends, with
    an error, once ``ended`` says why the caller's credential counts no more.
    """
    stopping = anyio.Event()

    async def events() -> AsyncIterator[ServerSentEvent]:
        with capacity.taken():
            try:
                async with aclosing(answers), aclosing(_until(stopping, ended, answers)) as until:
                    async for answer in until:
                        yield _next(answer)
                        if answer.outcome is not Outcome.DATA:
                            break
            except Exception as error:  # noqa: BLE001 - masked, logged and sent
                yield _next(outcomes.fault(error, call.request_id))
            if not stopping.is_set():
                yield _COMPLETE

    return _response(events(), call, configured, stopping)


async def _until(
    stopping: anyio.Event,
    ended: Callable[[], Coroutine[Any, Any, str]],
    answers: AsyncGenerator[Answer, None],
) -> AsyncGenerator[Answer, None]:
    """The answers that come until the server stops, or the credential counts no more."""
    stopped = asyncio.create_task(stopping.wait())
    expired = asyncio.create_task(ended())
    try:
        while True:
            coming = asyncio.ensure_future(anext(answers, None))
            either: set[asyncio.Future[Any]] = {coming, stopped, expired}
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not coming.done():
                    coming.cancel()
                    # Whoever cancels by a scope, as sse-starlette does, does it again and again.
                    with anyio.CancelScope(shield=True):
                        await asyncio.wait({coming})
            answer = None if coming.cancelled() else coming.result()
            if answer is None:
                if expired.done():
                    yield outcomes.unauthenticated(expired.result())
                return
            yield answer
    finally:
        stopped.cancel()
        expired.cancel()


def of_one(
    answer: Coroutine[Any, Any, Answer], call: Call, configured: SubscriptionSettings
) -> Response:
    """The one event of a query or mutation."""

    async def events() -> AsyncIterator[ServerSentEvent]:
        try:
            yield _next(await answer)
        except Exception as error:  # noqa: BLE001 - masked, logged and sent
            yield _next(outcomes.fault(error, call.request_id))
        yield _COMPLETE

    return _response(events(), call, configured)


def _next(answer: Answer) -> ServerSentEvent:
    current().answered(answer.outcome.name.lower(), 200)
    return ServerSentEvent(event="next", data=orjson.dumps(answer.content).decode())


# The data must be there, though empty, or EventSource would not hear of it.
_COMPLETE = ServerSentEvent(event="complete", data="")


def _response(
    events: AsyncIterator[ServerSentEvent],
    call: Call,
    configured: SubscriptionSettings,
    stopping: anyio.Event | None = None,
) -> Response:
    return EventSourceResponse(
        events,
        shutdown_event=stopping,
        shutdown_grace_period=_GRACE_SECONDS,
        headers={"x-request-id": call.request_id},
        ping=configured.ping_seconds,
        sep="\n",
    )
