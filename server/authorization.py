"""Authorization: which scope each root field takes. Nothing else says who may do what.

What is below a root field needs nothing of its own: all of it is of the caller's ledger.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from server.callers import Caller, Scope
from server.outcomes import FORBIDDEN

SCOPES: Final[Mapping[OperationType, Mapping[str, Scope]]] = {
    OperationType.QUERY: {
        "node": Scope.READ,
        "nodes": Scope.READ,
        "ledger": Scope.READ,
        "user": Scope.READ,
        "users": Scope.READ,
        "account": Scope.READ,
        "accounts": Scope.READ,
        "transaction": Scope.READ,
        "transactions": Scope.READ,
        "diagnostics": Scope.ADMIN,
    },
    OperationType.MUTATION: {
        "createCurrency": Scope.WRITE,
        "createUser": Scope.WRITE,
        "updateUser": Scope.WRITE,
        "openAccount": Scope.WRITE,
        "updateAccount": Scope.WRITE,
        "freezeAccount": Scope.WRITE,
        "unfreezeAccount": Scope.WRITE,
        "closeAccount": Scope.WRITE,
        "postTransaction": Scope.WRITE,
        "postTransactions": Scope.WRITE,
        "captureTransaction": Scope.WRITE,
        "voidTransaction": Scope.WRITE,
        "reverseTransaction": Scope.WRITE,
        "submitTransactions": Scope.WRITE,
        "updateTransaction": Scope.WRITE,
    },
    OperationType.SUBSCRIPTION: {"ledgerEvents": Scope.READ},
}

# Of the schema, which is the same for all: whoever is known may ask.
_OF_THE_SCHEMA: Final = frozenset({"__typename", "__schema", "__type"})


def refusal(
    kind: OperationType, root_fields: frozenset[str], caller: Caller
) -> GraphQLError | None:
    """Why a caller may not run an operation with these root fields; None where it may."""
    for field in sorted(root_fields - _OF_THE_SCHEMA):
        scope = SCOPES[kind][field]
        if not caller.may(scope):
            return GraphQLError(
                f"`{field}` takes the scope {scope}, which this credential does not have.",
                extensions={"code": FORBIDDEN},
            )
    return None


def root_fields(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterator[str]:
    """The names of an operation's root fields, of a valid document; some more than once."""
    waiting: list[SelectionSetNode] = [operation.selection_set]
    spread: set[str] = set()
    while waiting:
        for selection in waiting.pop().selections:
            match selection:
                case FieldNode():
                    yield selection.name.value
                case InlineFragmentNode():
                    waiting.append(selection.selection_set)
                case FragmentSpreadNode() if selection.name.value not in spread:
                    spread.add(selection.name.value)
                    waiting.append(fragments[selection.name.value].selection_set)
