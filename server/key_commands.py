"""``florin key``: API keys are made, listed, rotated and revoked."""

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, NoReturn
from uuid import UUID

import psycopg
import typer
from psycopg import AsyncConnection
from rich.table import Column, Table

from db import api_keys, ledgers
from db.api_keys import ApiKey, NewApiKey
from ledger import identifiers, texts
from server import terminal
from server.api_key_secret import new_key_maker
from server.api_keys import TRUST_SECONDS
from server.callers import Scope
from server.settings import Settings

app = typer.Typer(help="API keys: who may open which ledgers.", no_args_is_help=True)

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_DURATION: Final = re.compile(r"([1-9][0-9]{0,5})([mhd])")

Expires = Annotated[
    str, typer.Option(help="When it ends: 90d, 12h, 30m, a time such as 2027-01-31, or never.")
]


@app.command()
def create(
    ledger: Annotated[
        list[str] | None, typer.Option(help="A ledger that it opens; may be given again.")
    ] = None,
    scopes: Annotated[
        str, typer.Option(help="What it may do, of read, write and admin, with commas.")
    ] = "read,write",
    expires: Expires = "never",
    name: Annotated[str, typer.Option(help="For people: whose it is, or what it is for.")] = "",
) -> None:
    """Make a key and print it, once: only a hash of it is kept."""
    ends_at = _moment(expires)
    wanted = _scopes(scopes)
    problem = texts.prose_problem(name, length_max=texts.NAME_MAX)
    if problem is not None:
        _refuse(f"--name: {problem}.")
    with terminal.database() as configured, terminal.database_errors():
        terminal.refuse_if_unfit(configured)
        codes = ledger or [ledgers.DEFAULT_LEDGER_CODE]
        ledger_ids = terminal.ledger_ids(configured, codes, status=2)
        _mint(configured, name=name, scopes=wanted, ledger_ids=ledger_ids, expires_at=ends_at)


@app.command("list")
def list_() -> None:
    """Say which keys there are; their secrets nobody knows."""
    with terminal.database() as configured, terminal.database_errors():
        terminal.refuse_if_unfit(configured)
        table = Table(
            Column("key", no_wrap=True), "name", "ledgers", "scopes", "state", "last used"
        )
        for key in asyncio.run(_every(configured)):
            table.add_row(
                identifiers.render("key", key.key_id),
                key.name,
                ", ".join(key.ledger_codes),
                ", ".join(key.scopes),
                _state(key),
                "never" if key.last_used_at is None else f"{key.last_used_at:%Y-%m-%d %H:%M}",
            )
        terminal.OUT.print(table)


@app.command()
def revoke(key: Annotated[str, typer.Argument(help="The key's id, key_…")]) -> None:
    """End a key for good. When this returns, no server process takes it any more."""
    key_id = _key_id(key)
    with terminal.database() as configured, terminal.database_errors():
        terminal.refuse_if_unfit(configured)
        with _owning(configured) as conn:
            if not api_keys.revoke(conn, key_id):
                terminal.complain(f"There is no key {key}, or it was revoked before.")
                raise typer.Exit(1)
        # Whoever has seen it just now goes by that for so long.
        time.sleep(TRUST_SECONDS)
    terminal.OUT.print(f"{key} is revoked.", highlight=False)


@app.command()
def rotate(
    key: Annotated[str, typer.Argument(help="The id of the key to be replaced, key_…")],
    grace: Annotated[
        str, typer.Option(help="How long the old key goes on working: 24h, 30m, 7d.")
    ] = "24h",
    expires: Expires = "never",
) -> None:
    """Make a key that may do the same, print it, and have the old one end after the grace."""
    key_id, ends_at = _key_id(key), _moment(expires)
    old_ends_at = _moment(grace)
    if old_ends_at is None:
        _refuse("--grace: the old key has to end some time, such as after 24h.")
    with terminal.database() as configured, terminal.database_errors():
        terminal.refuse_if_unfit(configured)
        old = next((one for one in asyncio.run(_every(configured)) if one.key_id == key_id), None)
        if old is None or not _works(old):
            _refuse(f"There is no key {key} that works.", status=1)
        _mint(
            configured,
            name=old.name,
            scopes=old.scopes,
            ledger_ids=old.ledger_ids,
            expires_at=ends_at,
            replacing=(key_id, old_ends_at),
        )
    terminal.ERR.print(f"{key} works until {old_ends_at:%Y-%m-%d %H:%M} UTC.", highlight=False)


def _mint(
    configured: Settings,
    *,
    name: str,
    scopes: list[str],
    ledger_ids: list[int],
    expires_at: datetime | None,
    replacing: tuple[UUID, datetime] | None = None,
) -> None:
    """Store a new key and print it; with it, in one transaction, an old one gets its end."""
    maker, secret_file = new_key_maker(configured)
    minted = maker.mint()
    new = NewApiKey(
        key_id=minted.key_id,
        name=name,
        secret_hash=minted.secret_hash,
        hashed_with=minted.hashed_with,
        scopes=scopes,
        ledger_ids=ledger_ids,
        expires_at=expires_at,
    )
    with _owning(configured) as conn:
        api_keys.create(conn, new)
        if replacing is not None:
            api_keys.expire(conn, *replacing)
    if secret_file is not None:
        terminal.ERR.print(
            f"Keys are hashed with a new secret in {secret_file}. Keep it: without it no key works "
            "any more. Processes elsewhere need the same, as FLORIN_API_KEY_SECRET[_FILE].",
            style="yellow",
            highlight=False,
            soft_wrap=True,
        )
    key = identifiers.render("key", minted.key_id)
    terminal.ERR.print(
        f"{key}, which may {' and '.join(scopes)}. Here it is, this once:",
        highlight=False,
        soft_wrap=True,
    )
    # Alone on standard output, for `KEY=$(florin key create …)`.
    typer.echo(minted.text)


def _owning(configured: Settings) -> psycopg.Connection:
    return psycopg.connect(terminal.owner_url(configured), connect_timeout=5)


async def _every(configured: Settings) -> list[ApiKey]:
    async with await AsyncConnection.connect(
        terminal.owner_url(configured), connect_timeout=5
    ) as conn:
        return await api_keys.every(conn)


def _scopes(text: str) -> list[str]:
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in set(Scope)]
    if unknown or not names:
        _refuse(f"--scopes: {(unknown or [text])[0]!r} is none of {', '.join(Scope)}.")
    return [scope for scope in map(str, Scope) if scope in names]


def _moment(text: str) -> datetime | None:
    """When something ends; None for never."""
    if text == "never":
        return None
    duration = _DURATION.fullmatch(text)
    if duration is not None:
        return datetime.now(UTC) + timedelta(**{_UNITS[duration[2]]: int(duration[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        _refuse(f"{text!r} is neither a time from now, such as 90d, nor one such as 2027-01-31.")
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    if moment <= datetime.now(UTC):
        _refuse(f"{text} is over already.")
    return moment


def _key_id(text: str) -> UUID:
    key_id = identifiers.parse("key", text)
    if key_id is None:
        _refuse("A key goes by its id, key_…, which `florin key list` shows.")
    return key_id


def _works(key: ApiKey) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > datetime.now(UTC))


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d %H:%M}"
    if key.expires_at is None:
        return "works"
    return f"{'works until' if _works(key) else 'expired'} {key.expires_at:%Y-%m-%d %H:%M}"


def _refuse(message: str, *, status: int = 2) -> NoReturn:
    terminal.complain(message)
    raise typer.Exit(status)
