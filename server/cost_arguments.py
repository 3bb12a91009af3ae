"""What a field's arguments say of how much it answers: the size of its page, its lists' items.

Literals and variables are looked at only where the schema has a list or a page size, and are never
checked: a wrong value counts as if it were not given, and is refused where values are coerced.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableNode,
    get_nullable_type,
)

from resolvers import pages
from server.amounts import Amount, Given

_PAGE_SIZES: Final = frozenset({"first", "last"})
# No argument takes a longer list. What is beyond counts many times, so that lists which would take
# long to be coerced, only to be refused then, cost too much to be.
_ITEMS_MAX: Final = 1000
_SURPLUS: Final = 50
# Longer ones are not looked into.
_ITEMS_LOOKED_INTO_MAX: Final = 10_000


class Arguments:
    """The arguments of one operation's fields."""

    def __init__(self, operation: OperationDefinitionNode) -> None:
        self._defaults = {
            definition.variable.name.value: definition.default_value
            for definition in operation.variable_definitions or ()
        }

    def page_size(self, field: GraphQLField, node: FieldNode) -> Amount | None:
        """How many rows the field's page has at most; None where it is not paged."""
        if not is_paged(field):
            return None
        sizes = [one.value for one in node.arguments or () if one.name.value in _PAGE_SIZES]

        def size(given: Given) -> int:
            numbers = (_whole(self._opened(value, given.variables)) for value in sizes)
            asked = [number for number in numbers if number is not None]
            return min(max(0, *asked), pages.SIZE_MAX) if asked else pages.SIZE_DEFAULT

        return size if any(map(_varies, sizes)) else size(_NOTHING)

    def items(self, field: GraphQLField, node: FieldNode) -> tuple[Amount, Amount]:
        """How many items the lists in the arguments have, and the lists within those items."""
        lists = [
            (type_, one.value)
            for one in node.arguments or ()
            if _bears_lists(type_ := field.args[one.name.value].type)
        ]

        def count(given: Given) -> tuple[int, int]:
            known = given.counted.get(id(node))
            if known is None:
                counted = [self._counted(type_, value, given.variables) for type_, value in lists]
                known = sum(outer for outer, _ in counted), sum(inner for _, inner in counted)
                given.counted[id(node)] = known
            return known

        if any(_varies(value) for _, value in lists):
            return lambda given: count(given)[0], lambda given: count(given)[1]
        return count(Given({}, {}))

    def transactions(self, field: GraphQLField, node: FieldNode) -> Amount:
        """How many transactions a mutation's arguments ask for: the items of a batch, or else 1."""
        batches = [
            (name, one.value)
            for one in node.arguments or ()
            for name in _batches(field.args[one.name.value].type)
        ]

        def count(given: Given) -> int:
            opened = ((name, self._opened(value, given.variables)) for name, value in batches)
            lists = [values.get(name) for name, values in opened if isinstance(values, dict)]
            return max(1, sum(len(_listed(self._opened(one, given.variables))) for one in lists))

        return count if any(_varies(value) for _, value in batches) else count(_NOTHING)

    def _counted(
        self, type_: GraphQLInputType, value: object, variables: Mapping[str, object]
    ) -> tuple[int, int]:
        bare = get_nullable_type(type_)
        opened = self._opened(value, variables)
        if isinstance(bare, GraphQLList):
            listed = _listed(opened)
            if len(listed) > _ITEMS_LOOKED_INTO_MAX or not _bears_lists(bare.of_type):
                return _items(listed), 0
            return _items(listed), sum(
                sum(self._counted(bare.of_type, item, variables)) for item in listed
            )
        outer = inner = 0
        if isinstance(bare, GraphQLInputObjectType) and isinstance(opened, dict):
            for name, within in _fields_with_lists(bare):
                if name in opened:
                    items, nested = self._counted(within, opened[name], variables)
                    outer += items
                    inner += nested
        return outer, inner

    def _opened(self, value: object, variables: Mapping[str, object]) -> object:
        """The value of a literal or a variable, its outermost layer; other values as they are."""
        if not isinstance(value, ValueNode):
            return value
        if isinstance(value, VariableNode):
            name = value.name.value
            if name in variables:
                return variables[name]
            return self._opened(self._defaults.get(name), variables)
        if isinstance(value, ListValueNode):
            return value.values
        if isinstance(value, ObjectValueNode):
            return {field.name.value: field.value for field in value.fields}
        if isinstance(value, IntValueNode):
            return int(value.value)
        return None if isinstance(value, NullValueNode) else value


_NOTHING: Final = Given({}, {})


def is_paged(field: GraphQLField) -> bool:
    """Whether a field takes the size of a page."""
    return not _PAGE_SIZES.isdisjoint(field.args)


def takes_lists(field: GraphQLField) -> bool:
    """Whether there is a list anywhere in a field's arguments."""
    return any(_bears_lists(argument.type) for argument in field.args.values())


def _whole(value: object) -> int | None:
    """What would be taken for an Int; None for all else."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _listed(value: object) -> Sequence[object]:
    """What stands for a list; one value alone stands for a list of one."""
    if value is None:
        return ()
    return value if isinstance(value, list | tuple) else (value,)


def _items(listed: Sequence[object]) -> int:
    return len(listed) + _SURPLUS * max(0, len(listed) - _ITEMS_MAX)


def _varies(value: ValueNode) -> bool:
    """Whether a variable stands anywhere in a literal."""
    waiting: list[ValueNode] = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, VariableNode):
            return True
        if isinstance(node, ListValueNode):
            waiting.extend(node.values)
        elif isinstance(node, ObjectValueNode):
            waiting.extend(field.value for field in node.fields)
    return False


@cache
def _fields_with_lists(type_: GraphQLInputObjectType) -> tuple[tuple[str, GraphQLInputType], ...]:
    return tuple(
        (name, field.type) for name, field in type_.fields.items() if _bears_lists(field.type)
    )


@cache
def _bears_lists(type_: GraphQLInputType) -> bool:
    bare = get_nullable_type(type_)
    if isinstance(bare, GraphQLList):
        return True
    return isinstance(bare, GraphQLInputObjectType) and bool(_fields_with_lists(bare))


@cache
def _batches(type_: GraphQLInputType) -> tuple[str, ...]:
    """The names of an input's lists of transactions: of what has an idempotency key of its own."""
    bare = get_nullable_type(type_)
    if not isinstance(bare, GraphQLInputObjectType):
        return ()
    return tuple(
        name
        for name, field in bare.fields.items()
        if isinstance(listed := get_nullable_type(field.type), GraphQLList)
        and _has_a_key(listed.of_type, one_of=True)
    )


def _has_a_key(type_: GraphQLInputType, *, one_of: bool) -> bool:
    bare = get_nullable_type(type_)
    if not isinstance(bare, GraphQLInputObjectType):
        return False
    if not bare.is_one_of:
        return "idempotencyKey" in bare.fields
    return one_of and all(_has_a_key(field.type, one_of=False) for field in bare.fields.values())
