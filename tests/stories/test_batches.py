"""Batches over HTTP: in order, all or nothing or each for itself, sent once or twice."""

from typing import Any

import pytest

from tests.api import Api, transaction
from tests.integrity import assert_sound


def kinds(payload: Any) -> list[str]:  # noqa: ANN401
    return [result["__typename"] for result in payload["results"]]


async def seed(api: Api) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    for code in ("a", "b"):
        await api.open_account(code)


async def test_each_transaction_sees_the_effects_of_those_before_it(
    api: Api, database_url: str
) -> None:
    await seed(api)
    payload = await api.post_batch(
        [
            transaction("1", ("cash", "a", "5.00")),
            transaction("2", ("a", "b", "5.00")),
            transaction("3", ("b", "cash", "5.00")),
        ]
    )
    assert payload["committed"]
    assert [await api.balance(code) for code in ("cash", "a", "b")] == ["0.00"] * 3
    await assert_sound(database_url)


async def test_one_refusal_refuses_an_atomic_batch_and_the_others_say_so(
    api: Api, database_url: str
) -> None:
    await seed(api)
    batch: list[dict[str, Any]] = [
        transaction("1", ("cash", "a", "5.00")),
        transaction("2", ("a", "b", "5.01")),
        transaction("3", ("cash", "nowhere", "1.00")),
    ]
    payload = await api.post_batch(batch)
    assert not payload["committed"]
    assert kinds(payload) == ["BatchRefused", "InsufficientFunds", "AccountNotFound"]
    assert payload["results"][1]["path"] == ["input", "transactions", "1", "postings", "0", "debit"]
    assert await api.balance("a") == "0.00"
    payload = await api.post_batch(batch, atomic=False)
    assert kinds(payload) == ["PostTransactionSuccess", "InsufficientFunds", "AccountNotFound"]
    assert await api.balance("a") == "5.00"
    await assert_sound(database_url)


@pytest.mark.parametrize("atomic", [True, False])
async def test_a_batch_sent_twice_replays_and_changes_nothing(
    api: Api,
    database_url: str,
    atomic: bool,  # noqa: FBT001
) -> None:
    await seed(api)
    batch = [transaction(str(number), ("cash", "a", "1.00")) for number in range(5)]
    first = await api.post_batch(batch, atomic=atomic)
    again = await api.post_batch(batch, atomic=atomic)
    assert [result["replayed"] for result in first["results"]] == [False] * 5
    assert [result["replayed"] for result in again["results"]] == [True] * 5
    assert [r["transaction"] for r in first["results"]] == [
        r["transaction"] for r in again["results"]
    ]
    assert await api.balance("a") == "5.00"
    await assert_sound(database_url)


async def test_a_key_twice_in_a_batch_is_a_replay_or_a_conflict(
    api: Api, database_url: str
) -> None:
    await seed(api)
    batch: list[dict[str, Any]] = [
        transaction("k", ("cash", "a", "1.00")),
        transaction("k", ("cash", "a", "1.00")),
        transaction("k", ("cash", "a", "2.00")),
    ]
    payload = await api.post_batch(batch, atomic=False)
    assert kinds(payload) == [
        "PostTransactionSuccess",
        "PostTransactionSuccess",
        "IdempotencyConflict",
    ]
    assert [result.get("replayed") for result in payload["results"]] == [False, True, None]
    assert await api.balance("a") == "1.00"
    await assert_sound(database_url)


async def test_a_conflict_within_a_refused_batch_is_told_without_a_transaction(api: Api) -> None:
    await seed(api)
    batch = [transaction("k", ("cash", "a", "1.00")), transaction("k", ("cash", "a", "2.00"))]
    payload = await api.post_batch(batch)
    assert kinds(payload) == ["BatchRefused", "InvalidInput"]
    assert payload["results"][1]["path"] == ["input", "transactions", "1", "idempotencyKey"]
    assert "different postings.0.amount" in payload["results"][1]["message"]
    assert await api.balance("a") == "0.00"


async def test_one_account_by_id_and_by_code_is_one_account(api: Api, database_url: str) -> None:
    await seed(api)
    found = await api('{ account(by: { code: "a" }) { id } }')
    by_id = {"id": found["account"]["id"]}
    batch: list[dict[str, Any]] = [
        {
            "idempotencyKey": str(number),
            "postings": [{"debit": {"code": "cash"}, "credit": by, "amount": "1.00"}],
        }
        for number, by in enumerate([by_id, {"code": "a"}, by_id])
    ]
    assert (await api.post_batch(batch))["committed"]
    assert await api.balance("a") == "3.00"
    same = {
        "idempotencyKey": "same",
        "postings": [{"debit": {"code": "a"}, "credit": by_id, "amount": "1.00"}],
    }
    assert kinds(await api.post_batch([same])) == ["SameAccount"]
    batch[0]["postings"][0]["credit"] = {"code": "a"}
    assert (await api.post_batch(batch))["results"][0]["replayed"]
    await assert_sound(database_url)
