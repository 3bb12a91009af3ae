"""The bench's own ledger is as sound as one that the API recorded, and its figures come out."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, LiteralString
from xml.etree import ElementTree

import msgspec
import psycopg
import pytest

from bench import growth, growth_report, history
from bench.history import History
from bench.reads import READS
from ledger import identifiers
from tests.integrity import assert_sound, row_counts

ENDED_AT = datetime.now(UTC) - timedelta(days=2)
STARTED_AT = ENDED_AT - timedelta(days=730)

# What a ledger that has everything has some of.
KINDS: Final[dict[str, LiteralString]] = {
    "captured in part": "SELECT 1 FROM florin.holds WHERE captured < amount",
    "captured whole": "SELECT 1 FROM florin.holds WHERE captured = amount",
    "voided": "SELECT 1 FROM florin.transactions WHERE state = 'VOIDED'",
    "expired": "SELECT 1 FROM florin.transactions WHERE state = 'EXPIRED'",
    "pending for now": """
        SELECT 1 FROM florin.transactions WHERE state = 'PENDING' AND expires_at > now()
    """,
    "pending for good": """
        SELECT 1 FROM florin.transactions WHERE state = 'PENDING' AND expires_at IS NULL
    """,
    "reversed": "SELECT 1 FROM florin.transactions WHERE reverses_id IS NOT NULL",
    "dated back": "SELECT 1 FROM florin.entries WHERE effective_at < created_at",
    "dated ahead": "SELECT 1 FROM florin.entries WHERE effective_at > created_at",
    "with metadata": "SELECT 1 FROM florin.transactions WHERE metadata <> '{}'",
    "another currency": "SELECT 1 FROM florin.accounts WHERE currency = 'EUR' AND version > 0",
}

EVENTS: Final = """
    SELECT transaction_id, created_at FROM florin.transactions
    UNION ALL
    SELECT resolution_id, resolved_at FROM florin.transactions WHERE resolution_id IS NOT NULL
"""


@pytest.fixture
def grown_url(database_url: str) -> str:
    """A ledger of 2,600 entries, in two steps as the bench grows it."""
    grown = History(STARTED_AT)
    with psycopg.connect(database_url, options="-c TimeZone=UTC") as conn:
        grown.open_accounts(conn)
        grown.grow(conn, entries=1_000, until=STARTED_AT + timedelta(days=365))
        grown.grow(conn, entries=2_600, until=ENDED_AT)
    return database_url


async def test_a_generated_ledger_is_sound(grown_url: str) -> None:
    await assert_sound(grown_url)
    assert (await row_counts(grown_url))["entries"] == 2_600


def test_the_audit_finds_nothing_wrong_with_a_generated_ledger(grown_url: str) -> None:
    taken = growth.verify(grown_url)
    assert taken.seconds > 0
    assert taken.peak_bytes > 10_000_000


def test_a_generated_ledger_has_some_of_everything(grown_url: str) -> None:
    with psycopg.connect(grown_url) as conn:
        assert {
            kind for kind, query in KINDS.items() if not conn.execute(query).fetchall()
        } == set()


def test_a_generated_ledgers_ids_are_those_of_their_moments(grown_url: str) -> None:
    with psycopg.connect(grown_url, options="-c TimeZone=UTC") as conn:
        events = conn.execute(EVENTS).fetchall()
    for event_id, at in events:
        next_at = at + timedelta(microseconds=1)
        assert identifiers.first_uuid7(at) <= event_id < identifiers.first_uuid7(next_at)
        assert event_id.version == 7
    assert min(at for _, at in events) > STARTED_AT
    assert max(at for _, at in events) < ENDED_AT


def test_half_of_a_generated_ledgers_entries_are_on_one_account(grown_url: str) -> None:
    with psycopg.connect(grown_url) as conn:
        found = conn.execute(
            "SELECT version FROM florin.accounts WHERE code = %s", [history.HOT]
        ).fetchone()
    assert found is not None
    assert 0.45 * 2_600 < found[0] <= 0.5 * 2_600


def test_the_bench_writes_its_tables_figures_and_picture(server_url: str, tmp_path: Path) -> None:
    measured = growth.measure(server_url, sizes=(1_000, 2_000), runs=2)
    written = growth_report.save(tmp_path, "sample", {"cores": "2"}, measured)
    text = written.read_text()
    assert "(sample.svg)" in text
    figures = msgspec.json.decode(written.with_suffix(".json").read_bytes())["figures"]
    drawing = ElementTree.parse(written.with_suffix(".svg")).getroot()  # noqa: S314 - our own file
    words = " ".join(drawing.itertext())
    for read in READS:
        assert re.search(rf"\| {re.escape(read.name)} \|.*\d\.\d\d \|", text)
        assert f"{read.name}: " in words
        assert len(figures["growth"][read.name]["2000"]) == 2
