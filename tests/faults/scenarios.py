"""Every scenario, in the order in which they are run."""

from typing import Final

from tests.faults import leaving, networks, outages, pooler, processes, standby, waiting
from tests.faults.scenario import Scenario

SCENARIOS: Final[tuple[Scenario, ...]] = (
    *processes.SCENARIOS,
    *outages.SCENARIOS,
    *waiting.SCENARIOS,
    *leaving.SCENARIOS,
    *networks.SCENARIOS,
    *standby.SCENARIOS,
    *pooler.SCENARIOS,
)
