"""Duties: what one process at a time does in the background, whoever holds the row's lock.

The lock ends with its transaction, be it by COMMIT, by a crash or by a cut connection: nobody has
to clean up after anybody. Those who do not get it have nothing to wait for.
"""

from typing import Final, Literal, LiteralString

from db import statements
from db.statements import Connection

Duty = Literal["SEAL", "SWEEP"]

TAKE: Final[LiteralString] = """
    SELECT duty
    FROM florin.duties
    WHERE ledger_id = %(ledger_id)s AND duty = %(duty)s
    FOR UPDATE SKIP LOCKED
"""

DONE: Final[LiteralString] = """
    UPDATE florin.duties
    SET done_at = now()
    WHERE ledger_id = %(ledger_id)s AND duty = %(duty)s
"""


async def take(conn: Connection, ledger_id: int, duty: Duty) -> bool:
    """Whether the duty is this transaction's until it ends; one round trip."""
    parameters = {"ledger_id": ledger_id, "duty": duty}
    return await statements.one_row(conn, str, TAKE, parameters) is not None


async def done(conn: Connection, ledger_id: int, duty: Duty) -> None:
    """Note that the duty, which this transaction has, was done now; one round trip."""
    parameters = {"ledger_id": ledger_id, "duty": duty}
    await statements.write(conn, statements.Write(DONE, parameters, 1))
