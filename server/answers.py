"""GraphQL over HTTP, the way out: media types, statuses and headers.

Statuses follow the GraphQL-over-HTTP specification: a request error is 400 and has no data. Only
to those who ask for plain application/json by name, which intermediaries answer with too, is a
request error of a well-formed request given with 200, as the specification recommends.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from server import persisted_queries
from server.operations import Answer, Outcome
from server.requests import BadRequest

GRAPHQL_JSON: Final = "application/graphql-response+json"
JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"

_STATUSES: Final = {
    Outcome.DATA: 200,
    Outcome.REFUSED: 400,
    Outcome.FAULT: 500,
    Outcome.UNAVAILABLE: 503,
    Outcome.TIMEOUT: 504,
}
# About as long as a full pool takes to serve its queue.
_RETRY_AFTER_SECONDS: Final = 1
# Clients have few ways of saying what they accept, and say it with each request.
_ACCEPTS_MAX: Final = 256


def response(request: Request, answer: Answer, request_id: str) -> Response:
    """An operation's answer as an HTTP response."""
    accepted = request.headers.get("accept", "*/*")
    status = _STATUSES[answer.outcome]
    headers: dict[str, str] = {}
    if answer.outcome is Outcome.REFUSED:
        if persisted_queries.is_negotiation(answer.content["errors"]):
            status = 200
            headers["cache-control"] = "private, no-cache, must-revalidate"
        elif is_named(accepted, JSON) and media_type(accepted) == JSON:
            status = 200
    elif answer.outcome is Outcome.UNAVAILABLE:
        headers["retry-after"] = str(_RETRY_AFTER_SECONDS)
    return _written(accepted, answer.content, status, request_id, headers)


def refusal(request: Request, bad: BadRequest, request_id: str) -> Response:
    """The response to what is no GraphQL request."""
    content = {"errors": [{"message": bad.message}]}
    headers = {} if bad.allow is None else {"allow": bad.allow}
    accepted = request.headers.get("accept", "*/*")
    return _written(accepted, content, bad.status, request_id, headers)


def _written(
    accepted: str,
    content: Mapping[str, object],
    status: int,
    request_id: str,
    headers: dict[str, str],
) -> Response:
    headers["x-request-id"] = request_id
    return Response(
        orjson.dumps(content),
        status_code=status,
        headers=headers,
        media_type=f"{media_type(accepted)}; charset=utf-8",
    )


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
    return any(name == wanted and quality for name, quality in _ranges(accepted))


def _quality(accepted: str, wanted: str) -> float:
    """How much a media type is wanted: the most specific range that it is in says so."""
    found = dict(_ranges(accepted))
    kind = wanted.partition("/")[0]
    for name in (wanted, f"{kind}/*", "*/*"):
        if name in found:
            return found[name]
    return 0.0


def _ranges(accepted: str) -> list[tuple[str, float]]:
    ranges = []
    for part in accepted.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        qualities = [piece[2:] for piece in parameters if piece.startswith("q=")]
        ranges.append((name, _number(qualities[0]) if qualities else 1.0))
    return ranges


def _number(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 1.0
