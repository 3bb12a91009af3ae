"""Every scenario, in the order in which they are run."""

from typing import Final

from tests.faults import (
    leaving,
    networks,
    outages,
    overload,
    pooler,
    processes,
    soak,
    standby,
    waiting,
)
from tests.faults.scenario import Scenario

SCENARIOS: Final[tuple[Scenario, ...]] = (
    *processes.SCENARIOS,
    *outages.SCENARIOS,
    *waiting.SCENARIOS,
    *leaving.SCENARIOS,
    *networks.SCENARIOS,
    *standby.SCENARIOS,
    *pooler.SCENARIOS,
    *overload.SCENARIOS,
)
# Run by their names only: they take as long as they are told to.
LONG: Final[tuple[Scenario, ...]] = soak.SCENARIOS
