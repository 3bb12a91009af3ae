"""@snapshot: a query that reads everything at one moment."""

from typing import Final

from graphql import DirectiveLocation, GraphQLDirective, OperationDefinitionNode

SNAPSHOT: Final = GraphQLDirective(
    name="snapshot",
    locations=[DirectiveLocation.QUERY],
    description="Have all of this query read from one snapshot of the ledger, taken when it "
    "begins: balances, entries and totals then agree with each other, whatever is posted "
    "meanwhile. The HTTP header `Florin-Snapshot: true` does the same.",
)


def is_asked_for(operation: OperationDefinitionNode) -> bool:
    """Whether an operation is marked with it."""
    return any(directive.name.value == SNAPSHOT.name for directive in operation.directives or ())
