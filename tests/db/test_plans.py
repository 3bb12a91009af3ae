"""What PostgreSQL makes of the statements, on tables large enough for it to have a choice."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import pytest

from db import adaptation
from tests.api import serving
from tests.recorder import RecordingCursor

ROWS = 20_000
FILL = {
    "users": """
        INSERT INTO florin.users
        SELECT 1, gen_random_uuid(), 'u' || n, n || '@example.com',
            CASE WHEN n %% 4 = 0 THEN jsonb_build_object('n', n, 'k' || n, 1) ELSE '{}' END,
            now(), now()
        FROM generate_series(1, %(rows)s) AS n
    """,
    "accounts": """
        INSERT INTO florin.accounts
        SELECT 1, gen_random_uuid(), 'a' || n, '', NULL, 'USD', 2, 'CREDIT', 'OPEN', 0, NULL,
            0, 0, 0, 0, 0, NULL,
            CASE WHEN n %% 4 = 0 THEN jsonb_build_object('n', n, 'k' || n, 1) ELSE '{}' END, now()
        FROM generate_series(1, %(rows)s) AS n
    """,
    "transactions": """
        INSERT INTO florin.transactions
        SELECT 1, gen_random_uuid(), 't' || n, sha256(''::bytea), 'POSTED', '',
            CASE WHEN n %% 4 = 0 THEN jsonb_build_object('n', n, 'k' || n, 1) ELSE '{}' END, now()
        FROM generate_series(1, %(rows)s) AS n
    """,
}
SEARCH = """
    query {{ {noun}(filter: {{ metadata: {{ {condition} }} }}) {{ nodes {{ id }} totalCount }} }}
"""


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes(inner)


@pytest.mark.parametrize("noun", ["users", "accounts", "transactions"])
async def test_metadata_is_searched_through_its_gin_index(database_url: str, noun: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(FILL[noun].encode(), {"rows": ROWS})
        conn.execute(f"ANALYZE florin.{noun}".encode())
    async with serving(database_url, cursor_factory=RecordingCursor) as api:
        RecordingCursor.record.clear()
        for condition in ("contains: { n: 4000 }", 'hasKey: "k4000"'):
            data = await api(SEARCH.format(noun=noun, condition=condition))
            assert data[noun]["totalCount"] == len(data[noun]["nodes"]) == 1
    searches = [one for one in RecordingCursor.record if "metadata" in one.query]
    assert len(searches) == 4
    with psycopg.connect(database_url, context=adaptation.CONTEXT) as conn:
        for statement in searches:
            explain = f"EXPLAIN (FORMAT JSON) {statement.query}".encode()
            row = conn.execute(explain, statement.parameters).fetchone()
            assert row is not None
            used = list(nodes(row[0][0]["Plan"]))
            scans = {node.get("Index Name") for node in used if node["Node Type"].startswith("Bit")}
            assert f"{noun}_metadata_idx" in scans, json.dumps(row[0], indent=1)
            assert not [node for node in used if node["Node Type"] == "Seq Scan"]
