"""How many mutations an operation is: its root fields, of a batch each item."""

from collections.abc import Mapping

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
)

from server import amounts
from server.amounts import Amount
from server.cost_arguments import Arguments


def of(
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    schema: GraphQLSchema,
) -> Amount:
    """The mutations of an operation of a valid document, or how they follow from the variables."""
    if operation.operation is not OperationType.MUTATION:
        return 0
    root = schema.mutation_type
    assert root is not None
    arguments = Arguments(operation)
    return amounts.total(
        arguments.transactions(root.fields[node.name.value], node)
        for node in _root_fields(operation, fragments).values()
        if node.name.value in root.fields
    )


def _root_fields(
    operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> Mapping[str, FieldNode]:
    """By the names under which they are answered: those that share one are one."""
    fields: dict[str, FieldNode] = {}
    waiting: list[SelectionSetNode] = [operation.selection_set]
    spread: set[str] = set()
    while waiting:
        for selection in waiting.pop().selections:
            match selection:
                case FieldNode():
                    fields.setdefault((selection.alias or selection.name).value, selection)
                case InlineFragmentNode():
                    waiting.append(selection.selection_set)
                case FragmentSpreadNode() if selection.name.value not in spread:
                    spread.add(selection.name.value)
                    waiting.append(fragments[selection.name.value].selection_set)
    return fields
