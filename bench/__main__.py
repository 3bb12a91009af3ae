"""`python -m bench`: measure, print, and keep the figures in `bench/results`."""

import signal
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from bench import breakdown, keys, report, servers, speed, speed_report, walls
from bench.report import Measured

# What things cost on the inside.
_PARTS: Final[Mapping[str, Callable[..., Measured]]] = {
    "keys": keys.measure,
    "breakdown": breakdown.measure,
    "walls": walls.measure,
}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def run(
    *,
    quick: Annotated[bool, typer.Option(help="A few minutes, to see that all of it runs.")] = False,
    only: Annotated[
        str, typer.Option(help=f"Of {', '.join(_PARTS)}: what things cost on the inside.")
    ] = "",
    seconds: Annotated[int, typer.Option(min=1, help="How long a turn of those takes.")] = 3,
    rounds: Annotated[int, typer.Option(min=1, help="How many turns they have.")] = 5,
) -> None:
    """Florin beside others; nothing is asserted. BENCH_DATABASE_URL names another server."""
    # A supervisor's stop is like Ctrl-C: whatever was started is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    wanted = only.split(",") if only else []
    unknown = set(wanted) - _PARTS.keys()
    if unknown:
        raise typer.BadParameter(f"there is no {', '.join(sorted(unknown))}")
    with servers.postgresql() as server_url:
        about = report.machine(server_url)
        for name, value in about.items():
            print(f"{name}: {value}")
        date = datetime.now(UTC).date().isoformat()
        if wanted:
            measured: dict[str, Measured] = {}
            for name in wanted:
                measured[name] = _PARTS[name](server_url, seconds=seconds, rounds=rounds)
                report.show(measured[name].table)
            written = report.save(f"{date}-{'-'.join(('only', *wanted))}", about, measured)
        else:
            found = speed.measure(server_url, speed.QUICK if quick else speed.WHOLE)
            for table in speed_report.tables(found):
                report.show(table)
            name = f"{date}-speed{'-quick' * quick}"
            written = speed_report.save(report.RESULTS, name, about, found)
    print(f"\nKept in bench/results/{written.name} and beside it.")


if __name__ == "__main__":
    app()
