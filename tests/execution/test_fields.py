"""Strawberry's fields: batch resolvers, attributes, and what is left to ordinary resolvers."""

import inspect
from collections.abc import Awaitable, Sequence
from typing import Any

import pytest
import strawberry
from graphql import ExecutionResult, execute, parse
from strawberry.permission import BasePermission

from execution import batch_field, compile_plan

calls: list[list[int]] = []


class Row:
    """What resolvers get and give."""

    def __init__(self, number: int) -> None:
        self.number = number

    @property
    def brittle(self) -> int:
        if self.number == 1:
            raise ValueError("brittle")
        return self.number


async def doubles(
    roots: Sequence[Row], info: strawberry.Info, times: int = 2
) -> Sequence[int | Exception]:
    assert info.path.as_list() == ["rows", 0, info.field_name]
    calls.append([root.number for root in roots])
    return [
        ValueError("two is too much") if root.number == 2 else root.number * times for root in roots
    ]


def others(roots: Sequence[Row]) -> Sequence[Row | None]:
    return [Row(root.number + 10) if root.number else None for root in roots]


def numbers(roots: Sequence[Row]) -> Awaitable[Sequence[int]]:
    async def soon() -> Sequence[int]:
        return [root.number for root in roots]

    return soon()


def short(roots: Sequence[Row]) -> Sequence[int]:
    return [root.number for root in roots][1:]


def raising(roots: Sequence[Row]) -> Sequence[int]:
    raise ValueError(f"none of {len(roots)}")


class Odd(BasePermission):
    """Lets odd numbers through."""

    message = "even"

    def has_permission(self, source: Any, info: strawberry.Info, **_: Any) -> bool:  # noqa: ANN401
        return bool(source.number % 2)


@strawberry.type
class Other:
    """Answered from a row."""

    number: int


@strawberry.type
class Thing:
    """Answered from a row."""

    number: int
    brittle: int | None
    double: int | None = batch_field(doubles, description="Twice, unless told otherwise.")
    other: Other | None = batch_field(others)
    later: int = batch_field(numbers)
    short: int | None = batch_field(short)
    raising: int | None = batch_field(raising)
    guarded: int | None = batch_field(numbers, permission_classes=[Odd])

    @strawberry.field
    def described(self) -> str:
        return f"number {self.number}"

    @strawberry.field
    async def slowly(self, add: int) -> int:
        return self.number + add


@strawberry.type
class Query:
    """The root."""

    @strawberry.field
    def rows(self, count: int = 3) -> list[Thing]:
        return [Row(number) for number in range(count)]  # type: ignore[misc]


SCHEMA = strawberry.Schema(Query)._schema


async def both(document: str) -> tuple[ExecutionResult, ExecutionResult]:
    """What graphql-core answers, and what a plan does."""
    plan = compile_plan(SCHEMA, parse(document))
    assert not isinstance(plan, list)
    core, ours = [
        await result if inspect.isawaitable(result) else result
        for result in (execute(SCHEMA, parse(document)), plan.execute())
    ]
    assert isinstance(core, ExecutionResult)
    assert isinstance(ours, ExecutionResult)
    return core, ours


@pytest.mark.parametrize(
    "fields",
    [
        "number described brittle __typename",
        "other { number } later",
        "slowly(add: 1)",
        "guarded",
    ],
)
async def test_strawberrys_fields_give_what_they_give_on_graphql_core(fields: str) -> None:
    core, ours = await both(f"{{ rows {{ {fields} }} }}")
    assert ours == core


async def test_a_batch_field_is_called_once_with_all_and_fails_one_by_one() -> None:
    calls.clear()
    plan = compile_plan(SCHEMA, parse("{ rows { double(times: 3) } }"))
    assert not isinstance(plan, list)
    running = plan.execute()
    assert not isinstance(running, ExecutionResult)
    result = await running
    assert calls == [[0, 1, 2]]
    assert result.data == {"rows": [{"double": 0}, {"double": 3}, {"double": None}]}
    [error] = result.errors or []
    assert (error.message, error.path) == ("two is too much", ["rows", 2, "double"])


async def test_a_batch_field_of_the_wrong_length_says_so() -> None:
    _, ours = await both("{ rows { short } }")
    assert ours.data == {"rows": [{"short": None}] * 3}
    assert [error.message for error in ours.errors or ()] == [
        "The batch resolver short answered 3 objects with 2 values."
    ] * 3


async def test_what_a_batch_field_raises_is_the_error_of_all() -> None:
    core, ours = await both("{ rows { raising } }")
    assert [error.message for error in core.errors or ()] == ["none of 1"] * 3
    assert [(error.message, error.path) for error in ours.errors or ()] == [
        ("none of 3", ["rows", index, "raising"]) for index in range(3)
    ]


async def test_a_batch_field_has_the_arguments_and_the_type_that_it_declares() -> None:
    field = SCHEMA.type_map["Thing"].fields["double"]  # type: ignore[attr-defined]
    assert str(field.type) == "Int"
    assert {name: str(argument.type) for name, argument in field.args.items()} == {"times": "Int!"}
    assert field.description == "Twice, unless told otherwise."
