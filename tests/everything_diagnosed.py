"""The part of the walk through everything that asks how the database is."""

from server.measuring import Measuring
from server.top import DIAGNOSTICS
from tests.api import Api


async def walk_diagnosed(api: Api) -> None:
    """Every section, and what is measured in the background."""
    await api(DIAGNOSTICS)
    await Measuring(api.pool).look_at_ledgers()
