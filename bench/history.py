"""A ledger's history of any size in a few statements: as if the API had recorded it over months.

Nearly every transaction has the same account, ``cash``, on one side, so that about half of all
entries are on it, and one of many wallets on the other. ``bench.events`` draws what happens.
"""

from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

import psycopg

from bench import events
from bench.events import Hand
from db import ledgers
from ledger import identifiers
from ledger.accounts import Side

HOT: Final = "cash"

_WALLETS: Final = 1_000
_EURO_WALLETS: Final = 50

_OPEN: Final[LiteralString] = """
    COPY florin.accounts (
        ledger_id, account_id, code, name, currency, exponent, normal_side, state,
        debits_posted, credits_posted, debits_pending, credits_pending, version, metadata,
        created_at
    ) FROM STDIN
"""

# Nobody sends these again, so that their fingerprints may be any 32 bytes.
_WRITE_TRANSACTIONS: Final[LiteralString] = """
    INSERT INTO florin.transactions
        (ledger_id, transaction_id, idempotency_key, fingerprint, state, description, metadata,
        created_at, effective_at, expires_at, resolved_at, resolution_id, resolution_key,
        reverses_id)
    SELECT %(ledger_id)s, transaction_id, 'history:' || number,
        sha256(convert_to('history:' || number, 'UTF8')), state, '',
        CASE WHEN number %% 33 = 7 THEN jsonb_build_object('order', number, 'channel', 'web')
            ELSE '{}' END,
        created_at, effective_at, expires_at, resolved_at, resolution_id,
        CASE WHEN resolution_id IS NOT NULL THEN 'resolution:' || number END, reverses_id
    FROM made
    ORDER BY number
"""

_WRITE_POSTINGS: Final[LiteralString] = """
    INSERT INTO florin.postings
        (ledger_id, transaction_id, position, debit_account_id, credit_account_id, amount)
    SELECT %(ledger_id)s, transaction_id, 0, debit_account_id, credit_account_id, amount
    FROM made
    ORDER BY number
"""

_WRITE_HOLDS: Final[LiteralString] = """
    INSERT INTO florin.holds
        (ledger_id, account_id, transaction_id, position, side, amount, captured, created_at,
        expires_at, resolved_at)
    SELECT %(ledger_id)s, leg.account_id, transaction_id, 0, leg.side, amount, captured,
        created_at, expires_at, resolved_at
    FROM made
    CROSS JOIN LATERAL (VALUES (debit_account_id, 'DEBIT'), (credit_account_id, 'CREDIT'))
        AS leg (account_id, side)
    WHERE is_hold
    ORDER BY number
"""

_WRITE_ENTRIES: Final[LiteralString] = """
    INSERT INTO florin.entries
        (ledger_id, account_id, version, transaction_id, position, side, amount, balance_after,
        created_at, effective_at, debits_after)
    SELECT %(ledger_id)s, account_id, version, transaction_id, 0, side, amount,
        CASE normal_side WHEN 'DEBIT' THEN debits - credits ELSE credits - debits END,
        recorded_at, effective_at, debits
    FROM (
        SELECT a.account_id, a.normal_side, leg.side, made.transaction_id, made.effective_at,
            made.posted_by, a.version + row_number() OVER running AS version,
            coalesce(made.captured, made.amount) AS amount,
            CASE WHEN made.is_hold THEN made.resolved_at ELSE made.created_at END AS recorded_at,
            a.debits_posted + sum(leg.debit) OVER running AS debits,
            a.credits_posted + sum(leg.credit) OVER running AS credits
        FROM made
        CROSS JOIN LATERAL (
            VALUES (debit_account_id, 'DEBIT', coalesce(captured, amount), 0),
                (credit_account_id, 'CREDIT', 0, coalesce(captured, amount))
        ) AS leg (account_id, side, debit, credit)
        JOIN florin.accounts AS a
            ON a.ledger_id = %(ledger_id)s AND a.account_id = leg.account_id
        WHERE made.posted_by IS NOT NULL
        WINDOW running AS (
            PARTITION BY a.account_id ORDER BY made.posted_by ROWS UNBOUNDED PRECEDING
        )
    ) AS entry
    -- As they would have come, so that an account's entries lie as far apart as they would.
    ORDER BY posted_by, side DESC
"""

