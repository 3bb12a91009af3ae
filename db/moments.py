"""Moments: what an account had come to before one, by either clock; fragments of statements.

By recorded time a moment is a version. Times never run against the versions of an account, so its
last entry before a moment is found by binary search in the primary key, in 20 steps among a million
entries and without an index of its own; that entry carries the totals.

By effective time some entries count elsewhere than where they stand. Their shifts lead there: whole
months, then whole days, then the dated entries of the moment's own day. So the reads stay few
however many dated entries an account has.

A fragment's ``account`` and ``time`` are whatever stands for them in the statement around it.
"""

from typing import Final, Literal

from psycopg.sql import SQL, Composed

Clock = Literal["RECORDED", "EFFECTIVE"]

_LAST: Final = SQL("""
    WITH RECURSIVE search (low, high) AS (
        {first_guess}
        UNION ALL
        SELECT CASE WHEN probe.is_before THEN probe.version ELSE search.low END,
            CASE WHEN probe.is_before THEN search.high ELSE probe.version END
        FROM search
        CROSS JOIN LATERAL (
            SELECT e.version, {is_before} AS is_before
            FROM florin.entries AS e
            WHERE e.ledger_id = %(ledger_id)s AND e.account_id = {account}
                AND e.version = (search.low + search.high) / 2
            -- One look-up by key a step, whatever the statistics say: without the LIMIT the planner
            -- could join all entries instead.
            LIMIT 1
        ) AS probe
        WHERE search.high - search.low > 1
    )
    SELECT search.low AS version FROM search WHERE search.high - search.low = 1
""")

# Entry `low` is before the moment and entry `high` is not. At first `low` may be 0, which is none,
# and `high` is the one that is yet to come.
_ANYWHERE: Final = SQL("""
        SELECT CASE WHEN held.last_entry_at < {time} THEN held.version ELSE 0 END,
            held.version + 1
        FROM florin.accounts AS held
        WHERE held.ledger_id = %(ledger_id)s AND held.account_id = {account}""")

# Ids begin with the time that their transactions were recorded at. The first entry whose id is of
# the moment or later is never before it. The last one whose id is earlier mostly is; where it is
# that of a hold captured since, nothing is known of the lower end. Three look-ups then take the
# place of a search, whose steps grow in number with the account.
_NEAR: Final = SQL("""
        SELECT CASE WHEN held.last_entry_at < {time} THEN held.version
                ELSE coalesce(early.version, 0) END,
            CASE WHEN held.last_entry_at >= {time} AND late.version IS NOT NULL THEN late.version
                ELSE held.version + 1 END
        FROM florin.accounts AS held
        LEFT JOIN LATERAL (
            SELECT e.version, e.created_at
            FROM florin.entries AS e
            WHERE e.ledger_id = %(ledger_id)s AND e.account_id = {account}
                AND e.transaction_id < {first_id}
            ORDER BY e.transaction_id DESC
            LIMIT 1
        ) AS early ON early.created_at < {time}
        LEFT JOIN LATERAL (
            SELECT e.version
            FROM florin.entries AS e
            WHERE e.ledger_id = %(ledger_id)s AND e.account_id = {account}
                AND e.transaction_id >= {first_id}
            ORDER BY e.transaction_id
            LIMIT 1
        ) AS late ON true
        WHERE held.ledger_id = %(ledger_id)s AND held.account_id = {account}""")

_RECORDED: Final = SQL("""
    SELECT last.version, coalesce(entry.debits, 0) AS debits, coalesce(entry.credits, 0) AS credits
    FROM ({last}) AS last
    LEFT JOIN LATERAL (
        SELECT e.debits_after AS debits,
            e.debits_after + CASE WHEN {normal_side} = 'CREDIT' THEN e.balance_after
                ELSE -e.balance_after END AS credits
        FROM florin.entries AS e
        WHERE e.ledger_id = %(ledger_id)s AND e.account_id = {account} AND e.version = last.version
        LIMIT 1
    ) AS entry ON true
""")

