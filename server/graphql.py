"""The GraphQL endpoint over HTTP: reads a request, has it run, and answers as specified.

Requests that are wrong are answered with 4xx and no data, outages with 503 and Retry-After, faults
masked with a request id that the log has, too. No cookie is ever read.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import Coroutine
from typing import Any, Final

from graphql import OperationType
from starlette.types import ASGIApp, Receive, Scope, Send

from server import answers, event_stream, metrics, outcomes, playground, requests
from server.authentication import Authenticator, is_unavailable
from server.callers import Caller, Denied
from server.capacity import Capacity
from server.observed import Observed, current
from server.operations import Operations, Prepared
from server.origins import Origins
from server.outcomes import Answer, Call
from server.requests import BadRequest, GraphQLRequest, HttpRequest
from server.settings import Settings

logger = logging.getLogger("florin.graphql")

_BY_POST: Final = BadRequest(405, "Only queries are answered by GET. Send it by POST.", "POST")
_BY_EVENTS: Final = BadRequest(
    400,
    "A subscription is answered with events: send it with Accept: text/event-stream, or over a "
    "WebSocket with the subprotocol graphql-transport-ws.",
)
_NOT_ACCEPTABLE: Final = BadRequest(
    406,
    f"Accept {answers.GRAPHQL_JSON} or {answers.JSON}, which answers are written in, or "
    f"{answers.EVENT_STREAM}.",
)
# Ignored, it would be taken for granted.
_UNCLEAR_WISH: Final = BadRequest(400, "The header Florin-Snapshot is either true or false.")
_UNKNOWN_FOR_NOW: Final = Denied(
    503, outcomes.UNAVAILABLE, "Who you are cannot be found out now. Send the request again later."
)
# Most operations are over by then, and need no task of their own that waits for clients to leave.
_WATCH_AFTER_SECONDS: Final = 0.02
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class GraphQLEndpoint:
    """Answers `/graphql`, as an ASGI application: whatever the method."""

    def __init__(
        self,
        operations_: Operations,
        authenticator: Authenticator,
        origins: Origins,
        capacity: Capacity,
        configured: Settings,
    ) -> None:
        self._operations = operations_
        self._authenticator = authenticator
        self._origins = origins
        self._capacity = capacity
        self._configured = configured

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request's response; none where the client has left."""
        request = requests.of(scope, receive)
        with Observed("http", traceparent=request.headers.get("traceparent")) as observed:
            response = await self.answer(request, observed)
            if response is not None:
                await response(scope, receive, send)

    async def answer(self, request: HttpRequest, observed: Observed) -> ASGIApp | None:
        """One request's response, whatever it was; None where nobody waits for it any more."""
        if request.method in {"GET", "HEAD"} and _wants_page(request):
            observed.is_no_operation()
            return playground.page()
        request_id = _request_id(request)
        observed.called(request_id)
        refused = self._origins.refusal(request.headers, by_get=request.method != "POST")
        if refused is not None:
            bad = BadRequest(403, refused, code=outcomes.FORBIDDEN)
            return answers.refusal(request, bad, request_id)
        if not answers.is_acceptable(answers.accept(request)):
            return answers.refusal(request, _NOT_ACCEPTABLE, request_id)
        try:
            caller = await self._caller(request)
            if isinstance(caller, Denied):
                metrics.authentication_failed(caller.code)
                bad = BadRequest(caller.status, caller.message, code=caller.code)
                return answers.refusal(request, bad, request_id)
            observed.called(request_id, caller)
            return await self._asked(request, caller, request_id)
        except Exception as error:  # noqa: BLE001 - masked, logged and answered
            return answers.response(request, outcomes.fault(error, request_id), request_id)

    async def _caller(self, request: HttpRequest) -> Caller | Denied:
        """Whose request it is, before anything of its body is read."""
        headers = request.headers
        try:
            return await self._authenticator.caller(
                headers.get("authorization"), headers.get("florin-ledger"), request.client_host
            )
        except Exception as error:
            if not is_unavailable(error):
                raise
            logger.warning("A caller could not be known: %s", error)
            return _UNKNOWN_FOR_NOW

    async def _asked(self, request: HttpRequest, caller: Caller, request_id: str) -> ASGIApp | None:
        wished = request.headers.get("florin-snapshot", "false").strip().lower()
        if wished not in {"true", "false"}:
            return answers.refusal(request, _UNCLEAR_WISH, request_id)
        asked = await requests.read(request, self._configured)
        if isinstance(asked, BadRequest):
            return answers.refusal(request, asked, request_id)
        return await self._run(request, asked, Call(request_id, caller, snapshot=wished == "true"))

    async def _run(self, request: HttpRequest, asked: GraphQLRequest, call: Call) -> ASGIApp | None:
        prepared = self._operations.prepare(asked, call.caller)
        if isinstance(prepared, Answer):
            return answers.response(request, prepared, call.request_id)
        if request.method != "POST" and prepared.kind is OperationType.MUTATION:
            return answers.refusal(request, _BY_POST, call.request_id)
        # HEAD asks what GET would say, and not for a stream to be begun.
        if request.method != "HEAD" and _wants_events(request):
            return await self._events(request, prepared, call)
        if prepared.kind is OperationType.SUBSCRIPTION:
            return answers.refusal(request, _BY_EVENTS, call.request_id)
        answer: Answer | Coroutine[Any, Any, Answer] | None
        with self._operations.taken(prepared, call) as refused:
            answer = self._operations.execute(prepared, call) if refused is None else refused
            if not isinstance(answer, Answer):
                answer = await while_connected(request, answer)
        return None if answer is None else answers.response(request, answer, call.request_id)

    async def _events(self, request: HttpRequest, prepared: Prepared, call: Call) -> ASGIApp:
        if self._capacity.is_full:
            bad = BadRequest(503, self._capacity.refusal)
            return answers.refusal(request, bad, call.request_id)
        current().transport = "sse"
        if prepared.kind is not OperationType.SUBSCRIPTION:
            return event_stream.of_one(
                self._operations.execute_in_turn(prepared, call), call, self._configured
            )
        stream = await self._operations.subscribe(prepared, call)
        if isinstance(stream, Answer):
            return answers.response(request, stream, call.request_id)
        return event_stream.of_many(
            stream,
            call,
            self._capacity,
            self._configured,
            lambda: self._authenticator.ended(call.caller),
        )


