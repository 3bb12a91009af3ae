"""GraphQL over HTTP, the way in: a bounded, strictly read request, or why there is none."""

from collections.abc import Mapping

import msgspec
import orjson
from starlette.requests import ClientDisconnect, Request


class GraphQLRequest(msgspec.Struct, frozen=True):
    """What a client asks to be run."""

    query: str
    variables: Mapping[str, object] | None
    operation_name: str | None


class BadRequest(msgspec.Struct, frozen=True):
    """Not a GraphQL request; ``status`` is HTTP's."""

    status: int
    message: str


async def read(request: Request, *, body_bytes_max: int) -> GraphQLRequest | BadRequest:
    """The request in a POST's body, or in the query string of a GET (or HEAD)."""
    if request.method != "POST":
        return _from_query_string(request)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        return BadRequest(415, "Send the request as JSON, with Content-Type: application/json.")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > body_bytes_max:
                return BadRequest(
                    413, f"The body exceeds {body_bytes_max} bytes. Send smaller batches."
                )
    except ClientDisconnect:
        return BadRequest(400, "The client left before the body had ended.")
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return BadRequest(400, f"The body is not JSON in UTF-8: {error}.")
    if not isinstance(content, dict):
        return BadRequest(400, 'The body is not a JSON object such as {"query": "{ __typename }"}.')
    return _from_parts(
        content.get("query"),
        content.get("variables"),
        content.get("operationName"),
        content.get("extensions"),
    )


def _from_query_string(request: Request) -> GraphQLRequest | BadRequest:
    parts: dict[str, object] = {}
    for name in ("variables", "extensions"):
        text = request.query_params.get(name)
        if not text:
            continue
        try:
            parts[name] = orjson.loads(text)
        except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
            return BadRequest(400, f"`{name}` is not JSON: {error}.")
    return _from_parts(
        request.query_params.get("query"),
        parts.get("variables"),
        request.query_params.get("operationName") or None,
        parts.get("extensions"),
    )


def _from_parts(
    query: object, variables: object, operation_name: object, extensions: object
) -> GraphQLRequest | BadRequest:
    if not isinstance(query, str) or not query:
        return BadRequest(400, "`query` is missing, or is not a string.")
    if variables is not None and not isinstance(variables, dict):
        return BadRequest(400, "`variables` is not an object.")
    if operation_name is not None and not isinstance(operation_name, str):
        return BadRequest(400, "`operationName` is not a string.")
    if extensions is not None and not isinstance(extensions, dict):
        return BadRequest(400, "`extensions` is not an object.")
    return GraphQLRequest(query, variables, operation_name)
