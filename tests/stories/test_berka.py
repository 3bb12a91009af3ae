"""Real bank movements: what the bank's own books say is found again through GraphQL."""

import os
from collections.abc import AsyncIterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import SecretStr
from rich.console import Console

from server import berka, berka_files, demo
from server.loading import LoadError
from server.settings import Settings
from tests.api import Api, serving
from tests.bank_statements import nothing_is_wrong, the_statements_are_the_banks

ROOT = Path(__file__).parent.parent.parent
MOVEMENTS = Path(os.environ.get("FLORIN_BERKA", ROOT.parent / "shared" / "data" / "berka"))

ACCOUNTS = """
    query ($prefix: String!, $after: String) {
        accounts(filter: { codePrefix: $prefix }, first: 1000, after: $after) {
            nodes { code version normalSide balance { posted debits credits } }
            pageInfo { hasNextPage endCursor }
        }
    }
"""
TRIAL_BALANCE = "{ ledger { trialBalance { currency { code } debits credits balanced } } }"
COUNT = "{ transactions { totalCount } }"
TRANSACTION = """
    query ($key: String!) {
        transaction(by: { idempotencyKey: $key }) {
            description metadata postings { amount debit { code } credit { code } }
        }
    }
"""

# Three customers of a small bank; the second may use the first's account, and owns none.
SMALL = {
    "client.asc": '''"client_id";"birth_number";"district_id"
1;"706213";18
2;"450204";1
3;"406009";5
''',
    "disp.asc": '''"disp_id";"client_id";"account_id";"type"
1;1;7;"OWNER"
2;2;7;"DISPONENT"
3;3;8;"OWNER"
''',
    "account.asc": '''"account_id";"district_id";"frequency";"date"
7;18;"POPLATEK MESICNE";930101
8;5;"POPLATEK TYDNE";930226
''',
    "trans.asc": '''"trans_id";"account_id";"date";"type";"operation";"amount";"balance";'''
    '''"k_symbol";"bank";"account"
1;7;930101;"PRIJEM";"VKLAD";700.0;700.0;"";;
2;7;930102;"VYDAJ";"VYBER";1000.5;-300.5;" ";"";0
3;7;930103;"VYDAJ";"VYBER";0.25;-300.75;"SANKC. UROK";;
4;7;930104;"PRIJEM";"PREVOD Z UCTU";5000.00;4699.25;"DUCHOD";"YZ";30300313
5;8;930201;"PRIJEM";"";12.3;12.3;"UROK";;
6;8;930202;"VYBER";"VYBER";2;10.3;"";;
7;8;930203;"VYDAJ";"VYBER";0.1;10.2;"SLUZBY";;
8;8;930204;"VYDAJ";"VYBER KARTOU";3;7.2;"";"";0
9;8;930205;"VYDAJ";"PREVOD NA UCET";1.5;5.7;"SIPO";"AB";1
10;8;930206;"VYDAJ";"PREVOD NA UCET";1.7;4;"UVER";"AB";2
''',
}  # fmt: skip


async def load(database_url: str, folder: Path) -> str:
    """What `florin demo --berka` prints."""
    output = StringIO()
    settings = Settings(database_url=SecretStr(database_url))
    await demo.load(settings, Console(file=output, width=100), berka=folder)
    return output.getvalue()


