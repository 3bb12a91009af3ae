"""A search by metadata finds, and reads, what its ledger has: others' rows take no time of it."""

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
FILL: Final[dict[str, LiteralString]] = {
    "users": """
        INSERT INTO florin.users
            (ledger_id, user_id, username, email, metadata, created_at, updated_at)
        SELECT %(ledger)s, gen_random_uuid(), 'u' || n, 'u' || n, %(metadata)s, now(), now()
        FROM generate_series(1, %(rows)s) AS n
    """,
    "accounts": """
        INSERT INTO florin.accounts
            (ledger_id, account_id, code, name, currency, exponent, normal_side, state,
            debits_posted, credits_posted, debits_pending, credits_pending, version, metadata,
            created_at)
        SELECT %(ledger)s, gen_random_uuid(), 'a' || n, '', 'USD', 2, 'CREDIT', 'OPEN', 0, 0, 0, 0,
            0, %(metadata)s, now()
        FROM generate_series(1, %(rows)s) AS n
    """,
    "transactions": """
        INSERT INTO florin.transactions
            (ledger_id, transaction_id, idempotency_key, fingerprint, state, description, metadata,
            created_at)
        SELECT %(ledger)s, gen_random_uuid(), 't' || n, sha256(''), 'POSTED', '', %(metadata)s,
            now()
        FROM generate_series(1, %(rows)s) AS n
    """,
}
SEARCH: Final = (
    "{{ {noun}(filter: {{ metadata: {{ {condition} }} }}) {{ totalCount nodes {{ id }} }} }}"
)


class Read(NamedTuple):
    """How many rows were read in vain, and how many pages at all."""

    rows_removed: int
    pages: int


@pytest.mark.parametrize("noun", ["users", "accounts", "transactions"])
async def test_what_others_have_in_their_metadata_takes_no_time_of_a_search(
    database_url: str, noun: str
) -> None:
    """It reads what a search for what nobody has at all reads."""
    new_ledger(database_url, "theirs")
    with psycopg.connect(database_url, autocommit=True) as conn:
        for ledger, metadata, rows in ((1, '{"ours": 1}', OURS), (2, '{"theirs": 1}', THEIRS)):
            fill = {"ledger": ledger, "metadata": metadata, "rows": rows}
            conn.execute(FILL[noun], fill)
        conn.execute(f"VACUUM ANALYZE florin.{noun}".encode())
    async with serving(database_url, cursor_factory=RecordingCursor) as api:
        for condition in ("contains: {{ {} : 1 }}", 'hasKey: "{}"'):
            reads = []
            for key in ("theirs", "nobodys"):
                RecordingCursor.record.clear()
                query = SEARCH.format(noun=noun, condition=condition.format(key))
                assert (await api(query))[noun] == {"totalCount": 0, "nodes": []}
                asked = [one for one in RecordingCursor.record if "metadata" in one.query]
                assert len(asked) == 2
                reads.append([_read(database_url, statement) for statement in asked])
            for theirs, nobodys in zip(*reads, strict=True):
                # Some of the index, to find out; and not a row of the table.
                assert theirs.rows_removed == nobodys.rows_removed == 0
                assert theirs.pages < nobodys.pages + 20


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
    return Read(sum(node.get("Rows Removed by Filter", 0) for node in within(plan)), pages)
