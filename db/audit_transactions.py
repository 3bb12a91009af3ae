"""What the audit asks of transactions, of their postings, holds and reversals, and of entries.

As in ``db.audit_accounts``, each statement answers only with what is wrong. A transaction, its
postings and its entries are held against each other both ways: each side of each posting must have
its one entry (``LEGS``), and each entry what its posting says (``ENTRIES``); holds likewise.
"""

from typing import Final, LiteralString

ENTRIES: Final[LiteralString] = """
    SELECT wrong.rule, e.account_id, e.version, e.transaction_id, (
            SELECT a.code FROM florin.accounts AS a
            WHERE a.ledger_id = %(ledger_id)s AND a.account_id = e.account_id
        ) AS key,
        'posting ' || e.position AS place, wrong.expected, wrong.found
    FROM (
        SELECT e.account_id, e.version, e.transaction_id, e.position, e.amount, e.created_at,
            e.effective_at, t.state, p.position AS posted_position,
            coalesce(
                CASE e.side WHEN 'DEBIT' THEN p.debit_account_id ELSE p.credit_account_id END,
                e.account_id
            ) AS posted_account_id,
            coalesce(CASE WHEN t.resolved_at IS NULL THEN p.amount ELSE h.captured END, e.amount)
                AS posted_amount,
            coalesce(t.resolved_at, t.created_at, e.created_at) AS posted_at,
            CASE WHEN t.transaction_id IS NULL THEN e.effective_at ELSE t.effective_at END
                AS posted_effective_at
        FROM florin.entries AS e
        LEFT JOIN florin.transactions AS t
            ON t.ledger_id = %(ledger_id)s AND t.transaction_id = e.transaction_id
        LEFT JOIN florin.postings AS p
            ON p.ledger_id = %(ledger_id)s AND p.transaction_id = e.transaction_id
            AND p.position = e.position
        LEFT JOIN florin.holds AS h
            ON h.ledger_id = %(ledger_id)s AND h.account_id = e.account_id
            AND h.transaction_id = e.transaction_id AND h.position = e.position
        WHERE e.ledger_id = %(ledger_id)s
            AND (e.account_id, e.version) >= (%(first)s, %(first_within)s)
            AND (e.account_id, e.version) <= (%(last)s, %(last_within)s)
    ) AS e
    CROSS JOIN LATERAL (
        VALUES
            ('entry.transaction', 'POSTED', e.state),
            ('entry.posting', e.position::text, e.posted_position::text),
            ('entry.side', e.posted_account_id::text, e.account_id::text),
            ('entry.amount', e.posted_amount::text, e.amount::text),
            ('entry.recorded', e.posted_at::text, e.created_at::text),
            ('entry.effective_at', e.posted_effective_at::text, e.effective_at::text)
    ) AS wrong (rule, expected, found)
    WHERE (
            'POSTED', e.position, e.posted_account_id, e.posted_amount, e.posted_at,
            e.posted_effective_at
        ) IS DISTINCT FROM (
            e.state, e.posted_position, e.account_id, e.amount, e.created_at, e.effective_at
        )
        AND wrong.expected IS DISTINCT FROM wrong.found
    ORDER BY e.account_id, e.version
    LIMIT %(findings_max)s
"""

TRANSACTIONS: Final[LiteralString] = """
    SELECT wrong.rule, NULL::uuid AS account_id, NULL::bigint AS version, t.transaction_id,
        t.idempotency_key AS key, NULL::text AS place, wrong.expected, wrong.found
    FROM (
        SELECT t.transaction_id, t.idempotency_key, t.resolved_at,
            CASE t.state WHEN 'PENDING' THEN NULL WHEN 'EXPIRED' THEN t.expires_at
                ELSE t.resolved_at END AS state_resolved_at,
            count(p.position) AS postings, min(p.position) AS first, max(p.position) AS last
        FROM florin.transactions AS t
        LEFT JOIN florin.postings AS p
            ON p.ledger_id = %(ledger_id)s AND p.transaction_id = t.transaction_id
        WHERE t.ledger_id = %(ledger_id)s AND t.transaction_id BETWEEN %(first)s AND %(last)s
        GROUP BY t.ledger_id, t.transaction_id
    ) AS t
    CROSS JOIN LATERAL (
        VALUES
            ('transaction.resolved_at', t.state_resolved_at::text, t.resolved_at::text),
            ('transaction.postings', '1 to 100, numbered from 0', CASE
                WHEN t.postings BETWEEN 1 AND 100 AND t.first = 0 AND t.last = t.postings - 1
                    THEN '1 to 100, numbered from 0'
                ELSE concat(t.postings, ', numbered from ' || t.first, ' to ' || t.last) END)
    ) AS wrong (rule, expected, found)
    WHERE (t.state_resolved_at, 0, t.postings - 1)
            IS DISTINCT FROM (t.resolved_at, t.first, t.last::bigint)
        AND wrong.expected IS DISTINCT FROM wrong.found
    ORDER BY t.transaction_id
    LIMIT %(findings_max)s
"""

