"""Imports and exports as tests run them: in this process, or as the command line does."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr
from rich.console import Console

from server import exporting, importing
from server.importing import Source
from server.settings import Settings
from tests.api import serving, transaction

CASH = {"openAccount": {"code": "cash", "currency": "USD", "normalSide": "DEBIT", "floor": None}}
WALLET = {"openAccount": {"code": "wallet", "currency": "USD", "normalSide": "CREDIT"}}


def post(key: str, amount: str = "1.00", **fields: Any) -> dict[str, Any]:  # noqa: ANN401
    """A PostTransactionInput from cash to the wallet."""
    return transaction(key, ("cash", "wallet", amount), **fields)


def posts(count: int, *, first: int = 0) -> list[dict[str, Any]]:
    """Lines that post a dollar each, with keys k0, k1 and so on."""
    return [{"post": post(f"k{n}")} for n in range(first, first + count)]


class Ended(NamedTuple):
    """How an import ended: its status, what it said, and the refused lines that are there."""

    status: int
    out: str
    err: str
    refused: list[dict[str, Any]]


def lines(*objects: object) -> bytes:
    """JSON lines."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in objects)


def run_import(database_url: str, file: Path, **fields: Any) -> Ended:  # noqa: ANN401
    """Import a file in this process; not within a running loop."""
    out, err = StringIO(), StringIO()
    settings = Settings(database_url=SecretStr(database_url), **fields.pop("settings", {}))
    source = Source(file=str(file), **fields)
    status = importing.run(
        settings, Console(file=out, width=100), Console(file=err, width=100), source
    )
    path = fields.get("refused") or file.with_name(f"{file.stem}.refused.jsonl")
    refused = path.read_bytes().splitlines() if path.exists() else []
    return Ended(status, out.getvalue(), err.getvalue(), [json.loads(line) for line in refused])


def run_export(database_url: str) -> bytes:
    """What an export writes; not within a running loop."""
    file = BytesIO()
    settings = Settings(database_url=SecretStr(database_url))
    asyncio.run(exporting.write(settings, Console(file=StringIO()), file))
    return file.getvalue()


def command(*arguments: str) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "server", *arguments]


def environment(database_url: str) -> Mapping[str, str]:
    """Where the command line finds its database."""
    return {**os.environ, "DATABASE_URL": database_url}


def florin(
    database_url: str, *arguments: str, given: bytes | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """Run the command line to its end."""
    return subprocess.run(  # noqa: S603 - our own
        command(*arguments),
        env=environment(database_url),
        input=given,
        capture_output=True,
        timeout=120,
        check=False,
    )


def balance(database_url: str, code: str = "wallet") -> str:
    """What an account holds; not within a running loop."""

    async def read() -> str:
        async with serving(database_url) as api:
            return await api.balance(code)

    return asyncio.run(read())
