"""``florin ledger``: the ledgers that there are, and new ones."""

import asyncio
from typing import Annotated

import typer
from psycopg import AsyncConnection
from rich.table import Table

from db import ledgers, setup
from db.ledgers import Listed
from ledger import texts
from server import terminal
from server.settings import Settings

app = typer.Typer(
    help="Ledgers: books of their own, each behind its own credentials.", no_args_is_help=True
)


@app.command()
def create(
    code: Annotated[str, typer.Argument(help="What it is called, such as eu-wallets; for good.")],
    name: Annotated[str | None, typer.Option(help="For people; the code unless told.")] = None,
) -> None:
    """Make a ledger, with the currencies of ISO 4217 and nothing else in it."""
    title = code if name is None else name
    problem = texts.ledger_code_problem(code)
    if problem is None:
        problem = texts.prose_problem(title, length_max=texts.NAME_MAX)
    if problem is not None:
        terminal.complain(f"No ledger was made: {problem}.")
        raise typer.Exit(2)
    with terminal.database() as configured, terminal.database_errors():
        terminal.refuse_if_unfit(configured)
        if not setup.add_ledger(terminal.owner_url(configured), code=code, name=title):
            terminal.complain(f"There is a ledger {code!r} already.")
            raise typer.Exit(1)
    terminal.OUT.print(
        f"Ledger {code!r} is there. `florin key create --ledger {code}` makes a key that opens it.",
        highlight=False,
        soft_wrap=True,
    )


@app.command("list")
def list_() -> None:
    """Say which ledgers there are."""
    with terminal.database() as configured, terminal.database_errors():
        terminal.refuse_if_unfit(configured)
        table = Table("code", "name", "since")
        for ledger in asyncio.run(_every(configured)):
            table.add_row(ledger.code, ledger.name, f"{ledger.created_at:%Y-%m-%d %H:%M}")
        terminal.OUT.print(table)


async def _every(configured: Settings) -> list[Listed]:
    async with await AsyncConnection.connect(
        terminal.owner_url(configured), connect_timeout=5
    ) as conn:
        return await ledgers.every(conn)