_EFFECTIVE: Final = SQL("""
    SELECT recorded.version, recorded.debits + moved.debits AS debits,
        recorded.credits + moved.credits AS credits
    FROM ({recorded}) AS recorded
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(move.debits), 0) AS debits, coalesce(sum(move.credits), 0) AS credits
        FROM (
            SELECT date_trunc('day', {time}, 'UTC') AS starts_at,
                ({time} AT TIME ZONE 'UTC')::date AS starts_on,
                date_trunc('month', {time} AT TIME ZONE 'UTC')::date AS month
        ) AS day
        CROSS JOIN LATERAL (
            SELECT s.debits, s.credits
            FROM florin.shifts AS s
            WHERE s.ledger_id = %(ledger_id)s AND s.account_id = {account}
                AND s.period = 'MONTH' AND s.starts_on < day.month
            UNION ALL
            SELECT s.debits, s.credits
            FROM florin.shifts AS s
            WHERE s.ledger_id = %(ledger_id)s AND s.account_id = {account}
                AND s.period = 'DAY' AND s.starts_on >= day.month AND s.starts_on < day.starts_on
            UNION ALL
            SELECT CASE WHEN e.side = 'DEBIT' THEN e.amount ELSE 0 END,
                CASE WHEN e.side = 'CREDIT' THEN e.amount ELSE 0 END
            FROM florin.entries AS e
            WHERE e.ledger_id = %(ledger_id)s AND e.account_id = {account}
                AND e.effective_at >= day.starts_at AND e.effective_at < {time}
            UNION ALL
            SELECT CASE WHEN e.side = 'DEBIT' THEN -e.amount ELSE 0 END,
                CASE WHEN e.side = 'CREDIT' THEN -e.amount ELSE 0 END
            FROM florin.entries AS e
            WHERE e.ledger_id = %(ledger_id)s AND e.account_id = {account}
                -- The index of dated entries is a partial one.
                AND e.effective_at IS NOT NULL
                AND e.created_at >= day.starts_at AND e.created_at < {time}
        ) AS move
    ) AS moved
""")

# What is recorded at the very moment counts: `before` is the next microsecond. From now on it is
# everything that the statement sees, as in the account's own row.
MOMENT_RECORDED: Final = SQL("""
    SELECT CASE WHEN %(at)s::timestamptz < now()
            THEN %(at)s::timestamptz + interval '1 microsecond' ELSE 'infinity' END AS before,
        least(%(at)s::timestamptz, now()) AS read_at
""")

MOMENT_EFFECTIVE: Final = SQL("""
    SELECT given.at + interval '1 microsecond' AS before, given.at AS read_at
    FROM (SELECT coalesce(%(at)s::timestamptz, now()) AS at) AS given
""")


def last_before(account: SQL, time: SQL, *, first_id: SQL | None = None) -> Composed:
    """A query for ``version``: that of an account's last entry before a time, 0 if none.

    ``first_id`` is the least id of that time; it is worth its look-ups where many accounts are
    searched.
    """
    is_before = SQL("e.created_at < {}").format(time)
    if first_id is None:
        return last(account, time=time, is_before=is_before)
    first_guess = _NEAR.format(account=account, time=time, first_id=first_id)
    return _LAST.format(account=account, is_before=is_before, first_guess=first_guess)


def last(account: SQL, *, time: SQL, is_before: SQL | Composed) -> Composed:
    """A query for ``version``: that of an account's last entry before a place, 0 if none.

    ``is_before`` is the condition on an entry ``e``. It holds for all that were recorded before
    ``time``, and if it does not hold for an entry it holds for no later one.
    """
    first_guess = _ANYWHERE.format(account=account, time=time)
    return _LAST.format(account=account, is_before=is_before, first_guess=first_guess)


def totals_before(
    clock: Clock, *, account: SQL, normal_side: SQL, time: SQL, first_id: SQL | None = None
) -> Composed:
    """A query for ``debits`` and ``credits``: all of an account's, by a clock, before a time.

    Its ``version`` is that of the last entry recorded before it, by either clock.
    """
    recorded = _RECORDED.format(
        last=last_before(account, time, first_id=first_id),
        account=account,
        normal_side=normal_side,
    )
    if clock == "RECORDED":
        return recorded
    return _EFFECTIVE.format(recorded=recorded, account=account, time=time)
