"""What happens in a ledger, drawn by chance and in order: temporary tables of events and of what
they make, for ``bench.history`` to write.

Events come in cycles of 400. Most post at once, one in a hundred of them dated; four begin as
holds, of which one is captured, one captured by half, one voided and one left to expire; one is
reversed. What is drawn ends with a few holds that stay pending.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, LiteralString, NamedTuple
from uuid import UUID

import psycopg

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

_CYCLE: Final = 400
# The four holds and the void of one of them make no entries of their own.
_POSTED_A_CYCLE: Final = 395
_LEFT_PENDING: Final = 5
# What a batch would record: one moment, several ids.
_EVENTS_A_MOMENT: Final = 5

_CREATE_EVENTS: Final[LiteralString] = """
    CREATE TEMPORARY TABLE events (
        number bigint, at timestamptz, id uuid, kind text, subject bigint,
        wallet_id uuid, hot_id uuid, tops_up boolean, amount bigint, dated_by interval
    ) ON COMMIT DROP
"""

# An id is made as ledger.identifiers.uuid7 makes it: milliseconds, their fraction, the place.
_DRAW_EVENTS: Final[LiteralString] = """
    INSERT INTO events
    WITH moments AS MATERIALIZED (
        SELECT number, %(starts_us)s::bigint + number * %(gap_us)s::bigint
            + floor(random() * %(gap_us)s::bigint)::bigint AS us
        FROM generate_series(0::bigint, (%(events)s::bigint - 1) / %(events_a_moment)s)
            AS moment (number)
    ), drawn AS MATERIALIZED (
        SELECT moments.number * %(events_a_moment)s + place AS number, moments.us,
            place::bigint AS place,
            -- Squared, so that some wallets are used more than others.
            1 + floor(random() ^ 2 * cardinality(%(wallet_ids)s::uuid[]))::int AS wallet,
            random() < 0.6 AS tops_up, 100 + floor(random() * 100000)::bigint AS amount,
            (random() * 80 - 60) * interval '1 day' AS days,
            floor(random() * (1::bigint << 46))::bigint AS noise
        FROM moments
        CROSS JOIN generate_series(0, %(events_a_moment)s - 1) AS place
    )
    SELECT %(first)s::bigint + drawn.number,
        timestamptz 'epoch' + drawn.us * interval '1 microsecond',
        (lpad(to_hex(us / 1000), 12, '0') || '7' || lpad(to_hex(us %% 1000 * 4096 / 1000), 3, '0')
            || to_hex((1::bigint << 63) | (place << 46) | noise))::uuid,
        CASE
            WHEN drawn.number >= %(events)s - %(left_pending)s THEN 'WAIT'
            ELSE coalesce(script.kind, 'POST')
        END,
        %(first)s::bigint + drawn.number - script.earlier,
        (%(wallet_ids)s::uuid[])[wallet], (%(hot_ids)s::uuid[])[wallet], tops_up, amount,
        CASE WHEN drawn.number %% 100 = 37 OR drawn.number %% 4000 IN (10, 50) THEN days END
    FROM drawn
    LEFT JOIN (
        VALUES (10, 'HOLD', NULL), (30, 'HOLD', NULL), (50, 'HOLD', NULL), (70, 'EXPIRE', NULL),
            (210, 'CAPTURE', 200), (230, 'CAPTURE HALF', 200), (250, 'VOID', 200),
            (290, 'REVERSE', 200)
    ) AS script (turn, kind, earlier)
        ON script.turn = drawn.number %% %(cycle)s AND drawn.number < %(in_cycles)s
    WHERE drawn.number < %(events)s
"""

_CREATE_MADE: Final[LiteralString] = """
    CREATE TEMPORARY TABLE made (
        number bigint, transaction_id uuid, state text, created_at timestamptz,
        effective_at timestamptz, is_hold boolean, expires_at timestamptz,
        resolved_at timestamptz, resolution_id uuid, reverses_id uuid, debit_account_id uuid,
        credit_account_id uuid, amount bigint, captured bigint, posted_by bigint
    ) ON COMMIT DROP
