"""``florin verify`` prints what is wrong, and says by its exit code whether anything is."""

import asyncio
import re
from collections.abc import Callable

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner, Result

from db.ledgers import DEFAULT_LEDGER_ID
from db.pool import open_pool
from server import cli, sealer, verify
from server.settings import Settings
from tests import audited

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``florin verify`` over a database."""

    def invoke(url: str, *arguments: str) -> Result:
        monkeypatch.setenv("DATABASE_URL", url)
        return CliRunner().invoke(cli.app, ["verify", *arguments])

    return invoke


@pytest.fixture
def ledger_url(database_url: str) -> str:
    """A database of the test's own with a sealed ledger that has everything in it."""

    async def fill_and_seal() -> None:
        await audited.fill(database_url)
        async with open_pool(database_url, Settings().pool) as pool:
            assert await sealer.seal(pool, DEFAULT_LEDGER_ID) == 1

    asyncio.run(fill_and_seal())
    return database_url


def tamper(url: str, statement: str) -> None:
    with psycopg.connect(url) as conn:
        conn.execute(statement.encode())


def test_a_sound_ledger_is_summed_up_and_exits_0(run: Run, ledger_url: str) -> None:
    result = run(ledger_url)
    assert result.exit_code == 0
    summary = r"4 accounts, 10 entries, 8 holds, 7 transactions checked in [0-9.]+ s: "
    assert re.fullmatch(rf"{summary}no discrepancies\.\n", result.output)


def test_each_discrepancy_has_a_line_and_any_exits_1(run: Run, ledger_url: str) -> None:
    tamper(
        ledger_url,
        "UPDATE florin.accounts SET version = 7, credits_pending = 1 WHERE code = 'wallet'",
    )
    result = run(ledger_url)
    assert result.exit_code == 1
    *lines, summary = result.output.splitlines()
    with psycopg.connect(ledger_url) as conn:
        wallet = audited.public_id(conn, "wallet")
    assert lines == [
        f"account.version: {wallet} (wallet): expected 4, found 7",
        f"account.credits_pending: {wallet} (wallet): expected 0, found 1",
        "ledger.pending: USD: expected 500, found 501",
    ]
    assert summary.endswith(
        "3 discrepancies (account.credits_pending 1, account.version 1, ledger.pending 1)."
    )


def test_what_is_not_printed_is_said_and_counted(
    run: Run, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "PRINTED_MAX", 2)
    tamper(ledger_url, "UPDATE florin.entries SET effective_at = '2020-01-01Z'")
    lines = run(ledger_url).output.splitlines()
    assert sum(line.startswith("entry.effective_at: entry_") for line in lines) == 2
    assert lines.count("entry.effective_at: more than 2; the rest is only counted.") == 1
    assert "entry.effective_at 10" in lines[-1]


def test_the_chain_is_checked_where_it_is_asked_for(run: Run, ledger_url: str) -> None:
    result = run(ledger_url, "--seal")
    assert result.exit_code == 0
    assert "1 seals checked in" in result.output
    assert "1 seals of 10 entries, sealed through 20" in result.output
    with psycopg.connect(ledger_url) as conn:
        row = conn.execute("SELECT encode(hash, 'hex') FROM florin.seals").fetchone()
    assert row is not None
    assert result.output.endswith(f"Head: {row[0]}\n")


def test_a_consistent_forgery_is_only_found_by_the_chain(run: Run, ledger_url: str) -> None:
    """Everything that the tables say twice was rewritten, on both accounts."""
    for statement in (
        "UPDATE florin.transactions SET effective_at = '2020-01-01Z' WHERE effective_at < now()",
        "UPDATE florin.entries SET effective_at = '2020-01-01Z' WHERE effective_at < now()",
        "UPDATE florin.shifts SET starts_on = '2020-01-01' WHERE starts_on = '2020-02-29'",
        "UPDATE florin.shifts SET starts_on = '2020-01-01' WHERE starts_on = '2020-02-01'",
    ):
        tamper(ledger_url, statement)
    assert run(ledger_url).exit_code == 0
    result = run(ledger_url, "--seal")
    assert result.exit_code == 1
    with psycopg.connect(ledger_url) as conn:
        entry, txn = audited.public_id(conn, "wallet 2"), audited.public_id(conn, "dated")
    assert f"sealed.changed: {entry} (wallet, {txn}, seal 1): expected " in result.output
    assert "2 discrepancies (sealed.changed 2)" in result.output


def test_a_head_that_was_kept_finds_out_a_chain_that_was_cut_off(run: Run, ledger_url: str) -> None:
    head = run(ledger_url, "--seal").output.rpartition("Head: ")[2].strip()
    assert run(ledger_url, "--head", head).exit_code == 0
    tamper(ledger_url, "DELETE FROM florin.seals")
    assert run(ledger_url, "--seal").exit_code == 0
    result = run(ledger_url, "--head", head.upper())
    assert result.exit_code == 1
    assert f"seal.head: {head}: expected the hash of a seal, found no such seal" in result.output
    for nonsense in ("", "abc", "zz" * 32, head + "00"):
        result = run(ledger_url, "--head", nonsense)
        assert result.exit_code == 2
        assert "64 hexadecimal digits" in result.output


def test_nothing_sealed_is_no_discrepancy(run: Run, database_url: str) -> None:
    result = run(database_url, "--seal")
    assert result.exit_code == 0
    assert result.output.endswith("Nothing is sealed yet.\n")


def test_where_it_cannot_run_it_exits_2_and_says_why(
    run: Run, empty_database_url: str, database_url: str
) -> None:
    result = run(empty_database_url)
    assert result.exit_code == 2
    assert "not migrated yet" in result.output
    assert "florin migrate" in result.output
    result = run(make_conninfo(database_url, port=1))
    assert result.exit_code == 2
    assert "could not be verified" in result.output
    tamper(database_url, "REVOKE SELECT ON florin.holds FROM florin_app")
    result = run(database_url)
    assert result.exit_code == 2
    assert "florin doctor" in result.output
