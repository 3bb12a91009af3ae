"""Every scenario, in a shorter form than `make faults` runs them."""

import os

import pytest

from tests.faults import running
from tests.faults.scenario import Scenario
from tests.faults.scenarios import SCENARIOS

# Long enough for one round of each fault, and longer than a request waits for a connection.
_SECONDS = 2.5


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
async def test_nothing_is_lost_or_doubled_and_it_serves_again(
    scenario: Scenario, capsys: pytest.CaptureFixture[str]
) -> None:
    report = await running.run(scenario, _SECONDS)
    with capsys.disabled():
        os.write(1, f"\n{report}\n{report.detail}\n".encode())
    if report.skipped:
        assert not os.environ.get("CI"), report.skipped
        pytest.skip(report.skipped)
    assert report.is_sound, str(report)
