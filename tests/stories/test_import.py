"""`florin import`: each line once, in order; what is refused is kept, to be mended."""

import asyncio
import json
from io import StringIO
from pathlib import Path

import pytest
from pydantic import SecretStr
from rich.console import Console

from server import importing
from server.importing import Source
from server.settings import Settings
from tests.api import transaction
from tests.integrity import assert_sound
from tests.transfers import CASH, WALLET, balance, lines, post, posts, run_import


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def test_all_forms_of_a_line_are_carried_out_in_order(database_url: str, file: Path) -> None:
    hold = {"idempotencyKey": "hold"}
    file.write_bytes(
        lines(
            {"createCurrency": {"code": "CREDIT", "exponent": 0}},
            {"createUser": {"username": "alice", "email": "alice@example.com"}},
            CASH,
            {"openAccount": {**WALLET["openAccount"], "owner": {"username": "ALICE"}}},
            {"post": post("posted", "5.00")},
            post("bare", "5.00"),
            {"postTransaction": post("hold", "3.00", pending=True)},
            {"captureTransaction": {"idempotencyKey": "c", "transaction": hold, "amounts": ["2"]}},
            {"freezeAccount": {"account": {"code": "wallet"}}},
        )
        + b"\n  \r\n"
        + lines(
            {"unfreezeAccount": {"account": {"code": "wallet"}}},
            {"reverse": {"idempotencyKey": "r", "transaction": hold}},
            {"post": post("voided", pending=True)},
            {"void": {"idempotencyKey": "v", "transaction": {"idempotencyKey": "voided"}}},
            {"updateTransaction": {"transaction": hold, "description": "later"}},
            {"updateUser": {"user": {"username": "alice"}, "email": "a@example.com"}},
        ).rstrip(b"\n")
    )
    ended = run_import(database_url, file)
    assert (ended.status, ended.err, ended.refused) == (0, "", [])
    assert "15 lines in" in ended.out
    assert "15 done, 0 there already, 0 refused." in ended.out
    assert balance(database_url) == "10.00"
    asyncio.run(assert_sound(database_url))
    assert list(file.parent.iterdir()) == [file]


BAD: list[tuple[object, str, list[str]]] = [
    (b"nonsense", "NOT_JSON", []),
    (b'{"post": "\xff"}', "NOT_JSON", []),
    (b'{"post": "\\ud800"}', "NOT_JSON", []),
    (b"[" * 2000, "NOT_JSON", []),
    ([], "UNKNOWN_OPERATION", []),
    ({}, "UNKNOWN_OPERATION", []),
    ({"pots": {}}, "UNKNOWN_OPERATION", []),
    ({"post": post("k"), "void": {}}, "UNKNOWN_OPERATION", []),
    ({"submitTransactions": {"items": [{"post": post("k")}]}}, "UNKNOWN_OPERATION", []),
    ({"post": None}, "INVALID_INPUT", ["post"]),
    ({"post": 5}, "INVALID_INPUT", ["post"]),
    ({"post": post("k", memo="?")}, "INVALID_INPUT", ["post"]),
    ({"post": {"idempotencyKey": "k"}}, "INVALID_INPUT", ["post"]),
    ({"post": post("k", effectiveAt="today")}, "INVALID_INPUT", ["post", "effectiveAt"]),
    (post("k", pending="yes"), "INVALID_INPUT", ["pending"]),
    # As a hold of an export that has expired since.
    (
        {"post": post("k", pending=True, expiresAt="2020-01-01T00:00:00Z")},
        "INVALID_INPUT",
        ["post", "expiresAt"],
    ),
    (
        {"post": {"idempotencyKey": "k", "postings": [{"debit": {}, "credit": {}, "amount": "1"}]}},
        "INVALID_INPUT",
        ["post"],
    ),
    (
        {"idempotencyKey": "k", "postings": [{**post("k")["postings"][0], "amount": 1}]},
        "INVALID_INPUT",
        ["postings", "0", "amount"],
    ),
    (post("k", "-1"), "INVALID_AMOUNT", ["postings", "0", "amount"]),
    ({"post": post("")}, "INVALID_INPUT", ["post", "idempotencyKey"]),
    ({"post": post("k", metadata=["a"])}, "INVALID_INPUT", ["post", "metadata"]),
    (
        {"postTransaction": transaction("k", ("wallet", "cash", "9.00"))},
        "INSUFFICIENT_FUNDS",
        ["postTransaction", "postings", "0", "debit"],
    ),
    (
        {"void": {"idempotencyKey": "k", "transaction": {"idempotencyKey": "?"}}},
        "TRANSACTION_NOT_FOUND",
        ["void", "transaction"],
    ),
    ({"post": post("good", "2.00")}, "IDEMPOTENCY_CONFLICT", ["post", "idempotencyKey"]),
    ({"createUser": None}, "INVALID_INPUT", ["createUser"]),
    ({"createUser": {"username": "x"}}, "INVALID_INPUT", ["createUser"]),
    ({"createUser": {"username": "", "email": "x@x"}}, "INVALID_INPUT", ["createUser", "username"]),
    ({"createCurrency": {"code": "XX", "exponent": 99}}, "INVALID_INPUT", ["createCurrency"]),
    (
        {"openAccount": {"code": "x", "currency": "?", "normalSide": "LEFT"}},
        "INVALID_INPUT",
        ["openAccount", "normalSide"],
    ),
    (
        {"closeAccount": {"account": {"code": "wallet"}}},
        "ACCOUNT_NOT_EMPTY",
        ["closeAccount", "account"],
    ),
]


