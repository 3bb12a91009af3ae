"""postTransactions over HTTP against pgbench's TPC-B, in turns, on one server."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from typing import Final

import msgspec

from bench import batches, servers
from bench.client import Task
from bench.report import Measured, Table

PGBENCH: Final = "pgbench TPC-B, prepared, 8 clients"

_CLIENTS: Final = 2
_WORKERS: Final = (1, 2)


class Case(msgspec.Struct, frozen=True):
    """One way to post in bulk."""

    workers: int
    size: int
    asks_ids: bool

    @property
    def name(self) -> str:
        """As the table shows it."""
        asked = "committed and ids" if self.asks_ids else "committed"
        workers = f"{self.workers} worker{'s' if self.workers > 1 else ''}"
        return f"{self.size} a request, {asked}, {workers}"

    @property
    def connections(self) -> int:
        """For each client process: as many as pgbench in all where a request is small."""
        return 1 if self.size == max(_SIZES) else 4


_SIZES: Final = (1, 10, 100, 1000)
_CASES: Final = tuple(
    Case(workers, size, asks_ids)
    for workers in _WORKERS
    for size, asks_ids in (*((size, True) for size in _SIZES), (max(_SIZES), False))
)


def measure(server_url: str, *, seconds: int, rounds: int) -> Measured:
    """Transactions a second of every case and of pgbench, one figure a round.

    Each round runs everything once and starts elsewhere, so that a slow minute of the machine, or a
    checkpoint, does not always hit the same one.
    """
    with (
        servers.ledger(server_url, "bulk") as ledger_url,
        servers.database(server_url, "tpcb") as tpcb_url,
        _served(ledger_url) as ports,
    ):
        batches.open_accounts(ledger_url)
        pgbench = servers.PgBench(tpcb_url)
        for each in _CASES:
            _transactions_per_second(each, ports[each.workers], seconds=1)
        figures: dict[str, list[float]] = {PGBENCH: [], **{case.name: [] for case in _CASES}}
        for number in range(rounds):
            turn: list[Case | None] = [None, *_CASES]
            start = number * len(turn) // rounds
            for case in turn[start:] + turn[:start]:
                if case is None:
                    figures[PGBENCH].append(pgbench.transactions_per_second(seconds))
                else:
                    port = ports[case.workers]
                    figures[case.name].append(_transactions_per_second(case, port, seconds=seconds))
            print(f"bulk: round {number + 1} of {rounds}", file=sys.stderr)
    return Measured(table=_table(figures), figures=figures)


def _table(figures: dict[str, list[float]]) -> Table:
    """Medians, and their ratios to pgbench's."""
    reference = median(figures[PGBENCH])
    return Table(
        title="Transactions a second, in bulk over HTTP",
        note=f"`postTransactions` with one posting a transaction among {batches.ACCOUNTS} accounts "
        f"by code, {_CLIENTS} client processes ({_CLIENTS * 4} connections where a request has "
        f"fewer than {max(_SIZES)}). Medians of {len(figures[PGBENCH])} rounds in turns.",
        columns=("what", "a second", "least", "most", "ratio to TPC-B"),
        rows=[
            (
                name,
                f"{median(rates):,.0f}",
                f"{min(rates):,.0f}",
                f"{max(rates):,.0f}",
                f"{median(rates) / reference:.2f}",
            )
            for name, rates in figures.items()
        ],
    )


@contextlib.contextmanager
def _served(ledger_url: str) -> Iterator[dict[int, int]]:
    """Florin's port for each number of workers; those not in use cost next to nothing."""
    with contextlib.ExitStack() as stack:
        yield {
            workers: stack.enter_context(servers.florin(ledger_url, workers=workers))
            for workers in _WORKERS
        }


def _transactions_per_second(case: Case, port: int, *, seconds: float) -> float:
    task = Task(
        port=port,
        query=batches.COMMITTED_AND_IDS if case.asks_ids else batches.COMMITTED,
        size=case.size,
        seconds=seconds,
        connections=case.connections,
    )
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(_client()) for _ in range(_CLIENTS)]
        for client in clients:
            _say(client, msgspec.json.encode(task).decode())
        for client in clients:
            _hear(client)
        for client in clients:
            _say(client, "go")
        return sum(float(_hear(client)) for client in clients)


@contextlib.contextmanager
def _client() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bench.client"]
    with subprocess.Popen(  # noqa: S603 - our own arguments
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def _say(client: subprocess.Popen[str], line: str) -> None:
    assert client.stdin is not None
    client.stdin.write(f"{line}\n")
    client.stdin.flush()


def _hear(client: subprocess.Popen[str]) -> str:
    assert client.stdout is not None
    line = client.stdout.readline()
    if not line:
        raise RuntimeError("a client process failed; its own words are above")
    return line
