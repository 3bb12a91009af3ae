"""A search by metadata reads what its ledger has, and no row of another."""

from typing import Final, LiteralString, NamedTuple

import psycopg
import pytest

from db import adaptation
from tests.api import serving
from tests.credentials import new_ledger
from tests.plans import within
from tests.recorder import RecordingCursor, Statement

OURS: Final = 2_000
THEIRS: Final = 10_000
RARE: Final = 100
FILL: Final[dict[str, LiteralString]] = {
    "users": """
        INSERT INTO florin.users
            (ledger_id, user_id, username, email, metadata, created_at, updated_at)
        SELECT %(ledger)s, gen_random_uuid(), 'u' || n, 'u' || n, %(metadata)s, now(), now()
        FROM generate_series(%(first)s::integer, %(last)s::integer) AS n
    """,
    "accounts": """
        INSERT INTO florin.accounts
            (ledger_id, account_id, code, name, currency, exponent, normal_side, state,
            debits_posted, credits_posted, debits_pending, credits_pending, version, metadata,
            created_at)
        SELECT %(ledger)s, gen_random_uuid(), 'a' || n, '', 'USD', 2, 'CREDIT', 'OPEN', 0, 0, 0, 0,
            0, %(metadata)s, now()
        FROM generate_series(%(first)s::integer, %(last)s::integer) AS n
    """,
    "transactions": """
        INSERT INTO florin.transactions
            (ledger_id, transaction_id, idempotency_key, fingerprint, state, description, metadata,
            created_at)
        SELECT %(ledger)s, gen_random_uuid(), 't' || n, sha256(''), 'POSTED', '', %(metadata)s,
            now()
        FROM generate_series(%(first)s::integer, %(last)s::integer) AS n
    """,
}
SEARCH: Final = (
    "{{ {noun}(filter: {{ metadata: {{ {condition} }} }}) {{ totalCount nodes {{ id }} }} }}"
)


class Read(NamedTuple):
    """How many rows the index gave, how many were read in vain, and how many pages at all."""

    rows_found: int
    rows_removed: int
    pages: int


@pytest.mark.parametrize("noun", ["users", "accounts", "transactions"])
async def test_a_search_by_metadata_reads_rows_of_its_own_ledger_alone(
    database_url: str, noun: str
) -> None:
    """However many others have what is searched for."""
    new_ledger(database_url, "theirs")
    with psycopg.connect(database_url, autocommit=True) as conn:
        for ledger, metadata, first, last in (
            (1, '{"ours": 1}', 1, OURS),
            (2, '{"theirs": 1}', 1, THEIRS),
            (2, '{"rare": 1}', THEIRS + 1, THEIRS + RARE),
        ):
            fill = {"ledger": ledger, "metadata": metadata, "first": first, "last": last}
            conn.execute(FILL[noun], fill)
        conn.execute(f"VACUUM ANALYZE florin.{noun}".encode())
    async with serving(database_url, cursor_factory=RecordingCursor) as api:
        for condition in ("contains: {{ {} : 1 }}", 'hasKey: "{}"'):
            for key in ("ours", "theirs", "rare", "nobodys"):
                RecordingCursor.record.clear()
                query = SEARCH.format(noun=noun, condition=condition.format(key))
                found = (await api(query))[noun]
                assert found["totalCount"] == (OURS if key == "ours" else 0)
                asked = [one for one in RecordingCursor.record if "metadata" in one.query]
                assert len(asked) == 2
                for statement in asked:
                    read = _read(database_url, statement)
                    assert read.rows_found in {0, OURS}
                    # All of one's own, where it is looked through in its order.
                    assert read.rows_removed in {0, OURS}
                    assert read.pages < OURS + 200


def _read(url: str, statement: Statement) -> Read:
    """What a statement reads."""
    with psycopg.connect(url, context=adaptation.CONTEXT) as conn:
        conn.execute("SET ROLE florin_app")
        conn.execute("SELECT set_config('florin.ledger_id', '1', false)")
        head = "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, BUFFERS, FORMAT JSON) "
        row = conn.execute((head + statement.query).encode(), statement.parameters).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    found = [node for node in within(plan) if "metadata_idx" in node.get("Index Name", "")]
    return Read(
        sum(node["Actual Rows"] for node in found),
        sum(node.get("Rows Removed by Filter", 0) for node in within(plan)),
        pages,
    )
