"""How many long-lived connections a process has room for."""

from collections.abc import Iterator
from contextlib import contextmanager

from server import metrics


class Capacity:
    """Counts the WebSockets and event streams that are open."""

    def __init__(self, connections_max: int) -> None:
        self._connections_max = connections_max
        self.connections = 0

    @property
    def is_full(self) -> bool:
        """Whether the next one is to be refused."""
        return self.connections >= self._connections_max

    @property
    def refusal(self) -> str:
        """What to tell it."""
        return (
            f"This process has {self._connections_max} open connections, and room for no more "
            "(FLORIN_CONNECTIONS_MAX). Try again later."
        )

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Count one more while the block runs."""
        self.connections += 1
        metrics.connections(1)
        try:
            yield
        finally:
            self.connections -= 1
            metrics.connections(-1)
