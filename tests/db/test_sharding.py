"""Nothing stands in the way of sharding by ledger: proven on a hash-partitioned copy."""

import importlib
import pkgutil
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import Composable

import db
from db import adaptation, currencies, ledgers, migrate
from db.pages import Listing
from tests.api import Api, serving
from tests.everything import walk
from tests.recorder import RecordingCursor, Statement

PARTITIONS = 4
# Whole on every shard: which ledgers there are, and who may open them.
DIRECTORY = {"ledgers", "api_keys"}
OF_THE_DIRECTORY = {ledgers.BY_CODES, ledgers.EVERY, ledgers.LOCK}
SCHEMA_SQL = Path(migrate.__file__).parent / "schema.sql"


def partitioned_schema() -> Iterator[str]:
    """The readable schema with every table hash-partitioned by ledger_id."""
    text = SCHEMA_SQL.read_text().replace(" WITH (fillfactor = 70)", "")
    for statement in re.split(r";\s", re.sub(r"--.*", "", text)):
        table = re.match(r"\s*CREATE TABLE florin\.(\w+)", statement)
        if table is None or table[1] in DIRECTORY:
            if statement.strip():
                yield statement
            continue
        yield f"{statement} PARTITION BY HASH (ledger_id)"
        for number in range(PARTITIONS):
            yield (
                f"CREATE TABLE florin.{table[1]}_p{number} PARTITION OF florin.{table[1]} "
                f"FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
            )


def statements() -> Iterator[str]:
    """Every statement constant in db/ that names a table, as text."""
    for module in pkgutil.iter_modules(db.__path__, "db."):
        if module.name == "db.migrations" or module.name in {
            "db.inspection",
            # Catalogs alone.
            "db.diagnostics",
            "db.migrate",
            "db.api_keys",
            "db.walls",
        }:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Listing):
                yield value.select.as_string(None)
            elif name.isupper() and not name.startswith("_"):
                text = value.as_string(None) if isinstance(value, Composable) else value
                # Not the setting that says which ledger is meant.
                if isinstance(text, str) and re.search(r"florin\.(?!ledger_id)", text):
                    yield text


@pytest.fixture
async def partitioned(template: str, empty_database_url: str) -> AsyncIterator[Api]:
    assert template  # once any database of the server was migrated, the app's role is there
    with psycopg.connect(empty_database_url) as conn:
        for statement in partitioned_schema():
            conn.execute(statement.encode())
        ledgers.create_default(conn)
        currencies.create_iso(conn, ledgers.DEFAULT_LEDGER_ID)
    async with serving(empty_database_url, cursor_factory=RecordingCursor) as api:
        RecordingCursor.record.clear()
        yield api


def partitions(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(table, partition) for every relation that a plan reads or writes."""
    found = re.fullmatch(r"(\w+)_(p\d+)", plan.get("Relation Name", ""))
    if found is not None:
        yield found[1], found[2]
    for inner in plan.get("Plans", []):
        yield from partitions(inner)


def touched(conn: psycopg.Connection, statement: Statement) -> set[str]:
    """The partitions' numbers that a statement touches, over all its tables."""
    explain = f"EXPLAIN (FORMAT JSON) {statement.query}".encode()
    row = conn.execute(explain, statement.parameters).fetchone()
    assert row is not None
    return {number for _, number in partitions(row[0][0]["Plan"])}


async def test_no_statement_touches_two_partitions(
    partitioned: Api, empty_database_url: str
) -> None:
    await walk(partitioned)
    recorded = list(RecordingCursor.record)
    with psycopg.connect(empty_database_url, context=adaptation.CONTEXT) as conn:
        all_touched = [touched(conn, statement) for statement in recorded]
    for statement, numbers in zip(recorded, all_touched, strict=True):
        assert len(numbers) <= 1, statement.query
    # One ledger is one shard, in every table.
    assert len(set().union(*all_touched)) == 1


async def test_the_walk_sees_every_statement_there_is(partitioned: Api) -> None:
    await walk(partitioned)
    sent = {" ".join(statement.query.split()) for statement in RecordingCursor.record}
    # These run as the owner, when a database is set up.
    setup = {ledgers.CREATE, ledgers.CREATE_WATERMARK, ledgers.CREATE_DUTIES}
    setup |= {currencies.CREATE_ALL, ledgers.LOCK, ledgers.NEXT_ID}
    # And these find out which ledger is meant.
    setup |= OF_THE_DIRECTORY
    for text in set(statements()) - setup:
        wanted = " ".join(text.split())
        assert any(wanted in one for one in sent), text


@pytest.mark.parametrize("text", sorted(set(statements()) - OF_THE_DIRECTORY))
def test_every_statement_names_the_ledger_for_every_table(text: str) -> None:
    tables = len(re.findall(r"(?:FROM|JOIN|UPDATE|INTO)\s+florin\.", text))
    assert text.count("ledger_id") >= tables > 0
