"""Executors: Florin's own, which answers breadth first, and graphql-core's, of one's choice.

They give the same answers. Subscriptions, and the fields of their events, are graphql-core's.
"""

from collections.abc import Awaitable
from typing import Any, Final

from graphql import ExecutionResult, Executor, GraphQLError, MiddlewareManager, execute

from execution import Plan
from resolvers.context import Context
from resolvers.explanation import Explanation
from schema.build import GRAPHQL_SCHEMA
from server.documents import Document
from server.requests import GraphQLRequest
from server.settings import Settings


class Executors:
    """Runs documents that are valid."""

    def __init__(self, configured: Settings) -> None:
        self._breadth_first: Final = configured.executor == "breadth-first"
        self._hide_suggestions: Final = not configured.suggestions

    def execute(
        self,
        document: Document,
        asked: GraphQLRequest,
        context: Context,
        explained: Explanation | None,
    ) -> ExecutionResult | Awaitable[ExecutionResult]:
        """What a query or mutation is answered with, at once where nothing has to be waited for."""
        middleware = None if explained is None else MiddlewareManager(explained)
        if not self._breadth_first:
            return execute(
                GRAPHQL_SCHEMA,
                document.node,
                context_value=context,
                variable_values=dict(asked.variables or {}),
                operation_name=asked.operation_name,
                middleware=middleware,
                # The schema has neither @defer nor @stream, which the default one looks for.
                executor_class=Executor,
                hide_suggestions=self._hide_suggestions,
            )
        plan = document.plan(asked.operation_name)
        if not isinstance(plan, Plan):
            return ExecutionResult(None, plan)
        return plan.execute(
            context_value=context,
            variable_values=asked.variables,
            middleware=middleware,
            hide_suggestions=self._hide_suggestions,
        )

    def subscription(
        self, document: Document, asked: GraphQLRequest, context: Context, event: object
    ) -> Executor[Any] | list[GraphQLError]:
        """Graphql-core's executor for a subscription's source, or for one of its events."""
        return Executor.build(
            GRAPHQL_SCHEMA,
            document.node,
            root_value=event,
            context_value=context,
            raw_variable_values=dict(asked.variables or {}),
            operation_name=asked.operation_name,
            hide_suggestions=self._hide_suggestions,
        )
