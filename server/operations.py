"""Operations, by whatever transport they come: found, checked, run, and their faults masked.

HTTP, server-sent events and WebSocket all answer with what is made here; how an answer is written
down is theirs.
"""

import asyncio
import inspect
from collections.abc import AsyncGenerator, Awaitable, Coroutine
from contextlib import AbstractContextManager, aclosing
from datetime import timedelta
from typing import Any, Final

import msgspec
from graphql import (
    ExecutionResult,
    Executor,
    GraphQLError,
    OperationDefinitionNode,
    OperationType,
    create_source_event_stream,
)
from graphql.execution import execute_subscription_event

from db.actions import Actor
from db.pool import Pool
from resolvers.context import Context
from resolvers.errors import RequestError
from resolvers.event_feeds import EventFeeds
from resolvers.explanation import Explanation
from resolvers.look_ups import SharedLookUps
from resolvers.posting_groups import PostingGroups
from server import authorization, costs, documents, metrics, observed, outcomes, wishes
from server.callers import Caller, Scope
from server.documents import Document, Documents
from server.executors import Executors
from server.outcomes import Answer, Call, Outcome
from server.pressure import Pressure
from server.requests import GraphQLRequest
from server.settings import Settings
from server.wishes import Wishes

# An outage that comes while an event's own fields are read is waited for, as the feed does it;
# after some minutes it is time to say so.
_RETRY_SECONDS: Final = 0.5
_EVENT_RETRIES: Final = 600


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """A request that may be run: its cost is within what is allowed."""

    document: Document
    operation: OperationDefinitionNode
    asked: GraphQLRequest
    cost: int
    mutations: int

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.operation.operation


