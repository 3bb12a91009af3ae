"""`python -m tests.faults [scenario …] [--seconds N]`: a line each; 1 if any fell short."""

import argparse
import asyncio
import sys

from tests.faults import running
from tests.faults.scenarios import LONG, SCENARIOS

# Long enough for several rounds of what is done again and again.
_SECONDS = 10.0


def main() -> int:
    """The exit status."""
    by_name = {scenario.name: scenario for scenario in (*SCENARIOS, *LONG)}
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    names = f"of: {', '.join(by_name)}; all but soak unless told"
    parser.add_argument("scenario", nargs="*", help=names)
    parser.add_argument("--seconds", type=float, default=_SECONDS, help="how long each fault lasts")
    parser.add_argument("--detail", action="store_true", help="say what clients were left without")
    asked = parser.parse_args()
    unknown = [name for name in asked.scenario if name not in by_name]
    if unknown:
        parser.error(f"there is no scenario {', '.join(unknown)}")
    status = 0
    for name in asked.scenario or [scenario.name for scenario in SCENARIOS]:
        report = asyncio.run(running.run(by_name[name], asked.seconds))
        sys.stdout.write(f"{report}\n{report.detail if asked.detail else ''}".rstrip() + "\n")
        sys.stdout.flush()
        status |= not report.is_sound
    return status


if __name__ == "__main__":
    sys.exit(main())