async def accounts(api: Api, prefix: str) -> list[Any]:
    """All accounts whose codes begin so."""
    found: list[Any] = []
    after = None
    while True:
        page = (await api(ACCOUNTS, prefix=prefix, after=after))["accounts"]
        found.extend(page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def balances(api: Api) -> dict[str, str]:
    """By the end of their codes."""
    return {
        account["code"].removeprefix("berka:"): account["balance"]["posted"]
        for account in await accounts(api, "berka:")
    }


def total(found: list[Any], figure: str) -> Decimal:
    return sum((Decimal(account["balance"][figure]) for account in found), start=Decimal(0))


async def the_books_are_the_banks(api: Api) -> None:
    """Every figure that the data's README has."""
    assert (await api(COUNT))["transactions"]["totalCount"] == 49_102
    customers = await accounts(api, "berka:account:")
    assert total(customers, "credits") == Decimal("177366296.30")
    assert total(customers, "debits") == Decimal("138120153.50")
    assert total(customers, "posted") == Decimal("39246142.80")
    assert await api.balance("berka:account:100") == "33791.10"
    assert await api.balance("berka:account:1000") == "33720.60"
    posted = [account["balance"]["posted"] for account in customers]
    assert [balance for balance in posted if balance.startswith("-")] == ["-2719.70"]
    (line,) = (await api(TRIAL_BALANCE))["ledger"]["trialBalance"]
    assert line == {
        "currency": {"code": "CZK"},
        "debits": "315486449.80",
        "credits": "315486449.80",
        "balanced": True,
    }
    # The bank's own accounts are the whole other side.
    everybody = await accounts(api, "berka:")
    assert total(everybody, "debits") == total(everybody, "credits") == Decimal(line["debits"])
    assert sum(int(account["version"]) for account in everybody) == 2 * 49_102


@pytest.mark.skipif(not MOVEMENTS.is_dir(), reason=f"the Berka data is not at {MOVEMENTS}")
async def test_the_banks_figures_are_found_again_and_a_second_load_changes_nothing(
    database_url: str,
) -> None:
    async with serving(database_url) as api:
        assert ", 0 of them replayed." in await load(database_url, MOVEMENTS)
        await the_books_are_the_banks(api)
        before = await accounts(api, "")
        second = await load(database_url, MOVEMENTS)
        assert "4,500 users, 0 of them new; 4,507 accounts in CZK, 0 of them new." in second
        assert "49,102 of them replayed." in second
        await the_books_are_the_banks(api)
        assert await accounts(api, "") == before
        await the_statements_are_the_banks(api, berka_files.read(MOVEMENTS).movements)
        await nothing_is_wrong(database_url)
        for example in berka.EXAMPLES:
            assert all((await api(example)).values())


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A folder with a bank of two accounts."""
    for name, content in SMALL.items():
        (tmp_path / name).write_text(content.replace("\n", "\r\n"), "latin-1")
    return tmp_path


@pytest.fixture
async def loaded(database_url: str, small: Path) -> AsyncIterator[Api]:
    """The application over a ledger that has the small bank's movements."""
    await load(database_url, small)
    async with serving(database_url) as served:
        yield served


async def test_each_kind_of_movement_has_its_counter_account(loaded: Api) -> None:
    assert await balances(loaded) == {
        "account:7": "4699.25",
        "account:8": "4.00",
        "cash": "-302.50",
        "other-banks": "4998.50",
        "cards": "3.00",
        "loans": "-1.70",
        "interest": "12.30",
        "fees": "0.10",
        "penalties": "0.25",
    }


async def test_a_movement_keeps_what_the_bank_wrote_down(loaded: Api) -> None:
    pension = (await loaded(TRANSACTION, key="berka:4"))["transaction"]
    assert pension == {
        "description": "Transfer from another bank: pension",
        "metadata": {
            "date": "1993-01-04",
            "operation": "PREVOD Z UCTU",
            "k_symbol": "DUCHOD",
            "bank": "YZ",
            "account": "30300313",
        },
        "postings": [
            {
                "amount": "5000.00",
                "debit": {"code": "berka:other-banks"},
                "credit": {"code": "berka:account:7"},
            }
        ],
    }
    withdrawal = (await loaded(TRANSACTION, key="berka:2"))["transaction"]
    assert withdrawal["metadata"] == {"date": "1993-01-02", "operation": "VYBER"}
    assert withdrawal["postings"][0]["debit"] == {"code": "berka:account:7"}


async def test_only_owners_become_users(loaded: Api) -> None:
    data = await loaded("{ users { nodes { username email metadata } } }")
    assert data["users"]["nodes"] == [
        {
            "username": "client-1",
            "email": "client-1@berka.example",
            "metadata": {"birth_number": "706213", "district": 18},
        },
        {
            "username": "client-3",
            "email": "client-3@berka.example",
            "metadata": {"birth_number": "406009", "district": 5},
        },
    ]


async def test_an_account_that_differs_from_the_files_is_named(
    loaded: Api, database_url: str, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await loaded.post("other", ("berka:cash", "berka:account:8", "1"))
    with pytest.raises(typer.Exit):
        await load(database_url, small)
    assert "Accounts that differ from the files: 1, the first of them berka:account:8." in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("trans.asc", "700.0;", "7e2;", "line 2: '7e2' is not a positive amount"),
        ("trans.asc", "1000.5;", "1000.505;", "line 3: '1000.505' is not a positive amount"),
        ("trans.asc", "0.25;", "-0.25;", "line 4: '-0.25' is not a positive amount"),
        ("trans.asc", "930103", "931301", "line 4: month must be in 1..12"),
        ("trans.asc", "930103", "1993-01-03", "line 4: '1993-01-03' is not a date as YYMMDD"),
        ("trans.asc", '"PRIJEM"', '"?"', "line 2: type is '?', not one of PRIJEM"),
        ("trans.asc", '"VKLAD"', '"?"', "line 2: there is no operation '?'"),
        ("trans.asc", "1;7;", "1;9;", "line 2: account.asc has no account 9"),
        ("trans.asc", ';"YZ";30300313', "", "line 5: it has 8 fields, not 10"),
        ("trans.asc", '"trans_id"', '"id"', "begins with 'id;account_id;"),
        ("disp.asc", "8;", "9;", "line 3: disp.asc has no owner for account 8"),
        ("client.asc", "3;", "4;", "client.asc has no client 3, who owns accounts"),
        ("account.asc", "18;", "Prague;", "line 2: district_id is 'Prague', not a number"),
    ],
)
def test_a_malformed_file_is_named_with_its_line(
    small: Path, name: str, old: str, new: str, problem: str
) -> None:
    content = (small / name).read_text("latin-1")
    (small / name).write_text(content.replace(old, new, 1), "latin-1")
    with pytest.raises(LoadError) as refused:
        berka_files.read(small)
    assert problem in str(refused.value)


@pytest.mark.parametrize("name", SMALL)
def test_a_missing_file_is_named(small: Path, name: str) -> None:
    (small / name).unlink()
    with pytest.raises(LoadError, match=f"{name} cannot be read: No such file or directory"):
        berka_files.read(small)
