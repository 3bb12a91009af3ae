"""Florin beside others, all in one run on one machine: reads, postings and bulk, in turns.

What is compared is measured right after one another, every round begins with another group and
every group with another of its turns, so that a slow minute of the machine's hits all alike.
"""

import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec
import psutil

from bench import batches, contestants, equal_answers, load, read_ledger, servers
from bench.contestants import Contestant
from bench.figures import Figure, Key, Memory, Row, Speed
from bench.load import Load
from bench.load_client import Outcome, Task
from bench.read_cases import READS, TYPENAME
from bench.servers import PgBench
from tools.node import NodeError

PGBENCH: Final = "pgbench TPC-B, prepared"
UNIFORM: Final = f"among {batches.ACCOUNTS:,} accounts"
HOT_ACCOUNTS: Final = 10
HOT: Final = f"among {HOT_ACCOUNTS} hot accounts"
SIZES: Final = (10, 100, 1000)

_READ: Final = '"data"'
_POSTED: Final = '"transaction":{"id"'
_COMMITTED: Final = '"committed":true'
# Where Strawberry as it comes is measured, and the bars of reads are.
READ_CLIENTS: Final = 16
# Where the bars of postings are.
POSTING_CLIENTS: Final = 64
# With at least as many branches as clients, as its manual asks for: at 10 it was a quarter slower.
_PGBENCH_SCALE: Final = 50
_PGBENCH_CLIENTS: Final = (4, 8, 16, 32)
# Enough that no process of the server ever waits for a request.
_BULK_CLIENTS: Final = {10: 8, 100: 8, 1000: 4}
# Compilers, plans and caches need no more than one of the numbers of clients.
_WARM_UP_CLIENTS: Final = frozenset({READ_CLIENTS, POSTING_CLIENTS, *_BULK_CLIENTS.values()})


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How long, how often and for how many clients at once."""

    rounds: int
    read_seconds: float
    posting_seconds: int
    warm_up_seconds: float
    read_clients: tuple[int, ...]
    posting_clients: tuple[int, ...]


WHOLE: Final = Plan(
    rounds=5,
    read_seconds=1.0,
    posting_seconds=2,
    warm_up_seconds=1.0,
    read_clients=(1, READ_CLIENTS, 64),
    posting_clients=(1, 16, POSTING_CLIENTS, 256),
)
QUICK: Final = Plan(
    rounds=2,
    read_seconds=0.5,
    posting_seconds=1,
    warm_up_seconds=0.5,
    read_clients=(READ_CLIENTS,),
    posting_clients=(1, POSTING_CLIENTS),
)


class Turn(msgspec.Struct, frozen=True):
    """One of those that are measured beside each other."""

    key: Key
    run: Callable[[float], Figure]
    seconds: float


Group = list[Turn]


def measure(server_url: str, plan: Plan) -> Speed:
    """All of it; raises UnequalError where somebody answers otherwise than Florin."""
    servers.refuse_few_connections(server_url)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        client = stack.enter_context(load.client())
        reading = stack.enter_context(_reading(server_url))
        posting = stack.enter_context(_posting(server_url))
        watched = {
            _name(one, reading): one.process() for one in (*reading, *posting) if one.processes == 1
        }
        idle = [_megabytes(one) for one in watched.values()]
        _say("asking all for the same, and comparing what they answer")
        bodies = equal_answers.bodies(reading, READS, folder)
        ceiling = _figure(client.ceiling(bodies["florin", TYPENAME.name], plan.read_seconds), 1)
        pgbench = stack.enter_context(_pgbench(server_url, plan))
        groups = [
            *_read_groups(client, reading, bodies, plan),
            *_posting_groups(client, posting, pgbench, plan),
        ]
        rows, loaded = _rounds(groups, list(watched.values()), plan)
    memory = [
        Memory(name, before, after)
        for name, before, after in zip(watched, idle, loaded, strict=True)
    ]
    return Speed(rows, memory, ceiling, _settings(plan, pgbench))


@contextlib.contextmanager
def _reading(server_url: str) -> Iterator[list[Contestant]]:
    with servers.ledger(server_url, "reads") as url:
        try:
            contestants.install_postgraphile()
        except NodeError as error:
            _say(f"PostGraphile is left out. {error}")
        _say("making a ledger to read")
        read_ledger.fill(url)
        with (
            contestants.one_process_each(url) as ones,
            contestants.two_processes_each(url) as twos,
        ):
            yield [*ones, *twos]


@contextlib.contextmanager
def _posting(server_url: str) -> Iterator[list[Contestant]]:
    with servers.ledger(server_url, "postings") as url:
        batches.open_accounts(url)
        with contestants.florin(url, 1) as one, contestants.florin(url, 2) as two:
            yield [one, two]


class _Best(msgspec.Struct, frozen=True):
    """pgbench at the number of clients where it was found to be the fastest."""

    program: PgBench
    clients: int

    def run(self, seconds: float) -> Figure:
        return Figure(self.program.transactions_per_second(int(seconds), clients=self.clients))


@contextlib.contextmanager
def _pgbench(server_url: str, plan: Plan) -> Iterator[dict[str, _Best]]:
    """By what it is compared with: on many rows, and with one that is hot."""
    with (
        servers.database(server_url, "tpcb") as url,
        servers.database(server_url, "tpcb_hot") as hot_url,
    ):
        yield {
            UNIFORM: _best(PgBench(url, scale=_PGBENCH_SCALE), plan),
            HOT: _best(PgBench(hot_url, scale=1), plan),
        }


def _best(program: PgBench, plan: Plan) -> _Best:
    rates = {
        clients: program.transactions_per_second(plan.posting_seconds, clients=clients)
        for clients in _PGBENCH_CLIENTS
    }
    found = max(rates, key=rates.__getitem__)
    _say(f"pgbench is at its best with {found} clients")
    return _Best(program, found)


def _read_groups(
    client: Load,
    everybody: Sequence[Contestant],
    bodies: dict[tuple[str, str], str],
    plan: Plan,
) -> Iterator[Group]:
    for read in READS:
        for clients in plan.read_clients:
            yield [
                _turn(client, one, "reads", read.title, clients, plan.read_seconds, bodies=file)
                for one in everybody
                for file in [bodies[one.dialect, read.name]]
                if clients == READ_CLIENTS or one.name != contestants.STRAWBERRY
            ]


def _posting_groups(
    client: Load, florins: Sequence[Contestant], pgbench: dict[str, _Best], plan: Plan
) -> Iterator[Group]:
    seconds = plan.posting_seconds
    for case, accounts in ((UNIFORM, batches.ACCOUNTS), (HOT, HOT_ACCOUNTS)):
        for clients in plan.posting_clients:
            group = [
                _turn(client, one, "postings", case, clients, seconds, accounts=accounts)
                for one in florins
            ]
            if clients == POSTING_CLIENTS:
                group.append(_pgbench_turn("postings", case, pgbench[case], seconds))
            yield group
    for size in SIZES:
        case = f"{size} a request"
        group = [
            _turn(client, one, "bulk", case, _BULK_CLIENTS[size], seconds, size=size)
            for one in florins
        ]
        yield [*group, _pgbench_turn("bulk", case, pgbench[UNIFORM], seconds)]


def _turn(
    client: Load,
    one: Contestant,
    part: str,
    case: str,
    clients: int,
    seconds: float,
    *,
    bodies: str | None = None,
    size: int = 1,
    accounts: int = batches.ACCOUNTS,
) -> Turn:
    wanted = _READ if bodies is not None else _POSTED if size == 1 else _COMMITTED

    def run(for_seconds: float) -> Figure:
        task = Task(
            port=one.port,
            seconds=for_seconds,
            connections=clients,
            wanted=wanted,
            bodies=bodies,
            size=size,
            accounts=accounts,
        )
        return _figure(client.run(task), size)

    return Turn(Key(part, case, one.name, one.processes, clients), run, seconds)


def _pgbench_turn(part: str, case: str, best: _Best, seconds: float) -> Turn:
    return Turn(Key(part, case, PGBENCH, 0, best.clients), best.run, seconds)


def _figure(outcome: Outcome, size: int) -> Figure:
    return Figure(
        size * outcome.answered / outcome.seconds,
        size * outcome.refused / outcome.seconds,
        round(outcome.p50_ms, 3),
        round(outcome.p95_ms, 3),
        round(outcome.p99_ms, 3),
        round(outcome.client_core, 3),
    )


def _rounds(
    groups: Sequence[Group], watched: Sequence[psutil.Process], plan: Plan
) -> tuple[list[Row], list[float]]:
    """Every turn's figures, and the most megabytes of those that are watched after any group."""
    found: dict[Key, list[Figure]] = {turn.key: [] for group in groups for turn in group}
    most = [0.0 for _ in watched]
    _say("warming up")
    for turn in (turn for group in groups for turn in group):
        if turn.key.processes and turn.key.clients in _WARM_UP_CLIENTS:
            turn.run(plan.warm_up_seconds)
    for number in range(plan.rounds):
        start = number * len(groups) // plan.rounds
        for group in (*groups[start:], *groups[:start]):
            first = number % len(group)
            for turn in group[first:] + group[:first]:
                found[turn.key].append(turn.run(turn.seconds))
            most = [max(*pair) for pair in zip(most, map(_megabytes, watched), strict=True)]
        _say(f"round {number + 1} of {plan.rounds}")
    return [Row(key, figures) for key, figures in found.items()], most


def _name(one: Contestant, reading: Sequence[Contestant]) -> str:
    return one.name if one in reading else f"{one.name}, that posts"


def _megabytes(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6


def _settings(plan: Plan, pgbench: dict[str, _Best]) -> dict[str, str]:
    best = {name: str(one.clients) for name, one in pgbench.items()}
    unlike = ", ".join(f"{name}={value}" for name, value in contestants.SETTINGS.items())
    return {
        "rounds": str(plan.rounds),
        "Florin's settings": f"the defaults of `florin serve`, and {unlike}",
        **contestants.versions(),
        "pgbench's clients": f"{best[UNIFORM]} at scale {_PGBENCH_SCALE}, {best[HOT]} at scale 1",
    }


def _say(what: str) -> None:
    print(f"speed: {what}", file=sys.stderr, flush=True)
