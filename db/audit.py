"""The audit: everything that a ledger's tables say twice, recomputed and compared.

Every balance, pending counter and shift is recomputed from entries and holds, every chain of
versions is followed, and transactions, postings, entries and holds are held against each other. The
audit reads only. A finding is named by its rule, ``table.what``: ``db.audit_accounts`` and
``db.audit_transactions`` have them all. Run it on one snapshot (``db.snapshots``), or where nobody
writes meanwhile.
"""

from collections.abc import AsyncIterator
from typing import Final, LiteralString

import msgspec

from db import audit_accounts, audit_transactions, statements, walks
from db.statements import Connection
from db.walks import BIGINT_GREATEST, UUID_GREATEST, UUID_LEAST, Discrepancy, Progress, Walk


class Counts(msgspec.Struct, frozen=True, gc=False):
    """How much there is to walk."""

    accounts: int
    entries: int
    holds: int
    transactions: int


COUNTS: Final[LiteralString] = """
    SELECT
        (SELECT count(*) FROM florin.accounts WHERE ledger_id = %(ledger_id)s) AS accounts,
        (SELECT count(*) FROM florin.entries WHERE ledger_id = %(ledger_id)s) AS entries,
        (SELECT count(*) FROM florin.holds WHERE ledger_id = %(ledger_id)s) AS holds,
        (SELECT count(*) FROM florin.transactions WHERE ledger_id = %(ledger_id)s) AS transactions
"""

ACCOUNTS_BOUNDARY: Final[LiteralString] = """
    SELECT account_id FROM florin.accounts
    WHERE ledger_id = %(ledger_id)s AND account_id >= %(first)s
    ORDER BY account_id OFFSET %(skipped)s LIMIT 1
"""

ENTRIES_BOUNDARY: Final[LiteralString] = """
    SELECT account_id, version FROM florin.entries
    WHERE ledger_id = %(ledger_id)s AND (account_id, version) >= (%(first)s, %(first_within)s)
    ORDER BY account_id, version OFFSET %(skipped)s LIMIT 1
"""

HOLDS_BOUNDARY: Final[LiteralString] = """
    SELECT account_id, transaction_id FROM florin.holds
    WHERE ledger_id = %(ledger_id)s
        AND (account_id, transaction_id) >= (%(first)s, %(first_within)s)
    ORDER BY account_id, transaction_id OFFSET %(skipped)s LIMIT 1
"""

TRANSACTIONS_BOUNDARY: Final[LiteralString] = """
    SELECT transaction_id FROM florin.transactions
    WHERE ledger_id = %(ledger_id)s AND transaction_id >= %(first)s
    ORDER BY transaction_id OFFSET %(skipped)s LIMIT 1
"""

# The sizes make a chunk take a fraction of a second.
WALKS: Final = (
    Walk(
        noun="accounts",
        size=5_000,
        least=(UUID_LEAST,),
        greatest=(UUID_GREATEST,),
        boundary=ACCOUNTS_BOUNDARY,
        checks=(audit_accounts.ACCOUNTS, audit_accounts.SHIFTS),
    ),
    Walk(
        noun="entries",
        size=50_000,
        least=(UUID_LEAST, 1),
        greatest=(UUID_GREATEST, BIGINT_GREATEST),
        boundary=ENTRIES_BOUNDARY,
        checks=(audit_accounts.CHAINS, audit_transactions.ENTRIES),
    ),
    Walk(
        noun="holds",
        size=20_000,
        least=(UUID_LEAST, UUID_LEAST),
        greatest=(UUID_GREATEST, UUID_GREATEST),
        boundary=HOLDS_BOUNDARY,
        checks=(audit_transactions.HOLDS,),
    ),
    Walk(
        noun="transactions",
        size=20_000,
        least=(UUID_LEAST,),
        greatest=(UUID_GREATEST,),
        boundary=TRANSACTIONS_BOUNDARY,
        checks=(
            audit_transactions.TRANSACTIONS,
            audit_transactions.POSTINGS,
            audit_transactions.LEGS,
            audit_transactions.REVERSALS,
        ),
    ),
)


async def counts(conn: Connection, ledger_id: int) -> Counts:
    """How many rows of each kind there are; one round trip, which reads them all."""
    found = await statements.one_row(conn, Counts, COUNTS, {"ledger_id": ledger_id})
    assert found is not None
    return found


async def discrepancies(
    conn: Connection, ledger_id: int, progress: Progress = walks.unwatched
) -> AsyncIterator[Discrepancy]:
    """Everything that is not as it must be; nothing for a sound ledger.

    Eleven statements for a small ledger, about as many for each chunk of a large one: then have the
    connection ``statements.look_up_by_key`` first.
    """
    totals = msgspec.structs.asdict(await counts(conn, ledger_id))
    for walk in WALKS:
        async for found in walks.walk(conn, ledger_id, walk, totals[walk.noun], progress):
            yield found
    for found in await walks.findings(conn, audit_accounts.SUMS, {"ledger_id": ledger_id}):
        yield found
