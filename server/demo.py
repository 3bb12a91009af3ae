"""The demonstration data."""

from pathlib import Path

from rich.console import Console

from db.ledgers import DEFAULT_LEDGER_ID
from db.pool import open_pool
from server.client import Client
from server.settings import Settings


async def load(settings: Settings, console: Console, *, berka: Path | None) -> None:
    """Load the demonstration data, or the Berka movements, through the API."""
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    async with open_pool(url, settings.pool) as pool:
        client = Client(pool, DEFAULT_LEDGER_ID)
