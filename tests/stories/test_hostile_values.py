"""Nothing an outsider puts into an argument gives a fault or leaves a half-written row."""

import asyncio
import json
from collections import Counter

import psycopg
import pytest

from tests import nasty, walk
from tests.api import Api, transaction
from tests.hostile import (
    assert_answered,
    assert_only_grew_by,
    assert_refused,
    assert_serves,
    created,
    seed,
    send,
    send_body,
)
from tests.integrity import assert_sound, row_counts
from tests.walk import Call

CALLS = pytest.mark.parametrize("call", walk.calls(), ids=lambda call: call.name)
CREATE_USER = """
    mutation ($input: CreateUserInput!) {
        createUser(input: $input) {
            __typename
            ... on CreateUserSuccess { user { metadata } }
            ... on Refusal { code message path }
        }
    }
"""
UPDATE_USER = """
    mutation ($input: UpdateUserInput!) {
        updateUser(input: $input) {
            __typename
            ... on UpdateUserSuccess { user { email metadata } }
            ... on Refusal { code message path }
        }
    }
"""
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"


@CALLS
async def test_the_baseline_of_every_call_is_in_order(api: Api, call: Call) -> None:
    await seed(api)
    query, variables = walk.document(call, walk.baseline(call, 1), 1)
    assert "errors" not in assert_answered(await send(api, query, variables), query)
    written = walk.literal_document(call, walk.baseline(call, 2))
    if written is not None:
        assert "errors" not in assert_answered(await send(api, written), written)


@CALLS
async def test_no_value_in_a_variable_is_a_fault(api: Api, database_url: str, call: Call) -> None:
    await seed(api)
    before, said = await row_counts(database_url), list[Counter[str]]()
    number = 0
    for slot in walk.slots(call):
        for value in nasty.values(slot.type):
            number += 1
            arguments = walk.with_value(call, slot, value, number)
            query, variables = walk.document(call, arguments, number)
            body = assert_answered(await send(api, query, variables), (call.name, slot.path, value))
            said.append(created(body.get("data")))
    await assert_only_grew_by(database_url, before, said)
    await assert_serves(api)


@CALLS
async def test_no_value_in_a_document_is_a_fault(api: Api, database_url: str, call: Call) -> None:
    await seed(api)
    before, said = await row_counts(database_url), list[Counter[str]]()
    number = 0
    for index, slot in enumerate(walk.slots(call)):
        # A third of the values each: the parser is no other for one slot than for the next.
        for value in nasty.values(slot.type)[index % 3 :: 3]:
            number += 1
            query = walk.literal_document(call, walk.with_value(call, slot, value, number))
            if query is not None:
                body = assert_answered(await send(api, query), query[:500])
                said.append(created(body.get("data")))
    await assert_only_grew_by(database_url, before, said)
    await assert_serves(api)


@pytest.mark.parametrize("number", ["123456789012345678901234", "18446744073709551616", "1e17"])
async def test_metadata_is_stored_as_sent_or_refused(api: Api, number: str) -> None:
    sent = json.dumps({"username": "a", "email": "a@example.com", "metadata": {"n": 0}})
    variables = f'{{"input": {sent.replace(": 0", f": {number}")}}}'
    body = f'{{"query": {json.dumps(CREATE_USER)}, "variables": {variables}}}'
    result = assert_answered(await send_body(api, body.encode()))["data"]["createUser"]
    if result["__typename"] == "CreateUserSuccess":
        kept = json.dumps(result["user"]["metadata"]["n"])
        assert int(float(number)) == int(number.replace("1e17", "1" + "0" * 17)), kept


@pytest.mark.parametrize("number", ["1e17", "1e22", "1e308", "5e-324", "-0.0", "0.1"])
async def test_metadata_that_was_taken_never_stops_a_later_update(api: Api, number: str) -> None:
    metadata = {"n": float(number)}
    created_user = await api.create_user("a", metadata=metadata)
    if created_user["__typename"] == "InvalidInput":
        return
    wanted = {"user": {"username": "a"}, "email": "b@example.com", "metadata": {"more": 1}}
    updated = (await api(UPDATE_USER, input=wanted))["updateUser"]
    assert updated["__typename"] == "UpdateUserSuccess", updated


