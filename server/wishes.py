"""How an operation wishes to be run: from one snapshot, and with an explanation of its reads."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from graphql import GraphQLError, OperationDefinitionNode, OperationType

from resolvers.explanation import FieldRead
from schema import snapshot
from server.requests import GraphQLRequest


class Wishes(msgspec.Struct, frozen=True, gc=False):
    """What is granted."""

    snapshot: bool = False
    explain: bool = False


def of(
    operation: OperationDefinitionNode,
    asked: GraphQLRequest,
    *,
    snapshot_by_header: bool,
    explain_allowed: bool,
) -> Wishes | GraphQLError:
    """What an operation wishes, or why it cannot have it."""
    wishes = Wishes(
        snapshot=snapshot_by_header or snapshot.is_asked_for(operation),
        explain=_florin(asked).get("explain") is True,
    )
    if wishes.snapshot and operation.operation is not OperationType.QUERY:
        return GraphQLError(
            "Only a query can be read from a snapshot: send this without Florin-Snapshot.",
            extensions={"code": "SNAPSHOT_NOT_POSSIBLE"},
        )
    if wishes.explain and operation.operation is OperationType.SUBSCRIPTION:
        return GraphQLError(
            "Only queries and mutations are explained.", extensions={"code": "EXPLAIN_NOT_POSSIBLE"}
        )
    if wishes.explain and not explain_allowed:
        return GraphQLError(
            "Requests are not explained here: plans tell of everybody's data. FLORIN_EXPLAIN "
            "allows it; on a loopback address it is allowed unless told otherwise.",
            extensions={"code": "EXPLAIN_NOT_ALLOWED"},
        )
    return wishes


def explained(reads: Sequence[FieldRead]) -> list[dict[str, Any]]:
    """`extensions.florin.explain`: an item for each statement, in the order in which they ran."""
    return [
        {
            "path": list(found.paths[0]) if found.paths else [],
            "sharedWith": [list(path) for path in found.paths[1:]],
            **msgspec.structs.asdict(found.read),
        }
        for found in reads
    ]


def _florin(asked: GraphQLRequest) -> Mapping[str, Any]:
    """The part of a request's extensions that is for us."""
    ours = (asked.extensions or {}).get("florin")
    return ours if isinstance(ours, dict) else {}
