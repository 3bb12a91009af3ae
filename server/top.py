"""``florin top``: how the database is, as `{ diagnostics { … } }` says it, once or for as long."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
import orjson
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from db.ledgers import DEFAULT_LEDGER_ID
from db.pool import open_pool
from server.client import Client
from server.settings import Settings

DIAGNOSTICS: Final = """
    {
        diagnostics {
            server {
                version startedAt connectionsUsed connectionsMax connectionsReserved databaseBytes
                cacheHitRatio deadlocks statisticsSince hint
            }
            sessions {
                hint
                sessions {
                    pid application state waitsFor transactionSeconds statementSeconds blockedBy
                    statement hint
                }
            }
            slowest {
                hint
                statements {
                    statement calls totalMilliseconds meanMilliseconds longestMilliseconds rows
                    blocksHit blocksRead hint
                }
            }
            tables {
                hint
                tables {
                    name liveRows deadRows tableBytes indexBytes vacuumedAt analysedAt
                    sequentialScans indexScans hint
                }
            }
            indexes { hint indexes { name tableName indexBytes scans unused hint } }
        }
    }
"""

# Of a statement, in a line.
_STATEMENT_SHOWN: Final = 60
_ROWS_SHOWN: Final = 10
_UNIT: Final = 1024

Found = dict[str, Any]


async def show(
    configured: Settings, out: Console, *, once: bool, as_json: bool, seconds: float
) -> None:
    """Print it once, or until interrupted. Raises psycopg's errors."""
    assert configured.database_url is not None
    pool = msgspec.structs.replace(configured.pool, size_min=1, size_max=1)
    async with open_pool(configured.database_url.get_secret_value(), pool) as opened:
        client = Client(opened, DEFAULT_LEDGER_ID)
        if as_json:
            text = orjson.dumps(await _found(client), option=orjson.OPT_INDENT_2).decode()
            out.print(text, markup=False, highlight=False, soft_wrap=True)
        elif once:
            out.print(picture(await _found(client)))
        else:
            with Live(picture(await _found(client)), console=out, screen=True) as live:
                while True:
                    await asyncio.sleep(seconds)
                    live.update(picture(await _found(client)))


async def _found(client: Client) -> Found:
    found: Found = (await client.send(DIAGNOSTICS, {}))["diagnostics"]
    return found


def picture(found: Found) -> RenderableType:
    """All sections, what matters most first."""
    return Group(
        _server(found["server"]),
        _section("sessions", found["sessions"], _SESSION, found["sessions"]["sessions"]),
        _section(
            "slowest statements", found["slowest"], _STATEMENT, found["slowest"]["statements"]
        ),
        _section("tables", found["tables"], _TABLE, found["tables"]["tables"]),
        _section("indexes", found["indexes"], _INDEX, found["indexes"]["indexes"]),
    )


_Columns = Sequence[tuple[str, Callable[[Found], str]]]

_SESSION: Final[_Columns] = (
    ("pid", lambda one: str(one["pid"])),
    ("application", lambda one: one["application"]),
    ("state", lambda one: one["state"] or "hidden"),
    ("open s", lambda one: f"{one['transactionSeconds']:.1f}"),
    ("waits for", lambda one: one["waitsFor"] or ""),
    ("blocked by", lambda one: ", ".join(map(str, one["blockedBy"]))),
    ("statement", lambda one: _line(one["statement"] or "")),
)
_STATEMENT: Final[_Columns] = (
    ("calls", lambda one: one["calls"]),
    ("total ms", lambda one: f"{one['totalMilliseconds']:.0f}"),
    ("mean ms", lambda one: f"{one['meanMilliseconds']:.2f}"),
    ("longest ms", lambda one: f"{one['longestMilliseconds']:.0f}"),
    ("rows", lambda one: one["rows"]),
    ("statement", lambda one: _line(one["statement"])),
)
_TABLE: Final[_Columns] = (
    ("name", lambda one: one["name"]),
    ("size", lambda one: _size(one["tableBytes"])),
    ("indexes", lambda one: _size(one["indexBytes"])),
    ("rows", lambda one: one["liveRows"]),
    ("dead", lambda one: one["deadRows"]),
    ("vacuumed", lambda one: _time(one["vacuumedAt"])),
    ("analysed", lambda one: _time(one["analysedAt"])),
)
_INDEX: Final[_Columns] = (
    ("name", lambda one: one["name"]),
    ("table", lambda one: one["tableName"]),
    ("size", lambda one: _size(one["indexBytes"])),
    ("scans", lambda one: one["scans"]),
)


def _server(server: Found) -> RenderableType:
    ratio = server["cacheHitRatio"]
    cached = "" if ratio is None else f", {ratio:.1%} of blocks found in memory"
    line = (
        f"PostgreSQL {server['version']}: {server['connectionsUsed']} of "
        f"{server['connectionsMax']} connections, {_size(server['databaseBytes'])}{cached}"
    )
    return Text("\n".join(filter(None, (line, server["hint"]))))


def _section(
    title: str, section: Found, columns: _Columns, rows: Iterable[Found]
) -> RenderableType:
    table = Table(title=title, title_justify="left", expand=True)
    for name, _ in columns:
        table.add_column(name, overflow="ellipsis", no_wrap=True)
    table.add_column("what to do", ratio=1)
    # Those with a hint first: what is shown is the beginning.
    ordered = sorted(rows, key=lambda row: row["hint"] is None)
    for row in ordered[:_ROWS_SHOWN]:
        cells = [Text(value(row)) for _, value in columns]
        table.add_row(*cells, Text(row["hint"] or ""))
    return table if section["hint"] is None else Group(table, Text(section["hint"], "yellow"))


def _line(text: str) -> str:
    one = " ".join(text.split())
    return one if len(one) <= _STATEMENT_SHOWN else f"{one[:_STATEMENT_SHOWN]}…"


def _time(text: str | None) -> str:
    return "never" if text is None else f"{text[:19]}Z"


def _size(text: str | None) -> str:
    if text is None:
        return "locked"
    size, units = int(text), ["B", "KB", "MB", "GB", "TB"]
    while size >= 10 * _UNIT and len(units) > 1:
        size //= _UNIT
        units.pop(0)
    return f"{size} {units[0]}"
