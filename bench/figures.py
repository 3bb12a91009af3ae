"""What one run of the side-by-side bench measured, and the ratios between any two of it."""

from collections.abc import Sequence
from statistics import median

import msgspec


class Key(msgspec.Struct, frozen=True):
    """What was measured: a case, by whom it was answered, and for how many clients at once.

    ``processes`` are the server's; pgbench, which is its own client, has none.
    """

    part: str
    case: str
    who: str
    processes: int
    clients: int


class Figure(msgspec.Struct, frozen=True):
    """One turn: requests or transactions a second, and milliseconds of those that were answered.

    Refused are those that were told to come again later. The client's part of a core shows how far
    it was from being what held things up.
    """

    per_second: float
    refused_per_second: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    p99_ms: float = 0.0
    client_core: float = 0.0


class Row(msgspec.Struct, frozen=True):
    """Every round's figure of one key."""

    key: Key
    figures: list[Figure]


class Memory(msgspec.Struct, frozen=True):
    """Resident megabytes of one process: once it was ready, and the most after any turn."""

    who: str
    idle_mb: float
    loaded_mb: float


class Speed(msgspec.Struct, frozen=True):
    """The whole run. ``settings`` says how it was had, for those who read it."""

    rows: list[Row]
    memory: list[Memory]
    # Of the load client, against a server that only answers.
    client_ceiling: Figure
    settings: dict[str, str]

    def of(self, key: Key) -> list[Figure]:
        """Every round's figure; none where it was not measured."""
        for row in self.rows:
            if row.key == key:
                return row.figures
        return []

    def rate(self, key: Key) -> float | None:
        """The median a second."""
        figures = self.of(key)
        return median(one.per_second for one in figures) if figures else None

    def ratio(self, key: Key, to: Key) -> float | None:
        """The median of the rounds' ratios: what slows down a whole round slows down both."""
        return median_ratio(self.of(key), self.of(to))

    def clients(self, part: str, who: str) -> list[int]:
        """For how many clients at once somebody was measured in a part, ascending."""
        wanted = (part, who)
        return sorted(
            {row.key.clients for row in self.rows if (row.key.part, row.key.who) == wanted}
        )


def median_ratio(ours: Sequence[Figure], theirs: Sequence[Figure]) -> float | None:
    """Round by round; nothing where either was not measured."""
    ratios = [one.per_second / other.per_second for one, other in zip(ours, theirs, strict=False)]
    return median(ratios) if ratios else None