async def while_connected(request: HttpRequest, work: Coroutine[Any, Any, Answer]) -> Answer | None:
    """What the work gives, or None if the client leaves first: then it is cancelled.

    Whatever the work does on being cancelled is waited for.
    """
    asking = asyncio.current_task()
    assert asking is not None
    watch = _Watch(request, asking)
    try:
        return await work
    except asyncio.CancelledError:
        # Others, too, may have cancelled it: the server that stops, a time limit around it.
        if watch.has_left and asking.cancelling() == 1:
            return None
        raise
    finally:
        watch.end()


class _Watch:
    """Looks out for a client that leaves, and cancels the task that answers it."""

    __slots__ = ("_asking", "_request", "_task", "_timer", "has_left")

    def __init__(self, request: HttpRequest, asking: asyncio.Task[Any]) -> None:
        self._request = request
        self._asking = asking
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(_WATCH_AFTER_SECONDS, self._begin)
        self.has_left = False

    def end(self) -> None:
        """Look no longer; a cancellation that came of it is over."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
        if self.has_left:
            self._asking.uncancel()

    def _begin(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._until_left())

    async def _until_left(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self.has_left = True
        self._asking.cancel()


def _request_id(request: HttpRequest) -> str:
    """The client's own, so that one id leads through everybody's logs; or a new one."""
    sent = request.headers.get("x-request-id", "")
    if _REQUEST_ID.fullmatch(sent):
        return sent
    # From what nobody can go on: ids of a sequence would tell how many others asked in between.
    return secrets.token_hex(8)


def _wants_events(request: HttpRequest) -> bool:
    return answers.is_named(answers.accept(request), answers.EVENT_STREAM)


def _wants_page(request: HttpRequest) -> bool:
    accepted = answers.accept(request)
    return answers.is_named(accepted, "text/html") and not (
        {"query", "documentId", "extensions"} & request.parameters.keys()
    )
