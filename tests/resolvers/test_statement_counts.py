"""How many statements a request sends depends on its shape, never on how many rows come back."""

from collections.abc import AsyncIterator

import pytest

from tests.api import Api, serving, transaction
from tests.recorder import RecordingCursor

ACCOUNTS_WITH_OWNER_AND_LAST_ENTRY = """
    query ($first: Int!) {
        accounts(first: $first, filter: { codePrefix: "user:" }) {
            nodes {
                code balance { posted }
                owner { username }
                entries(first: 1) { nodes { amount balanceAfter } }
            }
        }
    }
"""

EVERY_EDGE = """
    query ($first: Int!) {
        users(first: $first) {
            totalCount
            nodes {
                accounts(first: 2) {
                    totalCount
                    nodes {
                        owner { id }
                        currency { code }
                        entries(first: 2) {
                            totalCount
                            nodes {
                                account { id }
                                transaction {
                                    postings { debit { id } credit { id } currency { code } }
                                    entries { id }
                                }
                            }
                        }
                        debits: entries(first: 2, filter: { side: DEBIT }) { nodes { id } }
                    }
                }
            }
        }
    }
"""

MOMENTS_AND_PERIODS = """
    query ($first: Int!) {
        accounts(first: $first, filter: { codePrefix: "user:" }) {
            nodes {
                recorded: balance(at: "2024-01-01T00:00:00Z") { posted }
                effective: balance(at: "2024-01-01T00:00:00Z", clock: EFFECTIVE) { posted }
                statement(from: "2024-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z") {
                    opening closing debits credits
                    entries(first: 1) { totalCount nodes { amount transaction { id } } }
                }
                entries(filter: { from: "2024-01-01T00:00:00Z" }) { totalCount }
            }
        }
    }
"""

LOOK_UPS = """
    query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Account { owner { id } } } }
"""

POST = """
    mutation ($input: PostTransactionsInput!) {
        postTransactions(input: $input) {
            results {
                ... on PostTransactionSuccess {
                    transaction { postings { debit { code } } entries { account { code } } }
                }
            }
        }
    }
"""

USERS = 500


@pytest.fixture
async def peopled(database_url: str) -> AsyncIterator[Api]:
    """Five hundred users, an account for each, and a payment into each account."""
    async with serving(database_url, cursor_factory=RecordingCursor) as api:
        await api.open_account("cash", normal_side="DEBIT", floor=None)
        for start in range(0, USERS, 20):
            names = [f"u{number:03}" for number in range(start, start + 20)]
            await api(f"mutation {{ {' '.join(_create(name) for name in names)} }}")
        names = [f"u{number:03}" for number in range(USERS)]
        batch = [transaction(name, ("cash", f"user:{name}", "1.00")) for name in names]
        assert (await api.post_batch(batch))["committed"]
        yield api


def _create(name: str) -> str:
    return (
        f'{name}: createUser(input: {{ username: "{name}", email: "{name}@x.org" }})'
        " { __typename }"
        f' a{name}: openAccount(input: {{ code: "user:{name}", currency: "USD",'
        f' normalSide: CREDIT, owner: {{ username: "{name}" }} }}) {{ __typename }}'
    )


async def sent(api: Api, query: str, **variables: object) -> int:
    """The number of statements that a request takes."""
    RecordingCursor.record.clear()
    await api(query, **variables)
    return len(RecordingCursor.record)


async def test_one_ten_and_five_hundred_rows_take_the_same_statements(peopled: Api) -> None:
    for query in (ACCOUNTS_WITH_OWNER_AND_LAST_ENTRY, EVERY_EDGE, MOMENTS_AND_PERIODS):
        counts = [await sent(peopled, query, first=first) for first in (1, 10, USERS)]
        assert len(set(counts)) == 1, counts


async def test_fifty_accounts_with_owner_and_last_entry_take_three_statements(
    peopled: Api,
) -> None:
    assert await sent(peopled, ACCOUNTS_WITH_OWNER_AND_LAST_ENTRY, first=50) == 3
    data = await peopled(ACCOUNTS_WITH_OWNER_AND_LAST_ENTRY, first=50)
    for number, account in enumerate(data["accounts"]["nodes"]):
        assert account["owner"] == {"username": f"u{number:03}"}
        assert account["entries"]["nodes"] == [{"amount": "1.00", "balanceAfter": "1.00"}]


async def test_the_balance_of_now_takes_no_statement_and_that_of_a_moment_one(
    peopled: Api,
) -> None:
    accounts = "{{ accounts(first: 50) {{ nodes {{ {} }} }} }}"
    now, moment = "balance { posted }", 'balance(at: "2024-01-01T00:00:00Z") { posted }'
    assert await sent(peopled, accounts.format(now)) == 1
    assert await sent(peopled, accounts.format(moment)) == 2


async def test_fifty_statements_with_a_page_of_entries_take_three_statements(
    peopled: Api,
) -> None:
    query = """{
        accounts(first: 50, filter: { codePrefix: "user:" }) { nodes {
            statement(from: "2024-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z") {
                account { code } opening closing debits credits entries { nodes { amount } }
            }
        } }
    }"""
    assert await sent(peopled, query) == 3
    for number, account in enumerate((await peopled(query))["accounts"]["nodes"]):
        assert account["statement"] == {
            "account": {"code": f"user:u{number:03}"},
            "opening": "0.00",
            "closing": "1.00",
            "debits": "0.00",
            "credits": "1.00",
            "entries": {"nodes": [{"amount": "1.00"}]},
        }


async def test_nodes_take_a_statement_for_each_kind(peopled: Api) -> None:
    data = await peopled("{ accounts(first: 500) { nodes { id } } }")
    ids = [node["id"] for node in data["accounts"]["nodes"]]
    counts = [await sent(peopled, LOOK_UPS, ids=ids[1 : 1 + n]) for n in (1, 10, 400)]
    assert counts == [2, 2, 2]


async def test_a_batch_takes_the_same_statements_whatever_its_size(peopled: Api) -> None:
    counts = []
    for size in (1, 10, 500):
        batch = [
            transaction(f"{size}-{number}", ("cash", f"user:u{number:03}", "1.00"))
            for number in range(size)
        ]
        counts.append(await sent(peopled, POST, input={"transactions": batch}))
    assert len(set(counts)) == 1, counts


async def test_two_aliases_with_other_arguments_do_not_share_rows(peopled: Api) -> None:
    data = await peopled(
        """{ account(by: { code: "cash" }) {
            one: entries(first: 1) { nodes { version } }
            three: entries(first: 3) { nodes { version } }
            none: entries(first: 3, filter: { side: CREDIT }) { nodes { version } }
        } }"""
    )
    account = data["account"]
    assert [node["version"] for node in account["one"]["nodes"]] == ["500"]
    assert [node["version"] for node in account["three"]["nodes"]] == ["500", "499", "498"]
    assert account["none"]["nodes"] == []
