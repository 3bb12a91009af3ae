"""How operations end: their answers, with faults masked and logged under the request's id."""

import logging
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import Any, Final

import msgspec
from graphql import ExecutionResult, GraphQLError

from db import faults
from server.callers import Caller

BAD_REQUEST: Final = "BAD_REQUEST"
UNAVAILABLE: Final = "UNAVAILABLE"
UNAUTHENTICATED: Final = "UNAUTHENTICATED"
FORBIDDEN: Final = "FORBIDDEN"
RATE_LIMITED: Final = "RATE_LIMITED"

logger = logging.getLogger("florin.graphql")

_UNAVAILABLE: Final = (
    "The database cannot be had right now. Send the request again later: thanks to their "
    "idempotency keys, no transaction will be posted twice."
)


class Outcome(Enum):
    """How an operation ended."""

    DATA = auto()
    REFUSED = auto()  # a request error: nothing was run
    FORBIDDEN = auto()  # one that this caller may not send
    UNAUTHENTICATED = auto()  # the credential counts no more
    FAULT = auto()  # a bug, and so no data at all
    TIMEOUT = auto()
    LIMITED = auto()  # the credential has used up what it may ask for
    UNAVAILABLE = auto()


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A response as GraphQL specifies it: ``content`` has data, errors and extensions."""

    content: dict[str, Any]
    outcome: Outcome = Outcome.DATA


class Call(msgspec.Struct, frozen=True, gc=False):
    """What else is known of a request; its id is in the log where something went wrong."""

    request_id: str
    caller: Caller
    snapshot: bool = False  # asked for by a header


def refused(errors: Sequence[GraphQLError]) -> Answer:
    """A request error: nothing was run, and there is no data."""
    return Answer({"errors": [_coded(error) for error in errors]}, Outcome.REFUSED)


def forbidden(error: GraphQLError) -> Answer:
    """What the caller's scopes do not allow: nothing was run."""
    return Answer({"errors": [_coded(error)]}, Outcome.FORBIDDEN)


def unauthenticated(message: str) -> Answer:
    """The caller's credential counts no more, in the middle of an answer."""
    error = {"message": message, "extensions": {"code": UNAUTHENTICATED}}
    return Answer({"errors": [error]}, Outcome.UNAUTHENTICATED)


def fault(error: BaseException, request_id: str) -> Answer:
    """Something broke outside of any field, or the database cannot be had."""
    if faults.is_outage(error):
        logger.warning("Database unavailable in request %s: %s", request_id, error)
        return _unavailable()
    logger.error("Fault in request %s", request_id, exc_info=error)
    return Answer({"errors": [_masked(request_id)]}, Outcome.FAULT)


def of(result: ExecutionResult, call: Call) -> Answer:
    """What an execution came to, with faults masked and logged."""
    errors = result.errors
    if not errors:
        return Answer({"data": result.data})
    causes = [error.original_error for error in errors if error.original_error is not None]
    outage = next((cause for cause in causes if faults.is_outage(cause)), None)
    if outage is not None:
        logger.warning("Database unavailable in request %s: %s", call.request_id, outage)
        return _unavailable()
    if result.data is None and all(error.path is None for error in errors):
        return refused(errors)
    shown = [_shown(error, call) for error in errors]
    is_fault = result.data is None and any(map(_is_fault, errors))
    outcome = Outcome.FAULT if is_fault else Outcome.DATA
    return Answer({"errors": shown, "data": result.data}, outcome)


def _coded(error: GraphQLError) -> Mapping[str, Any]:
    """Every error has a code: what the document or its variables are wrong in is BAD_REQUEST."""
    return {**error.formatted, "extensions": {"code": BAD_REQUEST, **(error.extensions or {})}}


def _is_fault(error: GraphQLError) -> bool:
    """Whether an error is nobody's intention: a bug."""
    return error.original_error is not None and not isinstance(error.original_error, GraphQLError)


def _shown(error: GraphQLError, call: Call) -> Mapping[str, Any]:
    if not _is_fault(error):
        return _coded(error)
    logger.error("Fault in request %s", call.request_id, exc_info=error.original_error)
    return {**error.formatted, **_masked(call.request_id)}


def _masked(request_id: str) -> dict[str, Any]:
    return {
        "message": f"Something went wrong here. Quote request {request_id} when you report it.",
        "extensions": {"code": "INTERNAL_ERROR", "requestId": request_id},
    }


def timeout(message: str, call: Call) -> Answer:
    """It took too long and was cancelled; the message says what to do."""
    logger.warning("Time limit in request %s: %s", call.request_id, message)
    return Answer(
        {"errors": [{"message": message, "extensions": {"code": "TIMEOUT"}}]}, Outcome.TIMEOUT
    )


def limited(message: str, retry_after_seconds: int) -> Answer:
    """Too much for this credential; the message says of what, and when to come back."""
    extensions = {"code": RATE_LIMITED, "retryAfterSeconds": retry_after_seconds}
    return Answer({"errors": [{"message": message, "extensions": extensions}]}, Outcome.LIMITED)


def full(message: str) -> Answer:
    """There is no room for it; another time there may be."""
    error = {"message": message, "extensions": {"code": UNAVAILABLE}}
    return Answer({"errors": [error]}, Outcome.UNAVAILABLE)


def _unavailable() -> Answer:
    return full(_UNAVAILABLE)
