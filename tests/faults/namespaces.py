"""A network of its own for PostgreSQL, which can really be cut: a namespace and nftables in it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.faults.scenario import SkippedError

# RFC 2544's addresses for tests within one network: nobody else's.
_HERE: Final = "198.18.53.1"
THERE: Final = "198.18.53.2"
_COMMANDS: Final = ("ip", "nft")
# Packets are dropped and nobody is told, both ways, established connections too.
_CUT: Final = """
    table inet cut {
        chain incoming { type filter hook input priority 0; policy drop; }
        chain outgoing { type filter hook output priority 0; policy drop; }
    }
"""


class Namespace:
    """One network namespace, and the pair of interfaces that joins it to this one."""

    def __init__(self) -> None:
        self.name = f"florin-{os.getpid()}"
        self._link = f"fl{os.getpid()}"

    @property
    def prefix(self) -> tuple[str, ...]:
        """What stands before a command that is run in it."""
        return ("ip", "netns", "exec", self.name)

    def create(self) -> None:
        """Make it, and join it; raises SkippedError where that is not possible."""
        if os.getuid() != 0:
            raise SkippedError("only root may make a network namespace")
        missing = [command for command in _COMMANDS if shutil.which(command) is None]
        if missing:
            raise SkippedError(f"{' and '.join(missing)} is not installed")
        try:
            _run("ip", "netns", "add", self.name)
            _run(
                "ip",
                "link",
                "add",
                self._link,
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                self.name,
            )
            _run("ip", "address", "add", f"{_HERE}/30", "dev", self._link)
            _run("ip", "link", "set", self._link, "up")
            _run(*self.prefix, "ip", "address", "add", f"{THERE}/30", "dev", "eth0")
            _run(*self.prefix, "ip", "link", "set", "eth0", "up")
            _run(*self.prefix, "ip", "link", "set", "lo", "up")
            _run(*self.prefix, "nft", "list", "ruleset")
        except subprocess.CalledProcessError as error:
            self.close()
            raise SkippedError(f"no network namespace here: {error.stderr.strip()}") from None

    def cut(self) -> None:
        """Drop every packet."""
        _run(*self.prefix, "nft", "-f", "-", given=_CUT)

    def join(self) -> None:
        """Let them through again."""
        _run(*self.prefix, "nft", "delete", "table", "inet", "cut")

    def close(self) -> None:
        """Remove it; the interfaces go with it."""
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, check=False)  # noqa: S607, S603


def _run(*command: str, given: str = "") -> None:
    subprocess.run(command, input=given, capture_output=True, text=True, check=True)  # noqa: S603


@contextmanager
def joined() -> Iterator[Namespace]:
    """A namespace that can be reached while the block runs."""
    namespace = Namespace()
    namespace.create()
    try:
        yield namespace
    finally:
        namespace.close()
