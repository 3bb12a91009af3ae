"""How tests run the programs of this folder."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tools.node import Node

TYPESCRIPT: Final = "typescript/bin/tsc"
_SECONDS_MAX: Final = 120


@dataclass(frozen=True)
class Clients:
    """Node, and the npm project that has the clients."""

    node: Node
    folder: Path

    def answer(self, script: str, *arguments: str) -> Any:  # noqa: ANN401
        """The JSON that one of this folder's scripts prints; fails the test if it fails."""
        return json.loads(self._run(self.folder / script, arguments, self.folder))

    def tool(self, script: str, *arguments: str, folder: str) -> None:
        """Run a package's script in one of this folder's folders; fails the test if it fails."""
        self._run(self.folder / "node_modules" / script, arguments, self.folder / folder)

    @contextmanager
    def started(self, script: str, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
        """A script that goes on, until the block ends; its lines are to be read."""
        with subprocess.Popen(  # noqa: S603 - our own
            [str(self.node.executable), script, *arguments],
            cwd=self.folder,
            env=self.node.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def _run(self, script: Path, arguments: tuple[str, ...], folder: Path) -> str:
        done = subprocess.run(  # noqa: S603 - our own
            [str(self.node.executable), str(script), *arguments],
            cwd=folder,
            env=self.node.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS_MAX,
            check=False,
        )
        assert done.returncode == 0, f"{script.name}: {done.stdout}\n{done.stderr}"
        return done.stdout
