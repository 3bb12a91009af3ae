"""``florin demo``: fills the ledger with the demonstration's data, or with the Berka movements."""

from pathlib import Path
from typing import Final

import typer
from rich.console import Console

from db.ledgers import DEFAULT_LEDGER_ID
from db.pool import open_pool
from server import berka as movements
from server import demo_data, loading
from server.client import Client
from server.loading import LoadError
from server.settings import Settings

EXAMPLES: Final[tuple[str, ...]] = (
    """{ user(by: { username: "alice" }) { metadata
    accounts { nodes { code balance { posted available } } } } }""",
    """{ account(by: { code: "merchant:corner-coffee:eur" }) {
    entries(first: 5) { nodes { side amount balanceAfter transaction { description } } } } }""",
    """{ transactions(first: 3, filter: { metadata: { contains: { kind: "exchange" } } }) {
    nodes { description metadata postings { amount currency { code } } } } }""",
)


async def load(
    settings: Settings,
    console: Console,
    *,
    berka: Path | None,
    ledger_id: int = DEFAULT_LEDGER_ID,
) -> None:
    """Load the demonstration data, or the Berka movements, through the API.

    Prints what was loaded and what to try. Where the load cannot be finished it says why, and ends
    the command with status 1.
    """
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    try:
        async with open_pool(url, settings.pool) as pool:
            client = Client(pool, ledger_id)
            if berka is None:
                await _load_people(client, console)
                examples = EXAMPLES
            else:
                await movements.load(client, console, berka)
                examples = movements.EXAMPLES
    except LoadError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    _suggest(settings, console, examples)


async def _load_people(client: Client, console: Console) -> None:
    data = demo_data.generate()
    with loading.progress(console) as bars:
        users = await loading.create_users(client, bars, data.users)
        accounts = await loading.open_accounts(client, bars, data.accounts)
        posted = await loading.post(client, bars, data.transactions, total=len(data.transactions))
    console.print(
        f"{len(data.users)} users, {users} of them new; {len(data.accounts)} accounts in "
        f"{', '.join(demo_data.EXPONENTS)}, {accounts} of them new.",
        highlight=False,
    )
    console.print(str(posted), highlight=False)


def _suggest(settings: Settings, console: Console, examples: tuple[str, ...]) -> None:
    console.print(
        f"Now run `florin serve`, open http://{settings.host}:{settings.port}/graphql and try:",
        highlight=False,
    )
    for example in examples:
        console.print(f"\n{example}", markup=False, highlight=False, soft_wrap=True)
