"""What commands have in common: their output, their database, and how they refuse to go on."""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from typing import Final

import psycopg
import typer
from psycopg import AsyncConnection
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from db import ledgers
from db.ledgers import Listed
from ledger import texts
from server import doctor as checks
from server import embedded, migrating, settings
from server.doctor import Check
from server.migrating import CannotMigrateError
from server.settings import Settings

OUT: Final = Console()
ERR: Final = Console(stderr=True)

_COLOURS = {"ok": "green", "note": "yellow", "failed": "red"}


@contextlib.contextmanager
def database() -> Iterator[Settings]:
    """The settings, with the URL of a server that runs."""
    try:
        configured = settings.read()
        if configured.database_url is not None:
            yield configured
            return
        with embedded.running(configured.data_directory) as url:
            yield configured.model_copy(update={"database_url": SecretStr(url)})
    except (settings.SettingsError, embedded.NotInstalledError) as error:
        complain(str(error))
        raise typer.Exit(2) from None


@contextlib.contextmanager
def database_errors() -> Iterator[None]:
    """What the database says against it is said in a line, and ends the command with 1."""
    try:
        yield
    except psycopg.Error as error:
        complain(f"The database refused: {error}".rstrip())
        raise typer.Exit(1) from None


def owner_url(configured: Settings) -> str:
    """For what takes the owner of the tables."""
    assert configured.owning_url is not None
    return configured.owning_url.get_secret_value()


def ledger_ids(configured: Settings, codes: Sequence[str], *, status: int = 1) -> list[int]:
    """The ids of the ledgers with these codes; where there is one missing, the command ends."""

    async def find(codes: Sequence[str]) -> list[Listed]:
        async with await AsyncConnection.connect(owner_url(configured), connect_timeout=5) as conn:
            return await ledgers.by_codes(conn, codes)

    possible = [code for code in codes if texts.ledger_code_problem(code) is None]
    found = {ledger.code: ledger.ledger_id for ledger in asyncio.run(find(possible))}
    for code in codes:
        if code not in found:
            complain(
                f"There is no ledger {texts.shown(code)!r}. `florin ledger list` says which there "
                "are."
            )
            raise typer.Exit(status)
    return sorted(found.values())


def migrate(configured: Settings) -> None:
    """Bring the schema up to date, or say why not and end with 1."""
    try:
        migrating.migrate(configured)
    except CannotMigrateError as error:
        complain(str(error))
        raise typer.Exit(1) from None


def refuse_if_unfit(configured: Settings, *, status: int = 1) -> list[Check]:
    """Go on, with what was found, only where no check failed; else say which, and end."""
    found = asyncio.run(checks.examine(configured))
    if checks.failed(found):
        ERR.print(table(checks.failed(found)))
        complain("Florin does not start on a database that fails these checks.")
        raise typer.Exit(status)
    return found


def complain(message: str) -> None:
    """Say what is wrong."""
    ERR.print(message, style="red", markup=False, highlight=False, soft_wrap=True)


def table(found: list[Check]) -> Table:
    """Checks, a line each."""
    table = Table("check", "state", "finding", "remedy")
    for check in found:
        state = f"[{_COLOURS[check.state]}]{check.state}[/]"
        table.add_row(check.name, state, check.finding, check.remedy)
    return table
