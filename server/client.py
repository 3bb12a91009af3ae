"""Florin's own API without a network between: for what loads data, in the process that does."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from graphql import DocumentNode, ExecutionResult, execute, parse, validate

from db.pool import Pool
from resolvers.context import Context
from schema.build import GRAPHQL_SCHEMA

# Whoever loads data sends few documents, but may send one for each number of things at once.
_DOCUMENTS_MAX: Final = 16


class Client:
    """Runs documents over a pool, as the endpoint does, and raises on any error."""

    def __init__(self, pool: Pool, ledger_id: int) -> None:
        self._pool = pool
        self._ledger_id = ledger_id

    async def send(self, document: str, variables: Mapping[str, object]) -> dict[str, Any]:
        """The data; raises the first error."""
        result = execute(
            GRAPHQL_SCHEMA,
            _read(document),
            context_value=Context(self._pool, self._ledger_id),
            variable_values=dict(variables),
        )
        if not isinstance(result, ExecutionResult):
            result = await result
        for error in result.errors or []:
            raise error.original_error or error
        assert result.data is not None
        return result.data


@lru_cache(_DOCUMENTS_MAX)
def _read(document: str) -> DocumentNode:
    parsed = parse(document)
    for error in validate(GRAPHQL_SCHEMA, parsed):
        raise error
    return parsed
