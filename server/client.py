"""Florin's own API without a network between: for the demo, in the process that loads it."""

from collections.abc import Mapping
from typing import Any

from graphql import ExecutionResult, execute, parse, validate

from db.pool import Pool
from resolvers.context import Context
from schema.build import GRAPHQL_SCHEMA


class Client:
    """Runs documents over a pool, as the endpoint does, and raises on any error."""

    def __init__(self, pool: Pool, ledger_id: int) -> None:
        self._pool = pool
        self._ledger_id = ledger_id
        self._documents: dict[str, Any] = {}

    async def send(self, document: str, variables: Mapping[str, object]) -> dict[str, Any]:
        """The data; raises the first error."""
        if document not in self._documents:
            parsed = parse(document)
            for error in validate(GRAPHQL_SCHEMA, parsed):
                raise error
            self._documents[document] = parsed
        result = execute(
            GRAPHQL_SCHEMA,
            self._documents[document],
            context_value=Context(self._pool, self._ledger_id),
            variable_values=dict(variables),
        )
        if not isinstance(result, ExecutionResult):
            result = await result
        for error in result.errors or []:
            raise error.original_error or error
        assert result.data is not None
        return result.data
