"""GraphQL over WebSocket, by the protocol graphql-transport-ws.

Every frame is read strictly: what is no message closes the socket with 4400 and a reason. What is
wrong with one operation ends that operation alone, with an error message. A socket that does not
take what it is sent, or does not answer pings, is closed, and its operations end.
"""

import asyncio
import logging
import secrets
from contextlib import aclosing, suppress
from typing import Any, Final

from graphql import GraphQLError, OperationType
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from server import connections, metrics, outcomes, websocket_messages
from server.authentication import Authenticator, is_unavailable
from server.callers import Caller, Denied
from server.capacity import Capacity
from server.observed import Observed, current
from server.operations import Operations, Prepared
from server.origins import Origins
from server.outcomes import Answer, Call, Outcome
from server.settings import Settings
from server.websocket_messages import (
    SUBPROTOCOL,
    Close,
    ClosedError,
    Complete,
    ConnectionInit,
    Ping,
    Pong,
    Subscribe,
)

logger = logging.getLogger("florin.websocket")
# By the status that HTTP has for it.
_CLOSES: Final = {400: Close.BAD_MESSAGE, 401: Close.UNAUTHORIZED, 403: Close.FORBIDDEN}


class WebSocketEndpoint:
    """Answers WebSockets at `/graphql`."""

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

    async def answer(self, websocket: WebSocket) -> None:
        """One socket, from its handshake to its end."""
        refused = self._origins.refusal(websocket.headers)
        if refused is not None:
            await websocket.send_denial_response(PlainTextResponse(refused, 403))
        elif self._capacity.is_full:
            await websocket.send_denial_response(PlainTextResponse(self._capacity.refusal, 503))
        elif SUBPROTOCOL not in websocket.scope["subprotocols"]:
            await websocket.accept()
            reason = f"The only subprotocol here is {SUBPROTOCOL}."
            await websocket.close(Close.WRONG_SUBPROTOCOL, reason)
        else:
            await websocket.accept(SUBPROTOCOL)
            with self._capacity.taken():
                socket = _Socket(websocket, self._operations, self._authenticator, self._configured)
                await socket.serve()


