"""What the audit asks of accounts, of their entries and of their shifts.

Each statement answers with ``db.walks.Finding``: only with what is wrong. Expected and found values
stand side by side and are compared as they are; only a row where they differ is taken apart, into
one line for each rule that it breaks, with its values as text. ``next_…``, ``posted_…`` and the
like are what is expected; what cannot be known, because its row is missing, is expected to be what
was found: the missing row is a finding of its own.
"""

from typing import Final, LiteralString

# An entry is held against the one before it: numbered next, not older, and carrying on its totals.
# So an account's last entry has the sum of all, however many there are, and one wrong entry is
# named and not all that follow it. The range is read from the entry before its first.
CHAINS: Final[LiteralString] = """
    SELECT wrong.rule, e.account_id, e.version, e.transaction_id, e.code AS key,
        NULL::text AS place, wrong.expected, wrong.found
    FROM (
        SELECT e.account_id, e.version, e.transaction_id, e.balance_after, e.debits_after,
            e.created_at, a.code, a.account_id AS known_account_id,
            coalesce(lag(e.version) OVER chain, 0) + 1 AS next_version,
            greatest(lag(e.created_at) OVER chain, e.created_at) AS next_created_at,
            CASE
                WHEN a.account_id IS NULL THEN e.balance_after
                WHEN a.normal_side = e.side
                    THEN coalesce(lag(e.balance_after) OVER chain, 0) + e.amount
                ELSE coalesce(lag(e.balance_after) OVER chain, 0) - e.amount
            END AS next_balance,
            coalesce(lag(e.debits_after) OVER chain, 0)
                + CASE e.side WHEN 'DEBIT' THEN e.amount ELSE 0 END AS next_debits
        FROM florin.entries AS e
        LEFT JOIN florin.accounts AS a
            ON a.ledger_id = %(ledger_id)s AND a.account_id = e.account_id
        WHERE e.ledger_id = %(ledger_id)s
            AND (e.account_id, e.version) >= (%(first)s, %(first_within)s - 1)
            AND (e.account_id, e.version) <= (%(last)s, %(last_within)s)
        WINDOW chain AS (PARTITION BY e.account_id ORDER BY e.version)
    ) AS e
    CROSS JOIN LATERAL (
        VALUES
            ('entry.account', e.account_id::text, e.known_account_id::text),
            ('entry.version', e.next_version::text, e.version::text),
            ('entry.created_at', 'not before ' || e.next_created_at,
                CASE WHEN e.created_at < e.next_created_at THEN e.created_at::text
                    ELSE 'not before ' || e.next_created_at END),
            ('entry.balance_after', e.next_balance::text, e.balance_after::text),
            ('entry.debits_after', e.next_debits::text, e.debits_after::text)
    ) AS wrong (rule, expected, found)
    WHERE (e.account_id, e.version) >= (%(first)s, %(first_within)s)
        AND (e.account_id, e.next_version, e.next_created_at, e.next_balance, e.next_debits)
            IS DISTINCT FROM
            (e.known_account_id, e.version, e.created_at, e.balance_after, e.debits_after)
        AND wrong.expected IS DISTINCT FROM wrong.found
    ORDER BY e.account_id, e.version
    LIMIT %(findings_max)s
"""

ACCOUNTS: Final[LiteralString] = """
    SELECT wrong.rule, a.account_id, NULL::bigint AS version, NULL::uuid AS transaction_id,
        a.code AS key, NULL::text AS place, wrong.expected, wrong.found
    FROM (
        SELECT a.account_id, a.code, a.debits_posted, a.credits_posted, a.debits_pending,
            a.credits_pending, a.version, a.last_entry_at,
            coalesce(e.version, 0) AS last_version, e.created_at AS last_created_at,
            coalesce(e.debits_after, 0) AS last_debits,
            CASE a.normal_side
                WHEN 'DEBIT' THEN coalesce(e.debits_after - e.balance_after, 0)
                ELSE coalesce(e.debits_after + e.balance_after, 0)
            END AS last_credits,
            h.debits AS held_debits, h.credits AS held_credits,
            CASE a.state WHEN 'CLOSED' THEN a.debits_posted - a.credits_posted ELSE 0 END
                AS closed_balance,
            CASE a.state WHEN 'CLOSED' THEN h.unexpired ELSE 0 END AS closed_holds
        FROM florin.accounts AS a
        LEFT JOIN LATERAL (
            SELECT e.version, e.created_at, e.balance_after, e.debits_after
            FROM florin.entries AS e
            WHERE e.ledger_id = %(ledger_id)s AND e.account_id = a.account_id
            ORDER BY e.version DESC
            LIMIT 1
        ) AS e ON true
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(h.amount) FILTER (WHERE h.side = 'DEBIT'), 0) AS debits,
                coalesce(sum(h.amount) FILTER (WHERE h.side = 'CREDIT'), 0) AS credits,
                -- By the statement's clock, which is later than the snapshot.
                count(*) FILTER (
                    WHERE h.expires_at IS NULL OR h.expires_at > statement_timestamp()
                ) AS unexpired
            FROM florin.holds AS h
            WHERE h.ledger_id = %(ledger_id)s AND h.account_id = a.account_id
                AND h.resolved_at IS NULL
        ) AS h
        WHERE a.ledger_id = %(ledger_id)s AND a.account_id BETWEEN %(first)s AND %(last)s
    ) AS a
    CROSS JOIN LATERAL (
        VALUES
            ('account.version', a.last_version::text, a.version::text),
            ('account.last_entry_at', a.last_created_at::text, a.last_entry_at::text),
            ('account.debits_posted', a.last_debits::text, a.debits_posted::text),
            ('account.credits_posted', a.last_credits::text, a.credits_posted::text),
            ('account.debits_pending', a.held_debits::text, a.debits_pending::text),
            ('account.credits_pending', a.held_credits::text, a.credits_pending::text),
            ('account.closed_balance', '0', a.closed_balance::text),
            ('account.closed_holds', '0', a.closed_holds::text)
    ) AS wrong (rule, expected, found)
    WHERE (
            a.last_version, a.last_created_at, a.last_debits, a.last_credits, a.held_debits,
            a.held_credits, 0, 0
        ) IS DISTINCT FROM (
            a.version, a.last_entry_at, a.debits_posted, a.credits_posted, a.debits_pending,
            a.credits_pending, a.closed_balance, a.closed_holds
        )
        AND wrong.expected IS DISTINCT FROM wrong.found
    ORDER BY a.account_id
    LIMIT %(findings_max)s
"""

