"""`python -m bench`: measure, print, and keep the figures in `bench/results`."""

import signal
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from bench import breakdown, bulk, endpoint, keys, report, servers, walls
from bench.report import Measured

_BENCHMARKS: Final[Mapping[str, Callable[..., Measured]]] = {
    "bulk": bulk.measure,
    "keys": keys.measure,
    "breakdown": breakdown.measure,
    "endpoint": endpoint.measure,
    "walls": walls.measure,
}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def run(
    seconds: Annotated[int, typer.Option(min=1, help="How long each turn over HTTP takes.")] = 3,
    rounds: Annotated[int, typer.Option(min=1, help="How many turns everything has.")] = 5,
    only: Annotated[str, typer.Option(help="Some of them, with commas between.")] = ",".join(
        _BENCHMARKS
    ),
) -> None:
    """Compare side by side; nothing is asserted. BENCH_DATABASE_URL names another server."""
    # A supervisor's stop is like Ctrl-C: whatever was started is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    wanted = only.split(",")
    unknown = set(wanted) - _BENCHMARKS.keys()
    if unknown:
        raise typer.BadParameter(f"there is no {', '.join(sorted(unknown))}")
    measured: dict[str, Measured] = {}
    with servers.postgresql() as server_url:
        about = report.machine(server_url)
        for name, value in about.items():
            print(f"{name}: {value}")
        for name in wanted:
            measured[name] = _BENCHMARKS[name](server_url, seconds=seconds, rounds=rounds)
            report.show(measured[name].table)
    date = datetime.now(UTC).date().isoformat()
    name = "bulk" if len(wanted) == len(_BENCHMARKS) else "-".join(("only", *wanted))
    written = report.save(f"{date}-{name}", about, measured)
    print(f"\nKept in bench/results/{written.name} and beside it as JSON.")


if __name__ == "__main__":
    app()
