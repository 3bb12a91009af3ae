"""updateTransaction, and searching metadata: what may change, and what never does."""

from typing import Any, LiteralString

import psycopg
import pytest
from psycopg.sql import SQL

from db.migrations import APP_ROLE
from tests.api import Api
from tests.integrity import assert_sound

UPDATE = """
    mutation ($input: UpdateTransactionInput!) {
        updateTransaction(input: $input) {
            __typename
            ... on UpdateTransactionSuccess { transaction { description metadata state } }
            ... on Refusal { path message }
        }
    }
"""


@pytest.fixture(autouse=True)
async def posted(api: Api) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet")
    await api.post("k", ("cash", "wallet", "1.00"), description="d", metadata={"a": 1, "b": 2})


async def update(api: Api, **fields: Any) -> Any:  # noqa: ANN401
    wanted = {"transaction": {"idempotencyKey": "k"}, **fields}
    return (await api(UPDATE, input=wanted))["updateTransaction"]


async def test_metadata_is_merged_by_key_and_null_removes(api: Api, database_url: str) -> None:
    changed = await update(api, metadata={"b": None, "c": {"d": [1]}})
    assert changed["transaction"]["metadata"] == {"a": 1, "c": {"d": [1]}}
    assert changed["transaction"]["description"] == "d"
    changed = await update(api, description="")
    assert changed["transaction"]["description"] == ""
    assert changed["transaction"]["metadata"] == {"a": 1, "c": {"d": [1]}}
    await assert_sound(database_url)


async def test_a_replay_is_held_against_what_was_first_sent(api: Api) -> None:
    await update(api, description="other", metadata={"a": None})
    first = ("cash", "wallet", "1.00")
    again = await api.post("k", first, description="d", metadata={"a": 1, "b": 2})
    assert again["replayed"]
    other = await api.post("k", first, description="other", metadata={"b": 2})
    assert (other["__typename"], other["field"]) == ("IdempotencyConflict", "description")


@pytest.mark.parametrize(
    ("fields", "refusal", "path"),
    [
        ({"metadata": {"a": "\x00"}}, "InvalidInput", ["input", "metadata"]),
        ({"metadata": {str(n): n for n in range(100)}}, "InvalidInput", ["input", "metadata"]),
        ({"description": "x" * 1001}, "InvalidInput", ["input", "description"]),
        ({"transaction": {"id": "txn_x"}}, "TransactionNotFound", ["input", "transaction"]),
    ],
)
async def test_what_cannot_be_kept_is_refused_and_changes_nothing(
    api: Api, fields: dict[str, Any], refusal: str, path: list[str]
) -> None:
    refused = await update(api, **fields)
    assert (refused["__typename"], refused["path"]) == (refusal, path)
    assert (await update(api))["transaction"]["metadata"] == {"a": 1, "b": 2}


@pytest.mark.parametrize("noun", ["users", "accounts", "transactions"])
async def test_rows_are_found_by_containment_and_by_key(api: Api, noun: str) -> None:
    await api.create_user("alice", metadata={"plan": {"name": "pro", "seats": [1, 2]}})
    await api.create_user("bob", metadata={"plan": {"name": "free"}})
    owned = {"plan": {"name": "pro", "seats": [1, 2]}}
    await api.open_account("pro", metadata=owned)
    await api.open_account("free", metadata={"plan": {"name": "free"}})
    await api.post("pro", ("cash", "wallet", "1.00"), metadata=owned)
    await api.post("free", ("cash", "wallet", "1.00"), metadata={"plan": {"name": "free"}})
    for condition, count in (
        ('contains: { plan: { name: "pro" } }', 1),
        ("contains: { plan: { seats: [2] } }", 1),
        ("contains: { plan: { seats: [3] } }", 0),
        ("contains: { plan: {} }", 2),
        ('hasKey: "plan"', 2),
        ('hasKey: "name"', 0),
        ('hasKey: "plan", contains: { plan: { name: "free" } }', 1),
    ):
        query = f"{{ {noun}(filter: {{ metadata: {{ {condition} }} }}) {{ totalCount }} }}"
        assert (await api(query))[noun]["totalCount"] == count, condition


@pytest.mark.parametrize(
    "change",
    [
        "fingerprint = fingerprint",
        "created_at = now()",
        "effective_at = now()",
        "expires_at = now()",
        "reverses_id = NULL",
        "idempotency_key = 'x'",
    ],
)
def test_the_apps_role_cannot_change_anything_else_of_a_transaction(
    database_url: str, change: LiteralString
) -> None:
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(f"SET ROLE {APP_ROLE}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(SQL("UPDATE florin.transactions SET {}").format(SQL(change)))
