"""Every argument and input field of the schema, each in a request that is otherwise well-formed."""

import json
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLUnionType,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_required_argument,
    is_required_input_field,
)

from schema.build import schema

SCHEMA: Final = schema._schema
_SELECTED_DEPTH: Final = 2
_INPUT_DEPTH_MAX: Final = 8
_NAME: Final = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")


class Call(NamedTuple):
    """A field with arguments, and the fields that lead to it from the root."""

    operation: str
    route: tuple[tuple[str, GraphQLField], ...]

    @property
    def name(self) -> str:
        return ".".join(name for name, _ in self.route)

    @property
    def field(self) -> GraphQLField:
        return self.route[-1][1]


class Slot(NamedTuple):
    """A place for a value: the argument's name, then keys and indices within it."""

    path: tuple[str | int, ...]
    type: GraphQLInputType


def calls() -> list[Call]:
    """Every field that takes arguments, by the shortest way from a root."""
    found: dict[tuple[str, str], Call] = {}
    roots = (("query", SCHEMA.query_type), ("mutation", SCHEMA.mutation_type))
    for operation, root in roots:
        assert root is not None
        waiting: deque[tuple[GraphQLObjectType, tuple[tuple[str, GraphQLField], ...]]]
        waiting = deque([(root, ())])
        seen = {root.name}
        while waiting:
            type_, route = waiting.popleft()
            for name, field in type_.fields.items():
                here = (*route, (name, field))
                if field.args:
                    found.setdefault((type_.name, name), Call(operation, here))
                target = get_named_type(field.type)
                if isinstance(target, GraphQLObjectType) and target.name not in seen:
                    seen.add(target.name)
                    waiting.append((target, here))
    return list(found.values())


def slots(call: Call) -> Iterator[Slot]:
    """Every argument and, within it, every input field and list item."""
    for name, argument in call.field.args.items():
        yield from _slots_within((name,), argument.type)


def baseline(call: Call, number: int) -> dict[str, object]:
    """Arguments that are in order; those of different numbers do not collide."""
    return {
        name: plausible(argument.type, number)
        for name, argument in call.field.args.items()
        if is_required_argument(argument)
    }


def with_value(call: Call, slot: Slot, value: object, number: int) -> dict[str, object]:
    """The baseline with one value in a slot; what encloses the slot is made where it is missing."""
    arguments: Any = baseline(call, number)
    inside, type_ = arguments, call.field.args[str(slot.path[0])].type
    for key, following in zip(slot.path, slot.path[1:], strict=False):
        bare = get_nullable_type(type_)
        if not isinstance(key, int) and key not in inside:
            inside[key] = plausible(type_, number)
        inside = inside[key]
        if isinstance(bare, GraphQLList):
            type_ = bare.of_type
        elif isinstance(bare, GraphQLInputObjectType):
            if bare.is_one_of and following not in inside:
                inside.clear()
            type_ = bare.fields[str(following)].type
    inside[slot.path[-1]] = value
    return dict(arguments)


def document(call: Call, arguments: dict[str, object], number: int) -> tuple[str, dict[str, Any]]:
    """The call with its arguments in variables, and those variables."""
    variables: dict[str, Any] = {}
    declared: list[str] = []
    opened: list[str] = []
    for depth, (name, field) in enumerate(call.route):
        last = depth == len(call.route) - 1
        given = (
            arguments if last else baseline(Call(call.operation, call.route[: depth + 1]), number)
        )
        passed = []
        for argument, value in given.items():
            variable = f"{argument}{depth}"
            variables[variable] = value
            declared.append(f"${variable}: {field.args[argument].type}")
            passed.append(f"{argument}: ${variable}")
        opened.append(f"{name}({', '.join(passed)})" if passed else name)
    head = f"{call.operation}({', '.join(declared)})" if declared else call.operation
    selected = selection(call.field.type, _SELECTED_DEPTH)
    return f"{head} {{ {' { '.join(opened)} {selected} {'}' * len(opened)}", variables


def literal_document(call: Call, arguments: dict[str, object]) -> str | None:
    """The call with its arguments in the document itself; None where that cannot be written."""
    if len(call.route) > 1:
        return None
    passed = []
    for name, value in arguments.items():
        try:
            text = _literal(value, call.field.args[name].type)
        except RecursionError:
            return None
        if text is None:
            return None
        passed.append(f"{name}: {text}")
    given = f"({', '.join(passed)})" if passed else ""
    # A document that is sent once is validated once: the less it selects, the sooner.
    selected = selection(call.field.type, 0)
    return f"{call.operation} {{ {call.name}{given} {selected} }}"


