"""Clients that leave while they are answered."""

import asyncio
from typing import Final

from tests.faults.scenario import Scenario, Stage

# Most of them; the others show that Florin serves meanwhile.
_SHARE: Final = 0.7


async def _leave(stage: Stage) -> None:
    """The load itself is the fault."""
    await asyncio.sleep(stage.seconds)
    stage.load.vanishing = 0.0


SCENARIOS: Final = (
    Scenario(
        "clients-vanish",
        "Most clients cut their sockets at a random moment of a posting.",
        _leave,
        vanishing=_SHARE,
    ),
)
