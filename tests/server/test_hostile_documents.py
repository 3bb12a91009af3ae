"""No document gives a fault, holds up the event loop or empties the pool."""

from typing import Final

import pytest

from tests.api import Api
from tests.hostile import assert_answered, assert_refused, assert_serves, seed, send
from tests.hostile_documents import DEEP, FINE, MANY, NESTED, WRONG


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