"""

# posted_by is the event whose turn it was when the entries were made.
_MAKE_TRANSACTIONS: Final[LiteralString] = """
    INSERT INTO made
    SELECT begun.number, begun.id,
        CASE begun.kind WHEN 'EXPIRE' THEN 'EXPIRED' WHEN 'WAIT' THEN 'PENDING'
            ELSE CASE ended.kind WHEN 'VOID' THEN 'VOIDED' ELSE 'POSTED' END END,
        begun.at,
        date_trunc('second', begun.at + begun.dated_by), begun.kind IN ('HOLD', 'EXPIRE', 'WAIT'),
        CASE WHEN begun.kind = 'EXPIRE' THEN begun.at + interval '1 day'
            WHEN begun.kind = 'WAIT' AND begun.tops_up THEN now() + interval '1 year'
            WHEN ended.kind <> 'CAPTURE HALF' THEN ended.at + interval '7 days' END,
        CASE WHEN begun.kind = 'EXPIRE' THEN begun.at + interval '1 day' ELSE ended.at END,
        ended.id, original.id,
        CASE WHEN tops_up.it THEN source.hot_id ELSE source.wallet_id END,
        CASE WHEN tops_up.it THEN source.wallet_id ELSE source.hot_id END,
        source.amount,
        CASE ended.kind WHEN 'CAPTURE' THEN source.amount
            WHEN 'CAPTURE HALF' THEN source.amount / 2 END,
        CASE WHEN begun.kind IN ('POST', 'REVERSE') THEN begun.number
            WHEN ended.kind IN ('CAPTURE', 'CAPTURE HALF') THEN ended.number END
    FROM events AS begun
    LEFT JOIN events AS ended ON ended.subject = begun.number AND ended.kind <> 'REVERSE'
    LEFT JOIN events AS original
        ON original.number = begun.subject AND begun.kind = 'REVERSE'
    JOIN events AS source ON source.number = coalesce(original.number, begun.number)
    CROSS JOIN LATERAL (SELECT source.tops_up <> (begun.kind = 'REVERSE') AS it) AS tops_up
    WHERE begun.kind IN ('POST', 'HOLD', 'EXPIRE', 'WAIT', 'REVERSE')
"""


class Hand(NamedTuple):
    """A wallet, and the hot account that its money comes from and goes to."""

    wallet_id: UUID
    hot_id: UUID


def draw(
    conn: psycopg.Connection,
    hands: Sequence[Hand],
    *,
    postings: int,
    first: int,
    starts_at: datetime,
    until: datetime,
) -> int:
    """Fill ``events`` and ``made``, both gone at commit; the number of events.

    They are as many as it takes for so many postings to have entries, are numbered from ``first``
    on, and happen from ``starts_at`` to just before ``until``.
    """
    cycles, others = divmod(postings, _POSTED_A_CYCLE)
    events = cycles * _CYCLE + others + _LEFT_PENDING
    moments = -(-events // _EVENTS_A_MOMENT)
    parameters = {
        "first": first,
        "events": events,
        "in_cycles": cycles * _CYCLE,
        "cycle": _CYCLE,
        "left_pending": _LEFT_PENDING,
        "events_a_moment": _EVENTS_A_MOMENT,
        "starts_us": (starts_at - _EPOCH) // _MICROSECOND,
        "gap_us": (until - starts_at) // moments // _MICROSECOND,
        "wallet_ids": [hand.wallet_id for hand in hands],
        "hot_ids": [hand.hot_id for hand in hands],
    }
    # One history and no other, wherever it is drawn, but for its times.
    conn.execute("SELECT setseed(0.5)")
    conn.execute(_CREATE_EVENTS)
    conn.execute(_DRAW_EVENTS, parameters)
    conn.execute("ANALYZE events")
    conn.execute(_CREATE_MADE)
    conn.execute(_MAKE_TRANSACTIONS)
    return events
