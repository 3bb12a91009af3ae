"""Explain: what each field read, with plans; for those who ask, where it is allowed."""

from typing import Any

import pytest

from resolvers.explanation import PLANS_MAX
from server.settings import Settings
from tests.api import Api, serving
from tests.recorder import RecordingCursor

EXPLAIN = {"florin": {"explain": True}}
ACCOUNTS = """
    {
        accounts(first: 10) {
            nodes {
                owner { username }
                entries(first: 2) { nodes { transaction { description } } }
            }
        }
    }
"""


@pytest.fixture
async def used(api: Api) -> Api:
    """A ledger with three users, their wallets and some transactions."""
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    for name in ("ann", "bob", "cid"):
        await api.create_user(name)
        await api.open_account(name, owner={"username": name})
        await api.post(f"top-up-{name}", ("cash", name, "10.00"))
    return api


async def explained(api: Api, query: str, **variables: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    answer = await api.client.post(
        "/graphql", json={"query": query, "variables": variables, "extensions": EXPLAIN}
    )
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["extensions"]["florin"]["explain"]
    return found


async def test_each_level_of_a_list_is_one_statement_under_the_field_that_sent_it(
    used: Api,
) -> None:
    reads = {tuple(read["path"]): read for read in await explained(used, ACCOUNTS)}
    assert set(reads) == {
        ("accounts",),
        ("accounts", "nodes", "owner"),
        ("accounts", "nodes", "entries"),
        ("accounts", "nodes", "entries", "nodes", "transaction"),
    }
    assert reads["accounts",]["rows"] == 4
    assert reads["accounts", "nodes", "owner"]["rows"] == 3
    for read in reads.values():
        assert read["sharedWith"] == []
        assert read["statement"].startswith("SELECT")
        assert read["milliseconds"] > 0
        assert {"Node Type", "Plan Rows", "Actual Rows", "Actual Total Time"} <= set(read["plan"])
        assert "Shared Hit Blocks" in read["plan"]


async def test_a_statement_for_several_fields_names_them_all(used: Api) -> None:
    reads = await explained(
        used,
        """{ transactions(first: 1) { nodes { postings {
            debit { code } credit { code } } } } }""",
    )
    shared = next(read for read in reads if "florin.accounts AS a\n" in read["statement"])
    path = ["transactions", "nodes", "postings"]
    assert shared["path"] == [*path, "debit"]
    assert shared["sharedWith"] == [[*path, "credit"]]


async def test_what_a_mutation_reads_for_its_answer_is_explained_and_its_writes_run_once(
    used: Api,
) -> None:
    reads = await explained(
        used,
        """mutation ($input: PostTransactionInput!) { postTransaction(input: $input) {
            ... on PostTransactionSuccess { transaction { entries { account { code } } } } } }""",
        input={
            "idempotencyKey": "explained",
            "postings": [{"debit": {"code": "ann"}, "credit": {"code": "bob"}, "amount": "1"}],
        },
    )
    assert ["postTransaction", "transaction", "entries"] in [read["path"] for read in reads]
    assert not any("INSERT" in read["statement"] for read in reads)
    assert await used.balance("bob") == "11.00"


async def test_a_snapshot_is_explained_too_and_still_one_moment(used: Api) -> None:
    reads = await explained(used, f"query @snapshot {ACCOUNTS}")
    assert len(reads) == 4
    assert all(read["plan"] for read in reads)


async def test_only_so_many_plans_are_made(used: Api) -> None:
    aliases = " ".join(
        f"e{size}: entries(first: {size}) {{ nodes {{ version }} }}"
        for size in range(1, PLANS_MAX + 6)
    )
    reads = await explained(used, f'{{ account(by: {{ code: "ann" }}) {{ {aliases} }} }}')
    assert len(reads) == PLANS_MAX + 6
    assert sum(read["plan"] is not None for read in reads) == PLANS_MAX


async def test_nothing_is_explained_to_those_who_do_not_ask(database_url: str) -> None:
    async with serving(database_url, cursor_factory=RecordingCursor) as api:
        await api.open_account("ann")
        RecordingCursor.record.clear()
        answer = (await api.send(ACCOUNTS)).json()
        assert "florin" not in answer["extensions"]
        assert RecordingCursor.record
        assert not any("EXPLAIN" in sent.query for sent in RecordingCursor.record)


async def test_where_it_is_not_allowed_it_is_refused(database_url: str) -> None:
    async with serving(database_url, explain=False) as api:
        answer = await api.client.post(
            "/graphql", json={"query": "{ ledger { code } }", "extensions": EXPLAIN}
        )
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "EXPLAIN_NOT_ALLOWED"}
    assert "FLORIN_EXPLAIN" in error["message"]


def test_by_default_it_is_allowed_on_loopback_addresses_only() -> None:
    assert Settings(host="127.0.0.1").allows_explain
    assert not Settings(host="0.0.0.0").allows_explain  # noqa: S104 - nothing is bound
    assert Settings(host="0.0.0.0", explain=True).allows_explain  # noqa: S104
    assert not Settings(explain=False).allows_explain