# Before the accounts have their new versions: whatever is above them is new.
_WRITE_SHIFTS: Final[LiteralString] = """
    INSERT INTO florin.shifts AS s
        (ledger_id, account_id, period, starts_on, debits, credits)
    SELECT e.ledger_id, e.account_id, periods.period,
        date_trunc(periods.period, moved.at AT TIME ZONE 'UTC')::date,
        sum(CASE e.side WHEN 'DEBIT' THEN moved.sign * e.amount ELSE 0 END),
        sum(CASE e.side WHEN 'CREDIT' THEN moved.sign * e.amount ELSE 0 END)
    FROM florin.entries AS e
    JOIN florin.accounts AS a ON a.ledger_id = e.ledger_id AND a.account_id = e.account_id
    CROSS JOIN LATERAL (VALUES (e.effective_at, 1), (e.created_at, -1)) AS moved (at, sign)
    CROSS JOIN (VALUES ('DAY'), ('MONTH')) AS periods (period)
    WHERE e.ledger_id = %(ledger_id)s AND e.effective_at IS NOT NULL AND e.version > a.version
    GROUP BY e.ledger_id, e.account_id, periods.period, 4
    ON CONFLICT (ledger_id, account_id, period, starts_on) DO UPDATE
    SET debits = s.debits + excluded.debits, credits = s.credits + excluded.credits
"""

_WRITE_ACCOUNTS: Final[LiteralString] = """
    UPDATE florin.accounts AS a
    SET debits_posted = e.debits_after,
        credits_posted = CASE a.normal_side WHEN 'DEBIT' THEN e.debits_after - e.balance_after
            ELSE e.debits_after + e.balance_after END,
        version = e.version, last_entry_at = e.created_at
    FROM (
        SELECT DISTINCT ON (account_id) account_id, version, debits_after, balance_after, created_at
        FROM florin.entries
        WHERE ledger_id = %(ledger_id)s
        ORDER BY account_id, version DESC
    ) AS e
    WHERE a.ledger_id = %(ledger_id)s AND a.account_id = e.account_id
"""

_WRITE_PENDING: Final[LiteralString] = """
    UPDATE florin.accounts AS a
    SET debits_pending = h.debits, credits_pending = h.credits
    FROM (
        SELECT account_id, sum(CASE side WHEN 'DEBIT' THEN amount ELSE 0 END) AS debits,
            sum(CASE side WHEN 'CREDIT' THEN amount ELSE 0 END) AS credits
        FROM florin.holds
        WHERE ledger_id = %(ledger_id)s AND resolved_at IS NULL
        GROUP BY account_id
    ) AS h
    WHERE a.ledger_id = %(ledger_id)s AND a.account_id = h.account_id
"""

_WRITES: Final = (
    _WRITE_TRANSACTIONS,
    _WRITE_POSTINGS,
    _WRITE_HOLDS,
    _WRITE_ENTRIES,
    _WRITE_SHIFTS,
    _WRITE_ACCOUNTS,
    _WRITE_PENDING,
)


class History:
    """One ledger's history, which only ever grows."""

    def __init__(self, starts_at: datetime) -> None:
        self._at = starts_at
        self._events = 0
        self._entries = 0
        self._hands: list[Hand] = []

    def open_accounts(self, conn: psycopg.Connection) -> None:
        """The hot account and its like in euros, and everybody's wallets: all empty."""
        named: list[tuple[str, str, Side]] = [(HOT, "USD", "DEBIT"), (f"{HOT}:eur", "EUR", "DEBIT")]
        named += [(f"user:{number:04d}:wallet", "USD", "CREDIT") for number in range(_WALLETS)]
        named += [(f"user:{number:04d}:euros", "EUR", "CREDIT") for number in range(_EURO_WALLETS)]
        hot_ids: dict[str, UUID] = {}
        with conn.cursor().copy(_OPEN) as copy:
            for place, (code, currency, normal_side) in enumerate(named):
                account_id = identifiers.uuid7(self._at, sequence=place)
                if normal_side == "DEBIT":
                    hot_ids[currency] = account_id
                else:
                    self._hands.append(Hand(account_id, hot_ids[currency]))
                called = (ledgers.DEFAULT_LEDGER_ID, account_id, code, "", currency, 2)
                copy.write_row((*called, normal_side, "OPEN", 0, 0, 0, 0, 0, "{}", self._at))
        conn.commit()

    def grow(self, conn: psycopg.Connection, *, entries: int, until: datetime) -> None:
        """Go on until the ledger has so many entries, the last of them shortly before ``until``.

        Their number is even. ``until`` is two days past at least, by when all that shall expire has
        expired.
        """
        conn.execute("SET LOCAL work_mem = '256MB'")
        drawn = events.draw(
            conn,
            self._hands,
            postings=(entries - self._entries) // 2,
            first=self._events,
            starts_at=self._at,
            until=until,
        )
        for statement in _WRITES:
            conn.execute(statement, {"ledger_id": ledgers.DEFAULT_LEDGER_ID})
        conn.commit()
        self._at, self._entries = until, entries
        self._events += drawn
        conn.autocommit = True
        conn.execute("VACUUM ANALYZE")
        conn.autocommit = False
