"""Builds the playground: ``python -m tools.playground [--if-needed]``.

With --if-needed it builds only what is missing or older than its sources, and a build that fails
is told and forgiven: whoever wants to serve shall be able to, without Node or a network.
"""

import hashlib
import sys
from pathlib import Path
from typing import Final

from tools import node

SOURCES: Final = node.ROOT / "playground"
_BUILT: Final = node.ROOT / "server" / "static" / "playground"
_FILES: Final = ("package-lock.json", "index.html", "*.ts", "src/**/*", "examples/*")


def main(arguments: list[str]) -> int:
    """0 when the playground is there, or need not be; 1 when it could not be built."""
    if_needed = arguments == ["--if-needed"]
    if if_needed and is_fresh():
        return 0
    print("Building the playground: half a minute the first time …", flush=True)  # noqa: T201
    try:
        build()
    except node.NodeError as error:
        print(f"{error}\n\nThe playground could not be built.", file=sys.stderr)  # noqa: T201
        if if_needed:
            print("Serving without it; `make playground` tries again.", file=sys.stderr)  # noqa: T201
        return 0 if if_needed else 1
    return 0


def build() -> None:
    """The playground, built anew; NodeError says why not."""
    found = node.find()
    node.packages(SOURCES, found)
    found.npm("run", "build", folder=SOURCES)
    _marker().write_text(_digest())


def is_fresh() -> bool:
    """Whether what was built last was built from these sources."""
    return _marker().is_file() and _marker().read_text() == _digest()


def _marker() -> Path:
    return _BUILT / ".built-from"


def _digest() -> str:
    """Of all sources, by content: a clone's file times say nothing."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _FILES for path in SOURCES.glob(pattern)}):
        if path.is_file():
            digest.update(f"{path.relative_to(SOURCES)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
