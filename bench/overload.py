"""Florin at several times the rate that it can serve: what it still serves, how fast, and the rest.

`python -m bench.overload`: one process of Florin, single postings between many accounts. First the
best throughput of clients that wait for their answers, then the times at a quarter of that, then so
many times as much as that at random moments, whatever was answered.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Sequence
from statistics import quantiles
from typing import Annotated, Final, TypeAlias

import msgspec
import psutil
import typer

from bench import batches, report, servers
from bench.overload_client import Outcome, Task
from bench.report import Measured, Table

# Counted as they are answered, but not measured: the first ones plan statements.
_WARM_UP_SECONDS: Final = 3.0
# More than wait at once, so that nobody waits for a connection; fewer where each would be idle for
# as long as a server keeps it.
_CONNECTIONS: Final = 600
_TURN_SECONDS: Final = 2.0
# Of the best throughput: nearly nobody waits for anybody.
_UNLOADED: Final = 0.1
# For what was freed to be given back.
_SETTLE_SECONDS: Final = 3.0

_REFUSALS: Final = ("429", "503")
# Median, 95th and 99th percentile.
Spread: TypeAlias = tuple[float, float, float]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


class Turn(msgspec.Struct, frozen=True):
    """One turn's figures; times in milliseconds as median, 95th and 99th percentile."""

    name: str
    sent_a_second: float
    accepted_a_second: float
    accepted_ms: Spread
    refused_a_second: float
    refused_ms: Spread
    loop_ms: Spread
    counts: dict[str, int]
    unanswered: int
    broken: int
    connections: int
    memory_mb: tuple[float, float]
    # Of the server's process, and of the whole machine.
    busy_cores: tuple[float, float]


@app.command()
def run(
    seconds: Annotated[int, typer.Option(min=1, help="Of overload.")] = 30,
    times: Annotated[float, typer.Option(min=0.1, help="As much as it can serve.")] = 4.0,
    closed: Annotated[str, typer.Option(help="How many clients wait.")] = "1,8,16,32,64,128,256",
    closed_seconds: Annotated[float, typer.Option(min=0.5, help="For each number.")] = 6.0,
    keep: Annotated[bool, typer.Option(help="The figures, in bench/results.")] = True,
) -> None:
    """Offer more than can be served; nothing is asserted. BENCH_DATABASE_URL names a server."""
    with contextlib.ExitStack() as stack:
        server_url = stack.enter_context(servers.postgresql())
        about = report.machine(server_url)
        url = stack.enter_context(servers.ledger(server_url, "overload"))
        port = stack.enter_context(servers.florin(url, workers=1))
        batches.open_accounts(url)
        florin = _Florin(port)
        florin.closed(8, _WARM_UP_SECONDS)
        turns = [florin.closed(int(one), closed_seconds) for one in closed.split(",")]
        best = max(turn.accepted_a_second for turn in turns)
        turns.append(florin.open("unloaded", _UNLOADED * best, closed_seconds * 2))
        turns.append(florin.open(f"{times:g} times", times * best, seconds))
        turns.append(florin.open("afterwards", _UNLOADED * best, closed_seconds))
    measured = Measured(_table(turns), [msgspec.to_builtins(one) for one in turns])
    report.show(measured.table)
    print(f"\n{_summary(turns)}")
    if keep:
        written = report.save(f"{about['date'][:10]}-overload", about, {"overload": measured})
        print(f"\nKept in bench/results/{written.name} and beside it as JSON.")


