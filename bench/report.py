"""Tables: on standard output, and as JSON and Markdown in files that can be kept."""

import importlib.metadata
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import psycopg

RESULTS: Final = Path(__file__).parent / "results"

_LIBRARIES: Final = (
    "strawberry-graphql",
    "graphql-core",
    "starlette",
    "uvicorn",
    "uvloop",
    "httptools",
    "psycopg",
    "psycopg-pool",
    "msgspec",
    "orjson",
)
_SERVER_SETTINGS: Final = (
    "max_connections",
    "fsync",
    "synchronous_commit",
    "shared_buffers",
    "max_wal_size",
)


class Table(msgspec.Struct, frozen=True):
    """Rows of text under a title; ``note`` says how they were had."""

    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


class Measured(msgspec.Struct, frozen=True):
    """One benchmark's table, and every figure behind it."""

    table: Table
    figures: object


def machine(server_url: str) -> dict[str, str]:
    """What the figures hold for."""
    with psycopg.connect(server_url) as conn:
        settings = {name: _setting(conn, name) for name in _SERVER_SETTINGS}
        version = _setting(conn, "server_version")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _LIBRARIES)
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": str(os.cpu_count()),
        "processor": _processor(),
        "load before": f"{os.getloadavg()[0]:.2f}",
        "Python": platform.python_version(),
        "PostgreSQL": version,
        "server settings": ", ".join(f"{name} {value}" for name, value in settings.items()),
        "libraries": versions,
    }


def show(table: Table) -> None:
    """Print a table as plain text."""
    widths = [
        max(len(row[index]) for row in (table.columns, *table.rows))
        for index in range(len(table.columns))
    ]
    print(f"\n{table.title}\n{table.note}\n")
    for row in (table.columns, ["-" * width for width in widths], *table.rows):
        print("  ".join(_aligned(row, widths)).rstrip())


def save(
    name: str,
    about: Mapping[str, str],
    measured: Mapping[str, Measured],
    *,
    folder: Path = RESULTS,
    picture: str | None = None,
) -> Path:
    """Write `<name>.md` with the tables and `<name>.json` with every figure behind them.

    ``picture`` is the name of a file beside them that the first of the two shows.
    """
    folder.mkdir(exist_ok=True)
    written = folder / f"{name}.md"
    tables = [one.table for one in measured.values()]
    written.write_text(markdown(about, tables, picture), encoding="utf-8")
    figures = {name: one.figures for name, one in measured.items()}
    content = msgspec.json.encode({"machine": about, "figures": figures})
    written.with_suffix(".json").write_bytes(msgspec.json.format(content))
    return written


def markdown(about: Mapping[str, str], tables: Sequence[Table], picture: str | None) -> str:
    """A page of what the figures hold for, the picture and the tables."""
    lines = ["# Benchmark", "", "Ratios to think with, not capacities.", ""]
    lines += [f"- {name}: {value}" for name, value in about.items()]
    if picture is not None:
        lines += ["", f"![{tables[0].title}]({picture})"]
    for table in tables:
        lines += ["", f"## {table.title}", "", table.note, ""]
        lines.append(f"| {' | '.join(table.columns)} |")
        lines.append(f"|---|{'--:|' * (len(table.columns) - 1)}")
        lines += [f"| {' | '.join(row)} |" for row in table.rows]
    return "\n".join(lines) + "\n"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *rest = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]


def _setting(conn: psycopg.Connection, name: str) -> str:
    row = conn.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
