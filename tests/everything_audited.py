"""The part of the walk that seals and audits."""

import msgspec

from db import audit, audit_seals, walks
from db.ledgers import DEFAULT_LEDGER_ID
from db.snapshots import open_snapshot
from server import sealer
from tests.api import Api
from tests.recorder import RecordingCursor

# Few enough that chunks have to be told apart, which takes statements of their own.
_CHUNK = 5


async def walk_audited(api: Api) -> None:
    """Seal what there is, and audit it in one chunk and in several; all is well."""
    assert await sealer.seal(api.pool, DEFAULT_LEDGER_ID) == 1
    conninfo = api.pool.conninfo
    assert isinstance(conninfo, str)
    async with open_snapshot(conninfo, DEFAULT_LEDGER_ID, cursor_factory=RecordingCursor) as conn:
        found = [one async for one in audit.discrepancies(conn, DEFAULT_LEDGER_ID)]
        found += [one async for one in audit_seals.discrepancies(conn, DEFAULT_LEDGER_ID)]
        lost = await audit_seals.lost_head(conn, DEFAULT_LEDGER_ID, bytes(32))
        assert lost is not None
        for walk in (*audit.WALKS, audit_seals.WALK):
            small = msgspec.structs.replace(walk, size=_CHUNK)
            chunks = walks.walk(
                conn, DEFAULT_LEDGER_ID, small, total=2 * _CHUNK, progress=walks.unwatched
            )
            found += [one async for one in chunks]
    assert found == []