def test_bad_lines_of_every_kind_are_kept_with_their_reasons_and_stop_nothing(
    database_url: str, file: Path
) -> None:
    bad = [one if isinstance(one, bytes) else json.dumps(one).encode() for one, _, _ in BAD]
    good = [json.dumps(one).encode() for one in (CASH, WALLET, {"post": post("good")})]
    last = [json.dumps(one).encode() for one in posts(3)]
    file.write_bytes(b"\n".join([*good, *bad, *last]))
    ended = run_import(database_url, file)
    assert ended.status == 1
    assert f"6 done, 0 there already, {len(BAD)} refused." in ended.out
    assert str(file.with_name("ledger.refused.jsonl")) in ended.out
    for number, (one, (content, code, path)) in enumerate(
        zip(ended.refused, BAD, strict=True), len(good) + 1
    ):
        assert (one["number"], one["code"]) == (number, code), one
        assert one["path"][: len(path)] == path, one
        assert len(one["message"]) > 10
        sent = content if isinstance(content, bytes) else json.dumps(content).encode()
        assert one["line"] == sent.decode(errors="replace")
    messages = " ".join(one["message"] for one in ended.refused)
    assert "items." not in messages
    assert "post.idempotencyKey is refused: it is empty." in messages
    assert balance(database_url) == "4.00"
    asyncio.run(assert_sound(database_url))


def test_a_line_that_graphql_cannot_read_does_not_take_its_batch_along(
    database_url: str, file: Path
) -> None:
    wanted = posts(2500)
    for number in (0, 777, 999, 1000, 2499):
        wanted[number] = {"post": post(f"k{number}", memo="?")}
    file.write_bytes(lines(CASH, WALLET, *wanted))
    ended = run_import(database_url, file)
    assert [one["number"] for one in ended.refused] == [3, 780, 1002, 1003, 2502]
    assert balance(database_url) == "2495.00"


def test_refused_lines_are_mended_and_imported_and_no_earlier_file_is_overwritten(
    database_url: str, file: Path
) -> None:
    file.write_bytes(lines(CASH, WALLET, {"post": post("k", "1.005")}))
    assert [one["code"] for one in run_import(database_url, file).refused] == ["INVALID_AMOUNT"]
    kept = file.with_name("ledger.refused.jsonl").read_bytes()
    again = run_import(database_url, file)
    assert again.status == 1
    assert str(file.with_name("ledger.refused.2.jsonl")) in again.out
    assert file.with_name("ledger.refused.2.jsonl").read_bytes() == kept
    assert file.with_name("ledger.refused.jsonl").read_bytes() == kept
    elsewhere = file.with_name("elsewhere")
    assert len(run_import(database_url, file, refused=elsewhere).refused) == 1
    mended = file.with_name("mended.jsonl")
    line = json.loads(kept)["line"]
    mended.write_text(line.replace("1.005", "1.05"))
    assert run_import(database_url, mended).status == 0
    assert balance(database_url) == "1.05"


def test_lines_longer_than_a_body_are_refused_and_only_their_beginning_is_kept(
    database_url: str, file: Path
) -> None:
    long = json.dumps({"post": post("long", description="d" * 5000)}).encode()
    file.write_bytes(lines(CASH, WALLET) + long + b"\n" + lines(*posts(20)))
    ended = run_import(database_url, file, settings={"body_bytes_max": 2000})
    (refused,) = ended.refused
    assert (refused["number"], refused["code"]) == (3, "LINE_TOO_LONG")
    assert refused["line"] == long[:1000].decode()
    assert balance(database_url) == "20.00"


def test_progress_is_shown_on_a_terminal_and_nowhere_else(database_url: str, file: Path) -> None:
    file.write_bytes(lines(CASH, WALLET, *posts(2500)))
    shown: list[str] = []
    for is_terminal in (True, False):
        err = StringIO()
        importing.run(
            Settings(database_url=SecretStr(database_url)),
            Console(file=StringIO()),
            Console(file=err, force_terminal=is_terminal),
            Source(file=str(file)),
        )
        shown.append(err.getvalue())
    assert "lines" in shown[0]
    assert shown[1] == ""
