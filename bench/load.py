"""The load client of a whole run, from the side of those who give it its tasks."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

import msgspec

from bench import servers
from bench.load_client import Outcome, Task

_CEILING_CONNECTIONS: Final = 16


class Load:
    """One client process, which does one task after the other."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def run(self, task: Task) -> Outcome:
        """Do it; raises RuntimeError where anything was answered that was not wanted."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(task) + b"\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the client process failed; its own words are above")
        return msgspec.json.decode(line, type=Outcome)

    def ceiling(self, bodies: str, seconds: float) -> Outcome:
        """How fast it is against a server that does nothing but answer."""
        with servers.bare_answers() as port:
            return self.run(
                Task(
                    port=port,
                    seconds=seconds,
                    connections=_CEILING_CONNECTIONS,
                    wanted='"data"',
                    bodies=bodies,
                )
            )


@contextlib.contextmanager
def client() -> Iterator[Load]:
    """A client process while the block runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.load_client"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield Load(process)
        finally:
            process.terminate()
