"""GraphQL over HTTP, the way out: media types, statuses and headers.

Statuses follow the GraphQL-over-HTTP specification: a request error is 400 and has no data. Only
to those who ask for plain application/json by name, which intermediaries answer with too, is a
request error of a well-formed request given with 200, as the specification recommends.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import orjson
from starlette.types import Receive, Scope, Send

from server import persisted_queries
from server.observed import current
from server.outcomes import UNAVAILABLE, Answer, Outcome
from server.requests import BadRequest, HttpRequest

GRAPHQL_JSON: Final = "application/graphql-response+json"
JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"

_STATUSES: Final = {
    Outcome.DATA: 200,
    Outcome.REFUSED: 400,
    Outcome.UNAUTHENTICATED: 401,
    Outcome.FORBIDDEN: 403,
    Outcome.LIMITED: 429,
    Outcome.FAULT: 500,
    Outcome.UNAVAILABLE: 503,
    Outcome.TIMEOUT: 504,
}
# What a refusal's status comes to; others are wrong requests.
_OUTCOMES: Final = {
    status: outcome for outcome, status in _STATUSES.items() if outcome is not Outcome.DATA
}
# About as long as a full pool takes to serve its queue.
_RETRY_AFTER: Final = (b"retry-after", b"1")
# RFC 9110 section 11.6.1: what a 401 must say.
_CHALLENGE: Final = (b"www-authenticate", b'Bearer realm="florin"')
_VARY: Final = (b"vary", b"accept")
# What a ledger says is for whoever asked, and may be otherwise a moment later.
_NO_STORE: Final = (b"cache-control", b"no-store")
_NOT_FOUND_YET: Final = (b"cache-control", b"private, no-cache, must-revalidate")
_CONTENT_TYPES: Final = {
    type_: (b"content-type", f"{type_}; charset=utf-8".encode()) for type_ in (GRAPHQL_JSON, JSON)
}
# Clients have few ways of saying what they accept, and say it with each request.
_ACCEPTS_MAX: Final = 256
# Browsers' have some 150 characters.
_ACCEPT_LENGTH_MAX: Final = 1000
_RANGE: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+")
_QUALITY: Final = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")


class Written:
    """A response as ASGI sends it, without Starlette's, which takes longer than a small query."""

    __slots__ = ("_body", "_headers", "_status")

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self._status = status
        self._headers = headers
        self._body = body

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it, whole."""
        start = {"type": "http.response.start", "status": self._status, "headers": self._headers}
        await send(start)
        await send({"type": "http.response.body", "body": self._body})


def response(request: HttpRequest, answer: Answer, request_id: str) -> Written:
    """An operation's answer as an HTTP response."""
    accepted = accept(request)
    status = _STATUSES[answer.outcome]
    if answer.outcome is Outcome.REFUSED:
        if persisted_queries.is_negotiation(answer.content["errors"]):
            current().answered("refused", 200)
            return _written(accepted, answer.content, 200, request_id, _NOT_FOUND_YET)
        if is_named(accepted, JSON) and media_type(accepted) == JSON:
            status = 200
    current().answered(answer.outcome.name.lower(), status)
    if status == _STATUSES[Outcome.UNAVAILABLE]:
        return _written(accepted, answer.content, status, request_id, _NO_STORE, _RETRY_AFTER)
    if answer.outcome is Outcome.LIMITED:
        seconds = answer.content["errors"][0]["extensions"]["retryAfterSeconds"]
        retry_after = (b"retry-after", b"%d" % seconds)
        return _written(accepted, answer.content, status, request_id, _NO_STORE, retry_after)
    return _written(accepted, answer.content, status, request_id, _NO_STORE)


def refusal(request: HttpRequest, bad: BadRequest, request_id: str) -> Written:
    """The response to what is no GraphQL request."""
    headers = [_NO_STORE]
    if bad.allow is not None:
        headers.append((b"allow", bad.allow.encode()))
    code = bad.code
    if bad.status == _STATUSES[Outcome.UNAUTHENTICATED]:
        headers.append(_CHALLENGE)
    if bad.status == _STATUSES[Outcome.UNAVAILABLE]:
        code = UNAVAILABLE
        headers.append(_RETRY_AFTER)
    content = {"errors": [{"message": bad.message, "extensions": {"code": code}}]}
    current().answered(_OUTCOMES.get(bad.status, Outcome.REFUSED).name.lower(), bad.status)
    accepted = accept(request)
    return _written(accepted, content, bad.status, request_id, *headers)


def _written(
    accepted: str,
    content: Mapping[str, object],
    status: int,
    request_id: str,
    *headers: tuple[bytes, bytes],
) -> Written:
    body = orjson.dumps(content)
    length = (b"content-length", b"%d" % len(body))
    id_ = (b"x-request-id", request_id.encode())
    return Written(
        status, [_CONTENT_TYPES[media_type(accepted)], _VARY, length, id_, *headers], body
    )


def accept(request: HttpRequest) -> str:
    """What a request says that it accepts; everything, where it says nothing, or a novel."""
    accepted = request.headers.get("accept", "*/*")
    return accepted if len(accepted) <= _ACCEPT_LENGTH_MAX else "*/*"


@lru_cache(_ACCEPTS_MAX)
def media_type(accepted: str) -> str:
    """The better accepted one of the two; JSON where it makes no difference, or neither is."""
    graphql_json, json = _quality(accepted, GRAPHQL_JSON), _quality(accepted, JSON)
    if graphql_json == json:
        return GRAPHQL_JSON if is_named(accepted, GRAPHQL_JSON) else JSON
    return GRAPHQL_JSON if graphql_json > json else JSON


@lru_cache(_ACCEPTS_MAX)
def is_named(accepted: str, wanted: str) -> bool:
    """Whether a media type is accepted, and by its name."""
    return bool(_ranges(accepted).get(wanted))


@lru_cache(_ACCEPTS_MAX)
def is_acceptable(accepted: str) -> bool:
    """Whether anything that is answered here is accepted."""
    return any(_quality(accepted, wanted) for wanted in (GRAPHQL_JSON, JSON, EVENT_STREAM))


def _quality(accepted: str, wanted: str) -> float:
    """How much a media type is wanted: the most specific range that it is in says so."""
    ranges = _ranges(accepted)
    kind = wanted.partition("/")[0]
    for name in (wanted, f"{kind}/*", "*/*"):
        if name in ranges:
            return ranges[name]
    return 0.0


def _ranges(accepted: str) -> dict[str, float]:
    """The media ranges of an Accept header; one that has none accepts everything."""
    ranges: dict[str, float] = {}
    for part in accepted.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if not _RANGE.fullmatch(name):
            continue
        qualities = [piece[2:] for piece in parameters if piece.startswith("q=")]
        quality = _number(qualities[0]) if qualities else 1.0
        # The same range with and without parameters, such as a charset: either will do.
        ranges[name] = max(quality, ranges.get(name, 0.0))
    return ranges or {"*/*": 1.0}


def _number(text: str) -> float:
    return float(text) if _QUALITY.fullmatch(text) else 1.0
