"""What an operation costs: about how many fields its answer may have, known before it is run.

A plain field costs 1, one that is looked up or worked out 5. What is selected of a list counts as
often as the list is long: as many times as the page's `first` or `last` says, as there are
items in the argument that the list answers (ids, a batch), or else as lists of that kind are taken
to be long. Each row of a page costs 1 besides, each item of a list in an argument 5, and each item
of a list within those 1. Fields that an executor would merge count once.

All of it is read off the schema. What does not depend on variables is a number from the first use
on; the rest is a function of the variables.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from math import ceil
from typing import Any, Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_introspection_type,
)

from server import amounts
from server.amounts import Amount, Given
from server.cost_arguments import Arguments, takes_lists

# Measured: an attribute takes some 4 microseconds of the event loop, a resolver 20.
_ATTRIBUTE: Final = 1
_LOOKED_UP: Final = 5
# Lists that are no pages and answer no argument: the entries of a transaction, the currencies of a
# trial balance. Most are shorter, and few are longer.
_LIST_LENGTH: Final = 5


def of(
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    schema: GraphQLSchema,
) -> Amount:
    """The cost of an operation of a valid document, or how it follows from the variables."""
    root = schema.get_root_type(operation.operation)
    assert root is not None
    counting = _Counting(Arguments(operation), fragments, schema)
    return counting.selected(root, [operation.selection_set], 1)


def with_variables(cost: Amount, variables: Mapping[str, object]) -> int:
    """The cost with these variables; wrong ones count as if they were not given."""
    return cost if isinstance(cost, int) else cost(Given(variables, {}))


def refusal(requested: int, allowed: int) -> GraphQLError:
    """What to say of an operation that costs too much."""
    return GraphQLError(
        f"The operation costs {requested}; at most {allowed} is answered (FLORIN_COST_MAX). Cost "
        "is about how many fields the answer may have: page sizes multiply. Ask for smaller pages "
        "(`first`), above all of lists within lists, for fewer fields, or send smaller batches.",
        extensions={"code": "COST_EXCEEDED", "cost": {"requested": requested, "allowed": allowed}},
    )


class _Counting:
    """One operation being counted."""

    def __init__(
        self,
        arguments: Arguments,
        fragments: Mapping[str, FragmentDefinitionNode],
        schema: GraphQLSchema,
    ) -> None:
        self._arguments = arguments
        self._fragments = fragments
        self._schema = schema

    def selected(
        self, parent: GraphQLNamedType, sets: Sequence[SelectionSetNode], length: Amount
    ) -> Amount:
        """The cost of what is selected of one object; its plain lists are of that length."""
        fields: dict[tuple[str, str], list[FieldNode]] = {}
        spread: set[str] = set()
        waiting = [(parent, set_) for set_ in reversed(sets)]
        while waiting:
            type_, selection_set = waiting.pop()
            for selection in selection_set.selections:
                if isinstance(selection, FieldNode):
                    name = (selection.alias or selection.name).value
                    fields.setdefault((type_.name, name), []).append(selection)
                    continue
                narrowed: InlineFragmentNode | FragmentDefinitionNode
                if isinstance(selection, FragmentSpreadNode):
                    if selection.name.value in spread:
                        continue
                    spread.add(selection.name.value)
                    narrowed = self._fragments[selection.name.value]
                else:
                    assert isinstance(selection, InlineFragmentNode)
                    narrowed = selection
                condition = narrowed.type_condition
                inner = type_ if condition is None else self._schema.type_map[condition.name.value]
                waiting.append((inner, narrowed.selection_set))
        return amounts.total(
            self._field(self._schema.type_map[type_name], nodes, length)
            for (type_name, _), nodes in fields.items()
        )

    def _field(self, parent: GraphQLNamedType, nodes: list[FieldNode], length: Amount) -> Amount:
        node = nodes[0]
        field = self._schema.get_field(parent, node.name.value)  # type: ignore[arg-type]  # composite, as the document is valid
        assert field is not None
        own = _LOOKED_UP if _is_looked_up(field) else _ATTRIBUTE
        page = self._arguments.page_size(field, node)
        outer, inner = self._arguments.items(field, node)
        answered = _or_assumed(outer)
        cost = amounts.total([own, page or 0, amounts.product(_LOOKED_UP, outer), inner])
        type_ = get_named_type(field.type)
        if not is_composite_type(type_):
            return cost
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        if not isinstance(get_nullable_type(field.type), GraphQLList):
            each = self.selected(type_, sets, answered if page is None else page)
            return amounts.total([cost, each])
        if is_introspection_type(parent):
            length = _introspected(self._schema).get(node.name.value, 1)
        elif takes_lists(field):
            length = answered
        each = self.selected(type_, sets, _LIST_LENGTH)
        return amounts.total([cost, amounts.product(length, each)])


def _is_looked_up(field: GraphQLField) -> bool:
    definition: Any = field.extensions.get("strawberry-definition")
    return definition is not None and definition.base_resolver is not None


@cache
def _introspected(schema: GraphQLSchema) -> Mapping[str, int]:
    """How long introspection's lists are, on average; those of its lists that are left out, 1."""
    types = list(schema.type_map.values())
    fields = sum(len(getattr(type_, "fields", ())) for type_ in types)
    each = ceil(fields / len(types))
    return {"types": len(types), "fields": each, "inputFields": each}


def _or_assumed(length: Amount) -> Amount:
    """The length of an argument's lists; where there are none, how long lists are taken to be."""
    if isinstance(length, int):
        return length or _LIST_LENGTH
    return lambda given: length(given) or _LIST_LENGTH
