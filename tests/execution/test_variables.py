"""Compiled variables are graphql-core's own, for whatever types and values."""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from graphql import GraphQLError, OperationDefinitionNode, parse
from graphql.execution import values as graphql_core
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from hypothesis import given
from hypothesis import strategies as st

from execution import variables
from execution.variables import compile_variables
from tests.execution.input_types import DEFAULTS, SCHEMA, fitting, wrapped


def definitions(text: str) -> OperationDefinitionNode:
    (operation,) = parse(f"query ({text}) {{ field }}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    return operation


def outcome(coerce: Any) -> object:  # noqa: ANN401 - either of the two
    """What came of it, to be compared: values with their order, errors as clients see them."""
    try:
        made = coerce()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is to be the same
        return type(error), str(error)
    if isinstance(made, list):
        return [(error.formatted, error.nodes) for error in made]
    assert isinstance(made, VariableValues)
    # As text: NaN is not itself, 1 is True, and dictionaries forget their order.
    return repr(made.coerced), [(name, *_source(one)) for name, one in made.sources.items()]


def _source(source: VariableValueSource) -> tuple[object, ...]:
    signature = source.signature
    literal = None if signature.default is None else signature.default.literal
    return signature.name, str(signature.type), literal, repr(source.value)


def assert_same(text: str, values: Mapping[str, Any], *, hide_suggestions: bool = False) -> None:
    found = definitions(text).variable_definitions or ()
    before = repr(values)
    compiled = compile_variables(SCHEMA, found)
    expected = outcome(
        lambda: get_variable_values(
            SCHEMA, found, dict(values), max_errors=50, hide_suggestions=hide_suggestions
        )
    )
    for _ in range(2):
        assert outcome(lambda: compiled(values, hide_suggestions=hide_suggestions)) == expected
    assert repr(values) == before


@given(st.data(), st.booleans())
def test_every_value_is_coerced_or_refused_as_graphql_core_does(
    data: st.DataObject,
    hide_suggestions: bool,  # noqa: FBT001
) -> None:
    text, values = [], {}
    for number in range(data.draw(st.integers(1, 3))):
        type_ = data.draw(wrapped())
        default = data.draw(st.none() | st.sampled_from(DEFAULTS))
        text.append(f"$v{number}: {type_}" + (f" = {default}" if default else ""))
        if data.draw(st.integers(0, 4)):
            values[f"v{number}"] = data.draw(fitting(type_))
    assert_same(", ".join(text), values, hide_suggestions=hide_suggestions)


@pytest.mark.parametrize("depth", [1, 98, 99, 100, 101, 199, 200, 201, 600, 5000])
@pytest.mark.parametrize("name", ["left", "below"])
def test_values_may_be_nested_as_deeply_as_in_graphql_core(depth: int, name: str) -> None:
    value: dict[str, Any] = {"name": "innermost"}
    for _ in range(depth):
        value = {"name": "n", name: value}
    found = definitions("$v: Tree").variable_definitions or ()
    expected = get_variable_values(SCHEMA, found, {"v": value}, max_errors=50)
    made = compile_variables(SCHEMA, found)({"v": value})
    if isinstance(expected, list):
        assert [str(error) for error in made] == [str(error) for error in expected]
    else:
        assert isinstance(made, VariableValues)
        assert repr(made.coerced) == repr(expected.coerced)


def test_what_fits_is_filled_without_graphql_core(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {
        "name": "n",
        "colours": ["RED", "BLUE"],
        "one": {"code": "c"},
        "grid": [[2, None], None, 4],
        "below": {"name": "m", "point": {"x": 1}},
    }
    found = definitions("$v: Tree!, $n: Int = 5, $w: [String!] = []").variable_definitions or ()
    expected = get_variable_values(SCHEMA, found, {"v": value})
    assert isinstance(expected, VariableValues)
    compiled = compile_variables(SCHEMA, found)

    def unreachable(*_: object, **__: object) -> None:
        raise AssertionError("graphql-core was asked")

    monkeypatch.setattr(variables, "get_variable_values", unreachable)
    monkeypatch.setattr(graphql_core, "coerce_input_value", unreachable)
    made = compiled({"v": copy.deepcopy(value)})
    assert isinstance(made, VariableValues)
    assert made.coerced == expected.coerced


def test_a_variable_of_no_input_type_is_refused_at_each_use() -> None:
    found = definitions("$v: Query").variable_definitions or ()
    made = compile_variables(SCHEMA, found)({"v": 1})
    assert isinstance(made, list)
    assert isinstance(made[0], GraphQLError)
    assert "cannot be used as an input type" in made[0].message


def test_a_default_that_can_be_changed_is_made_anew_for_each_request() -> None:
    found = definitions('$v: [String] = ["a"]').variable_definitions or ()
    compiled = compile_variables(SCHEMA, found)
    first, second = compiled({}), compiled({})
    assert isinstance(first, VariableValues)
    assert isinstance(second, VariableValues)
    first.coerced["v"].append("b")
    assert second.coerced["v"] == ["a"]


def test_more_errors_than_fifty_are_cut_short_as_the_executor_does() -> None:
    assert_same("$v: [Int!]!", {"v": ["x"] * 60})
