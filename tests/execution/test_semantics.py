"""What a plan answers, where generated documents would leave it to chance."""

import gc
import inspect
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from graphql import ExecutionResult, GraphQLError, MiddlewareManager, parse

from execution import can_execute, compile_plan
from tests.execution.schemas import executed, plan_of, schema_of, told

PEOPLE = schema_of("""
    type Query { person: Person, people: [Person], strict: [Person!], sure: Person! }
    type Person { name: String!, age: Int, friend: Person, must: Person! }
    type Mutation { first: Int, second: Int!, third: Int }
""")


def test_nothing_is_awaitable_that_need_not_be_waited_for() -> None:
    result = plan_of(PEOPLE, "{ person { name } }").execute(root_value={"person": {"name": "Ada"}})
    assert result == ExecutionResult({"person": {"name": "Ada"}}, None)


def test_documents_that_cannot_be_planned_say_why() -> None:
    document = parse("query A { __typename } query B { __typename }")
    for name, message in (
        (None, "Must provide operation name if query contains multiple operations."),
        ("C", "Unknown operation named 'C'."),
    ):
        errors = compile_plan(PEOPLE, document, name)
        assert isinstance(errors, list)
        assert [error.message for error in errors] == [message]


def test_subscriptions_and_late_answers_are_for_graphql_core() -> None:
    late = schema_of("""
        directive @defer(if: Boolean! = true) on INLINE_FRAGMENT
        type Query { a: Int }
        type Subscription { a: Int }
    """)
    document = parse("query Q { ... @defer { a } } subscription S { a }")
    assert not can_execute(late, document, "S")
    assert not can_execute(late, document, "Q")
    assert can_execute(late, parse("query Q { a } subscription S { a }"), "Q")
    assert can_execute(PEOPLE, parse("{ person { name } }"))


async def test_null_goes_to_the_nearest_place_that_takes_it_and_errors_have_their_own() -> None:
    people = [{"name": "Ada"}, {"name": None}, {"name": "Bo", "must": {"name": None}}]
    result = await executed(
        PEOPLE,
        "{ people { name } strict { name } sure { name must { name } } }",
        {"people": people, "strict": people, "sure": people[2]},
    )
    assert result.data is None
    assert [path for _, path in told(result)] == [
        ["people", 1, "name"],
        ["strict", 1, "name"],
        ["sure", "must", "name"],
    ]


async def test_of_several_errors_at_one_place_the_first_in_the_document_is_told() -> None:
    result = await executed(
        PEOPLE,
        "{ person { friend { name age } must { name } name } }",
        {"person": {"friend": {"name": "Ada", "age": "x"}, "must": {"name": None}, "name": None}},
    )
    assert result.data == {"person": None}
    assert [path for _, path in told(result)] == [
        ["person", "friend", "age"],
        ["person", "must", "name"],
    ]


async def test_a_thousand_failures_in_lists_of_lists_have_their_paths() -> None:
    schema = schema_of("type Query { grid: [[Int]] }")
    grid = [[] if row % 10 else ["x"] * 10 for row in range(1000)]
    result = await executed(schema, "{ grid }", {"grid": grid})
    paths = [path for _, path in told(result)]
    assert paths == [["grid", row, index] for row in range(0, 1000, 10) for index in range(10)]


SKIPPED = "query ($x: Boolean!) { person { name @skip(if: $x) age } }"
INCLUDED = """
    query ($x: Boolean!) { person { age ...F @include(if: $x) } }
    fragment F on Person { years: age }
"""


@pytest.mark.parametrize(
    ("document", "answer"), [(SKIPPED, {"age": 1}), (INCLUDED, {"age": 1, "years": 1})]
)
async def test_conditions_make_variants_of_one_plan(document: str, answer: object) -> None:
    plan = plan_of(PEOPLE, document)
    root = {"person": {"name": "Ada", "age": 1}}
    for value in (True, False, True):
        result = plan.execute(root_value=root, variable_values={"x": value})
        assert isinstance(result, ExecutionResult)
        assert result.data is not None
        assert (result.data["person"] == answer) is value


async def test_a_variant_keeps_no_variables_but_its_conditions() -> None:
    class Secret(str):
        """Can be looked for among all objects."""

        __slots__ = ()

    schema = schema_of("type Query { echo(text: String): String }")
    plan = plan_of(schema, "query ($t: String, $x: Boolean!) { echo(text: $t) @skip(if: $x) }")
    plan.execute(variable_values={"t": Secret("hidden"), "x": False})
    gc.collect()
    assert not [one for one in gc.get_referrers(Secret) if isinstance(one, Secret)]


async def test_introspection_may_stand_beside_other_fields() -> None:
    result = await executed(
        PEOPLE,
        '{ __schema { queryType { name } } __type(name: "Person") { name } person { __typename } }',
        {"person": {}},
    )
    assert result.data == {
        "__schema": {"queryType": {"name": "Query"}},
        "__type": {"name": "Person"},
        "person": {"__typename": "Person"},
    }


