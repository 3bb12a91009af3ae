"""Who is measured beside whom over HTTP: Florin, PostGraphile, Strawberry as it comes, and by hand.

All of them are over one database, each with pools of ten connections a process.
"""

import contextlib
import json
import os
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson
import psutil
from psycopg.conninfo import conninfo_to_dict

from bench import servers
from bench.read_cases import Dialect
from tools import node

FLORIN: Final = "Florin"
POSTGRAPHILE: Final = "PostGraphile"
STRAWBERRY: Final = "Strawberry as it comes"
BARE: Final = "by hand, without GraphQL"

# All that is not as `florin serve` has it: one client sends what many would, without a credential.
SETTINGS: Final[Mapping[str, str]] = {
    "FLORIN_CREDENTIAL_COST_PER_SECOND": "0",
    "FLORIN_CREDENTIAL_MUTATIONS_PER_SECOND": "0",
    "FLORIN_CREDENTIAL_RUNNING_MAX": "0",
}
_PROJECT: Final = Path(__file__).parent / "postgraphile"
_INSTALLED: Final = _PROJECT / "node_modules" / "postgraphile" / "package.json"
_TYPENAME: Final = "graphql?query=%7B__typename%7D"


class Contestant(msgspec.Struct, frozen=True):
    """One server, ready on its port."""

    name: str
    dialect: Dialect
    processes: int
    port: int

    @property
    def label(self) -> str:
        """Its name in tables."""
        return self.name if self.processes == 1 else f"{self.name}, {self.processes} processes"

    def ask(self, document: str, variables: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """The data of an answer; raises where there are errors in it."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            data=orjson.dumps({"query": document, "variables": variables}),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - our own
            answer = orjson.loads(response.read())
        if answer.get("errors"):
            raise RuntimeError(f"{self.label} answered {answer['errors']}")
        return answer["data"]

    def process(self) -> psutil.Process:
        """Its process, where it has one."""
        return servers.listener(self.port)


@contextlib.contextmanager
def florin(database_url: str, processes: int) -> Iterator[Contestant]:
    """`florin serve` with its defaults, but for ``SETTINGS``."""
    with servers.florin(database_url, workers=processes, settings=SETTINGS) as port:
        yield Contestant(FLORIN, "florin", processes, port)


def install_postgraphile() -> None:
    """Have PostGraphile ready to be started; NodeError where it cannot be had."""
    node.packages(_PROJECT, node.find())


@contextlib.contextmanager
def one_process_each(database_url: str) -> Iterator[list[Contestant]]:
    """Everybody, Florin first; PostGraphile where it is installed."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(florin(database_url, 1)),
            *stack.enter_context(_postgraphile(database_url, 1)),
            stack.enter_context(
                _python(STRAWBERRY, "florin", "bench.strawberry_view", database_url)
            ),
            stack.enter_context(_python(BARE, "bare", "bench.bare", database_url)),
        ]


@contextlib.contextmanager
def two_processes_each(database_url: str) -> Iterator[list[Contestant]]:
    """Florin, and PostGraphile where it is installed."""
    with florin(database_url, 2) as ours, _postgraphile(database_url, 2) as theirs:
        yield [ours, *theirs]


def versions() -> dict[str, str]:
    """Of PostGraphile and of the Node.js that it runs on, where they are installed."""
    if not _INSTALLED.exists():
        return {"PostGraphile": "not installed, and left out"}
    asked = node.Node(executable=_node(), npm_command=()).script("--version", folder=_PROJECT)
    return {
        "PostGraphile": f"{json.loads(_INSTALLED.read_bytes())['version']}, in production mode",
        "Node.js": asked.strip(),
    }


@contextlib.contextmanager
def _python(name: str, dialect: Dialect, module: str, database_url: str) -> Iterator[Contestant]:
    """A module of this folder that serves on a port."""
    port = servers.free_port()
    command = [sys.executable, "-m", module, str(port)]
    environment = os.environ | {"DATABASE_URL": database_url}
    with servers.served(command, environment, f"http://127.0.0.1:{port}/{_TYPENAME}"):
        yield Contestant(name, dialect, 1, port)


@contextlib.contextmanager
def _postgraphile(database_url: str, processes: int) -> Iterator[list[Contestant]]:
    if not _INSTALLED.exists():
        yield []
        return
    port = servers.free_port()
    given = conninfo_to_dict(database_url)
    renamed = {"host": "host", "port": "port", "user": "user", "password": "password"}
    connection = {theirs: given[ours] for ours, theirs in renamed.items() if ours in given}
    connection["database"] = given["dbname"]
    task = {"port": port, "processes": processes, "connection": connection}
    command = [str(_node()), str(_PROJECT / "serve.mjs"), json.dumps(task)]
    environment = os.environ | {"NODE_ENV": "production", "GRAPHILE_ENV": "production"}
    with servers.served(command, environment, f"http://127.0.0.1:{port}/{_TYPENAME}"):
        yield [Contestant(POSTGRAPHILE, "postgraphile", processes, port)]


def _node() -> Path:
    """The Node.js of npm's lock file; where there is none for this machine, what is found."""
    for installed in sorted((_PROJECT / "node_modules").glob("node-*/bin/node")):
        return installed
    return node.find().executable
