"""Metrics of several workers: a folder in which each has files, and what is left of dead ones.

prometheus_client writes into ``PROMETHEUS_MULTIPROC_DIR``, if that is set before it is imported.
Counters of a worker that has died count on; its gauges speak of what is no more, and go. Whether it
has died is told by a lock that the kernel takes away with the process: its number may be somebody
else's by now.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
_ALIVE: Final = "alive_"

# Held open, and so locked, for as long as the process lives.
_held: Final[dict[Path, IO[bytes]]] = {}


@contextmanager
def folder() -> Iterator[None]:
    """An empty folder for the workers that are started in the block."""
    with tempfile.TemporaryDirectory(prefix="florin-metrics-", ignore_cleanup_errors=True) as path:
        os.environ[_VARIABLE] = path
        try:
            yield
        finally:
            del os.environ[_VARIABLE]


def join() -> None:
    """Say that this worker lives: its gauges count until the process ends, however it does."""
    path = _folder()
    if path is None:
        return
    own = path / f"{_ALIVE}{os.getpid()}"
    if own not in _held:
        coming = path / f"coming_{os.getpid()}"
        file = coming.open("wb")
        fcntl.flock(file, fcntl.LOCK_EX)
        # Locked by the time that anybody can see it.
        coming.rename(own)
        _held[own] = file


def shared() -> CollectorRegistry | None:
    """What all workers have counted, and the living ones measured; None where there is but one."""
    path = _folder()
    if path is None:
        return None
    _forget_the_dead(path)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(path))  # type: ignore[no-untyped-call]
    return registry


def _folder() -> Path | None:
    path = os.environ.get(_VARIABLE)
    return Path(path) if path else None


def _forget_the_dead(path: Path) -> None:
    for marker in path.glob(f"{_ALIVE}*"):
        if marker in _held:
            continue
        # Another worker may have been quicker.
        with suppress(FileNotFoundError), marker.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            pid = int(marker.name.removeprefix(_ALIVE))
            mark_process_dead(pid, str(path))  # type: ignore[no-untyped-call]
            marker.unlink(missing_ok=True)
