"""The messages of the protocol graphql-transport-ws, and the codes that it closes sockets with."""

from enum import IntEnum
from typing import Annotated, Any, Final, TypeAlias

import msgspec
import orjson

from server import requests
from server.observed import current
from server.outcomes import Answer
from server.requests import BadRequest, GraphQLRequest

SUBPROTOCOL: Final = "graphql-transport-ws"
# An operation's id is the client's, and is repeated in every message: usually a UUID or a number.
Id: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
# What a close frame has room for, in bytes.
_REASON_BYTES_MAX: Final = 123


class Close(IntEnum):
    """Why a socket is closed. The first four have no code of the protocol's; clients reconnect."""

    GONE = 1001
    TRY_AGAIN = 1013
    NO_PONG = 4504
    SLOW_READER = 4508
    BAD_MESSAGE = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    WRONG_SUBPROTOCOL = 4406
    INITIALISATION_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    INITIALISED_TWICE = 4429
    INTERNAL_ERROR = 4500


class ClosedError(Exception):
    """The socket is to be closed, with a code and a reason."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason.encode()[:_REASON_BYTES_MAX].decode(errors="ignore")


class ConnectionInit(msgspec.Struct, tag="connection_init", frozen=True, gc=False):
    """The first message."""

    payload: dict[str, Any] | None = None


class Ping(msgspec.Struct, tag="ping", frozen=True, gc=False):
    """Asks for a pong."""

    payload: dict[str, Any] | None = None


class Pong(msgspec.Struct, tag="pong", frozen=True, gc=False):
    """Answers a ping, or says unasked that somebody is there."""

    payload: dict[str, Any] | None = None


class Subscribe(msgspec.Struct, tag="subscribe", frozen=True, gc=False):
    """Asks for an operation; its answers carry the same id."""

    id: Id
    payload: dict[str, Any]


class Complete(msgspec.Struct, tag="complete", frozen=True, gc=False):
    """Nobody waits for an operation's answers any more."""

    id: Id


Message: TypeAlias = ConnectionInit | Ping | Pong | Subscribe | Complete

_DECODER: Final[msgspec.json.Decoder[Message]] = msgspec.json.Decoder(Message)

ACKNOWLEDGED: Final = '{"type":"connection_ack"}'
PING: Final = '{"type":"ping"}'
PONG: Final = '{"type":"pong"}'


def read(frame: str | None, values_max: int) -> Message:
    """The message in a frame, None being a binary one; ClosedError where it is none.

    Of its values, counted by their commas, there may be as many as in a body (``server.requests``).
    """
    if frame is None:
        raise ClosedError(Close.BAD_MESSAGE, "Send messages as text.")
    if frame.count(",") >= values_max:
        reason = f"A message has at most {values_max} values (FLORIN_BODY_VALUES_MAX)."
        raise ClosedError(Close.BAD_MESSAGE, reason)
    try:
        return _DECODER.decode(frame)
    except msgspec.ValidationError as error:
        raise ClosedError(Close.BAD_MESSAGE, f"Not a message: {error}.") from None
    except (ValueError, RecursionError) as error:
        raise ClosedError(Close.BAD_MESSAGE, f"Not JSON: {error}.") from None


def headers(message: ConnectionInit) -> dict[str, str]:
    """What the first message's payload says in place of headers, which browsers cannot send."""
    payload = message.payload or {}
    return {name.lower(): value for name, value in payload.items() if isinstance(value, str)}


def asked(message: Subscribe) -> GraphQLRequest:
    """The request that a message carries; ClosedError where it carries none."""
    read_request = requests.from_object(message.payload)
    if isinstance(read_request, BadRequest):
        raise ClosedError(Close.BAD_MESSAGE, read_request.message)
    return read_request


def last(id_: str, answer: Answer | None) -> list[str]:
    """What ends an operation: its answer, None where all of them have been sent."""
    if answer is None:
        return [written("complete", id_)]
    current().answered(answer.outcome.name.lower())
    if "data" not in answer.content:
        return [written("error", id_, answer.content["errors"])]
    return [written("next", id_, answer.content), written("complete", id_)]


def written(kind: str, id_: str, payload: object = None) -> str:
    """A message about an operation. Text: clients fail on binary frames."""
    content = {"id": id_, "type": kind}
    if payload is None:
        return orjson.dumps(content).decode()
    return orjson.dumps({**content, "payload": payload}).decode()