async def test_mutations_run_one_after_the_other_until_nothing_is_left() -> None:
    done = []

    async def first(*_: object) -> int:
        done.append("first")
        return 1

    def second(*_: object) -> None:
        done.append("second")

    schema = schema_of(
        "type Query { a: Int } type Mutation { first: Int, second: Int!, third: Int }",
        {"Mutation.first": first, "Mutation.second": second, "Mutation.third": second},
    )
    result = await executed(schema, "mutation { first second third }")
    assert (result.data, done) == (None, ["first", "second"])


async def test_lists_may_be_anything_that_can_be_iterated() -> None:
    async def letters() -> AsyncIterator[str]:
        for letter in "abc":
            yield letter

    async def later() -> str:
        return "later"

    def failing() -> Iterator[str]:
        yield "a"
        raise ValueError("broken")

    schema = schema_of("type Query { a: [String], b: [String], c: [String], d: [String] }")
    root = {"a": (x for x in "ab"), "b": letters(), "c": ["now", later()], "d": failing()}
    result = await executed(schema, "{ a b c d }", root)
    expected = {"a": ["a", "b"], "b": ["a", "b", "c"], "c": ["now", "later"], "d": None}
    assert result.data == expected
    assert told(result) == [("broken", ["d"])]


async def test_an_asynchronous_iterator_is_closed_when_an_item_takes_its_list_with_it() -> None:
    given: list[object] = []

    async def endless() -> AsyncIterator[Any]:
        try:
            while True:
                given.append(None)
                yield None
        finally:
            given.append("closed")

    schema = schema_of("type Query { a: [String!] }")
    result = await executed(schema, "{ a }", {"a": endless()})
    assert result.data == {"a": None}
    assert given == [None, "closed"]


async def test_objects_may_be_nested_far_beyond_pythons_stack() -> None:
    depth = 5_000
    chain = " ".join(
        f"fragment F{i} on Person {{ friend {{ ...F{i + 1} }} }}" for i in range(depth)
    )
    person: dict[str, Any] = {"name": None}
    person["friend"] = person
    document = f"{{ person {{ ...F0 }} }} {chain} fragment F{depth} on Person {{ name }}"
    result = await executed(PEOPLE, document, {"person": person})
    [error] = result.errors or []
    assert error.path == ["person", *["friend"] * depth, "name"]
    # Taken apart by hand: comparing or showing it would need the stack.
    data: Any = result.data
    for step in ["person", *["friend"] * depth]:
        data = data.pop(step)
    assert data is None


async def test_errors_keep_their_extensions_and_what_they_came_from() -> None:
    error = ValueError("inner")
    refusals = [GraphQLError("no", extensions={"code": "NO"}), error]
    schema = schema_of("type Query { all: [Int] }")
    result = await executed(schema, "{ all }", {"all": refusals})
    assert result.errors is not None
    first, second = result.errors
    assert first.extensions == {"code": "NO"}
    assert second.original_error is error


async def test_middleware_sees_every_field_of_every_object() -> None:
    seen = []

    def note(next_: Any, root: object, info: Any, **arguments: object) -> object:  # noqa: ANN401
        seen.append(info.path.as_list())
        return next_(root, info, **arguments)

    await executed(
        PEOPLE,
        "{ people { name __typename } }",
        {"people": [{"name": "Ada"}, {"name": "Bo"}]},
        middleware=MiddlewareManager(note),
    )
    assert seen == [
        ["people"],
        *(["people", index, field] for field in ("name", "__typename") for index in range(2)),
    ]


async def test_abstract_types_are_told_apart_now_or_later() -> None:
    async def later(value: dict[str, str], *_: object) -> str:
        return value["type"]

    schema = schema_of("""
        interface Pet { name: String }
        type Dog implements Pet { name: String, barks: Boolean }
        type Cat implements Pet { name: String, meows: Boolean }
        type Query { pets: [Pet] }
    """)
    pets = [
        {"type": "Dog", "name": "Rex", "barks": True},
        {"type": "Cat", "name": "Tom", "meows": True},
        {"type": "Query"},
    ]
    document = "{ pets { name ... on Dog { barks } ... on Cat { meows } } }"
    for resolve_type in (later, lambda value, *_: value["type"]):
        schema.type_map["Pet"].resolve_type = resolve_type  # type: ignore[attr-defined]
        result = await executed(schema, document, {"pets": pets})
        assert result.data == {
            "pets": [{"name": "Rex", "barks": True}, {"name": "Tom", "meows": True}, None]
        }
        message = "Runtime Object type 'Query' is not a possible type for 'Pet'."
        assert told(result) == [(message, ["pets", 2])]


def test_wrong_variables_are_errors_of_the_request() -> None:
    schema = schema_of("type Query { double(number: Int!): Int }")
    plan = plan_of(schema, "query ($n: Int!) { double(number: $n) }")
    result = plan.execute(variable_values={"n": "one"})
    assert not inspect.isawaitable(result)
    assert isinstance(result, ExecutionResult)
    assert result.data is None
    assert [error.message for error in result.errors or ()] == [
        "Variable '$n' has invalid value: Int cannot represent non-integer value: 'one'"
    ]
