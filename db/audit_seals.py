"""What the audit asks of seals: that the chain is whole, and that every entry is as it was sealed.

The chain and every digest are recomputed by the same expressions that made them (``db.seals``).
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final, LiteralString

import msgspec
from psycopg.sql import SQL

from db import seals, statements, walks
from db.statements import Connection
from db.walks import BIGINT_GREATEST, Discrepancy, Progress, Walk


class Sealed(msgspec.Struct, frozen=True, gc=False):
    """What there is of seals, and the chain's head: the last seal's time and hash."""

    seals: int
    entries: int
    through: datetime | None
    head: str | None


SEALED: Final[LiteralString] = """
    SELECT count(*) AS seals, coalesce(sum(entries), 0)::bigint AS entries,
        max(through) AS through, (
            SELECT encode(hash, 'hex')
            FROM florin.seals
            WHERE ledger_id = %(ledger_id)s
            ORDER BY number DESC
            LIMIT 1
        ) AS head
    FROM florin.seals
    WHERE ledger_id = %(ledger_id)s
"""

WITH_HASH: Final[LiteralString] = """
    SELECT number
    FROM florin.seals
    WHERE ledger_id = %(ledger_id)s AND hash = %(hash)s
"""

# As entries are: each seal is held against the one before it.
CHAIN: Final = SQL("""
    SELECT wrong.rule, NULL::uuid AS account_id, NULL::bigint AS version,
        NULL::uuid AS transaction_id, 'seal ' || s.number AS key, NULL::text AS place,
        wrong.expected, wrong.found
    FROM (
        SELECT s.number, s.through, s.hash,
            coalesce(lag(s.number) OVER chain, 0) + 1 AS next_number,
            greatest(lag(s.through) OVER chain + interval '1 microsecond', s.through)
                AS next_through,
            {hash} AS next_hash
        FROM florin.seals AS s
        WHERE s.ledger_id = %(ledger_id)s AND s.number BETWEEN %(first)s - 1 AND %(last)s
        WINDOW chain AS (ORDER BY s.number)
    ) AS s
    CROSS JOIN LATERAL (
        VALUES
            ('seal.number', s.next_number::text, s.number::text),
            ('seal.through', s.next_through::text, s.through::text),
            ('seal.hash', encode(s.next_hash, 'hex'), encode(s.hash, 'hex'))
    ) AS wrong (rule, expected, found)
    WHERE s.number >= %(first)s
        AND (s.next_number, s.next_through, s.next_hash)
            IS DISTINCT FROM (s.number, s.through, s.hash)
        AND wrong.expected IS DISTINCT FROM wrong.found
    ORDER BY s.number
    LIMIT %(findings_max)s
""").format(
    hash=seals.HASH.format(
        previous=SQL("coalesce(lag(s.hash) OVER chain, decode(repeat('00', 32), 'hex'))")
    )
)

# The items of seals as rows.
_ITEMS: Final = SQL("""
    SELECT s.number, encode(substr(s.items, at, 16), 'hex')::uuid AS account_id,
        ('x' || encode(substr(s.items, at + 16, 8), 'hex'))::bit(64)::bigint AS version,
        substr(s.items, at + 24, 16) AS digest
    FROM (
        -- Fetched once, and not anew for every item.
        SELECT number, items || ''::bytea AS items
        FROM florin.seals
        WHERE ledger_id = %(ledger_id)s AND number BETWEEN {first} AND {last}
        OFFSET 0
    ) AS s
    CROSS JOIN LATERAL generate_series(1, length(s.items), 40) AS at
    -- Made here, and not by those who join them: they would carry the seal along with every item.
    OFFSET 0
""")

ENTRIES: Final = SQL("""
    SELECT CASE WHEN e.version IS NULL THEN 'sealed.deleted' ELSE 'sealed.changed' END AS rule,
        item.account_id, item.version, e.transaction_id, (
            SELECT a.code FROM florin.accounts AS a
            WHERE a.ledger_id = %(ledger_id)s AND a.account_id = item.account_id
        ) AS key,
        'seal ' || item.number AS place, encode(item.digest, 'hex') AS expected,
        encode(CASE WHEN e.version IS NOT NULL THEN {digest} END, 'hex') AS found
    FROM ({items}) AS item
    LEFT JOIN florin.entries AS e
        ON e.ledger_id = %(ledger_id)s AND e.account_id = item.account_id
        AND e.version = item.version
    WHERE e.version IS NULL OR {digest} <> item.digest
    ORDER BY item.number, item.account_id, item.version
    LIMIT %(findings_max)s
