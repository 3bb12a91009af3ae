"""An operation's cost: counted from the schema, the document and the variables."""

from collections.abc import Mapping
from typing import Final

import pytest
from graphql import GraphQLList, OperationDefinitionNode, get_nullable_type

from schema.build import GRAPHQL_SCHEMA
from server.documents import Document, Documents, operation
from server.requests import GraphQLRequest
from server.settings import Settings
from tests import walk
from tests.api import POST_TRANSACTION, POST_TRANSACTIONS, SUBMIT_TRANSACTIONS, Api, serving

DOCUMENTS: Final = Documents(GRAPHQL_SCHEMA, Settings())
PAGE: Final = "query ($n: Int) { accounts(first: $n) { nodes { code } } }"
NODES: Final = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"


def cost(text: str, variables: Mapping[str, object] | None = None) -> int:
    found = DOCUMENTS.find(GraphQLRequest(query=text))
    assert isinstance(found, Document), found
    only = operation(found.node, None)
    assert isinstance(only, OperationDefinitionNode)
    return found.cost(only, variables or {})


def _page(size: int) -> int:
    return 5 + size + 1 + size


def test_a_plain_field_costs_1_and_one_that_is_looked_up_5() -> None:
    assert cost("{ __typename }") == 1
    assert cost("{ ledger { code } }") == 5 + 1
    assert cost("{ ledger { code name } }") == 5 + 2


def test_pages_multiply_down_the_tree() -> None:
    assert cost("{ accounts(first: 10) { nodes { code } } }") == _page(10)
    inner = "entries(first: 7) { nodes { side } }"
    text = f"{{ accounts(first: 10) {{ nodes {{ {inner} }} }} }}"
    assert cost(text) == 5 + 10 + 1 + 10 * _page(7)


def test_fields_that_merge_count_once() -> None:
    once = "{ accounts(first: 10) { nodes { code } } }"
    twice = f"{{ ...A ...B }} fragment A on Query {once} fragment B on Query {once}"
    assert cost(twice) == cost(once)
    aliased = "{ accounts(first: 10) { nodes { code } } b: accounts(first: 10) { nodes { code } } }"
    assert cost(aliased) == 2 * cost(once)


CALLS: Final = {call.name: call for call in walk.calls()}
PAGED: Final = [name for name, call in CALLS.items() if "first" in call.field.args]
LISTS: Final = [
    (name, slot)
    for name, call in CALLS.items()
    for slot in walk.slots(call)
    if isinstance(get_nullable_type(slot.type), GraphQLList)
]


@pytest.mark.parametrize("argument", ["first", "last"])
@pytest.mark.parametrize("name", PAGED)
def test_every_page_counts_as_many_rows_as_are_asked_for(name: str, argument: str) -> None:
    call = CALLS[name]

    def of(size: int) -> int:
        return cost(*walk.document(call, {**walk.baseline(call, 0), argument: size}, 0))

    assert of(1) > of(0)
    assert of(11) - of(0) == 11 * (of(1) - of(0))


@pytest.mark.parametrize(
    ("name", "slot"), LISTS, ids=lambda it: it if isinstance(it, str) else ".".join(map(str, it[0]))
)
def test_every_list_in_an_argument_counts_its_items(name: str, slot: walk.Slot) -> None:
    call = CALLS[name]
    bare = get_nullable_type(slot.type)
    assert isinstance(bare, GraphQLList)
    item = walk.plausible(bare.of_type, 0)

    def of(length: int) -> int:
        arguments = walk.with_value(call, slot, [item] * length, 0)
        return cost(*walk.document(call, arguments, 0))

    assert of(2) > of(1)
    assert of(12) - of(1) == 11 * (of(2) - of(1))


def test_the_walks_find_every_page_and_list() -> None:
    assert {"accounts", "users", "transactions", "account.entries", "user.accounts"} <= {*PAGED}
    found = {(name, slot.path) for name, slot in LISTS}
    assert ("nodes", ("ids",)) in found
    assert ("postTransactions", ("input", "transactions")) in found
    assert ("postTransactions", ("input", "transactions", 0, "postings")) in found


def test_what_a_list_in_the_arguments_is_answered_with_counts_as_often() -> None:
    assert cost(NODES, {"ids": ["a"] * 40}) == 5 + 40 * 5 + 40
    literal = "{ nodes(ids: [" + '"a" ' * 40 + "]) { id } }"
    assert cost(literal) == cost(NODES, {"ids": ["a"] * 40})
    batch = "mutation ($input: PostTransactionsInput!) { postTransactions(input: $input) { %s } }"
    sent: dict[str, object] = {"input": {"transactions": [{"postings": [{}, {}]}] * 30}}
    results = cost(batch % "results { __typename }", sent) - cost(batch % "committed", sent)
    assert results == 1 + 30 - 1
    assert cost(batch % "committed", sent) == 5 + 30 * 5 + 60 + 1


