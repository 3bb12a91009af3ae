"""`florin export`, then `florin import` into an empty ledger: the same books, entry by entry."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from tests import clock
from tests.api import Api, serving
from tests.integrity import assert_sound
from tests.lively import Life
from tests.transfers import run_export, run_import

STEPS: Final = 120
# Everything of a small ledger at once, by pages as large as those of a large one.
COST_MAX: Final = 10**9
BOOKS: Final = """
    {
        users(first: 1000) { nodes { username email metadata } }
        ledger {
            currencies { code exponent name }
            trialBalance { currency { code } debits credits balanced accounts }
        }
        accounts(first: 1000) {
            nodes {
                code name metadata state floor ceiling normalSide currency { code }
                owner { username }
                version
                balance { posted available debits credits pendingDebits pendingCredits }
                past: balance(at: "2024-03-15T00:00:00Z", clock: EFFECTIVE) { posted }
                before: balance(at: "2023-02-28T00:00:00Z", clock: EFFECTIVE) { posted }
                entries(first: 1000) {
                    nodes {
                        version side amount balanceAfter effectiveAt
                        transaction { idempotencyKey }
                    }
                }
            }
        }
        transactions(first: 1000) {
            nodes {
                idempotencyKey state description metadata effectiveAt expiresAt
                postings { amount captured debit { code } credit { code } }
                reverses { idempotencyKey } reversedBy { idempotencyKey }
            }
        }
    }
"""


def live(database_url: str, seed: int) -> None:
    """Let a ledger have a past."""

    async def life(owner: psycopg.Connection) -> None:
        async with serving(database_url) as api:
            await Life(api, owner, seed).live(STEPS)

    with psycopg.connect(database_url, autocommit=True) as owner:
        clock.take_in_hand(owner)
        asyncio.run(life(owner))


def books(database_url: str) -> Any:  # noqa: ANN401
    """All that a ledger says of itself, as far as an import keeps it."""

    async def read() -> Any:  # noqa: ANN401
        async with serving(database_url, cost_max=COST_MAX) as api:
            return await whole(api)

    return asyncio.run(read())


async def whole(api: Api) -> Any:  # noqa: ANN401
    data = await api(BOOKS)
    for transaction in data["transactions"]["nodes"]:
        # What has expired comes back as voided; when it would have is not kept, and of what never
        # moved neither is a time that nobody gave.
        if transaction["state"] != "PENDING":
            del transaction["expiresAt"]
        if transaction["state"] != "POSTED":
            del transaction["effectiveAt"]
        if transaction["state"] == "EXPIRED":
            transaction["state"] = "VOIDED"
    # By recorded time, which is the new ledger's own; but for holds that were recorded early.
    data["transactions"]["nodes"].sort(key=lambda one: one["idempotencyKey"])
    return data


@pytest.mark.parametrize("seed", range(4))
def test_an_empty_ledger_gets_the_same_balances_entries_holds_and_reversals(
    database_url: str, other_database_url: str, tmp_path: Path, seed: int
) -> None:
    live(database_url, seed)
    before = books(database_url)
    states = Counter(one["state"] for one in before["transactions"]["nodes"])
    assert states.keys() == {"PENDING", "POSTED", "VOIDED"}
    file = tmp_path / "ledger.jsonl"
    file.write_bytes(run_export(database_url))
    ended = run_import(other_database_url, file)
    assert (ended.status, ended.refused) == (0, [])
    after = books(other_database_url)
    for noun in before:
        assert after[noun] == before[noun]
    asyncio.run(assert_sound(other_database_url))
    # What was imported says the same once more, and is all there already.
    assert run_export(other_database_url) == file.read_bytes()
    again = run_import(other_database_url, file)
    assert again.status == 0
    changes = sum(
        line.startswith((b'{"update', b'{"freeze', b'{"close'))
        for line in file.read_bytes().splitlines()
    )
    assert f"{changes} done" in again.out
    assert books(other_database_url) == after


def test_a_hold_comes_before_its_capture_though_a_clock_was_set_back_between_them(
    database_url: str,
) -> None:
    live(database_url, seed=1)
    with psycopg.connect(database_url) as conn:
        late = "SELECT count(*) FROM florin.transactions WHERE resolution_id < transaction_id"
        assert conn.execute(late).fetchone() != (0,)
    held: set[str] = set()
    for line in map(json.loads, run_export(database_url).splitlines()):
        ((kind, asked),) = line.items()
        if kind == "post":
            assert asked["idempotencyKey"] not in held
            held.add(asked["idempotencyKey"])
        elif kind in {"capture", "void"}:
            assert asked["transaction"]["idempotencyKey"] in held