class _Florin:
    """The server that is measured."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._process = servers.listener(port)
        self._turns = 0

    def closed(self, clients: int, seconds: float) -> Turn:
        """So many clients, each of which waits for its answer before it sends again."""
        return self._turn(f"{clients} clients", clients, None, seconds)

    def open(self, name: str, rate: float, seconds: float) -> Turn:
        """So many requests a second, whatever is answered."""
        connections = min(_CONNECTIONS, max(16, int(rate * _TURN_SECONDS)))
        turn = self._turn(name, connections, rate, seconds)
        time.sleep(_SETTLE_SECONDS)
        return turn

    def _turn(self, name: str, connections: int, rate: float | None, seconds: float) -> Turn:
        self._turns += 1
        task = Task(self._port, seconds, connections, f"{time.time():.0f}-{self._turns}", rate)
        before, used = self._megabytes(), sum(self._process.cpu_times()[:2])
        psutil.cpu_percent()
        done = subprocess.run(
            [sys.executable, "-m", "bench.overload_client"],
            input=msgspec.json.encode(task),
            stdout=subprocess.PIPE,
            check=True,
        )
        outcome = msgspec.json.decode(done.stdout, type=Outcome)
        used = (sum(self._process.cpu_times()[:2]) - used) / outcome.seconds
        busy = psutil.cpu_percent() * psutil.cpu_count() / 100
        turn = _turn(name, outcome, (before, self._megabytes()), (used, busy))
        rates = f"{turn.accepted_a_second:,.0f}/s accepted, {turn.refused_a_second:,.0f}/s refused"
        print(f"{name}: {rates}; {turn.counts}", file=sys.stderr)
        return turn

    def _megabytes(self) -> float:
        return round(float(self._process.memory_info().rss) / 1e6, 1)


def _turn(
    name: str,
    outcome: Outcome,
    memory_mb: tuple[float, float],
    busy_cores: tuple[float, float],
) -> Turn:
    accepted = outcome.answered.get("200", [])
    refused = [one for what in _REFUSALS for one in outcome.answered.get(what, [])]
    return Turn(
        name,
        outcome.sent / outcome.seconds,
        len(accepted) / outcome.seconds,
        _spread(accepted),
        len(refused) / outcome.seconds,
        _spread(refused),
        _spread(outcome.probes),
        {what: len(times) for what, times in outcome.answered.items()},
        outcome.unanswered,
        outcome.broken,
        outcome.connections,
        memory_mb,
        busy_cores,
    )


def _spread(times: Sequence[float]) -> Spread:
    if len(times) < 2:  # noqa: PLR2004 - quantiles of one number are none
        return (0.0, 0.0, 0.0)
    hundredths = quantiles(times, n=100)
    return hundredths[49], hundredths[94], hundredths[98]


def _table(turns: Sequence[Turn]) -> Table:
    rows = [
        (
            turn.name,
            f"{turn.sent_a_second:,.0f}",
            f"{turn.accepted_a_second:,.0f}",
            _shown(turn.accepted_ms),
            f"{turn.refused_a_second:,.0f}",
            _shown(turn.refused_ms),
            _shown(turn.loop_ms),
            f"{turn.unanswered + turn.broken}",
            f"{turn.memory_mb[0]:.0f}, {turn.memory_mb[1]:.0f}",
            f"{turn.busy_cores[0]:.2f} of {turn.busy_cores[1]:.2f}",
        )
        for turn in turns
    ]
    return Table(
        "Single postings, up to several times as many as can be served",
        "Times in ms: median, 95th and 99th percentile, from the moment a request was due. The "
        "loop's is how long /healthz took. Memory is the server's, before and after; busy "
        "cores are the server's, of those that all took, PostgreSQL and the clients among them.",
        (
            *("turn", "sent/s", "accepted/s", "ms", "refused/s", "ms", "loop ms"),
            *("unanswered", "memory MB", "busy cores"),
        ),
        rows,
    )


def _shown(spread: Spread) -> str:
    return ", ".join(f"{one:.1f}" for one in spread)


def _summary(turns: Sequence[Turn]) -> str:
    """The figures that were promised."""
    best = max(turn.accepted_a_second for turn in turns)
    unloaded, overloaded, _ = turns[-3:]
    slower = [
        after / max(before, 0.01)
        for before, after in zip(unloaded.accepted_ms, overloaded.accepted_ms, strict=True)
    ]
    return (
        f"Overloaded, {overloaded.accepted_a_second / best:.0%} of the best throughput "
        f"({best:,.0f} a second); times are {slower[0]:.1f}, {slower[1]:.1f} and {slower[2]:.1f} "
        "times the unloaded (median, 95th and 99th percentile)."
    )


if __name__ == "__main__":
    app()