""").format(digest=seals.DIGEST, items=_ITEMS.format(first=SQL("%(first)s"), last=SQL("%(last)s")))

RECORDED: Final[LiteralString] = """
    SELECT count(*)
    FROM florin.entries
    WHERE ledger_id = %(ledger_id)s AND created_at <= %(through)s
"""

UNSEALED: Final = SQL("""
    SELECT 'sealed.added' AS rule, e.account_id, e.version, e.transaction_id, (
            SELECT a.code FROM florin.accounts AS a
            WHERE a.ledger_id = %(ledger_id)s AND a.account_id = e.account_id
        ) AS key,
        'recorded ' || e.created_at AS place, NULL::text AS expected, 'an entry' AS found
    FROM florin.entries AS e
    WHERE e.ledger_id = %(ledger_id)s AND e.created_at <= %(through)s AND NOT EXISTS (
        SELECT FROM ({items}) AS item
        WHERE item.account_id = e.account_id AND item.version = e.version
    )
    ORDER BY e.account_id, e.version
    LIMIT %(findings_max)s
""").format(items=_ITEMS.format(first=SQL("1"), last=SQL("9223372036854775807")))

# Every item of every seal is looked for: by hashing them all, on disk where there are many.
COMPARE_ALL: Final[LiteralString] = """
    SELECT set_config('enable_hashjoin', 'on', true), set_config('enable_seqscan', 'on', true)
"""

SEALS_BOUNDARY: Final[LiteralString] = """
    SELECT number FROM florin.seals
    WHERE ledger_id = %(ledger_id)s AND number >= %(first)s
    ORDER BY number OFFSET %(skipped)s LIMIT 1
"""

WALK: Final = Walk(
    noun="seals",
    size=20,
    least=(1,),
    greatest=(BIGINT_GREATEST,),
    boundary=SEALS_BOUNDARY,
    checks=(CHAIN, ENTRIES),
)


async def sealed(conn: Connection, ledger_id: int) -> Sealed:
    """What there is; one round trip."""
    found = await statements.one_row(conn, Sealed, SEALED, {"ledger_id": ledger_id})
    assert found is not None
    return found


async def lost_head(conn: Connection, ledger_id: int, head: bytes) -> Discrepancy | None:
    """Whether a head that was kept elsewhere is no seal's hash any more; one round trip.

    Then seals were rewritten, or cut off the end of the chain, which alone could not be told.
    """
    if await statements.all_values(conn, int, WITH_HASH, {"ledger_id": ledger_id, "hash": head}):
        return None
    return Discrepancy("seal.head", head.hex(), "", "the hash of a seal", "no such seal")


async def discrepancies(
    conn: Connection, ledger_id: int, progress: Progress = walks.unwatched
) -> AsyncIterator[Discrepancy]:
    """Every break of the chain, and every entry that was changed, deleted or added since.

    Three statements for each chunk of seals and four in all, of which one compares every entry
    with all that is sealed.
    """
    known = await sealed(conn, ledger_id)
    async for found in walks.walk(conn, ledger_id, WALK, known.seals, progress):
        yield found
    if known.through is None:
        return
    parameters = {"ledger_id": ledger_id, "through": known.through}
    (recorded,) = await statements.all_values(conn, int, RECORDED, parameters)
    if recorded != known.entries:
        about = f"entries recorded up to {known.through.isoformat()}"
        yield Discrepancy("sealed.count", about, "", str(known.entries), str(recorded))
    for found in await _unsealed(conn, ledger_id, known.through):
        yield found


async def _unsealed(conn: Connection, ledger_id: int, through: datetime) -> list[Discrepancy]:
    await (await conn.execute(COMPARE_ALL)).fetchone()
    return await walks.findings(conn, UNSEALED, {"ledger_id": ledger_id, "through": through})