@pytest.mark.parametrize("metadata", [[], "", 0, False, [1], "x", 1, True], ids=repr)
async def test_metadata_that_is_no_object_is_refused_everywhere(api: Api, metadata: object) -> None:
    await seed(api)
    results = [
        await api.create_user("bob", metadata=metadata),
        await api.open_account("other", metadata=metadata),
        await api.post("k", ("cash", "wallet", "1.00"), metadata=metadata),
    ]
    wanted = {"user": {"username": "alice"}, "metadata": metadata}
    results.append((await api(UPDATE_USER, input=wanted))["updateUser"])
    assert [result["__typename"] for result in results] == ["InvalidInput"] * 4


@pytest.mark.parametrize(("count", "taken"), [(0, False), (1, True), (100, True), (101, False)])
async def test_a_transaction_has_1_to_100_postings(
    api: Api,
    database_url: str,
    count: int,
    taken: bool,  # noqa: FBT001
) -> None:
    await seed(api)
    result = await api.post("k", *[("cash", "wallet", "0.01")] * count)
    assert (result["__typename"] == "PostTransactionSuccess") is taken
    await assert_sound(database_url)


@pytest.mark.parametrize(("count", "taken"), [(0, False), (1, True), (1000, True), (1001, False)])
async def test_a_batch_has_1_to_1000_transactions(
    api: Api,
    database_url: str,
    count: int,
    taken: bool,  # noqa: FBT001
) -> None:
    await seed(api)
    batch = [transaction(f"k{n}", ("cash", "wallet", "0.01")) for n in range(count)]
    payload = await api.post_batch(batch)
    assert payload["committed"] is taken
    if not taken:
        (result,) = payload["results"]
        assert result["code"] == "INVALID_INPUT"
        assert "1 to 1000" in result["message"]
    await assert_sound(database_url)


async def test_a_batch_too_large_for_a_socket_s_buffer_is_posted(
    api: Api, database_url: str
) -> None:
    await seed(api)
    batch = [transaction(f"k{n}", *[("cash", "wallet", "0.01")] * 100) for n in range(80)]
    payload = await asyncio.wait_for(api.post_batch(batch), 15)
    assert payload["committed"]
    await assert_sound(database_url)


@pytest.mark.parametrize("version", [2**15 - 1, 2**31 - 1], ids=["2^15", "2^31"])
async def test_an_account_takes_entries_past_every_width_of_integer(
    api: Api, database_url: str, version: int
) -> None:
    await seed(api)
    async with await psycopg.AsyncConnection.connect(database_url) as conn:
        await conn.execute("UPDATE florin.accounts SET version = %s", [version])
    result = await api.post("next", ("cash", "wallet", "1.00"))
    assert result["__typename"] == "PostTransactionSuccess"


async def test_amounts_of_38_digits_are_posted_until_a_counter_is_full(
    api: Api, database_url: str
) -> None:
    for code, side in (("a", "DEBIT"), ("b", "CREDIT")):
        await api.open_account(code, currency="JPY", normal_side=side, floor=None)
    most = "9" * 38
    assert (await api.post("1", ("a", "b", most)))["__typename"] == "PostTransactionSuccess"
    assert (await api.post("2", ("a", "b", "1")))["__typename"] == "InvalidAmount"
    assert (await api.post("3", ("b", "a", most)))["__typename"] == "PostTransactionSuccess"
    both = [("a", "b", most)] * 100
    assert (await api.post("4", *both))["__typename"] == "InvalidAmount"
    await assert_sound(database_url)
    assert (await api("{ ledger { trialBalance { debits balanced } } }"))["ledger"]["trialBalance"]


@pytest.mark.parametrize("count", [1000, 1001])
async def test_ids_that_nothing_has_are_null_and_over_1000_are_refused(
    api: Api, count: int
) -> None:
    ids = [f"acct_{n:026}" for n in range(count)]
    response = await send(api, NODES, {"ids": ids})
    if count > 1000:
        assert "1000" in assert_refused(response)[0]
    else:
        assert response.json()["data"] == {"nodes": [None] * count}


@pytest.mark.parametrize("wrong", ["first: -1", "first: 1001", "first: 1, last: 1", 'after: "x"'])
async def test_page_arguments_are_checked_even_where_no_row_can_be_found(
    api: Api, wrong: str
) -> None:
    none = 'filter: { owner: { username: "nobody" } }'
    query = f"{{ accounts({wrong}, {none}) {{ totalCount }} }}"
    assert_refused(await send(api, query), query)