@pytest.mark.parametrize(
    ("size", "taken_for"),
    [(0, 0), (7, 7), (7.0, 7), (1000, 1000), (None, 50), (-5, 0), (10**30, 1000)],
)
def test_a_size_in_a_variable_counts(size: float | None, taken_for: int) -> None:
    assert cost(PAGE, {"n": size}) == _page(taken_for)


@pytest.mark.parametrize("wrong", ["7", True, 1.5, [7], {"n": 7}, float("inf"), float("nan")])
def test_a_wrong_size_counts_as_none_and_is_left_to_coercion(wrong: object) -> None:
    assert cost(PAGE, {"n": wrong}) == _page(50)


@pytest.mark.parametrize("wrong", ["a", 5, True, {"a": ["b"]}, [["a"] * 9]])
def test_a_wrong_list_counts_as_one_item(wrong: object) -> None:
    assert cost(NODES, {"ids": wrong}) == 5 + 5 + 1


@pytest.mark.parametrize("wrong", [None, "a", 5, [], {"transactions": 5}, {"transactions": None}])
def test_a_wrong_input_is_left_to_coercion(wrong: object) -> None:
    assert cost(POST_TRANSACTIONS, {"input": wrong}) > 0


def test_a_default_counts_where_a_variable_is_not_given() -> None:
    text = "query ($n: Int = 3) { accounts(first: $n) { nodes { code } } }"
    assert cost(text) == _page(3)
    assert cost(text, {"n": 4}) == _page(4)


def test_the_cost_of_pages_within_pages_by_variables_does_not_outgrow_a_number() -> None:
    deep = "accounts(first: $n) { nodes { owner {" * 6 + "id" + "} } }" * 6
    found = cost(f'query ($n: Int) {{ user(by: {{ id: "a" }}) {{ {deep} }} }}', {"n": 1000})
    assert found == 10**12


async def test_an_answer_says_what_it_cost(api: Api) -> None:
    for query in ("{ __typename }", "{ ledger { code } }", PAGE):
        content = (await api.send(query)).json()
        assert content["extensions"]["cost"] == {"requested": cost(query), "allowed": 500_000}


async def test_an_operation_that_costs_too_much_is_refused_before_it_is_run(
    database_url: str,
) -> None:
    async with serving(database_url, cost_max=1000) as api:
        assert "data" in (await api.send(PAGE, {"n": 400})).json()
        for query, variables in (
            (PAGE, {"n": 500}),
            ("{ accounts(first: 500) { nodes { code } } }", {}),
        ):
            response = await api.send(query, variables)
            content = response.json()
            assert response.status_code == 400 or "data" not in content
            told = {"requested": _page(500), "allowed": 1000}
            assert content["extensions"]["cost"] == told
            (error,) = content["errors"]
            assert error["extensions"] == {"code": "COST_EXCEEDED", "cost": told}
            assert f"costs {_page(500)}; at most 1000" in error["message"]
            assert "FLORIN_COST_MAX" in error["message"]


async def test_a_mutation_that_costs_too_much_does_nothing(database_url: str) -> None:
    async with serving(database_url, cost_max=1000) as api:
        await api.open_account("cash", floor=None)
        await api.open_account("wallet", floor=None)
        leg = {"debit": {"code": "cash"}, "credit": {"code": "wallet"}, "amount": "1"}
        sent = [{"idempotencyKey": f"k{number}", "postings": [leg]} for number in range(200)]
        content = (await api.send(POST_TRANSACTIONS, {"input": {"transactions": sent}})).json()
        assert content["errors"][0]["extensions"]["code"] == "COST_EXCEEDED"
        assert (await api("{ transactions { totalCount } }"))["transactions"]["totalCount"] == 0


async def test_a_wrong_variable_is_told_as_such_whatever_it_would_cost(api: Api) -> None:
    for wrong in ("7", True, 1.5, [7]):
        (error,) = (await api.send(PAGE, {"n": wrong})).json()["errors"]
        assert "$n" in error["message"]
    (error,) = (await api.send(PAGE, {"n": 1001})).json()["errors"]
    assert "from 0 to 1000" in error["message"]


def test_what_the_settings_speak_of_is_allowed() -> None:
    entries = (
        '{ account(by: { code: "a" }) { entries(first: 1000) { nodes { id version side amount'
        " balanceAfter createdAt transaction { id state description metadata createdAt }"
        " account { id code currency { code } } } pageInfo { endCursor } } } }"
    )
    assert 20_000 < cost(entries) < 100_000
    posting = {"debit": {"code": "a"}, "credit": {"code": "b"}, "amount": "1"}
    batch = [{"idempotencyKey": "k", "postings": [posting] * 100}] * 1000
    assert cost(POST_TRANSACTIONS, {"input": {"transactions": batch}}) <= 500_000
    items = [{"post": one} for one in batch]
    assert cost(SUBMIT_TRANSACTIONS, {"input": {"items": items}}) <= 500_000
    assert cost(POST_TRANSACTION, {"input": batch[0]}) < 1000