def plausible(type_: GraphQLInputType, number: int, name: str = "", owner: str = "") -> Any:  # noqa: ANN401
    """A value that the API takes, over the rows that the tests have seeded."""
    bare = get_nullable_type(type_)
    if isinstance(bare, GraphQLList):
        return [plausible(bare.of_type, number)]
    if isinstance(bare, GraphQLEnumType):
        return next(iter(bare.values))
    if isinstance(bare, GraphQLInputObjectType):
        known = {
            "AccountBy": {"code": "wallet"},
            "UserBy": {"username": "alice"},
            "TransactionBy": {"idempotencyKey": "seed"},
        }
        if bare.name == "TransactionItemInput":
            return {"post": plausible(bare.fields["post"].type, number)}
        return known.get(bare.name) or {
            key: plausible(field.type, number, key, bare.name)
            for key, field in bare.fields.items()
            if is_required_input_field(field)
        } | ({"debit": {"code": "cash"}} if "debit" in bare.fields else {})
    if bare.name == "String":
        by_place = {
            ("CreateCurrencyInput", "code"): f"C{number}",
            ("OpenAccountInput", "currency"): "USD",
            ("CreateUserInput", "email"): f"user{number}@example.com",
        }
        return by_place.get((owner, name), f"text{number}")
    return {"Int": 2, "Boolean": True, "JSON": {}, "Amount": "1.00", "ID": "acct_x"}.get(
        bare.name, "2026-01-31T12:00:00Z"
    )


def selection(type_: GraphQLOutputType, depth: int) -> str:
    """All that can be read without arguments, so many levels deep."""
    named = get_named_type(type_)
    if not is_composite_type(named):
        return ""
    if isinstance(named, GraphQLUnionType) or not isinstance(named, GraphQLObjectType):
        members: Sequence[GraphQLObjectType] = SCHEMA.get_possible_types(named)
        fragments = [f"... on {one.name} {_fields(one, depth, one.name)}" for one in members]
        return f"{{ __typename {' '.join(fragments)} }}"
    return _fields(named, depth)


def _fields(type_: GraphQLObjectType, depth: int, fragment: str = "") -> str:
    fields = ["__typename"]
    for name, field in type_.fields.items():
        target = get_named_type(field.type)
        nested = is_composite_type(target)
        # Two fragments may have fields of one name and several types: an alias keeps them apart.
        apart = fragment and (nested or isinstance(target, GraphQLEnumType))
        chosen = f"{name}Of{fragment}: {name}" if apart and target.name != "RefusalCode" else name
        if not nested:
            fields.append(chosen)
        elif isinstance(target, GraphQLUnionType) or (
            depth > 0 and not any(map(is_required_argument, field.args.values()))
        ):
            fields.append(f"{chosen} {selection(field.type, max(depth - 1, 0))}")
    return f"{{ {' '.join(fields)} }}"


def _slots_within(path: tuple[str | int, ...], type_: GraphQLInputType) -> Iterator[Slot]:
    yield Slot(path, type_)
    bare = get_nullable_type(type_)
    if isinstance(bare, GraphQLList):
        yield from _slots_within((*path, 0), bare.of_type)
    elif isinstance(bare, GraphQLInputObjectType) and len(path) < _INPUT_DEPTH_MAX:
        for name, field in bare.fields.items():
            yield from _slots_within((*path, name), field.type)


def _literal(value: object, type_: GraphQLInputType) -> str | None:
    bare = get_nullable_type(type_)
    if isinstance(value, list):
        item = bare.of_type if isinstance(bare, GraphQLList) else type_
        return _joined("[]", [_literal(one, item) for one in value])
    if isinstance(value, dict):
        fields = bare.fields if isinstance(bare, GraphQLInputObjectType) else {}
        pairs = []
        for key, inner in value.items():
            text = _literal(inner, fields[key].type if key in fields else type_)
            if text is None or not _NAME.fullmatch(key):
                return None
            pairs.append(f"{key}: {text}")
        return _joined("{}", pairs)
    if isinstance(value, str) and isinstance(bare, GraphQLEnumType):
        return value if _NAME.fullmatch(value) else json.dumps(value)
    return json.dumps(value)


def _joined(brackets: str, texts: Sequence[str | None]) -> str | None:
    written = [text for text in texts if text is not None]
    if len(written) < len(texts):
        return None
    return f"{brackets[0]}{', '.join(written)}{brackets[1]}"
