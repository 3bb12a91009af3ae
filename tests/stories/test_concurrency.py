"""Many at once: no deadlock reaches a client, no update is lost, no key is bound twice."""

import asyncio
from collections import Counter
from typing import Any

import psycopg
import pytest

from tests.api import Api, serving, transaction
from tests.integrity import assert_sound

OPPOSING = 500


def kinds(results: list[Any]) -> Counter[str]:
    return Counter(result["__typename"] for result in results)


async def at_once(limit: int, calls: list[Any]) -> list[Any]:
    """Run all, so many at a time."""
    gate = asyncio.Semaphore(limit)

    async def one(call: Any) -> Any:  # noqa: ANN401
        async with gate:
            return await call

    return list(await asyncio.gather(*(one(call) for call in calls)))


async def fund(api: Api, *codes: str, amount: str = "1000.00") -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    for code in codes:
        await api.open_account(code)
        await api.post(f"fund {code}", ("cash", code, amount))


async def test_opposing_transfers_all_succeed_and_balances_are_exact(
    api: Api, database_url: str
) -> None:
    await fund(api, "a", "b")
    calls = []
    for number in range(OPPOSING):
        calls.append(api.post(f"there {number}", ("a", "b", "1.00")))
        calls.append(api.post(f"back {number}", ("b", "a", "1.00")))
    results = await at_once(32, calls)
    assert kinds(results) == {"PostTransactionSuccess": 2 * OPPOSING}
    assert await api.balance("a") == "1000.00"
    assert await api.balance("b") == "1000.00"
    await assert_sound(database_url)


async def test_opposing_batches_from_two_processes_do_not_deadlock(
    api: Api, database_url: str
) -> None:
    codes = [f"a{number}" for number in range(8)]
    await fund(api, *codes)
    pairs = [(debit, credit) for debit in codes for credit in codes if debit != credit]
    async with serving(database_url) as other:
        batches = []
        for number in range(20):
            there = [transaction(f"t{number} {d} {c}", (d, c, "1.00")) for d, c in pairs]
            back = [transaction(f"b{number} {d} {c}", (c, d, "1.00")) for d, c in pairs[::-1]]
            batches += [api.post_batch(there), other.post_batch(back)]
        assert all(batch["committed"] for batch in await at_once(16, batches))
    for code in codes:
        assert await api.balance(code) == "1000.00"
    await assert_sound(database_url)


async def test_fifty_sends_of_one_key_give_one_transaction_and_replays(
    api: Api, database_url: str
) -> None:
    await fund(api, "a", "b")
    results = await asyncio.gather(*(api.post("the key", ("a", "b", "1.00")) for _ in range(50)))
    assert kinds(results) == {"PostTransactionSuccess": 50}
    assert Counter(result["replayed"] for result in results) == {False: 1, True: 49}
    assert len({result["transaction"]["id"] for result in results}) == 1
    assert await api.balance("b") == "1001.00"
    await assert_sound(database_url)


async def test_one_key_with_two_requests_binds_to_one_of_them(api: Api, database_url: str) -> None:
    await fund(api, "a", "b", "c", "d")
    # Other accounts altogether: the locks do not meet, only the key does.
    calls = [
        api.post("the key", ("a", "b", "1.00") if number % 2 else ("c", "d", "1.00"))
        for number in range(40)
    ]
    results = await asyncio.gather(*calls)
    assert kinds(results) == {"PostTransactionSuccess": 20, "IdempotencyConflict": 20}
    conflicts = {r["field"] for r in results if r["__typename"] == "IdempotencyConflict"}
    assert conflicts == {"postings.0.debit"}
    assert sorted([await api.balance("b"), await api.balance("d")]) == ["1000.00", "1001.00"]
    await assert_sound(database_url)


async def test_of_many_debits_of_a_whole_balance_one_succeeds(api: Api, database_url: str) -> None:
    await fund(api, "a", "b", amount="10.00")
    results = await asyncio.gather(
        *(api.post(f"all {number}", ("a", "b", "10.00")) for number in range(30))
    )
    assert kinds(results) == {"PostTransactionSuccess": 1, "InsufficientFunds": 29}
    assert await api.balance("a") == "0.00"
    assert await api.balance("b") == "20.00"
    await assert_sound(database_url)


async def test_many_users_of_one_name_become_one(api: Api) -> None:
    results = await asyncio.gather(
        *(api.create_user("alice" if number % 2 else "ALICE") for number in range(20))
    )
    assert kinds(results) == {"CreateUserSuccess": 1, "UsernameTaken": 19}


async def test_many_accounts_of_one_code_become_one(api: Api) -> None:
    results = await asyncio.gather(*(api.open_account("wallet") for _ in range(20)))
    assert kinds(results) == {"OpenAccountSuccess": 1, "AccountCodeTaken": 19}


@pytest.mark.parametrize("change", ["freezeAccount", "closeAccount"])
async def test_an_account_is_frozen_or_closed_before_a_posting_or_after_it(
    api: Api, database_url: str, change: str
) -> None:
    await fund(api, "other")
    mutation = f"""mutation ($code: String!) {{
        {change}(input: {{ account: {{ code: $code }} }}) {{ __typename }} }}"""
    for number in range(20):
        code = f"a{number}"
        await api.open_account(code)
        posted, changed = await asyncio.gather(
            api.post(f"race {number}", ("other", code, "1.00")), api(mutation, code=code)
        )
        became = changed[change]["__typename"]
        if change == "closeAccount":
            assert (posted["__typename"], became) in {
                ("PostTransactionSuccess", "AccountNotEmpty"),
                ("AccountClosed", "UpdateAccountSuccess"),
            }
        else:
            assert became == "UpdateAccountSuccess"
            assert posted["__typename"] in {"PostTransactionSuccess", "AccountFrozen"}
    await assert_sound(database_url)


async def test_a_connection_killed_between_statements_leaves_nothing(
    api: Api, database_url: str
) -> None:
    await fund(api, "a", "b")
    with psycopg.connect(database_url, autocommit=True) as admin:
        blocker = psycopg.connect(database_url)
        # The posting gets its locks and inserts its transaction, then waits for this table.
        blocker.execute("LOCK TABLE florin.entries IN SHARE MODE")
        waiting = asyncio.create_task(api.send(_post_document("killed"), {}))
        pid = await _backend_waiting_for_a_table(admin)
        admin.execute("SELECT pg_terminate_backend(%s)", (pid,))
        await asyncio.sleep(0.1)
        rows = admin.execute(
            "SELECT count(*) FROM florin.transactions WHERE idempotency_key = 'killed'"
        ).fetchone()
        assert rows == (0,)
        blocker.rollback()
        blocker.close()
    # The key made it safe to run the whole again, and the client never knew.
    body = (await waiting).json()
    assert body["data"]["postTransaction"]["__typename"] == "PostTransactionSuccess"
    assert await api.balance("b") == "1001.00"
    await assert_sound(database_url)


def _post_document(key: str) -> str:
    return f"""mutation {{ postTransaction(input: {{ idempotencyKey: "{key}", postings: [
        {{ debit: {{ code: "a" }}, credit: {{ code: "b" }}, amount: "1.00" }}] }})
        {{ __typename }} }}"""


async def _backend_waiting_for_a_table(admin: psycopg.Connection) -> int:
    for _ in range(200):
        row = admin.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'florin'"
            " AND wait_event_type = 'Lock' AND datname = current_database()"
        ).fetchone()
        if row is not None:
            return int(row[0])
        await asyncio.sleep(0.02)
    raise AssertionError("The posting never waited for the table.")
