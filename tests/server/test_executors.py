"""Both executors give the same answers: what is right, what is wrong, and where."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from pydantic import ValidationError

from server.settings import Settings
from tests.api import Api, serving
from tests.resolvers.test_statement_counts import EVERY_EDGE, LOOK_UPS, MOMENTS_AND_PERIODS

NAMES: Final = ("ada", "bob", "cyd")
ENTRIES: Final = """
    query ($after: String, $first: Int) {
        accounts { nodes {
            code
            entries(after: $after, first: $first) { totalCount edges { cursor node { amount } } }
        } }
        user(by: { username: "ada" }) { accounts(filter: { owner: { username: "none" } }) {
            totalCount nodes { id } pageInfo { hasNextPage endCursor }
        } }
    }
"""
REFUSALS: Final = """
    mutation ($input: PostTransactionsInput!) {
        postTransactions(input: $input) { committed results {
            __typename
            ... on PostTransactionSuccess { transaction { createdBy postings { amount } } }
            ... on Refusal { code message }
            ... on InsufficientFunds { account { code owner { username } } }
        } }
        again: postTransactions(input: { transactions: [] }) { committed }
    }
"""


@pytest.fixture
async def both(database_url: str) -> AsyncIterator[tuple[Api, Api]]:
    """One database behind two applications, one of each executor."""
    async with (
        serving(database_url, executor="breadth-first") as ours,
        serving(database_url, executor="graphql-core") as theirs,
    ):
        await ours.open_account("cash", normal_side="DEBIT", floor=None)
        for name in NAMES:
            await ours.create_user(name)
            await ours.open_account(f"user:{name}", owner={"username": name})
            for number in range(3):
                await theirs.post(f"{name} {number}", ("cash", f"user:{name}", "1.00"))
        yield ours, theirs


async def answers(both: tuple[Api, Api], query: str, variables: dict[str, Any]) -> list[Any]:
    """What each answers, without what is said of the request itself."""
    given = [(await api.send(query, variables)).json() for api in both]
    for answer in given:
        answer.pop("extensions", None)
        for error in answer.get("errors", ()):
            error.get("extensions", {}).pop("requestId", None)
    return given


async def test_every_edge_and_every_look_up_is_answered_the_same(both: tuple[Api, Api]) -> None:
    found = await both[0]("{ accounts { nodes { id } } }")
    ids = [node["id"] for node in found["accounts"]["nodes"]]
    for query, variables in (
        (EVERY_EDGE, {"first": 10}),
        (MOMENTS_AND_PERIODS, {"first": 10}),
        (LOOK_UPS, {"ids": [*ids, "acct_none", ids[0]]}),
        (ENTRIES, {"first": 2}),
        (ENTRIES, {}),
    ):
        ours, theirs = await answers(both, query, variables)
        assert ours == theirs
        assert "errors" not in ours, ours
        assert list(ours["data"]) == list(theirs["data"])


async def test_a_cursor_is_wrong_for_all_lists_but_its_own_on_both(both: tuple[Api, Api]) -> None:
    first = await both[0](ENTRIES, first=1)
    account = first["accounts"]["nodes"][1]
    cursor = account["entries"]["edges"][0]["cursor"]
    ours, theirs = await answers(both, ENTRIES, {"after": cursor})
    assert ours["data"] == theirs["data"]
    assert sorted(map(repr, ours["errors"])) == sorted(map(repr, theirs["errors"]))
    fields = [
        f'{name}: account(by: {{ code: "user:{name}" }})'
        " { code entries(after: $after) { nodes { amount } } }"
        for name in NAMES
    ]
    query = f"query ($after: String) {{ {' '.join(fields)} }}"
    ours, theirs = await answers(both, query, {"after": cursor})
    assert ours["data"] == theirs["data"]
    assert sorted(map(repr, ours["errors"])) == sorted(map(repr, theirs["errors"]))
    assert len(ours["errors"]) == len(NAMES) - 1


async def test_mutations_and_their_refusals_are_answered_the_same(both: tuple[Api, Api]) -> None:
    batch = [
        {"key": "one", "amount": "1000.00"},
        {"key": "two", "amount": "0.50"},
    ]
    given = []
    for number, api in enumerate(both):
        transactions = [
            {
                "idempotencyKey": f"{number}-{one['key']}",
                "postings": [
                    {
                        "debit": {"code": "user:ada"},
                        "credit": {"code": "cash"},
                        "amount": one["amount"],
                    }
                ],
            }
            for one in batch
        ]
        response = await api.send(REFUSALS, {"input": {"transactions": transactions}})
        answer = response.json()
        answer.pop("extensions", None)
        given.append(answer)
    assert "InsufficientFunds" in repr(given[0])
    assert repr(given[0]).replace("0-", "1-") == repr(given[1]).replace("0-", "1-")


async def test_there_is_no_third_executor() -> None:
    with pytest.raises(ValidationError, match="executor"):
        Settings(executor="depth-first")