# Dated entries are added at the day and month that they take effect in and taken off at those that
# they were recorded in. A row that is missing is as good as one of zeros.
SHIFTS: Final[LiteralString] = """
    SELECT wrong.rule, s.account_id, NULL::bigint AS version, NULL::uuid AS transaction_id,
        a.code AS key, s.period || ' ' || s.starts_on AS place, wrong.expected, wrong.found
    FROM (
        SELECT account_id, period, starts_on, moved.debits AS moved_debits,
            moved.credits AS moved_credits, kept.debits, kept.credits
        FROM (
            SELECT e.account_id, span.period,
                date_trunc(span.period, moment.at AT TIME ZONE 'UTC')::date AS starts_on,
                sum(CASE e.side WHEN 'DEBIT' THEN moment.sign * e.amount ELSE 0 END) AS debits,
                sum(CASE e.side WHEN 'CREDIT' THEN moment.sign * e.amount ELSE 0 END) AS credits
            FROM florin.entries AS e
            CROSS JOIN LATERAL (VALUES (1, e.effective_at), (-1, e.created_at))
                AS moment (sign, at)
            CROSS JOIN (VALUES ('DAY'), ('MONTH')) AS span (period)
            WHERE e.ledger_id = %(ledger_id)s AND e.account_id BETWEEN %(first)s AND %(last)s
                AND e.effective_at IS NOT NULL
            GROUP BY 1, 2, 3
        ) AS moved
        FULL JOIN (
            SELECT account_id, period, starts_on, debits, credits
            FROM florin.shifts
            WHERE ledger_id = %(ledger_id)s AND account_id BETWEEN %(first)s AND %(last)s
        ) AS kept USING (account_id, period, starts_on)
    ) AS s
    LEFT JOIN florin.accounts AS a
        ON a.ledger_id = %(ledger_id)s AND a.account_id = s.account_id
    CROSS JOIN LATERAL (
        VALUES
            ('shift.account', s.account_id::text, a.account_id::text),
            ('shift.debits', coalesce(s.moved_debits, 0)::text, coalesce(s.debits, 0)::text),
            ('shift.credits', coalesce(s.moved_credits, 0)::text, coalesce(s.credits, 0)::text)
    ) AS wrong (rule, expected, found)
    WHERE (s.account_id, coalesce(s.moved_debits, 0), coalesce(s.moved_credits, 0))
            IS DISTINCT FROM (a.account_id, coalesce(s.debits, 0), coalesce(s.credits, 0))
        AND wrong.expected IS DISTINCT FROM wrong.found
    ORDER BY s.account_id, s.period, s.starts_on
    LIMIT %(findings_max)s
"""

# Every posting adds as much on one side as on the other, and so does every hold.
SUMS: Final[LiteralString] = """
    SELECT wrong.rule, NULL::uuid AS account_id, NULL::bigint AS version,
        NULL::uuid AS transaction_id, c.currency AS key, NULL::text AS place,
        wrong.debits AS expected, wrong.credits AS found
    FROM (
        SELECT currency, sum(debits_posted) AS debits_posted, sum(credits_posted) AS credits_posted,
            sum(debits_pending) AS debits_pending, sum(credits_pending) AS credits_pending
        FROM florin.accounts
        WHERE ledger_id = %(ledger_id)s
        GROUP BY currency
    ) AS c
    CROSS JOIN LATERAL (
        VALUES
            ('ledger.posted', c.debits_posted::text, c.credits_posted::text),
            ('ledger.pending', c.debits_pending::text, c.credits_pending::text)
    ) AS wrong (rule, debits, credits)
    WHERE (c.debits_posted, c.debits_pending) IS DISTINCT FROM (c.credits_posted, c.credits_pending)
        AND wrong.debits IS DISTINCT FROM wrong.credits
    ORDER BY c.currency
    LIMIT %(findings_max)s
"""