class Operations:
    """Runs whatever is asked, of the caller's ledger."""

    def __init__(
        self,
        pool: Pool,
        feeds: EventFeeds,
        documents_: Documents,
        pressure: Pressure,
        configured: Settings,
    ) -> None:
        self._pool = pool
        self._feeds = feeds
        self._groups = PostingGroups(
            pool,
            size_max=configured.group_size_max,
            patience=timedelta(seconds=configured.group_patience_seconds),
        )
        self._look_ups = SharedLookUps(pool) if configured.share_look_ups else None
        self._documents = documents_
        self._pressure = pressure
        self._subscriptions_max = configured.subscriptions_max
        self._subscriptions = 0
        self._timeout_seconds = configured.operation_timeout_seconds
        self._executors = Executors(configured)
        self._explain_allowed = configured.allows_explain

    def prepare(self, asked: GraphQLRequest, caller: Caller) -> Prepared | Answer:
        """The operation that a request asks for, or the answer that says why it is not run."""
        found = self._documents.find(asked, ledger_id=caller.ledger_id)
        if isinstance(found, list):
            return outcomes.refused(found)
        operation = documents.operation(found.node, asked.operation_name)
        if isinstance(operation, GraphQLError):
            return outcomes.refused([operation])
        kind = operation.operation
        watched = observed.current()
        watched.asked(kind.value, None if operation.name is None else operation.name.value)
        forbidden = authorization.refusal(kind, found.root_fields(operation), caller)
        if forbidden is not None:
            return outcomes.forbidden(forbidden)
        cost = found.cost(operation, asked.variables or {})
        watched.costs(cost)
        if cost > self._documents.cost_max:
            return self._with_cost(
                outcomes.refused([costs.refusal(cost, self._documents.cost_max)]), cost
            )
        mutations = found.mutations(operation, asked.variables or {})
        return Prepared(found, operation, asked, cost, mutations)

    async def close(self) -> None:
        """End what is still being done though nobody waits for it: the process ends."""
        await self._groups.close()
        if self._look_ups is not None:
            await self._look_ups.close()

    def taken(self, prepared: Prepared, call: Call) -> AbstractContextManager[Answer | None]:
        """Why the caller may not run it now, or nothing; then it counts while the block runs."""
        return self._pressure.taken(call.caller, cost=prepared.cost, mutations=prepared.mutations)

    async def execute_in_turn(self, prepared: Prepared, call: Call) -> Answer:
        """The answer to a query or mutation that has not waited for its turn, or was not counted.

        Those that came as HTTP requests of their own have waited at the gate (``server.gate``).
        """
        return await self._pressure.in_turn(
            call.caller,
            lambda: self.execute(prepared, call),
            cost=prepared.cost,
            mutations=prepared.mutations,
        )

    def execute(self, prepared: Prepared, call: Call) -> Answer | Coroutine[Any, Any, Answer]:
        """The answer to a query or mutation, at once where nothing has to be waited for.

        What is awaited ends within the time that an operation may take. Cancelled, it cancels its
        statements, on the server, too; a commit that has begun is finished before
        (``resolvers.mutations.transact``).
        """
        granted = self._wishes(prepared, call)
        if isinstance(granted, GraphQLError):
            return outcomes.refused([granted])
        explained = Explanation() if granted.explain else None
        context = self._context(call, granted, explained)
        result = self._executors.execute(prepared.document, prepared.asked, context, explained)
        if isinstance(result, ExecutionResult):
            return self._extended(outcomes.of(result, call), prepared, explained)
        return self._executed(prepared, call, context, explained, result)

    async def _executed(
        self,
        prepared: Prepared,
        call: Call,
        context: Context,
        explained: Explanation | None,
        running: Awaitable[ExecutionResult],
    ) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                answer = outcomes.of(await running, call)
        except TimeoutError:
            answer = self._timed_out(prepared, call)
        finally:
            await context.close()
        return self._extended(answer, prepared, explained)

    async def subscribe(
        self, prepared: Prepared, call: Call
    ) -> AsyncGenerator[Answer, None] | Answer:
        """An answer for each event, or the one that says why there will be none.

        Whoever iterates closes the iterator (``contextlib.aclosing``) when nobody listens any more.
        """
        granted = self._wishes(prepared, call)
        if isinstance(granted, GraphQLError):
            return outcomes.refused([granted])
        if self._subscriptions >= self._subscriptions_max:
            return outcomes.full(
                f"This process has {self._subscriptions_max} subscriptions, and room for no more "
                "(FLORIN_SUBSCRIPTIONS_MAX). Try again later."
            )
        limited = self._pressure.refusal(call.caller, cost=prepared.cost)
        if limited is not None:
            return limited
        executor = self._executors.subscription(
            prepared.document, prepared.asked, self._context(call), None
        )
        if not isinstance(executor, Executor):
            return outcomes.refused(executor)
        source = create_source_event_stream(executor)
        if inspect.isawaitable(source):
            source = await source
        if isinstance(source, ExecutionResult):
            answer = outcomes.of(source, call)
            # Specified to be a request error: nothing has been subscribed to.
            return (
                outcomes.refused(source.errors or []) if answer.outcome is Outcome.DATA else answer
            )
        return self._events(prepared, source, call)

    async def _events(
        self,
        prepared: Prepared,
        source: Any,  # noqa: ANN401 - a generator of whatever the schema's field yields
        call: Call,
    ) -> AsyncGenerator[Answer, None]:
        metrics.subscriptions(1)
        self._subscriptions += 1
        try:
            async with aclosing(source):
                async for event in source:
                    yield await self._event_after_outages(prepared, event, call)
        except RequestError as error:
            yield outcomes.refused([error])
        finally:
            self._subscriptions -= 1
            metrics.subscriptions(-1)

    async def _event_after_outages(self, prepared: Prepared, event: object, call: Call) -> Answer:
        answer = await self._event(prepared, event, call)
        for _ in range(_EVENT_RETRIES):
            if answer.outcome is not Outcome.UNAVAILABLE:
                break
            await asyncio.sleep(_RETRY_SECONDS)
            answer = await self._event(prepared, event, call)
        return answer

    async def _event(self, prepared: Prepared, event: object, call: Call) -> Answer:
        # What was loaded for one event is out of date at the next. The executor, too, is a new one:
        # one that is shared remembers the fields that it collected, event by event, for ever.
        context = self._context(call)
        executor = self._executors.subscription(prepared.document, prepared.asked, context, event)
        assert isinstance(executor, Executor), "It was built from the same before."
        result = execute_subscription_event(executor)
        if inspect.isawaitable(result):
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    result = await result
            except TimeoutError:
                return outcomes.timeout(f"It took more than {self._timeout_seconds:g} s.", call)
            finally:
                await context.close()
        return outcomes.of(result, call)

    def _context(
        self, call: Call, granted: Wishes | None = None, explained: Explanation | None = None
    ) -> Context:
        ledger_id, credential = call.caller.ledger_id, call.caller.credential
        # An event's own fields are read as they are for each.
        shared = None if granted is None else self._look_ups
        return Context(
            self._pool,
            ledger_id,
            self._feeds.of(ledger_id),
            line=self._groups.of(ledger_id),
            look_ups=None if shared is None else shared.of(ledger_id, credential),
            actor=Actor(credential, call.request_id),
            snapshot=granted is not None and granted.snapshot,
            explained=explained,
        )

    def _wishes(self, prepared: Prepared, call: Call) -> Wishes | GraphQLError:
        return wishes.of(
            prepared.operation,
            prepared.asked,
            snapshot_by_header=call.snapshot,
            explain_allowed=self._explain_allowed and call.caller.may(Scope.ADMIN),
        )

    def _extended(
        self, answer: Answer, prepared: Prepared, explained: Explanation | None
    ) -> Answer:
        if explained is not None:
            reads = wishes.explained(explained.reads)
            answer.content.setdefault("extensions", {})["florin"] = {"explain": reads}
        return self._with_cost(answer, prepared.cost)

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
        return outcomes.timeout(message, call)
