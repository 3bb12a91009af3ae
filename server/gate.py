"""The gate in front of the endpoint: what cannot be served is refused before anything is read.

A request counts from when all of its body has come, so that who sends slowly takes nobody's place,
until its response begins, so that who reads slowly does not either, nor does a stream of events.
"""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.admission import Admission

_BODY: Final = (
    b'{"errors":[{"message":"This process has more to do than it can. Send the request again '
    b'after a second: thanks to their idempotency keys, no transaction will be posted twice.",'
    b'"extensions":{"code":"UNAVAILABLE"}}]}'
)
_HEADERS: Final = (
    (b"content-type", b"application/json; charset=utf-8"),
    (b"content-length", b"%d" % len(_BODY)),
    (b"retry-after", b"1"),
    (b"cache-control", b"no-store"),
)
_START: Final[Message] = {"type": "http.response.start", "status": 503, "headers": _HEADERS}
_END: Final[Message] = {"type": "http.response.body", "body": _BODY}


# The same as bytes, for more headers where "%b" stands.
WRITTEN: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\n%b"
    + b"".join(b"%b: %b\r\n" % header for header in _HEADERS)
    + b"\r\n"
    + _BODY
)
_CONTINUE: Final = (b"expect", b"100-continue")
_GONE: Final[Message] = {"type": "http.disconnect"}


class Gate:
    """An ASGI application: another one, as far as it can keep up."""

    def __init__(self, application: ASGIApp, admission: Admission) -> None:
        self._application = application
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        visit = _Visit(self._admission, receive, send)
        # Whoever asks whether to send its body is told by the application.
        if not (scope["method"] == "POST" and _CONTINUE in scope["headers"]):
            visit.first = await receive()
            if not visit.first.get("more_body") and not await visit.enter():
                return
        try:
            await self._application(scope, visit.receive, visit.send)
        finally:
            visit.leave()


class _Visit:
    """One request on its way."""

    __slots__ = ("_admission", "_is_inside", "_is_refused", "_receive", "_send", "first")

    def __init__(self, admission: Admission, receive: Receive, send: Send) -> None:
        self._admission = admission
        self._receive = receive
        self._send = send
        self._is_inside = False
        self._is_refused = False
        self.first: Message | None = None

    async def enter(self) -> bool:
        """Whether it may go on; otherwise it is answered."""
        entered = self._admission.enter()
        self._is_inside = entered if isinstance(entered, bool) else await entered
        if not self._is_inside:
            self._is_refused = True
            await self._send(_START)
            await self._send(_END)
        return self._is_inside

    def leave(self) -> None:
        """Make room, once."""
        if self._is_inside:
            self._is_inside = False
            self._admission.leave()

    async def receive(self) -> Message:
        """What was received before, then what is; of a long body the end comes with admission."""
        first, self.first = self.first, None
        if first is not None:
            return first
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            return message if await self.enter() else _GONE
        return message

    async def send(self, message: Message) -> None:
        """Pass an answer on, unless there was one."""
        self.leave()
        if not self._is_refused:
            await self._send(message)
