"""The GraphQL endpoint: reads a request, runs it, and answers as GraphQL over HTTP specifies.

Wrong requests are answered with 4xx and no data, outages with 503 and Retry-After, faults masked
with a request id that the log has, too.
"""

import inspect
import logging
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from graphql import ExecutionResult, GraphQLError, OperationType, execute
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from strawberry.http.ides import get_graphql_ide_html

from db import faults
from db.pool import Pool
from resolvers.context import Context
from schema.build import GRAPHQL_SCHEMA
from server import documents, requests
from server.documents import Documents
from server.requests import BadRequest, GraphQLRequest

logger = logging.getLogger("florin.graphql")

_GRAPHQL_JSON: Final = "application/graphql-response+json"
_JSON: Final = "application/json"
# About as long as a full pool takes to serve its queue.
_RETRY_AFTER_SECONDS: Final = 1


class GraphQLEndpoint:
    """Answers `/graphql`."""

    def __init__(
        self, pool: Pool, ledger_id: int, documents_: Documents, *, body_bytes_max: int
    ) -> None:
        self._pool = pool
        self._ledger_id = ledger_id
        self._documents = documents_
        self._body_bytes_max = body_bytes_max

    async def answer(self, request: Request) -> Response:
        """One request's response, whatever it was."""
        if request.method != "POST" and _wants_page(request):
            return HTMLResponse(_playground())
        asked = await requests.read(request, body_bytes_max=self._body_bytes_max)
        if isinstance(asked, BadRequest):
            return _refused(request, asked)
        return await self._run(request, asked)

    async def _run(self, request: Request, asked: GraphQLRequest) -> Response:
        document = self._documents.read(asked.query)
        if isinstance(document, list):
            return _request_errors(request, document)
        operation = documents.operation(document, asked.operation_name)
        if isinstance(operation, GraphQLError):
            return _request_errors(request, [operation])
        if request.method != "POST" and operation.operation is not OperationType.QUERY:
            response = _refused(request, BadRequest(405, "Mutations are sent by POST."))
            response.headers["allow"] = "POST"
            return response
        result = execute(
            GRAPHQL_SCHEMA,
            document,
            context_value=Context(self._pool, self._ledger_id),
            variable_values=dict(asked.variables or {}),
            operation_name=asked.operation_name,
        )
        if inspect.isawaitable(result):
            result = await result
        return _result_response(request, result)


def _result_response(request: Request, result: ExecutionResult) -> Response:
    errors = result.errors or []
    if not errors:
        return _response(request, {"data": result.data}, status=200)
    causes = [error.original_error for error in errors if error.original_error is not None]
    outage = next((cause for cause in causes if faults.is_outage(cause)), None)
    if outage is not None:
        logger.warning("Database unavailable: %s", outage)
        return _unavailable(request)
    if result.data is None and all(error.path is None for error in errors):
        return _request_errors(request, errors)
    request_id = secrets.token_hex(8)
    masked = [_masked(error, request_id) for error in errors]
    status = 500 if result.data is None and any(map(_is_fault, errors)) else 200
    return _response(request, {"errors": masked, "data": result.data}, status=status)


def _is_fault(error: GraphQLError) -> bool:
    """Whether an error is nobody's intention: a bug."""
    return error.original_error is not None and not isinstance(error.original_error, GraphQLError)


def _masked(error: GraphQLError, request_id: str) -> Mapping[str, Any]:
    if not _is_fault(error):
        return error.formatted
    logger.error("Fault in request %s", request_id, exc_info=error.original_error)
    return {
        **error.formatted,
        "message": f"Something went wrong here. Quote request {request_id} when you report it.",
        "extensions": {"code": "INTERNAL_ERROR", "requestId": request_id},
    }


def _request_errors(request: Request, errors: Sequence[GraphQLError]) -> Response:
    """A well-formed request that GraphQL refuses: not valid, or with the wrong variables.

    Under plain application/json, which intermediaries answer with too, its status is 200, as
    GraphQL over HTTP recommends.
    """
    content = {"errors": [error.formatted for error in errors]}
    return _response(request, content, status=200 if _accepts_only_json(request) else 400)


def _refused(request: Request, bad: BadRequest) -> Response:
    return _response(request, {"errors": [{"message": bad.message}]}, status=bad.status)


def _unavailable(request: Request) -> Response:
    error = {
        "message": "The database cannot be had right now. Send the request again later: thanks to "
        "their idempotency keys, no transaction will be posted twice.",
        "extensions": {"code": "UNAVAILABLE"},
    }
    response = _response(request, {"errors": [error]}, status=503)
    response.headers["retry-after"] = str(_RETRY_AFTER_SECONDS)
    return response


def _response(request: Request, content: Mapping[str, object], *, status: int) -> Response:
    """JSON under the media type that the client accepts."""
    media_type = _JSON if _accepts_only_json(request) else _GRAPHQL_JSON
    return Response(
        orjson.dumps(content),
        status_code=status,
        media_type=f"{media_type}; charset=utf-8",
    )


def _accepts_only_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return _JSON in accept and _GRAPHQL_JSON not in accept


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and (
        "query" not in request.query_params
    )


def _playground() -> str:
    page = get_graphql_ide_html(graphql_ide="graphiql")
    return page.replace("Strawberry GraphiQL", "Florin")