POSTINGS: Final[LiteralString] = """
    SELECT wrong.rule, NULL::uuid AS account_id, NULL::bigint AS version, p.transaction_id,
        p.idempotency_key AS key, 'posting ' || p.position AS place, wrong.expected, wrong.found
    FROM (
        SELECT p.transaction_id, p.position, t.transaction_id AS known_id, t.idempotency_key,
            d.currency AS debit_currency, d.exponent AS debit_exponent,
            c.currency AS credit_currency, c.exponent AS credit_exponent,
            d.account_id IS NOT NULL AND c.account_id IS NOT NULL AS has_accounts
        FROM florin.postings AS p
        LEFT JOIN florin.transactions AS t
            ON t.ledger_id = %(ledger_id)s AND t.transaction_id = p.transaction_id
        LEFT JOIN florin.accounts AS d
            ON d.ledger_id = %(ledger_id)s AND d.account_id = p.debit_account_id
        LEFT JOIN florin.accounts AS c
            ON c.ledger_id = %(ledger_id)s AND c.account_id = p.credit_account_id
        WHERE p.ledger_id = %(ledger_id)s AND p.transaction_id BETWEEN %(first)s AND %(last)s
    ) AS p
    CROSS JOIN LATERAL (
        VALUES
            ('posting.transaction', 'one', CASE WHEN p.known_id IS NOT NULL THEN 'one' END),
            ('posting.currency', concat_ws(' ', p.debit_currency, p.debit_exponent),
                concat_ws(' ', p.credit_currency, p.credit_exponent)),
            ('posting.accounts', 'two', CASE WHEN p.has_accounts THEN 'two' END)
    ) AS wrong (rule, expected, found)
    WHERE (p.transaction_id, p.debit_currency, p.debit_exponent, true)
            IS DISTINCT FROM (p.known_id, p.credit_currency, p.credit_exponent, p.has_accounts)
        AND wrong.expected IS DISTINCT FROM wrong.found
    ORDER BY p.transaction_id, p.position
    LIMIT %(findings_max)s
"""

# That an entry or a hold is right in itself is asked of it (ENTRIES, HOLDS); here it is counted.
LEGS: Final[LiteralString] = """
    SELECT wrong.rule, p.account_id, NULL::bigint AS version, p.transaction_id,
        p.idempotency_key AS key, 'posting ' || p.position || ' ' || p.side AS place,
        wrong.expected, wrong.found
    FROM (
        SELECT p.transaction_id, p.position, t.idempotency_key, leg.account_id, leg.side,
            CASE t.state WHEN 'POSTED' THEN 1 ELSE 0 END AS due_entries,
            (
                SELECT count(*) FROM florin.entries AS e
                WHERE e.ledger_id = %(ledger_id)s AND e.account_id = leg.account_id
                    AND e.transaction_id = p.transaction_id AND e.position = p.position
                    AND e.side = leg.side
            ) AS entries,
            CASE WHEN t.state <> 'POSTED' OR t.resolved_at IS NOT NULL THEN 1 ELSE 0 END
                AS due_holds,
            (
                SELECT count(*) FROM florin.holds AS h
                WHERE h.ledger_id = %(ledger_id)s AND h.account_id = leg.account_id
                    AND h.transaction_id = p.transaction_id AND h.position = p.position
            ) AS holds
        FROM florin.postings AS p
        JOIN florin.transactions AS t
            ON t.ledger_id = %(ledger_id)s AND t.transaction_id = p.transaction_id
        CROSS JOIN LATERAL (
            VALUES ('DEBIT', p.debit_account_id), ('CREDIT', p.credit_account_id)
        ) AS leg (side, account_id)
        WHERE p.ledger_id = %(ledger_id)s AND p.transaction_id BETWEEN %(first)s AND %(last)s
    ) AS p
    CROSS JOIN LATERAL (
        VALUES
            ('posting.entries', p.due_entries::text, p.entries::text),
            ('posting.holds', p.due_holds::text, p.holds::text)
    ) AS wrong (rule, expected, found)
    WHERE (p.due_entries, p.due_holds) IS DISTINCT FROM (p.entries, p.holds)
        AND wrong.expected IS DISTINCT FROM wrong.found
    ORDER BY p.transaction_id, p.position, p.side DESC
    LIMIT %(findings_max)s
"""

