"""uvicorn's connections, bounded where their clients do not read, and quick to refuse.

uvicorn waits for whoever does not read, however long, keeps what it had for them after it has
closed, and answers a WebSocket's control frames into memory. What it does to have a request refused
by an application takes three times as long as to refuse it here, which is what is left of an
overloaded server.
"""

import asyncio
import re
from functools import partial
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from server import gate
from server.admission import Admission

# For a close frame that says why, which goes out behind what is not read.
CLOSE_SECONDS: Final = 10.0
# Where the application's lifespan leaves it for them.
ADMISSION: Final = "admission"

# What most requests are; all others, and those with anything unusual in their heads, are refused by
# the application.
_REQUEST_LINE: Final = b"POST /graphql HTTP/1.1\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})\r\n", re.IGNORECASE)
_UNUSUAL: Final = re.compile(rb"\r\n(?:transfer-encoding|expect|upgrade)|close", re.IGNORECASE)


def uvicorn_options(send_seconds: float) -> dict[str, Any]:
    """What makes uvicorn use these: whoever takes nothing for so long is cut off.

    A WebSocket is closed with a code by then (``server.websocket``), and has some time to read it.
    """
    return {
        "http": partial(HttpConnection, stalled_seconds=send_seconds),
        "ws": partial(WebSocketConnection, stalled_seconds=send_seconds + CLOSE_SECONDS),
    }


class _Patience:
    """With a client that does not read; at an end when it takes nothing at all for too long."""

    def __init__(self, transport: asyncio.Transport, seconds: float) -> None:
        self._transport = transport
        self._seconds = seconds
        self._left = 0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Something is not taken."""
        self.end()
        self._left = self._transport.get_write_buffer_size()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._look)

    def end(self) -> None:
        """All of it is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        if self._transport.get_write_buffer_size() < self._left:
            self.begin()
        else:
            self._transport.abort()


class HttpConnection(HttpToolsProtocol):
    """One for requests and their responses, event streams among them."""

    def __init__(self, *, stalled_seconds: float, **given: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(**given)
        self._stalled_seconds = stalled_seconds
        # Absent where an application is served that is not Florin.
        self._admission: Admission | None = self.app_state.get(ADMISSION)
        self._is_between_requests = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as there
        """It is open."""
        super().connection_made(transport)
        self._patience = _Patience(transport, self._stalled_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._patience.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not take what is written."""
        super().pause_writing()
        self._patience.begin()

    def resume_writing(self) -> None:
        """It has."""
        self._patience.end()
        super().resume_writing()

    def on_response_complete(self) -> None:
        """A response is written; where no more is to come, it may still have to be taken."""
        super().on_response_complete()
        self._end_if_not_taken()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing has come for a while."""
        super().timeout_keep_alive_handler()
        self._end_if_not_taken()

    def _end_if_not_taken(self) -> None:
        if self.transport.is_closing() and self.transport.get_write_buffer_size():
            self._patience.begin()

    def data_received(self, data: bytes) -> None:
        """Part of a request, or all of it."""
        if self._is_idle() and _is_whole(data) and self._turns_away():
            self._refuse()
        else:
            super().data_received(data)

    def on_message_begin(self) -> None:
        """A request's first line is there."""
        self._is_between_requests = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """So is the end of its body."""
        self._is_between_requests = True
        super().on_message_complete()

    def _is_idle(self) -> bool:
        """Whether what comes now is a new request, to be answered next, by somebody who reads."""
        return (
            self._is_between_requests
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
        )

    def _turns_away(self) -> bool:
        return self._admission is not None and self._admission.turns_away()

    def _refuse(self) -> None:
        self._unset_keepalive_if_required()
        headers = b"".join(b"%b: %b\r\n" % one for one in self.server_state.default_headers)
        self.transport.write(gate.WRITTEN % headers)
        # Arms the time limit for idle connections.
        self.on_response_complete()


def _is_whole(data: bytes) -> bool:
    """Whether it is one request such as most are, all of it and nothing after it."""
    if not data.startswith(_REQUEST_LINE):
        return False
    end = data.find(b"\r\n\r\n")
    lengths = _LENGTH.findall(data, 0, end + 2)
    return (
        len(lengths) == 1
        and len(data) == end + 4 + int(lengths[0])
        and _UNUSUAL.search(data, 0, end) is None
    )


class WebSocketConnection(WebSocketsSansIOProtocol):
    """A WebSocket. Who does not read is not read: pongs, too, are kept until they are taken."""

    def __init__(self, *, stalled_seconds: float, **given: Any) -> None:  # noqa: ANN401 - uvicorn's
        super().__init__(**given)
        self._stalled_seconds = stalled_seconds

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        super().connection_made(transport)
        self._patience = _Patience(self.transport, self._stalled_seconds)
        # What is left of the last messages when it is closed would be kept for ever otherwise.
        self.transport.set_write_buffer_limits(high=0)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._patience.end()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not take what is written."""
        super().pause_writing()
        self._patience.begin()

    def resume_writing(self) -> None:
        """It has."""
        self._patience.end()
        super().resume_writing()
        if not self.read_paused:
            self.transport.resume_reading()

    def handle_ping(self) -> None:
        """Answer a control frame, which the application does not see."""
        super().handle_ping()
        if not self.writable.is_set():
            self.transport.pause_reading()

    async def receive(self) -> Any:  # noqa: ANN401 - uvicorn's types are its own
        """The next message, from whoever reads."""
        await self.writable.wait()
        return await super().receive()
