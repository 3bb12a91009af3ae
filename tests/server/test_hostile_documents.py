"""No document gives a fault, holds up the event loop or empties the pool."""

from collections.abc import Callable
from typing import Final

import pytest

from tests.api import Api
from tests.hostile import assert_answered, assert_refused, assert_serves, seed, send

DEEP: Final = (10, 50, 150, 180, 185, 190, 195, 200, 205, 210, 300, 900, 5000)
FRAGMENT: Final = "fragment F%d on Query { %s }"


def _fragments(bodies: list[str]) -> str:
    defined = " ".join(FRAGMENT % (number, body) for number, body in enumerate(bodies))
    return f"{{ ...F0 }} {defined}"


NESTED: Final[dict[str, Callable[[int], str]]] = {
    "braces": lambda n: "{" * n + "a" + "}" * n,
    "fields": lambda n: "{ a " * n + "}" * n,
    "closing braces": lambda n: "{ a " + "}" * n,
    "inline fragments": lambda n: "{" + "... {" * n + "__typename" + "}" * n + "}",
    "a chain of fragments": lambda n: _fragments(
        [*(f"...F{i + 1}" for i in range(n)), "__typename"]
    ),
    "a chain of doubled fragments": lambda n: _fragments(
        [*(f"...F{i + 1} ...F{i + 1}" for i in range(n)), "__typename"]
    ),
    "a circle of fragments": lambda n: _fragments([f"...F{(i + 1) % n}" for i in range(n)]),
    "lists": lambda n: "{ nodes(ids: " + "[" * n + '"a"' + "]" * n + ") { id } }",
    "lists in JSON": lambda n: (
        "{ users(filter: { metadata: { contains: { a: "
        + "[" * n
        + "1"
        + "]" * n
        + "} } }) { totalCount } }"
    ),
    "objects in JSON": lambda n: (
        "{ users(filter: { metadata: { contains: "
        + "{ a: " * n
        + "1"
        + "}" * n
        + " } }) { totalCount } }"
    ),
    "the type of a variable": lambda n: (
        f"query ($a: {'[' * n}Int{']' * n}) {{ users(first: $a) {{ totalCount }} }}"
    ),
    "the default of a variable": lambda n: (
        f"query ($a: JSON = {'[' * n}1{']' * n}) "
        "{ users(filter: { metadata: { contains: $a } }) { totalCount } }"
    ),
    "introspection": lambda n: (
        '{ __type(name: "Query") {' + "ofType {" * n + "name" + "}" * n + "} }"
    ),
    "introspection by lists": lambda n: (
        "{ __schema { types {" + "fields { type {" * n + "name" + "} }" * n + "} } }"
    ),
    "objects that are there": lambda n: (
        '{ account(by: { code: "wallet" }) {'
        + "owner { accounts(first: 1) { nodes {" * (n // 3)
        + "id"
        + "} } }" * (n // 3)
        + "} }"
    ),
}

MANY: Final[dict[str, Callable[[int], str]]] = {
    "a field again and again": lambda n: "{" + " __typename" * n + "}",
    "an unknown field again and again": lambda n: "{" + " x" * n + "}",
    "unknown fields": lambda n: "{" + " ".join(f"x{i}" for i in range(n)) + "}",
    "a nested field again and again": lambda n: "{" + "ledger { code } " * n + "}",
    "aliases of a list": lambda n: (
        "{" + " ".join(f"a{i}: users {{ totalCount }}" for i in range(n)) + "}"
    ),
    "aliases of the ledger": lambda n: (
        "{" + " ".join(f"a{i}: ledger {{ code }}" for i in range(n)) + "}"
    ),
    "aliases of a key": lambda n: (
        "{" + " ".join(f'a{i}: node(id: "acct_{i}") {{ id }}' for i in range(n)) + "}"
    ),
    "spreads": lambda n: _fragments(
        [" ".join(f"...F{i}" for i in range(1, n)) or "__typename"] + ["__typename"] * (n - 1)
    ),
    "spreads of all that follow": lambda n: _fragments(
        [" ".join(f"...F{j}" for j in range(i + 1, min(n, 90))) + " __typename" for i in range(n)]
    ),
    "directives": lambda n: "{ __typename" + " @include(if: true)" * n + "}",
    "unknown directives": lambda n: "{ __typename" + " @x" * n + "}",
    "operations": lambda n: " ".join(f"query Q{i} {{ __typename }}" for i in range(n)),
    "variables": lambda n: f"query ({' '.join(f'$v{i}: Int' for i in range(n))}) {{ __typename }}",
    "fields of an input": lambda n: f"{{ user(by: {{ {'id: 1 ' * n} }}) {{ id }} }}",
    "arguments": lambda n: f"{{ user({'by: { id: 1 } ' * n}) {{ id }} }}",
    "tokens": lambda n: "{" * n * 100,
}

WRONG: Final[dict[str, str]] = {
    "an unknown directive": "{ __typename @nope }",
    "defer": "{ ... @defer { __typename } }",
    "a subscription": "subscription { x }",
    "no operation": "fragment F on Query { __typename }",
    "a definition of a type": "type A { a: Int }",
    "a definition beside an operation": "{ __typename } type Query { a: Int }",
    "a description of nothing": '"""text""" { __typename }',
    "an integer of 5000 digits": "{ users(first: " + "9" * 5000 + ") { totalCount } }",
    "an integer of 5000 digits in JSON": "{ users(filter: { metadata: { contains: { a: "
    + "9" * 5000
    + " } } }) { totalCount } }",
    "1e400": "{ users(filter: { metadata: { contains: { a: 1e400 } } }) { totalCount } }",
    "NUL": "{ \x00 }",
    "half a surrogate pair": '{ user(by: { username: "\\ud800" }) { id } }',
    "half a surrogate pair in braces": '{ user(by: { username: "\\u{D800}" }) { id } }',
    "a code point that is none": '{ user(by: { username: "\\u{110000}" }) { id } }',
    "a string that does not end": '{ user(by: { username: "',
    "a block string that does not end": '{ user(by: { username: """',
    "emoji": "💸",
    "a name in Cyrillic": "{ ledg\u0435r }",
    "several operations and no name": "query A { __typename } query B { __typename }",
    "a circle of one": "{ ...F } fragment F on Query { ...F }",
}
FINE: Final[dict[str, str]] = {
    "NUL in a string": '{ user(by: { username: "\x00" }) { id } }',
    "NUL by an escape": '{ user(by: { username: "\\u0000" }) { id } }',
    "a block string": '{ user(by: { username: """\n  a\n    "b" \\""" \n""" }) { id } }',
    "a surrogate pair": '{ user(by: { username: "\\ud83d\\udcb8" }) { id } }',
    "a byte order mark": "\ufeff{ __typename }",
}


@pytest.mark.parametrize("kind", NESTED)
async def test_a_document_of_any_depth_is_answered(api: Api, kind: str) -> None:
    await seed(api)
    for depth in DEEP:
        query = NESTED[kind](depth)
        assert_answered(await send(api, query), f"{kind}, {depth} deep")
    await assert_serves(api)


@pytest.mark.parametrize("count", [100, 300, 1000])
@pytest.mark.parametrize("kind", MANY)
async def test_a_document_of_any_breadth_is_answered(api: Api, kind: str, count: int) -> None:
    assert_answered(await send(api, MANY[kind](count)), f"{count} {kind}")
    await assert_serves(api)


@pytest.mark.parametrize("kind", WRONG)
async def test_a_wrong_document_is_refused(api: Api, kind: str) -> None:
    assert_refused(await send(api, WRONG[kind]), WRONG[kind])
    await assert_serves(api)


@pytest.mark.parametrize("kind", FINE)
async def test_an_odd_document_that_is_in_order_is_run(api: Api, kind: str) -> None:
    assert "errors" not in assert_answered(await send(api, FINE[kind]))


@pytest.mark.parametrize("depth", [5, 10, 15])
async def test_rows_that_lead_to_each_other_do_not_multiply_without_bound(
    api: Api, depth: int
) -> None:
    await seed(api)
    inner = "entries { transaction {" * depth + "id" + "} }" * depth
    query = f'{{ transaction(by: {{ idempotencyKey: "seed" }}) {{ {inner} }} }}'
    assert_answered(await send(api, query), query[:200])
    await assert_serves(api)


@pytest.mark.parametrize("wrong", ["-1", "1001", "2147483648", "1.0", '"1"', "true"])
@pytest.mark.parametrize("argument", ["first", "last"])
async def test_a_page_size_out_of_range_is_refused(api: Api, argument: str, wrong: str) -> None:
    query = f"{{ users({argument}: {wrong}) {{ totalCount }} }}"
    assert_refused(await send(api, query), query)


async def test_first_and_last_together_are_refused(api: Api) -> None:
    assert "not for both" in assert_refused(await send(api, PAGE, {"first": 1, "last": 1}))[0]


PAGE: Final = """
    query ($first: Int, $last: Int, $after: String, $before: String, $filter: UserFilter) {
        users(first: $first, last: $last, after: $after, before: $before, filter: $filter) {
            nodes { id }
            pageInfo { endCursor }
        }
    }
"""


async def test_a_cursor_that_this_list_did_not_give_is_refused(api: Api) -> None:
    await seed(api)
    data = await api("{ users { pageInfo { endCursor } } accounts { pageInfo { endCursor } } }")
    good = data["users"]["pageInfo"]["endCursor"]
    of_another_list = data["accounts"]["pageInfo"]["endCursor"]
    cut_off = (good[:-4], good[:-1], good[1:], good + good, good.rstrip("=") + "AAAA=")
    odd = ("", " ", "=", "AAAA", "x", "é" * 20, "\x00", "A" * 10_000, good + "\n", good + " ")
    for argument in ("after", "before"):
        for cursor in (of_another_list, *cut_off, *odd):
            messages = assert_refused(await send(api, PAGE, {argument: cursor}), cursor)
            assert "not a cursor of this list" in messages[0]
    of_another_filter = {"after": good, "filter": {"usernamePrefix": "a"}}
    assert_refused(await send(api, PAGE, of_another_filter))
    forged = good[:12] + "_" * 20 + good[-4:]
    assert_answered(await send(api, PAGE, {"after": forged}))
    await assert_serves(api)
