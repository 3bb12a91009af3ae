"""Behind a pooler in transaction mode, where no session lasts longer than a transaction."""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest

from db import accounts, loans, setup, statements
from db.accounts import NewAccount
from db.ledgers import DEFAULT_LEDGER_ID
from db.pool import open_pool
from db.snapshots import open_snapshot
from ledger import identifiers
from server import doctor
from server.settings import Settings
from tests.api import Api, serving, transaction
from tests.everything import walk
from tests.pooler import transaction_pooler
from tests.server.test_doctor import examined

OTHER = 2


@pytest.fixture
def pooled_url(database_url: str) -> Iterator[str]:
    """The database through one connection for everybody."""
    with transaction_pooler(database_url, connections=1) as url:
        yield url


async def opened(api: Api) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    await api.open_account("wallet", metadata={"a": 1})


async def test_everything_works_through_one_connection(pooled_url: str) -> None:
    async with serving(pooled_url, transaction_pooler=True) as api:
        await walk(api)


async def test_posting_holding_and_reading_work(pooled_url: str) -> None:
    async with serving(pooled_url, transaction_pooler=True) as api:
        await opened(api)
        for number in range(8):  # more than enough for something to be prepared
            posted = await api.post(f"k{number}", ("cash", "wallet", "1.00"))
            assert posted["__typename"] == "PostTransactionSuccess"
        batch = [transaction(f"b{number}", ("cash", "wallet", "1.00")) for number in range(100)]
        assert (await api.post_batch(batch))["committed"]
        await api.post("hold", ("cash", "wallet", "5.00"), pending=True)
        await api.capture("capture", "hold", "2.00")
        assert await api.balance("wallet") == "110.00"
        query = """
            query Page @snapshot {
                account(by: { code: "wallet" }) { balance { posted } }
                accounts(filter: { metadata: { contains: { a: 1 } } }) { nodes { code } }
                transactions(first: 50) { totalCount nodes { postings { amount } } }
            }
        """
        for _ in range(8):
            data = await api(query)
            assert data["transactions"]["totalCount"] == 109
            assert data["accounts"]["nodes"] == [{"code": "wallet"}]


async def test_many_at_once_share_the_connection_and_leave_nothing_behind(pooled_url: str) -> None:
    async with serving(pooled_url, transaction_pooler=True) as api:
        await opened(api)
        posted = [api.post(f"k{number}", ("cash", "wallet", "1.00")) for number in range(40)]
        reads = [api("{ accounts { totalCount } }") for _ in range(40)]
        await asyncio.gather(*posted, *reads)
        assert await api.balance("wallet") == "40.00"
    # Another client of the pooler finds that connection as the server gave it out.
    with psycopg.connect(pooled_url, autocommit=True) as conn:
        row = conn.execute(
            "SELECT current_user = session_user, current_setting('florin.ledger_id', true),"
            " current_setting('jit'), (SELECT count(*) FROM pg_prepared_statements),"
            " current_setting('statement_timeout')"
        ).fetchone()
    assert row is not None
    assert row[0]
    assert row[1] in {"", None}
    assert row[2:] == ("on", 0, "0")


async def test_two_ledgers_on_one_connection_never_see_each_other(
    database_url: str, pooled_url: str
) -> None:
    assert setup.add_ledger(database_url, code="other", name="Other")
    configured = Settings(transaction_pooler=True)
    async with open_pool(pooled_url, configured.pool) as pool:

        async def add(ledger_id: int, number: int) -> None:
            async with loans.writing(pool, ledger_id) as conn:
                await accounts.create(conn, ledger_id, _new(f"{ledger_id}-{number}"))

        async def codes(ledger_id: int) -> set[str]:
            async with loans.reading(pool, ledger_id) as conn:
                found = await statements.all_values(
                    conn, str, "SELECT code FROM florin.accounts ORDER BY code", {}
                )
                await asyncio.sleep(0)
            return {code.partition("-")[0] for code in found}

        both = (DEFAULT_LEDGER_ID, OTHER)
        await asyncio.gather(*(add(one, number) for number in range(20) for one in both))
        seen = await asyncio.gather(*(codes(one) for _ in range(40) for one in both))
        assert seen == [{str(one)} for _ in range(40) for one in both]
        async with loans.directory(pool) as conn:
            assert not await statements.all_values(
                conn, str, "SELECT code FROM florin.accounts", {}
            )


async def test_a_request_is_explained(pooled_url: str) -> None:
    async with serving(pooled_url, transaction_pooler=True, explain=True) as api:
        await opened(api)
        answer = await api.client.post(
            "/graphql",
            json={
                "query": '{ account(by: { code: "wallet" }) { balance { posted } } }',
                "extensions": {"florin": {"explain": True}},
            },
        )
    body = answer.json()
    assert "errors" not in body
    assert body["extensions"]["florin"]["explain"][0]["plan"]


async def test_the_doctor_looks_through_it(pooled_url: str) -> None:
    checks = await examined(pooled_url, transaction_pooler=True)
    assert doctor.failed(list(checks.values())) == []
    async with open_snapshot(pooled_url, DEFAULT_LEDGER_ID) as conn:
        assert await statements.all_values(conn, str, "SELECT current_user::text", {}) == [
            "florin_app"
        ]


async def test_connections_that_the_server_ends_are_replaced_without_a_word(
    database_url: str, pooled_url: str
) -> None:
    async with serving(pooled_url, transaction_pooler=True) as api:
        await opened(api)
        for number in range(10):
            with psycopg.connect(database_url, autocommit=True) as conn:
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            posted = await api.post(f"k{number}", ("cash", "wallet", "1.00"))
            assert posted["__typename"] == "PostTransactionSuccess"
        assert await api.balance("wallet") == "10.00"


def _new(code: str) -> NewAccount:
    return NewAccount(
        account_id=identifiers.now(),
        code=code,
        name="",
        owner_id=None,
        currency="USD",
        exponent=2,
        normal_side="CREDIT",
        floor=None,
        ceiling=None,
        metadata={},
    )
