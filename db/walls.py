"""The walls between ledgers, as the catalogue has them: what stands open, and who could pass.

Row-level security holds for everybody but superusers, those who may bypass it, and a table's owner
where it is not forced on that one, too. The owner of what is searched (db/schema.sql) is the one
exception, as long as nobody is it.
"""

from typing import Final, LiteralString

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from db import statements

# Partitions are left out: whoever asks by the whole table's name is under the whole table's policy.
WALLS: Final[LiteralString] = """
    SELECT
        ARRAY(
            SELECT format('florin.%%s', t.relname)
            FROM pg_class AS t
            JOIN pg_attribute AS a
                ON a.attrelid = t.oid AND a.attname = 'ledger_id' AND NOT a.attisdropped
            WHERE t.relnamespace = 'florin'::regnamespace AND t.relkind IN ('r', 'p')
                AND NOT t.relispartition AND t.relname <> 'ledgers'
                AND NOT (
                    t.relrowsecurity
                    AND (t.relforcerowsecurity OR t.relowner = to_regrole('florin_search'))
                    -- The only policy, for everybody and everything: others would be added to it.
                    AND (
                        SELECT count(*) = 1 AND bool_and(
                            p.polcmd = '*' AND p.polroles = '{0}'
                            AND pg_get_expr(p.polqual, p.polrelid) LIKE '%%florin.ledger_id%%'
                        )
                        FROM pg_policy AS p WHERE p.polrelid = t.oid
                    )
                )
            ORDER BY t.relname
        ) AS open_tables,
        ARRAY(
            SELECT format('florin.%%s', t.relname)
            FROM pg_class AS t
            WHERE t.relnamespace = 'florin'::regnamespace AND t.relkind IN ('r', 'p', 'v')
                AND pg_has_role('florin_app', t.relowner, 'MEMBER')
            ORDER BY t.relname
        ) AS owned_by_app,
        (SELECT rolbypassrls FROM pg_roles WHERE rolname = 'florin_app') AS app_bypasses,
        (
            SELECT rolcanlogin FROM pg_roles WHERE rolname = 'florin_search'
        ) AS search_can_log_in
"""


class Walls(msgspec.Struct, frozen=True):
    """What is wrong with them: nothing, where the lists are empty and the rest is False."""

    open_tables: list[str]
    owned_by_app: list[str]
    app_bypasses: bool
    search_can_log_in: bool


async def examine(conn: AsyncConnection[TupleRow]) -> Walls:
    """The walls of a migrated database; one round trip."""
    found = await statements.one_row(conn, Walls, WALLS, {})
    assert found is not None
    return found
