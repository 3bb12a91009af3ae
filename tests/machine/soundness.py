"""What one ledger's tables say, recomputed by the database, to be held against the model."""

from collections import Counter
from datetime import datetime
from typing import Final, LiteralString

import msgspec
import psycopg
from psycopg.rows import args_row

# An account with what its entries and open holds add up to.
ACCOUNTS: Final[LiteralString] = """
    SELECT a.code, a.currency, a.exponent, a.normal_side, a.state, a.floor, a.ceiling,
        a.debits_posted, a.credits_posted, a.debits_pending, a.credits_pending, a.version,
        a.last_entry_at, e.entries, e.first_version, e.last_version, e.last_at,
        e.debits, e.credits, h.debits AS debits_held, h.credits AS credits_held,
        last.balance_after, last.debits_after
    FROM florin.accounts AS a
    CROSS JOIN LATERAL (
        SELECT count(*) AS entries, coalesce(min(version), 0) AS first_version,
            coalesce(max(version), 0) AS last_version, max(created_at) AS last_at,
            coalesce(sum(amount) FILTER (WHERE side = 'DEBIT'), 0) AS debits,
            coalesce(sum(amount) FILTER (WHERE side = 'CREDIT'), 0) AS credits
        FROM florin.entries
        WHERE ledger_id = a.ledger_id AND account_id = a.account_id
    ) AS e
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(amount) FILTER (WHERE side = 'DEBIT'), 0) AS debits,
            coalesce(sum(amount) FILTER (WHERE side = 'CREDIT'), 0) AS credits
        FROM florin.holds
        WHERE ledger_id = a.ledger_id AND account_id = a.account_id AND resolved_at IS NULL
    ) AS h
    LEFT JOIN florin.entries AS last
        ON last.ledger_id = a.ledger_id AND last.account_id = a.account_id
        AND last.version = a.version
    WHERE a.ledger_id = %(ledger_id)s
    ORDER BY a.code
"""

TRANSACTIONS: Final[LiteralString] = """
    SELECT state, count(*) FROM florin.transactions WHERE ledger_id = %(ledger_id)s GROUP BY state
"""

# Everything that a refused or replayed request must leave as it was.
FINGERPRINT: Final[LiteralString] = """
    SELECT
        (SELECT md5(string_agg(t::text, ',' ORDER BY account_id))
            FROM florin.accounts AS t WHERE ledger_id = %(ledger_id)s),
        (SELECT md5(string_agg(t::text, ',' ORDER BY transaction_id))
            FROM florin.transactions AS t WHERE ledger_id = %(ledger_id)s),
        (SELECT md5(string_agg(t::text, ',' ORDER BY account_id, transaction_id, position))
            FROM florin.holds AS t WHERE ledger_id = %(ledger_id)s),
        (SELECT md5(string_agg(t::text, ',' ORDER BY account_id, period, starts_on))
            FROM florin.shifts AS t WHERE ledger_id = %(ledger_id)s),
        (SELECT count(*) FROM florin.postings WHERE ledger_id = %(ledger_id)s),
        (SELECT count(*) FROM florin.entries WHERE ledger_id = %(ledger_id)s),
        (SELECT count(*) FROM florin.users WHERE ledger_id = %(ledger_id)s)
"""


class Row(msgspec.Struct, frozen=True, gc=False):
    """An account, what its entries and its open holds add up to, and its last entry."""

    code: str
    currency: str
    exponent: int
    normal_side: str
    state: str
    floor: int | None
    ceiling: int | None
    debits_posted: int
    credits_posted: int
    debits_pending: int
    credits_pending: int
    version: int
    last_entry_at: datetime | None
    entries: int
    first_version: int
    last_version: int
    last_at: datetime | None
    debits: int
    credits: int
    debits_held: int
    credits_held: int
    balance_after: int | None
    debits_after: int | None


class Tables:
    """The tables of one ledger, read behind Florin's back."""

    def __init__(self, conn: psycopg.Connection, ledger_id: int) -> None:
        self._conn = conn
        self._parameters = {"ledger_id": ledger_id}

    def fingerprint(self) -> tuple[object, ...]:
        """The same as long as nothing is written."""
        row = self._conn.execute(FINGERPRINT, self._parameters).fetchone()
        assert row is not None
        return row

    def states(self) -> Counter[str]:
        """How many transactions there are of each state, as they are written down."""
        return Counter(dict(self._conn.execute(TRANSACTIONS, self._parameters).fetchall()))

    def accounts(self) -> list[Row]:
        """Every account, sound: its counters are those of its entries and its open holds."""
        # In binary, because only so is money read as exact integers.
        cursor = self._conn.cursor(row_factory=args_row(Row), binary=True)
        rows = cursor.execute(ACCOUNTS, self._parameters).fetchall()
        sums: Counter[str] = Counter()
        for row in rows:
            _assert_sound(row)
            sums[row.currency] += row.debits_posted - row.credits_posted
            sums[f"{row.currency} pending"] += row.debits_pending - row.credits_pending
        assert not any(sums.values()), "debits equal credits in every currency"
        return rows


def _assert_sound(row: Row) -> None:
    assert (row.debits_posted, row.credits_posted) == (row.debits, row.credits)
    assert (row.debits_pending, row.credits_pending) == (row.debits_held, row.credits_held)
    assert row.version == row.entries == row.last_version, "versions are dense"
    assert row.first_version == min(row.version, 1)
    assert row.last_entry_at == row.last_at
    balance = row.debits - row.credits if row.normal_side == "DEBIT" else row.credits - row.debits
    if row.version:
        assert (row.balance_after, row.debits_after) == (balance, row.debits)
    if row.state == "CLOSED":
        assert balance == 0