class _Socket:
    """One open socket and what runs for it."""

    def __init__(
        self,
        websocket: WebSocket,
        operations_: Operations,
        authenticator: Authenticator,
        configured: Settings,
    ) -> None:
        self._websocket = websocket
        self._operations = operations_
        self._authenticator = authenticator
        self._configured = configured
        # By id, until their last message is written.
        self._running: dict[str, asyncio.Task[None]] = {}
        # Those that are being cancelled, too.
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending = asyncio.Lock()
        # Known from the first message on.
        self._caller: Caller | None = None
        self._was_heard = True
        # What ends the socket from within: a client that does not read, or does not answer.
        self._ended: asyncio.Future[ClosedError] = asyncio.get_running_loop().create_future()

    async def serve(self) -> None:
        """Until either side closes it; nothing runs on afterwards."""
        listening = asyncio.create_task(self._listen())
        pinging = asyncio.create_task(self._keep_alive())
        try:
            either: set[asyncio.Future[Any]] = {listening, self._ended}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            closed = self._ended.result() if self._ended.done() else listening.result()
        finally:
            tasks = [listening, pinging, *self._tasks]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        if closed is not None:
            await self._close(closed)

    async def _listen(self) -> ClosedError | None:
        """Read until the client leaves (None) or says what ends the socket."""
        try:
            async with asyncio.timeout(self._configured.connection_init_seconds) as limit:
                while True:
                    frame = await self._websocket.receive()
                    if frame["type"] == "websocket.disconnect":
                        return None
                    await self._heard(frame.get("text"))
                    if self._caller is not None:
                        limit.reschedule(None)
                    # Messages that came together are not one turn of the loop.
                    await asyncio.sleep(0)
        except ClosedError as closed:
            return closed
        except TimeoutError:
            seconds = self._configured.connection_init_seconds
            reason = f"There was no connection_init within {seconds:g} s."
            return ClosedError(Close.INITIALISATION_TIMEOUT, reason)
        except Exception:
            logger.exception("A message could not be handled")
            return ClosedError(Close.INTERNAL_ERROR, "Something went wrong here.")

    async def _heard(self, frame: str | None) -> None:
        self._was_heard = True
        match websocket_messages.read(frame, self._configured.body_values_max):
            case ConnectionInit() as message:
                if self._caller is not None:
                    reason = "There was a connection_init before."
                    raise ClosedError(Close.INITIALISED_TWICE, reason)
                await self._begin(message)
            case Ping():
                await self._send(websocket_messages.PONG)
            case Pong():
                pass
            case Subscribe() as message:
                await self._subscribe(message)
            case Complete(id_):
                running = self._running.pop(id_, None)
                if running is not None:
                    running.cancel()

    async def _begin(self, message: ConnectionInit) -> None:
        """Find out who it is: the first message says it, or the handshake did."""
        headers = {**self._websocket.headers, **websocket_messages.headers(message)}
        client = self._websocket.client
        try:
            caller = await self._authenticator.caller(
                headers.get("authorization"),
                headers.get("florin-ledger"),
                None if client is None else client.host,
            )
        except Exception as error:
            if not is_unavailable(error):
                raise
            raise ClosedError(Close.TRY_AGAIN, "Who you are cannot be found out now.") from None
        if isinstance(caller, Denied):
            metrics.authentication_failed(caller.code)
            raise ClosedError(_CLOSES[caller.status], caller.message)
        self._caller = caller
        watching = asyncio.create_task(self._watch(caller))
        self._tasks.add(watching)
        watching.add_done_callback(self._tasks.discard)
        await self._send(websocket_messages.ACKNOWLEDGED)

    async def _watch(self, caller: Caller) -> None:
        """End the socket when its credential counts no more."""
        self._end(ClosedError(Close.UNAUTHORIZED, await self._authenticator.ended(caller)))

    async def _subscribe(self, message: Subscribe) -> None:
        if self._caller is None:
            raise ClosedError(Close.UNAUTHORIZED, "Send connection_init first.")
        if message.id in self._running:
            reason = f"There is a subscriber for {message.id} already."
            raise ClosedError(Close.SUBSCRIBER_EXISTS, reason)
        asked = websocket_messages.asked(message)
        call = Call(secrets.token_hex(8), self._caller)
        observed = Observed("websocket")
        observed.called(call.request_id, call.caller)
        prepared: Prepared | Answer
        with observed.noting():
            try:
                prepared = self._operations.prepare(asked, call.caller)
            except Exception as error:  # noqa: BLE001 - masked, logged and answered
                prepared = outcomes.fault(error, call.request_id)
        if len(self._running) >= self._configured.operations_max:
            prepared = _too_many(len(self._running))
        if isinstance(prepared, Answer):
            with observed:
                await self._send(*websocket_messages.last(message.id, prepared))
        else:
            task = asyncio.create_task(self._run(message.id, prepared, call, observed))
            self._running[message.id] = task
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, id_: str, prepared: Prepared, call: Call, observed: Observed) -> None:
        """Run one operation and send what it gives; every end of it is its own."""
        with observed:
            try:
                try:
                    last = websocket_messages.last(id_, await self._answer(id_, prepared, call))
                except ClosedError:
                    raise
                except Exception as error:  # noqa: BLE001 - masked, logged and answered
                    last = websocket_messages.last(id_, outcomes.fault(error, call.request_id))
                await self._send(*last)
            except ClosedError as closed:
                self._end(closed)
            else:
                # The client can know of its end from now on, and use its id again.
                self._running.pop(id_, None)

    async def _answer(self, id_: str, prepared: Prepared, call: Call) -> Answer | None:
        if prepared.kind is OperationType.SUBSCRIPTION:
            return await self._stream(id_, prepared, call)
        return await self._operations.execute_in_turn(prepared, call)

    async def _stream(self, id_: str, prepared: Prepared, call: Call) -> Answer | None:
        """Send an answer for each event; what is returned is the end of it, None for a good one."""
        answers = await self._operations.subscribe(prepared, call)
        if isinstance(answers, Answer):
            return answers
        async with aclosing(answers):
            async for answer in answers:
                if answer.outcome is not Outcome.DATA:
                    return answer
                current().answered("data")
                await self._send(websocket_messages.written("next", id_, answer.content))
        return None

    async def _send(self, *messages: str) -> None:
        """Write messages behind each other; once they are written it returns at once.

        ClosedError where the client does not take them, or has left.
        """
        async with self._sending:
            try:
                async with asyncio.timeout(self._configured.send_seconds):
                    for message in messages:
                        await self._websocket.send_text(message)
            except TimeoutError:
                seconds = self._configured.send_seconds
                reason = f"A message was not taken within {seconds:g} s. Resume from your cursor."
                raise ClosedError(Close.SLOW_READER, reason) from None
            except (WebSocketDisconnect, RuntimeError):
                raise ClosedError(Close.GONE, "Nobody will read this.") from None

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._configured.ping_seconds)
            if not self._was_heard:
                seconds = self._configured.ping_seconds
                self._end(ClosedError(Close.NO_PONG, f"A ping was not answered in {seconds:g} s."))
                return
            self._was_heard = False
            try:
                await self._send(websocket_messages.PING)
            except ClosedError as closed:
                self._end(closed)
                return

    def _end(self, closed: ClosedError) -> None:
        if not self._ended.done():
            self._ended.set_result(closed)

    async def _close(self, closed: ClosedError) -> None:
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(connections.CLOSE_SECONDS):
                await self._websocket.close(closed.code, closed.reason)


def _too_many(running: int) -> Answer:
    message = f"{running} operations run on this connection already: complete one, or open another."
    return outcomes.refused([GraphQLError(message, extensions={"code": "TOO_MANY_OPERATIONS"})])
