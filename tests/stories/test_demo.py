"""`florin demo`: a lively ledger, and the same one however often it is run."""

from collections.abc import AsyncIterator
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
import typer
from pydantic import SecretStr
from rich.console import Console

from server import demo, demo_data
from server.settings import Settings
from tests.api import Api, serving

STATE = """
    {
        ledger { trialBalance { currency { code } accounts debits credits balanced } }
        users { totalCount }
        transactions { totalCount }
        accounts(first: 1000) { nodes { code version balance { posted available } } }
    }
"""

WALLETS = """
    query ($username: String!) {
        user(by: { username: $username }) {
            metadata
            accounts { nodes { code currency { code } normalSide floor } }
        }
    }
"""


async def run(database_url: str, **console: Any) -> str:  # noqa: ANN401
    """What the demo prints."""
    output = StringIO()
    settings = Settings(database_url=SecretStr(database_url))
    await demo.load(settings, Console(file=output, width=100, **console), berka=None)
    return output.getvalue()


@pytest.fixture
async def loaded(database_url: str) -> AsyncIterator[Api]:
    """The application over a ledger that has the demonstration's data."""
    await run(database_url)
    async with serving(database_url) as served:
        yield served


async def test_a_second_run_replays_everything_and_changes_nothing(database_url: str) -> None:
    assert "3,000 transactions" in await run(database_url)
    async with serving(database_url) as api:
        before = await api(STATE)
        assert before["transactions"]["totalCount"] == demo_data.TRANSACTIONS
        second = await run(database_url)
        assert "21 users, 0 of them new; 75 accounts in EUR, USD, JPY, 0 of them new." in second
        assert "3,000 of them replayed." in second
        assert await api(STATE) == before


async def test_the_books_balance_in_every_currency(loaded: Api) -> None:
    lines = (await loaded(STATE))["ledger"]["trialBalance"]
    assert [line["currency"]["code"] for line in lines] == ["EUR", "JPY", "USD"]
    for line in lines:
        assert line["balanced"]
        assert line["debits"] == line["credits"]
        assert line["accounts"] == 25


async def test_everybody_has_a_wallet_in_each_currency_that_cannot_be_overdrawn(
    loaded: Api,
) -> None:
    alice = (await loaded(WALLETS, username="alice"))["user"]
    assert alice["metadata"] == {"city": "Lisbon", "plan": "free"}
    assert alice["accounts"]["nodes"] == [
        {
            "code": f"user:alice:{currency.lower()}",
            "currency": {"code": currency},
            "normalSide": "CREDIT",
            "floor": "0" if exponent == 0 else "0.00",
        }
        for currency, exponent in demo_data.EXPONENTS.items()
    ]


async def test_the_merchant_has_takings_and_the_house_has_fees(loaded: Api) -> None:
    merchant = (await loaded(WALLETS, username=demo_data.MERCHANT))["user"]
    assert len(merchant["accounts"]["nodes"]) == 3
    for code in ("merchant:corner-coffee:eur", "fees:eur", "fees:usd", "fees:jpy"):
        assert Decimal(await loaded.balance(code)) > 0


async def test_every_suggested_query_finds_something(loaded: Api) -> None:
    people, takings, exchanges = [await loaded(example) for example in demo.EXAMPLES]
    assert people["user"]["accounts"]["nodes"]
    assert len(takings["account"]["entries"]["nodes"]) == 5
    assert len(exchanges["transactions"]["nodes"]) == 3


async def test_progress_is_shown_on_a_terminal_and_nowhere_else(database_url: str) -> None:
    assert "\x1b" not in await run(database_url)
    shown = await run(database_url, force_terminal=True)
    assert "3000/3000" in shown


async def test_a_refusal_ends_the_load_and_is_named(
    api: Api, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for code in ("somewhere", "elsewhere"):
        await api.open_account(code, floor=None)
    await api.post("demo:000001", ("somewhere", "elsewhere", "1"))
    with pytest.raises(typer.Exit) as ended:
        await run(database_url)
    assert ended.value.exit_code == 1
    assert "demo:000001 was refused: IDEMPOTENCY_CONFLICT: " in capsys.readouterr().err


def test_the_story_is_the_same_every_time() -> None:
    assert demo_data.generate() == demo_data.generate()
