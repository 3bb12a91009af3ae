"""Operations, by whatever transport they come: found, checked, run, and their faults masked.

HTTP, server-sent events and WebSocket all answer with what is made here; how an answer is written
down is theirs.
"""

import asyncio
import inspect
import logging
from collections.abc import AsyncGenerator, Awaitable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from enum import Enum, auto
from typing import Any, Final

import msgspec
from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    create_source_event_stream,
    execute,
)
from graphql.execution import execute_subscription_event

from db import faults
from db.pool import Pool
from resolvers.context import Context
from resolvers.event_feed import EventFeed
from schema.build import GRAPHQL_SCHEMA
from server import costs, documents
from server.documents import Document, Documents
from server.requests import GraphQLRequest
from server.settings import Settings

logger = logging.getLogger("florin.graphql")

_UNAVAILABLE: Final = (
    "The database cannot be had right now. Send the request again later: thanks to their "
    "idempotency keys, no transaction will be posted twice."
)


class Outcome(Enum):
    """How an operation ended."""

    DATA = auto()
    REFUSED = auto()  # a request error: nothing was run
    FAULT = auto()  # a bug, and so no data at all
    TIMEOUT = auto()
    UNAVAILABLE = auto()


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A response as GraphQL specifies it: ``content`` has data, errors and extensions."""

    content: dict[str, Any]
    outcome: Outcome = Outcome.DATA


class Call(msgspec.Struct, frozen=True, gc=False):
    """What else is known of a request; its id is in the log where something went wrong."""

    request_id: str


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """A request that may be run: its cost is within what is allowed."""

    document: Document
    operation: OperationDefinitionNode
    asked: GraphQLRequest
    cost: int

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.operation.operation


class Operations:
    """Runs whatever is asked of one ledger."""

    def __init__(
        self,
        pool: Pool,
        ledger_id: int,
        feed: EventFeed,
        documents_: Documents,
        configured: Settings,
    ) -> None:
        self._pool = pool
        self._ledger_id = ledger_id
        self._feed = feed
        self._documents = documents_
        self._timeout_seconds = configured.operation_timeout_seconds
        self._hide_suggestions = not configured.suggestions

    def prepare(self, asked: GraphQLRequest) -> Prepared | Answer:
        """The operation that a request asks for, or the answer that says why it is not run."""
        found = self._documents.find(asked)
        if isinstance(found, list):
            return refused(found)
        operation = documents.operation(found.node, asked.operation_name)
        if isinstance(operation, GraphQLError):
            return refused([operation])
        cost = found.cost(operation, asked.variables or {})
        if cost > self._documents.cost_max:
            return self._with_cost(refused([costs.refusal(cost, self._documents.cost_max)]), cost)
        return Prepared(found, operation, asked, cost)

    def execute(self, prepared: Prepared, call: Call) -> Answer | Coroutine[Any, Any, Answer]:
        """The answer to a query or mutation, at once where nothing has to be waited for.

        What is awaited ends within the time that an operation may take. Cancelled, it cancels its
        statements, on the server, too; a commit that has begun is finished before
        (``resolvers.mutations.transact``).
        """
        context = self._context()
        result = execute(
            GRAPHQL_SCHEMA,
            prepared.document.node,
            context_value=context,
            variable_values=dict(prepared.asked.variables or {}),
            operation_name=prepared.asked.operation_name,
            hide_suggestions=self._hide_suggestions,
        )
        if isinstance(result, ExecutionResult):
            return self._with_cost(_answer(result, call), prepared.cost)
        return self._executed(prepared, call, context, result)

    async def _executed(
        self, prepared: Prepared, call: Call, context: Context, running: Awaitable[ExecutionResult]
    ) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = _answer(await running, call)
        except TimeoutError:
            answer = self._timed_out(prepared, call)
        finally:
            await context.close()
        return self._with_cost(answer, prepared.cost)

    async def subscribe(
        self, prepared: Prepared, call: Call
    ) -> AsyncGenerator[Answer, None] | Answer:
        """An answer for each event, or the one that says why there will be none.

        Whoever iterates closes the iterator (``contextlib.aclosing``) when nobody listens any more.
        """
        executor = Executor.build(
            GRAPHQL_SCHEMA,
            prepared.document.node,
            context_value=self._context(),
            raw_variable_values=dict(prepared.asked.variables or {}),
            operation_name=prepared.asked.operation_name,
            hide_suggestions=self._hide_suggestions,
        )
        if not isinstance(executor, Executor):
            return refused(executor)
        source = create_source_event_stream(executor)
        if inspect.isawaitable(source):
            source = await source
        if isinstance(source, ExecutionResult):
            answer = _answer(source, call)
            # Specified to be a request error: nothing has been subscribed to.
            return refused(source.errors or []) if answer.outcome is Outcome.DATA else answer
        return self._events(executor, source, call)

    async def _events(
        self,
        executor: Executor[Any],
        source: Any,  # noqa: ANN401 - a generator of whatever the schema's field yields
        call: Call,
    ) -> AsyncGenerator[Answer, None]:
        async with aclosing(source):
            async for event in source:
                yield await self._event(executor, event, call)

    async def _event(self, executor: Executor[Any], event: object, call: Call) -> Answer:
        each = executor.build_per_event_executor(event)
        # What was loaded for one event is out of date at the next.
        each.context_value = context = self._context()
        result = execute_subscription_event(each)
        if inspect.isawaitable(result):
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    result = await result
            except TimeoutError:
                return _timeout(f"It took more than {self._timeout_seconds:g} s.", call)
            finally:
                await context.close()
        return _answer(result, call)

    def _context(self) -> Context:
        return Context(self._pool, self._ledger_id, self._feed)

    def _with_cost(self, answer: Answer, cost: int) -> Answer:
        extensions = answer.content.setdefault("extensions", {})
        extensions["cost"] = {"requested": cost, "allowed": self._documents.cost_max}
        return answer

    def _timed_out(self, prepared: Prepared, call: Call) -> Answer:
        message = (
            f"The operation took more than {self._timeout_seconds:g} s and was cancelled, down to "
            "its statements (FLORIN_OPERATION_TIMEOUT_SECONDS)."
        )
        if prepared.kind is OperationType.MUTATION:
            message += " What was about to be committed may be: send it again with the same keys."
        else:
            message += " Ask for less at a time."
        return _timeout(message, call)


def refused(errors: Sequence[GraphQLError]) -> Answer:
    """A request error: nothing was run, and there is no data."""
    return Answer({"errors": [error.formatted for error in errors]}, Outcome.REFUSED)


def fault(error: BaseException, call: Call) -> Answer:
    """Something broke outside of any field."""
    logger.error("Fault in request %s", call.request_id, exc_info=error)
    return Answer({"errors": [_masked(call)]}, Outcome.FAULT)


def _answer(result: ExecutionResult, call: Call) -> Answer:
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


def _is_fault(error: GraphQLError) -> bool:
    """Whether an error is nobody's intention: a bug."""
    return error.original_error is not None and not isinstance(error.original_error, GraphQLError)


def _shown(error: GraphQLError, call: Call) -> Mapping[str, Any]:
    if not _is_fault(error):
        return error.formatted
    logger.error("Fault in request %s", call.request_id, exc_info=error.original_error)
    return {**error.formatted, **_masked(call)}


def _masked(call: Call) -> dict[str, Any]:
    return {
        "message": f"Something went wrong here. Quote request {call.request_id} when you report "
        "it.",
        "extensions": {"code": "INTERNAL_ERROR", "requestId": call.request_id},
    }


def _timeout(message: str, call: Call) -> Answer:
    logger.warning("Time limit in request %s: %s", call.request_id, message)
    return Answer(
        {"errors": [{"message": message, "extensions": {"code": "TIMEOUT"}}]}, Outcome.TIMEOUT
    )


def _unavailable() -> Answer:
    error = {"message": _UNAVAILABLE, "extensions": {"code": "UNAVAILABLE"}}
    return Answer({"errors": [error]}, Outcome.UNAVAILABLE)
