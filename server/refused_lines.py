"""The file of an import's refused lines: there only if a line was refused, and never overwritten.

Each line is an object: ``number``, ``code``, ``message`` and ``path`` say what was refused and why,
``line`` is the line itself, to be mended and imported again.
"""

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import orjson

from server.import_lines import Refused

# Of a file whose name is taken; nobody has that many left to mend.
_NUMBERS_MAX: Final = 1000


class RefusedLines:
    """Opens its file with the first line that is refused; closes it when the block ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def write(self, refused: Sequence[Refused]) -> None:
        """Add lines, which are in the file when this returns. Raises OSError."""
        if not refused:
            return
        if self._file is None:
            self._file, self.path = _new(self.path)
        for one in refused:
            record = msgspec.structs.asdict(one)
            self._file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
        self._file.flush()

    def __enter__(self) -> "RefusedLines":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def beside(file: str) -> Path:
    """Where the refused lines of a file go by default."""
    if file == "-":
        return Path("stdin.refused.jsonl")
    path = Path(file)
    stem = path.stem if path.suffix == ".jsonl" else path.name
    return path.with_name(f"{stem}.refused.jsonl")


def _new(path: Path) -> tuple[BinaryIO, Path]:
    """A new file: of this name, or where an earlier import left one, of the next that is free."""
    for number in count(1):
        numbered = path if number == 1 else path.with_name(f"{path.stem}.{number}{path.suffix}")
        try:
            return numbered.open("xb"), numbered
        except FileExistsError:
            if number == _NUMBERS_MAX:
                raise
    raise AssertionError