HOLDS: Final[LiteralString] = """
    SELECT wrong.rule, h.account_id, NULL::bigint AS version, h.transaction_id,
        h.idempotency_key AS key, 'posting ' || h.position || ' ' || h.side AS place,
        wrong.expected, wrong.found
    FROM (
        SELECT h.account_id, h.transaction_id, h.position, h.side, h.amount, h.captured,
            h.created_at, h.expires_at, h.resolved_at, t.idempotency_key,
            a.account_id AS known_account_id,
            CASE WHEN t.state <> 'POSTED' OR t.resolved_at IS NOT NULL THEN 'a hold'
                WHEN t.state = 'POSTED' THEN 'posted at once' END AS kind,
            p.transaction_id IS NOT NULL AS has_posting,
            CASE h.account_id WHEN p.debit_account_id THEN 'DEBIT'
                WHEN p.credit_account_id THEN 'CREDIT' END AS posted_side,
            coalesce(p.amount, h.amount) AS posted_amount,
            coalesce(t.created_at, h.created_at) AS held_at,
            CASE WHEN t.transaction_id IS NULL THEN h.expires_at ELSE t.expires_at END
                AS held_until,
            CASE WHEN t.transaction_id IS NULL THEN h.resolved_at ELSE t.resolved_at END
                AS released_at,
            -- The same on both sides; which of two is wrong, nobody can say.
            CASE WHEN t.state = 'POSTED' THEN coalesce(other.captured, h.captured) END
                AS other_captured,
            t.state = 'POSTED' AND h.captured IS NULL AS uncaptured
        FROM florin.holds AS h
        LEFT JOIN florin.accounts AS a
            ON a.ledger_id = %(ledger_id)s AND a.account_id = h.account_id
        LEFT JOIN florin.transactions AS t
            ON t.ledger_id = %(ledger_id)s AND t.transaction_id = h.transaction_id
        LEFT JOIN florin.postings AS p
            ON p.ledger_id = %(ledger_id)s AND p.transaction_id = h.transaction_id
            AND p.position = h.position
        LEFT JOIN florin.holds AS other
            ON other.ledger_id = %(ledger_id)s AND other.transaction_id = h.transaction_id
            AND other.position = h.position AND other.account_id = CASE h.account_id
                WHEN p.debit_account_id THEN p.credit_account_id ELSE p.debit_account_id END
        WHERE h.ledger_id = %(ledger_id)s
            AND (h.account_id, h.transaction_id) >= (%(first)s, %(first_within)s)
            AND (h.account_id, h.transaction_id) <= (%(last)s, %(last_within)s)
    ) AS h
    CROSS JOIN LATERAL (
        VALUES
            ('hold.account', h.account_id::text, h.known_account_id::text),
            ('hold.transaction', 'a hold', h.kind),
            ('hold.side', h.posted_side, h.side),
            ('hold.amount', h.posted_amount::text, h.amount::text),
            ('hold.created_at', h.held_at::text, h.created_at::text),
            ('hold.expires_at', h.held_until::text, h.expires_at::text),
            ('hold.resolved_at', h.released_at::text, h.resolved_at::text),
            ('hold.captured', CASE WHEN h.uncaptured THEN coalesce(h.other_captured::text, 'some')
                ELSE h.other_captured::text END, h.captured::text)
    ) AS wrong (rule, expected, found)
    WHERE (
            h.account_id, 'a hold', h.posted_side, h.posted_amount, h.held_at, h.held_until,
            h.released_at, h.other_captured, false
        ) IS DISTINCT FROM (
            h.known_account_id, h.kind, h.side, h.amount, h.created_at, h.expires_at,
            h.resolved_at, h.captured, h.uncaptured
        )
        AND wrong.expected IS DISTINCT FROM wrong.found
    ORDER BY h.account_id, h.transaction_id, h.position
    LIMIT %(findings_max)s
"""

# Position by position: debit and credit change places, and the amount is what was moved.
REVERSALS: Final[LiteralString] = """
    SELECT wrong.rule, NULL::uuid AS account_id, NULL::bigint AS version, r.transaction_id,
        r.idempotency_key AS key, wrong.place, wrong.expected, wrong.found
    FROM florin.transactions AS r
    LEFT JOIN florin.transactions AS o
        ON o.ledger_id = %(ledger_id)s AND o.transaction_id = r.reverses_id
    CROSS JOIN LATERAL (
        SELECT 'reversal.original' AS rule, NULL::text AS place, 'POSTED' AS expected,
            o.state AS found
        UNION ALL
        SELECT 'reversal.postings', 'posting ' || position, original.movement, mirror.movement
        FROM (
            SELECT p.position, concat_ws(' ', coalesce(h.captured, p.amount), 'debit',
                p.credit_account_id, 'credit', p.debit_account_id) AS movement
            FROM florin.postings AS p
            LEFT JOIN florin.holds AS h
                ON h.ledger_id = %(ledger_id)s AND h.account_id = p.debit_account_id
                AND h.transaction_id = p.transaction_id AND h.position = p.position
            WHERE p.ledger_id = %(ledger_id)s AND p.transaction_id = o.transaction_id
        ) AS original
        FULL JOIN (
            SELECT p.position, concat_ws(' ', p.amount, 'debit', p.debit_account_id, 'credit',
                p.credit_account_id) AS movement
            FROM florin.postings AS p
            WHERE p.ledger_id = %(ledger_id)s AND p.transaction_id = r.transaction_id
                AND o.transaction_id IS NOT NULL
        ) AS mirror USING (position)
    ) AS wrong
    WHERE r.ledger_id = %(ledger_id)s AND r.transaction_id BETWEEN %(first)s AND %(last)s
        AND r.reverses_id IS NOT NULL
        AND wrong.expected IS DISTINCT FROM wrong.found
    ORDER BY r.transaction_id, wrong.rule, wrong.place
    LIMIT %(findings_max)s
"""
