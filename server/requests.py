"""GraphQL over HTTP, the way in: a bounded, strictly read request, or why there is none."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
import orjson
from starlette.types import Receive, Scope

from server.limit_settings import LimitSettings

# What a body may be written in: JSON is UTF-8 by definition.
_CHARSETS: Final = frozenset({"", "utf-8", "utf8"})
_CHARSET: Final = re.compile(r"""charset\s*=\s*"?([^";\s]*)""", re.IGNORECASE)


class GraphQLRequest(msgspec.Struct, frozen=True, gc=False):
    """What a client asks to be run: a document by its text, its id or its hash."""

    query: str | None
    variables: Mapping[str, Any] | None = None
    operation_name: str | None = None
    extensions: Mapping[str, Any] | None = None
    document_id: str | None = None


class BadRequest(msgspec.Struct, frozen=True):
    """Not a GraphQL request; ``status`` is HTTP's, ``allow`` the methods of a 405."""

    status: int
    message: str
    allow: str | None = None
    code: str = "BAD_REQUEST"


class HttpRequest(msgspec.Struct, frozen=True, gc=False):
    """What HTTP says of a request; its body is still to be received.

    Header names are in lower case; of one that is repeated, the values have commas between them.
    """

    method: str
    headers: Mapping[str, str]
    parameters: Mapping[str, str]
    receive: Receive
    client_host: str | None = None  # whose address it came from; None where it has none


def of(scope: Scope, receive: Receive) -> HttpRequest:
    """The request of an ASGI scope. Nothing that is sent as one makes this raise."""
    query_string: bytes = scope["query_string"]
    parameters: Mapping[str, str] = {}
    if query_string:
        parameters = dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True))
    client = scope.get("client")
    host = client[0] if client else None
    return HttpRequest(scope["method"], _headers(scope["headers"]), parameters, receive, host)


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


async def read(request: HttpRequest, limits: LimitSettings) -> GraphQLRequest | BadRequest:
    """The request in a POST's body, or in the query string of a GET (or HEAD)."""
    if request.method in {"GET", "HEAD"}:
        return _from_query_string(request)
    if request.method != "POST":
        return BadRequest(405, "GraphQL is sent by POST, or, queries only, by GET.", "GET, POST")
    body_bytes_max = limits.body_bytes_max
    refused = _refused_for_headers(request, body_bytes_max)
    if refused is not None:
        return refused
    message = await request.receive()
    body: bytes | bytearray = message.get("body", b"")
    if message.get("more_body"):
        body = bytearray(body)
    while message.get("more_body") and len(body) <= body_bytes_max:
        message = await request.receive()
        body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        return BadRequest(400, "The client left before the body had ended.")
    if len(body) > body_bytes_max:
        return _too_large(body_bytes_max)
    # Of nested values that have no commas between them, orjson takes no more than a thousand.
    if body.count(b",") >= limits.body_values_max:
        return BadRequest(
            413,
            f"The body has more than {limits.body_values_max} values, counted by their commas "
            "(FLORIN_BODY_VALUES_MAX). Send smaller batches.",
        )
    return from_json(body)


def from_json(text: bytes | bytearray | str) -> GraphQLRequest | BadRequest:
    """The request in a JSON object, as a POST's body has it."""
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return BadRequest(400, f"The body is not JSON in UTF-8: {error}.")
    return from_object(content)


def from_object(content: object) -> GraphQLRequest | BadRequest:
    """The request in what a JSON object stands for."""
    if not isinstance(content, dict):
        return BadRequest(400, 'The body is not a JSON object such as {"query": "{ __typename }"}.')
    query, document_id = content.get("query"), content.get("documentId")
    variables, extensions = content.get("variables"), content.get("extensions")
    operation_name = content.get("operationName")
    if query is not None and not isinstance(query, str):
        return BadRequest(400, "`query` is not a string.")
    if document_id is not None and not isinstance(document_id, str):
        return BadRequest(400, "`documentId` is not a string.")
    if variables is not None and not isinstance(variables, dict):
        return BadRequest(400, "`variables` is not an object.")
    if operation_name is not None and not isinstance(operation_name, str):
        return BadRequest(400, "`operationName` is not a string.")
    if extensions is not None and not isinstance(extensions, dict):
        return BadRequest(400, "`extensions` is not an object.")
    if not query and document_id is None and "persistedQuery" not in (extensions or {}):
        return BadRequest(400, "`query` is missing: the GraphQL document to be run.")
    return GraphQLRequest(query, variables, operation_name, extensions, document_id)


def _refused_for_headers(request: HttpRequest, body_bytes_max: int) -> BadRequest | None:
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != "application/json":
        return BadRequest(415, "Send the request as JSON, with Content-Type: application/json.")
    charset = _CHARSET.search(parameters)
    if charset is not None and charset[1].lower() not in _CHARSETS:
        return BadRequest(415, "Send the JSON in UTF-8, the only encoding that it is read in.")
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        return BadRequest(415, "Send the body as it is: compressed ones are not read.")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 18 or int(length) > body_bytes_max):  # noqa: PLR2004 - digits of any body that there can be
        return _too_large(body_bytes_max)
    return None


def _too_large(body_bytes_max: int) -> BadRequest:
    return BadRequest(413, f"The body exceeds {body_bytes_max} bytes. Send smaller batches.")


def _from_query_string(request: HttpRequest) -> GraphQLRequest | BadRequest:
    parts: dict[str, object] = {}
    for name in ("variables", "extensions"):
        text = request.parameters.get(name)
        if not text:
            continue
        try:
            parts[name] = orjson.loads(text)
        except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
            return BadRequest(400, f"`{name}` is not JSON: {error}.")
    for name in ("query", "operationName", "documentId"):
        parts[name] = request.parameters.get(name) or None
    return from_object(parts)
