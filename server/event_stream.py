"""GraphQL over server-sent events, a connection for each operation ("distinct connections mode").

Each answer is an event `next`, and `complete` is the last one; comments in between keep the
connection open. What is refused before it runs is answered as over plain HTTP.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from contextlib import aclosing
from typing import Any

import orjson
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from server import operations
from server.capacity import Capacity
from server.operations import Answer, Call
from server.subscription_settings import SubscriptionSettings


def of_many(
    answers: AsyncGenerator[Answer, None],
    call: Call,
    capacity: Capacity,
    configured: SubscriptionSettings,
) -> Response:
    """The events of a subscription; the stream ends with it, or with the client."""

    async def events() -> AsyncIterator[ServerSentEvent]:
        with capacity.taken():
            try:
                async with aclosing(answers):
                    async for answer in answers:
                        yield _next(answer)
                        if "data" not in answer.content:
                            break
            except Exception as error:  # noqa: BLE001 - masked, logged and sent
                yield _next(operations.fault(error, call))
            yield _COMPLETE

    return _response(events(), call, configured)


def of_one(
    answer: Answer | Coroutine[Any, Any, Answer], call: Call, configured: SubscriptionSettings
) -> Response:
    """The one event of a query or mutation."""

    async def events() -> AsyncIterator[ServerSentEvent]:
        try:
            yield _next(answer if isinstance(answer, Answer) else await answer)
        except Exception as error:  # noqa: BLE001 - masked, logged and sent
            yield _next(operations.fault(error, call))
        yield _COMPLETE

    return _response(events(), call, configured)


def _next(answer: Answer) -> ServerSentEvent:
    return ServerSentEvent(event="next", data=orjson.dumps(answer.content).decode())


# The data must be there, though empty, or EventSource would not hear of it.
_COMPLETE = ServerSentEvent(event="complete", data="")


def _response(
    events: AsyncIterator[ServerSentEvent], call: Call, configured: SubscriptionSettings
) -> Response:
    return EventSourceResponse(
        events,
        headers={"x-request-id": call.request_id},
        ping=configured.ping_seconds,
        sep="\n",
        send_timeout=configured.send_seconds,
    )
