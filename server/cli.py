"""The command line: ``florin serve``, ``migrate``, ``doctor``, ``verify``, ``import`` and so on."""

import asyncio
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from db import setup
from schema.build import sdl
from server import demo as demonstration
from server import doctor as checks
from server import embedded, exporting, importing, serving, settings
from server import verify as verification
from server.doctor import Check
from server.importing import Source
from server.serving import CannotServeError
from server.settings import Settings
from server.verify import VerifyError

app = typer.Typer(
    name="florin",
    help="A double-entry ledger behind one GraphQL endpoint, on PostgreSQL.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_out = Console()
_err = Console(stderr=True)

_COLOURS = {"ok": "green", "note": "yellow", "failed": "red"}


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to bind; FLORIN_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to bind; FLORIN_PORT.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; FLORIN_WORKERS.")] = None,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Bring the schema up to date first.")
    ] = False,
    trusted_documents: Annotated[
        Path | None,
        typer.Option(
            help="A manifest (Relay's, graphql-codegen's, Apollo's) or a folder of .graphql files "
            "that clients may ask for by documentId; FLORIN_TRUSTED_DOCUMENTS."
        ),
    ] = None,
    trusted_documents_only: Annotated[
        bool | None,
        typer.Option(
            "--trusted-documents-only",
            help="Run nothing but those; FLORIN_TRUSTED_DOCUMENTS_ONLY.",
        ),
    ] = None,
) -> None:
    """Serve GraphQL. Without DATABASE_URL an embedded PostgreSQL is started and migrated."""
    # Workers are started with nothing but their environment.
    given = {
        "host": host,
        "port": port,
        "workers": workers,
        "trusted_documents": trusted_documents,
        "trusted_documents_only": trusted_documents_only,
    }
    for name, value in given.items():
        if value is not None:
            os.environ[f"FLORIN_{name.upper()}"] = str(value)
    with _database() as configured:
        if migrate or settings.read().database_url is None:
            _migrate(configured)
        _refuse_if_unfit(configured)
        try:
            serving.run(configured, _out, _err)
        except CannotServeError as error:
            _complain(str(error))
            raise typer.Exit(1) from None


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema: all of it, or nothing."""
    with _database() as configured:
        _migrate(configured)
        _out.print("The schema is up to date.")


@app.command()
def doctor() -> None:
    """Check the database, and say what to do about whatever is wrong."""
    with _database() as configured:
        found = asyncio.run(checks.examine(configured))
        _out.print(_table(found))
        if checks.failed(found):
            raise typer.Exit(1)


@app.command()
def verify(
    seal: Annotated[
        bool, typer.Option("--seal", help="Check the hash chain over the entries, too.")
    ] = False,
    head: Annotated[
        str | None,
        typer.Option(help="A head that was kept elsewhere; it must still be in the chain."),
    ] = None,
) -> None:
    """Recompute every balance from the entries. Reads only; exits 1 on any discrepancy."""
    with _database() as configured:
        try:
            sound = asyncio.run(
                verification.verify(configured, _out, seals=seal or head is not None, head=head)
            )
        except VerifyError as error:
            _complain(str(error))
            raise typer.Exit(2) from None
        if not sound:
            raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print the GraphQL schema."""
    typer.echo(sdl(), nl=False)


@app.command()
def demo(
    berka: Annotated[
        Path | None,
        typer.Option(
            help="Load the Berka bank movements from this folder instead.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
) -> None:
    """Load a small, lively data set. Run again, it changes nothing."""
    with _database() as configured:
        _migrate(configured)
        _refuse_if_unfit(configured)
        asyncio.run(demonstration.load(configured, _out, berka=berka))


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(help="JSON lines; - for standard input.")],
    from_line: Annotated[
        int, typer.Option(min=1, help="Begin with this line: what was done before is skipped.")
    ] = 1,
    refused: Annotated[
        Path | None,
        typer.Option(
            help="Where refused lines go: FILE.refused.jsonl, numbered where an earlier import's "
            "is still there.",
            dir_okay=False,
        ),
    ] = None,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for a database that is away.")
    ] = 30,
) -> None:
    """Carry out a file of JSON lines through the API, in order; run again, it changes nothing.

    Each line has one key, a mutation's name or post, capture, void or reverse, and its input:
    {"openAccount": {...}}. Lines that are refused are written to a file with the reason; the
    others are carried out.

    Ends with 0 if no line was refused, 1 if some were, 2 if nothing could be carried out, and 3 if
    it was interrupted: it then says which line to go on with.
    """
    with _database() as configured:
        if settings.read().database_url is None:
            _migrate(configured)
        _refuse_if_unfit(configured, status=importing.UNABLE)
        source = Source(file=file, from_line=from_line, refused=refused, patience_seconds=patience)
        raise typer.Exit(importing.run(configured, _out, _err, source))


@app.command()
def export(
    output: Annotated[
        Path | None,
        typer.Option(help="The file to write, once it is whole; standard output.", dir_okay=False),
    ] = None,
) -> None:
    """Write users, accounts and transactions of one moment as JSON lines for `florin import`.

    Ends with 0 if all was written, 2 if it could not be, and 3 if it was interrupted.
    """
    with _database() as configured:
        _refuse_if_unfit(configured, status=exporting.UNABLE)
        raise typer.Exit(exporting.run(configured, _err, output=output))


@contextlib.contextmanager
def _database() -> Iterator[Settings]:
    """The settings, with the URL of a server that runs."""
    try:
        configured = settings.read()
        if configured.database_url is not None:
            yield configured
            return
        with embedded.running(configured.data_directory) as url:
            yield configured.model_copy(update={"database_url": SecretStr(url)})
    except (settings.SettingsError, embedded.NotInstalledError) as error:
        _complain(str(error))
        raise typer.Exit(2) from None


def _migrate(configured: Settings) -> None:
    try:
        setup.prepare(_url(configured))
    except (psycopg.Error, SQLAlchemyError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        _complain(f"The schema could not be migrated: {reason}")
        _complain("Nothing was changed. `florin doctor` says more.")
        raise typer.Exit(1) from None


def _refuse_if_unfit(configured: Settings, *, status: int = 1) -> None:
    found = checks.failed(asyncio.run(checks.examine(configured)))
    if found:
        _err.print(_table(found))
        _complain("Florin does not start on a database that fails these checks.")
        raise typer.Exit(status)


def _complain(message: str) -> None:
    _err.print(message, style="red", markup=False, highlight=False, soft_wrap=True)


def _url(configured: Settings) -> str:
    assert configured.database_url is not None
    return configured.database_url.get_secret_value()


def _table(found: list[Check]) -> Table:
    table = Table("check", "state", "finding", "remedy")
    for check in found:
        state = f"[{_COLOURS[check.state]}]{check.state}[/]"
        table.add_row(check.name, state, check.finding, check.remedy)
    return table
