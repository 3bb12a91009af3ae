"""`florin import`, run again or continued: what is there already, and the same, is recognised."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.api import serving
from tests.transfers import CASH, WALLET, balance, lines, posts, run_import


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def test_what_is_there_already_is_recognised_if_it_is_the_same(
    database_url: str, file: Path
) -> None:
    user = {"username": "alice", "email": "alice@example.com"}
    account = {**WALLET["openAccount"], "owner": {"username": "alice"}}
    currency = {"code": "CREDIT", "exponent": 0}
    file.write_bytes(
        lines({"createUser": user}, {"openAccount": account}, {"createCurrency": currency})
    )
    assert run_import(database_url, file).status == 0
    owner = {"owner": {"email": "Alice@example.com"}}
    file.write_bytes(
        lines(
            {"createUser": {**user, "username": "ALICE", "metadata": {"other": 1}}},
            {"openAccount": {**account, **owner, "floor": "-5"}},
            {"createCurrency": {**currency, "name": "other"}},
        )
    )
    ended = run_import(database_url, file)
    assert (ended.status, ended.refused) == (0, [])
    assert "0 done, 3 there already, 0 refused." in ended.out


@pytest.mark.parametrize(
    ("line", "code", "fields"),
    [
        ({"createUser": {"username": "alice", "email": "b@x.org"}}, "USERNAME_TAKEN", "email"),
        ({"createCurrency": {"code": "USD", "exponent": 3}}, "CURRENCY_TAKEN", "exponent"),
        (
            {"openAccount": {"code": "wallet", "currency": "EUR", "normalSide": "DEBIT"}},
            "ACCOUNT_CODE_TAKEN",
            "currency and normalSide and owner",
        ),
        (
            {"openAccount": {**WALLET["openAccount"], "owner": {"username": "bob"}}},
            "ACCOUNT_CODE_TAKEN",
            "owner",
        ),
    ],
)
def test_what_is_there_already_is_refused_if_it_is_another(
    database_url: str, file: Path, line: object, code: str, fields: str
) -> None:
    async def fill() -> None:
        async with serving(database_url) as api:
            for name in ("alice", "bob"):
                await api.create_user(name)
            await api.open_account("wallet", owner={"username": "alice"})

    asyncio.run(fill())
    file.write_bytes(lines(line))
    ended = run_import(database_url, file)
    (refused,) = ended.refused
    assert refused["code"] == code
    assert refused["message"].endswith(f"What is there differs in {fields}.")


def test_changes_to_a_closed_account_are_there_already_if_they_are_as_asked(
    database_url: str, file: Path
) -> None:
    account = {"account": {"code": "wallet"}}
    changed = {**account, "floor": "-5", "ceiling": "7.5", "name": "W", "metadata": {"a": 1}}
    file.write_bytes(
        lines(
            WALLET,
            {"updateAccount": changed},
            {"freezeAccount": account},
            {"closeAccount": account},
        )
    )
    assert run_import(database_url, file).status == 0
    ended = run_import(database_url, file)
    assert "1 done, 3 there already, 0 refused." in ended.out
    for change in ({"floor": None}, {"ceiling": "8"}, {"name": "V"}, {"metadata": {"a": 2}}):
        file.write_bytes(lines({"updateAccount": {**changed, **change}}))
        (field,) = change
        assert run_import(database_url, file).status == 1
        (refused,) = file.parent.glob("*.refused.jsonl")
        assert json.loads(refused.read_bytes())["message"].endswith(f"differs in {field}.")
        refused.unlink()


def test_an_import_may_begin_in_the_middle(database_url: str, file: Path) -> None:
    file.write_bytes(lines(CASH, WALLET, *posts(5)))
    assert run_import(database_url, file).status == 0
    file.write_bytes(lines(*["nonsense"] * 5, *posts(5, first=5)))
    ended = run_import(database_url, file, from_line=6)
    assert (ended.status, balance(database_url)) == (0, "10.00")
    assert "5 lines in" in ended.out


def test_a_key_that_is_bound_is_replayed_and_never_posted_twice(
    database_url: str, file: Path
) -> None:
    file.write_bytes(lines(CASH, WALLET, *posts(1)))
    assert run_import(database_url, file).status == 0
    file.write_bytes(lines(*posts(3)))
    for said in ("2 done, 1 there already", "0 done, 3 there already"):
        assert said in run_import(database_url, file).out
    assert balance(database_url) == "3.00"
