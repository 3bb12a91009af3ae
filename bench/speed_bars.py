"""The bars that Florin's speed is held against: ratios in one run, whatever the machine."""

import msgspec

from bench.contestants import BARE, FLORIN, POSTGRAPHILE, STRAWBERRY
from bench.figures import Key, Speed
from bench.read_cases import ACCOUNT, ACCOUNTS, LEVELS, READS, TYPENAME, Read
from bench.speed import HOT, PGBENCH, POSTING_CLIENTS, READ_CLIENTS, SIZES, UNIFORM


class Bar(msgspec.Struct, frozen=True):
    """What was to be reached and what was; ``elsewhere`` are its like under other conditions."""

    what: str
    least: float
    aim: float
    reached: float | None
    elsewhere: dict[str, float]

    @property
    def verdict(self) -> str:
        """In a word."""
        if self.reached is None:
            return "not measured"
        if self.reached >= self.aim:
            return "aim"
        return "at least" if self.reached >= self.least else "missed"


def bars(speed: Speed) -> list[Bar]:
    """All of them, in order."""
    largest = max(SIZES)
    return [
        _read(speed, ACCOUNTS, STRAWBERRY, 6, 8),
        _read(speed, ACCOUNTS, POSTGRAPHILE, 1.0, 1.5),
        _read(speed, LEVELS, POSTGRAPHILE, 1.0, 1.5),
        _read(speed, ACCOUNT, POSTGRAPHILE, 0.7, 1.2),
        _any_read(speed),
        _posted(speed, f"single postings, {POSTING_CLIENTS} clients, {UNIFORM}", UNIFORM, 0.7, 1.2),
        _posted(
            speed,
            f"single postings, {POSTING_CLIENTS} clients, {HOT} (pgbench at scale 1)",
            HOT,
            1.0,
            3,
        ),
        _bulk(speed, largest, 4, 8),
    ]


def read_ratio(
    speed: Speed, read: Read, who: str, clients: int = READ_CLIENTS, processes: int = 1
) -> float | None:
    """Florin against somebody, each in as many processes."""
    ours = Key("reads", read.title, FLORIN, processes, clients)
    return speed.ratio(ours, msgspec.structs.replace(ours, who=who))


def written_ratio(speed: Speed, ours: Key) -> float | None:
    """Of postings or bulk: Florin against what pgbench reached beside it."""
    for row in speed.rows:
        key = row.key
        if key.who == PGBENCH and (key.part, key.case) == (ours.part, ours.case):
            return speed.ratio(ours, key)
    return None


def _read(speed: Speed, read: Read, who: str, least: float, aim: float) -> Bar:
    elsewhere = {
        f"{clients} client{'s' * (clients > 1)}": read_ratio(speed, read, who, clients)
        for clients in speed.clients("reads", FLORIN)
        if clients != READ_CLIENTS
    }
    elsewhere["two processes each"] = read_ratio(speed, read, who, processes=2)
    reached = read_ratio(speed, read, who)
    return Bar(f"{read.title}: {who}", least, aim, reached, _known(elsewhere))


def _any_read(speed: Speed) -> Bar:
    """The worst of them."""
    each = _known(
        {read.title: read_ratio(speed, read, BARE) for read in READS if read is not TYPENAME}
    )
    return Bar(f"any read: {BARE}", 0.6, 0.8, min(each.values(), default=None), each)


def _posted(speed: Speed, what: str, case: str, least: float, aim: float) -> Bar:
    keys = [Key("postings", case, FLORIN, processes, POSTING_CLIENTS) for processes in (1, 2)]
    return _written(speed, f"{what}: pgbench", keys, least, aim)


def _bulk(speed: Speed, size: int, least: float, aim: float) -> Bar:
    case = f"{size} a request"
    keys = sorted(
        (row.key for row in speed.rows if row.key.case == case and row.key.who == FLORIN),
        key=lambda key: key.processes,
    )
    return _written(speed, f"bulk, {case}: pgbench", keys, least, aim)


def _written(speed: Speed, what: str, keys: list[Key], least: float, aim: float) -> Bar:
    """The better of one process and two, for pgbench has no processes to be equal with."""
    names = {1: "one process", 2: "two processes"}
    each = _known({names[key.processes]: written_ratio(speed, key) for key in keys})
    return Bar(what, least, aim, max(each.values(), default=None), each)


def _known(ratios: dict[str, float | None]) -> dict[str, float]:
    return {name: ratio for name, ratio in ratios.items() if ratio is not None}
