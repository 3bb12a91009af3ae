"""Pages: both ways, without a gap or a repeat, and never with somebody else's cursor."""

import base64
from typing import Any

import pytest

from tests.api import Api, transaction

ENTRIES = """
    query ($first: Int, $after: String, $last: Int, $before: String, $filter: EntryFilter) {
        account(by: { code: "cash" }) {
            entries(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
                totalCount
                nodes { version }
                edges { cursor node { version } }
                pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
            }
        }
    }
"""

LISTS = {
    "users": "username",
    "accounts": "code",
    "transactions": "idempotencyKey",
}


def list_query(name: str) -> str:
    return f"""
        query ($first: Int, $after: String, $last: Int, $before: String) {{
            {name}(first: $first, after: $after, last: $last, before: $before) {{
                totalCount
                edges {{ cursor node {{ {LISTS[name]} }} }}
                pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
            }}
        }}
    """


async def seed(api: Api) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    for number in range(7):
        await api.create_user(f"u{number}")
        await api.open_account(f"a{number}")
        await api.post(f"t{number}", ("cash", f"a{number}", "1.00"))
    await api.post("back", ("a0", "cash", "1.00"))


async def entries(api: Api, **arguments: Any) -> Any:  # noqa: ANN401
    return (await api(ENTRIES, **arguments))["account"]["entries"]


def versions(page: Any) -> list[int]:  # noqa: ANN401
    return [int(node["version"]) for node in page["nodes"]]


async def test_entries_come_newest_first_and_page_forward(api: Api) -> None:
    await seed(api)
    page = await entries(api, first=3)
    assert versions(page) == [8, 7, 6]
    assert page["pageInfo"]["hasNextPage"]
    assert not page["pageInfo"]["hasPreviousPage"]
    assert page["totalCount"] == 8
    page = await entries(api, first=3, after=page["pageInfo"]["endCursor"])
    assert versions(page) == [5, 4, 3]
    assert page["pageInfo"]["hasPreviousPage"]
    page = await entries(api, first=3, after=page["pageInfo"]["endCursor"])
    assert versions(page) == [2, 1]
    assert not page["pageInfo"]["hasNextPage"]


async def test_entries_page_backward_in_the_same_order(api: Api) -> None:
    await seed(api)
    page = await entries(api, last=3)
    assert versions(page) == [3, 2, 1]
    assert page["pageInfo"] | {"startCursor": "", "endCursor": ""} == {
        "hasNextPage": False,
        "hasPreviousPage": True,
        "startCursor": "",
        "endCursor": "",
    }
    page = await entries(api, last=3, before=page["pageInfo"]["startCursor"])
    assert versions(page) == [6, 5, 4]
    assert page["pageInfo"]["hasNextPage"]
    page = await entries(api, last=3, before=page["pageInfo"]["startCursor"])
    assert versions(page) == [8, 7]
    assert not page["pageInfo"]["hasPreviousPage"]


async def test_a_page_between_two_cursors_excludes_both(api: Api) -> None:
    await seed(api)
    cursors = {edge["node"]["version"]: edge["cursor"] for edge in (await entries(api))["edges"]}
    page = await entries(api, after=cursors["7"], before=cursors["3"])
    assert versions(page) == [6, 5, 4]
    page = await entries(api, after=cursors["7"], before=cursors["3"], last=2)
    assert versions(page) == [5, 4]
    page = await entries(api, after=cursors["3"], before=cursors["7"])
    assert versions(page) == []
    assert page["pageInfo"]["endCursor"] is None


async def test_a_filtered_list_pages_and_counts_what_it_keeps(api: Api) -> None:
    await seed(api)
    page = await entries(api, first=1, filter={"side": "CREDIT"})
    assert versions(page) == [8]
    assert page["totalCount"] == 1
    assert not page["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize("name", LISTS)
async def test_every_list_walks_both_ways_without_gap_or_repeat(api: Api, name: str) -> None:
    await seed(api)
    query = list_query(name)
    everything = (await api(query))[name]
    whole = [edge["node"] for edge in everything["edges"]]
    assert len(whole) == everything["totalCount"] >= 7
    for size in (1, 3):
        for count, cursor, end in (
            ("first", "after", "endCursor"),
            ("last", "before", "startCursor"),
        ):
            seen: list[Any] = []
            at = None
            for _ in range(len(whole) + 1):
                page = (await api(query, **{count: size, cursor: at}))[name]
                nodes = [edge["node"] for edge in page["edges"]]
                seen = [*seen, *nodes] if count == "first" else [*nodes, *seen]
                at = page["pageInfo"][end]
                more = "hasNextPage" if count == "first" else "hasPreviousPage"
                if not page["pageInfo"][more]:
                    break
            assert seen == whole


async def test_transactions_of_an_account_are_each_listed_once(api: Api) -> None:
    await seed(api)
    legs = [("cash", f"a{number}", "1.00") for number in range(5)]
    await api.post_batch([transaction("many legs", *legs)])
    query = """{ transactions(filter: { account: { code: "cash" } }, first: 3) {
        totalCount nodes { idempotencyKey } } }"""
    listed = (await api(query))["transactions"]
    assert [node["idempotencyKey"] for node in listed["nodes"]] == ["many legs", "back", "t6"]
    assert listed["totalCount"] == 9


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"first": -1}, "from 0 to 1000"),
        ({"first": 1001}, "from 0 to 1000"),
        ({"last": 1001}, "from 0 to 1000"),
        ({"first": 1, "last": 1}, "not for both"),
        ({"after": "nonsense"}, "not a cursor of this list"),
        ({"after": "é"}, "not a cursor of this list"),
        ({"before": ""}, "not a cursor of this list"),
    ],
)
async def test_senseless_arguments_are_refused_with_words(
    api: Api, arguments: dict[str, Any], said: str
) -> None:
    await seed(api)
    body = (await api.send(ENTRIES, arguments)).json()
    assert said in body["errors"][0]["message"]
    assert body["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_a_cursor_is_only_good_for_its_own_list_and_filter(api: Api) -> None:
    await seed(api)
    cursor = (await entries(api, first=1))["pageInfo"]["endCursor"]
    users = (await api(list_query("users"), first=1))["users"]["pageInfo"]["endCursor"]
    longer = base64.urlsafe_b64encode(base64.urlsafe_b64decode(cursor) + b"\0").decode()
    for arguments in (
        {"after": cursor, "filter": {"side": "DEBIT"}},
        {"after": users},
        {"after": longer},
        {"after": cursor[:-4]},
    ):
        body = (await api.send(ENTRIES, arguments)).json()
        assert "not a cursor of this list" in body["errors"][0]["message"]
