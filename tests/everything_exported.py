"""The part of the walk that exports."""

from rich.progress import Progress

from db.ledgers import DEFAULT_LEDGER_ID
from db.snapshots import open_snapshot
from server import exporting
from tests.api import Api
from tests.recorder import RecordingCursor, RecordingServerCursor


async def walk_exported(api: Api) -> None:
    """Export what there is, which is something of every kind."""
    conninfo = api.pool.conninfo
    assert isinstance(conninfo, str)
    async with open_snapshot(conninfo, DEFAULT_LEDGER_ID, cursor_factory=RecordingCursor) as conn:
        conn.server_cursor_factory = RecordingServerCursor
        lines = [line async for line in exporting.lines(conn, Progress(disable=True))]
    for key in (b"createUser", b"openAccount", b"post", b"capture", b"updateAccount"):
        assert any(line.startswith(b'{"%s":' % key) for line in lines)
