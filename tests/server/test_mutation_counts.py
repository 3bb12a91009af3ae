"""How many mutations an operation is, as its credential's limit counts them."""

from typing import Any

import pytest
from graphql import FragmentDefinitionNode, OperationDefinitionNode, parse

from schema.build import GRAPHQL_SCHEMA
from server import costs, mutation_counts

POST = 'input: { idempotencyKey: "a", postings: [{ amount: "1" }, { amount: "2" }] }'


@pytest.mark.parametrize(
    ("selected", "count"),
    [
        ("createUser(input: { username: $x }) { __typename }", 1),
        # However many postings it has.
        (f"postTransaction({POST}) {{ __typename }}", 1),
        ("captureTransaction(input: { amounts: [1, 2, 3] }) { __typename }", 1),
        (f"a: postTransaction({POST}) {{ __typename }} b: createUser {{ __typename }}", 2),
        ("postTransactions(input: { transactions: [{}, {}, {}] }) { committed }", 3),
        ("postTransactions(input: { transactions: $list }) { committed }", 7),
        ("postTransactions(input: $batch) { committed }", 7),
        ("submitTransactions(input: $submitted) { committed }", 4),
        ("...F ...F", 7),
        ("__typename", 0),
        # A wrong one is refused later, and is one until then.
        ("postTransactions(input: $x) { committed }", 1),
        ("postTransactions(input: { transactions: $missing }) { committed }", 1),
    ],
)
def test_each_root_field_is_one_and_each_item_of_a_batch(selected: str, count: int) -> None:
    text = f"mutation {{ {selected} }} fragment F on Mutation {{ {BATCH} }}"
    variables = {
        "x": "x",
        "list": [{}] * 7,
        "batch": {"transactions": [{}] * 7},
        "submitted": {"items": [{}] * 4},
    }
    assert counted(text, variables) == count


BATCH = "postTransactions(input: $batch) { committed }"


def test_a_query_is_none() -> None:
    assert counted("{ ledger { code } }", {}) == 0


def counted(text: str, variables: dict[str, Any]) -> int:
    definitions = parse(text).definitions
    operation = definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    fragments = {
        one.name.value: one for one in definitions if isinstance(one, FragmentDefinitionNode)
    }
    count = mutation_counts.of(operation, fragments, GRAPHQL_SCHEMA)
    return costs.with_variables(count, variables)
