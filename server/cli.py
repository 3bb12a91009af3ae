"""The command line: ``florin serve``, ``migrate``, ``doctor``, ``verify``, ``import`` and so on."""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Annotated

import typer

from db.ledgers import DEFAULT_LEDGER_CODE
from schema.build import sdl
from server import demo as demonstration
from server import doctor as checks
from server import exporting, importing, key_commands, ledger_commands, serving, settings, terminal
from server import top as live
from server import verify as verification
from server.importing import Source
from server.serving import CannotServeError
from server.verify import VerifyError

app = typer.Typer(
    name="florin",
    help="A double-entry ledger behind one GraphQL endpoint, on PostgreSQL.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_Ledger = Annotated[str, typer.Option("--ledger", help="Which ledger, by its code.")]

app.add_typer(ledger_commands.app, name="ledger")
app.add_typer(key_commands.app, name="key")


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
    with terminal.database() as configured:
        if migrate or settings.read().database_url is None:
            terminal.migrate(configured)
        found = terminal.refuse_if_unfit(configured)
        try:
            serving.run(
                configured,
                terminal.OUT,
                terminal.ERR,
                asks_for_credentials=checks.asks_for_credentials(found),
            )
        except CannotServeError as error:
            terminal.complain(str(error))
            raise typer.Exit(1) from None


@app.command()
def migrate(
    owner_url: Annotated[
        str | None,
        typer.Option(
            help="Migrate as this login, which owns the tables, and let the one in DATABASE_URL do "
            "no more than serve; FLORIN_OWNER_URL, which does not show in lists of processes."
        ),
    ] = None,
) -> None:
    """Bring the database to the newest schema: all of it, or nothing."""
    if owner_url is not None:
        os.environ.pop("FLORIN_OWNER_URL_FILE", None)
        os.environ["FLORIN_OWNER_URL"] = owner_url
    with terminal.database() as configured:
        terminal.migrate(configured)
        terminal.OUT.print("The schema is up to date.")


@app.command()
def doctor() -> None:
    """Check the database, and say what to do about whatever is wrong."""
    with terminal.database() as configured:
        found = asyncio.run(checks.examine(configured))
        terminal.OUT.print(terminal.table(found))
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
    ledger: Annotated[str | None, typer.Option(help="Only this one; all unless told.")] = None,
) -> None:
    """Recompute every balance from the entries. Reads only; exits 1 on any discrepancy."""
    with terminal.database() as configured:
        try:
            sound = asyncio.run(
                verification.verify(
                    configured,
                    terminal.OUT,
                    seals=seal or head is not None,
                    head=head,
                    ledger=ledger,
                )
            )
        except VerifyError as error:
            terminal.complain(str(error))
            raise typer.Exit(2) from None
        if not sound:
            raise typer.Exit(1)


@app.command()
def top(
    once: Annotated[bool, typer.Option("--once", help="Print it once, and end.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Once, as JSON: what { diagnostics } answers.")
    ] = False,
    seconds: Annotated[float, typer.Option(min=0.2, help="Between two looks.")] = 2.0,
) -> None:
    """Show how the database is, and what to do: sessions, statements, tables, indexes."""
    with (
        terminal.database() as configured,
        terminal.database_errors(),
        contextlib.suppress(KeyboardInterrupt),
    ):
        # Whatever is wrong with it: that is when one looks.
        asyncio.run(
            live.show(configured, terminal.OUT, once=once, as_json=as_json, seconds=seconds)
        )


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
    ledger: _Ledger = DEFAULT_LEDGER_CODE,
) -> None:
    """Load a small, lively data set. Run again, it changes nothing."""
    with terminal.database() as configured:
        terminal.migrate(configured)
        terminal.refuse_if_unfit(configured)
        (ledger_id,) = terminal.ledger_ids(configured, [ledger])
        loading = demonstration.load(configured, terminal.OUT, berka=berka, ledger_id=ledger_id)
        asyncio.run(loading)


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
    ledger: _Ledger = DEFAULT_LEDGER_CODE,
) -> None:
    """Carry out a file of JSON lines through the API, in order; run again, it changes nothing.

    Each line has one key, a mutation's name or post, capture, void or reverse, and its input:
    {"openAccount": {...}}. Lines that are refused are written to a file with the reason; the
    others are carried out.

    Ends with 0 if no line was refused, 1 if some were, 2 if nothing could be carried out, and 3 if
    it was interrupted: it then says which line to go on with.
    """
    with terminal.database() as configured:
        if settings.read().database_url is None:
            terminal.migrate(configured)
        terminal.refuse_if_unfit(configured, status=importing.UNABLE)
        (ledger_id,) = terminal.ledger_ids(configured, [ledger], status=importing.UNABLE)
        source = Source(
            file=file,
            from_line=from_line,
            refused=refused,
            patience_seconds=patience,
            ledger_id=ledger_id,
        )
        raise typer.Exit(importing.run(configured, terminal.OUT, terminal.ERR, source))


@app.command()
def export(
    output: Annotated[
        Path | None,
        typer.Option(help="The file to write, once it is whole; standard output.", dir_okay=False),
    ] = None,
    ledger: _Ledger = DEFAULT_LEDGER_CODE,
) -> None:
    """Write users, accounts and transactions of one moment as JSON lines for `florin import`.

    Ends with 0 if all was written, 2 if it could not be, and 3 if it was interrupted.
    """
    with terminal.database() as configured:
        terminal.refuse_if_unfit(configured, status=exporting.UNABLE)
        (ledger_id,) = terminal.ledger_ids(configured, [ledger], status=exporting.UNABLE)
        status = exporting.run(configured, terminal.ERR, output=output, ledger_id=ledger_id)
        raise typer.Exit(status)
