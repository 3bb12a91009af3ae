"""The lines of an import: each an object with one key, which says what to do, and its input.

The key is a mutation's name, or ``post``, ``capture``, ``void`` or ``reverse`` as in an item of
submitTransactions; the input is that of the API. A bare PostTransactionInput is posted.
"""

from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final

import msgspec
import orjson
from graphql import GraphQLInputType

from ledger.transactions import BATCH_MAX
from schema.build import GRAPHQL_SCHEMA
from server.loading import ALIASES_MAX

# How much of a line that is too long is kept, for people to recognise it by.
_BEGINNING_LENGTH: Final = 1000

SUBMIT: Final = "submitTransactions"
# What an item of submitTransactions calls it.
_ITEMS: Final[Mapping[str, str]] = {
    name: item
    for item in ("post", "capture", "void", "reverse")
    for name in (item, f"{item}Transaction")
}
_BARE: Final = frozenset({"idempotencyKey", "postings"})


def _mutations() -> Mapping[str, GraphQLInputType]:
    """Every other mutation that is one thing to do, and the type of its input."""
    mutation = GRAPHQL_SCHEMA.mutation_type
    assert mutation is not None
    return {
        name: field.args["input"].type
        for name, field in mutation.fields.items()
        if name not in _ITEMS and name not in {SUBMIT, "postTransactions"}
    }


MUTATIONS: Final = _mutations()


class Line(msgspec.Struct, frozen=True):
    """A line of the file, counted from 1; it has ``size`` bytes and ends behind ``end`` of the
    file's. ``content`` are those that are kept: all, or the beginning of what is too long.
    """

    number: int
    content: bytes
    size: int
    end: int
    is_too_long: bool = False

    @property
    def text(self) -> str:
        """The content, with replacements for what is not UTF-8."""
        return self.content.decode(errors="replace").rstrip("\r\n")


class Item(msgspec.Struct, frozen=True):
    """What a line asks: ``mutation`` is what carries it out, ``key`` what an item of it is called;
    ``prefix`` is where the input stands in the line.
    """

    line: Line
    mutation: str
    key: str
    prefix: tuple[str, ...]
    value: object

    @property
    def together_max(self) -> int:
        """How many of its kind are carried out at once."""
        return BATCH_MAX if self.mutation == SUBMIT else ALIASES_MAX


class Refused(msgspec.Struct, frozen=True):
    """A line that was not carried out, and why; ``path`` is within the line."""

    number: int
    code: str
    message: str
    path: tuple[str, ...]
    line: str


def read(file: BinaryIO, *, size_max: int) -> Iterator[Line]:
    """All lines, one at a time; of one that is longer than ``size_max`` only the beginning."""
    number = end = 0
    while content := file.readline(size_max + 1):
        number += 1
        size, last = len(content), content
        is_too_long = size > size_max and not content.endswith(b"\n")
        while is_too_long and last and not last.endswith(b"\n"):
            last = file.readline(size_max)
            size += len(last)
        end += size
        kept = content[:_BEGINNING_LENGTH] if is_too_long else content
        yield Line(number, kept, size, end, is_too_long)


def parse(line: Line, *, size_max: int) -> Item | Refused | None:
    """What a line asks, or why it cannot be told; None for a blank one."""
    if line.is_too_long:
        problem = f"it has {line.size} bytes; at most {size_max} are read, as of a request's body"
        return _refused(line, "LINE_TOO_LONG", problem)
    if not line.content.strip():
        return None
    try:
        content = orjson.loads(line.content)
    except orjson.JSONDecodeError as error:
        return _refused(line, "NOT_JSON", f"it is not JSON in UTF-8: {error}")
    return _asked(line, content)


class Group:
    """Lines that are carried out at once: items of one mutation, and what was refused between."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.refused: list[Refused] = []
        self.lines = 0
        self.size = 0
        self.through = 0
        self.end = 0

    def takes(self, line: Line, found: Item | Refused | None, *, size_max: int) -> bool:
        """Whether there is room for one more."""
        if self.lines == 0:
            return True
        if self.lines == BATCH_MAX or self.size + line.size > size_max:
            return False
        if not self.items or not isinstance(found, Item):
            return True
        is_alike = found.mutation == self.items[0].mutation
        return is_alike and len(self.items) < found.together_max

    def add(self, line: Line, found: Item | Refused | None) -> None:
        """Take one more."""
        if isinstance(found, Item):
            self.items.append(found)
        elif found is not None:
            self.refused.append(found)
        self.lines += 1
        self.size += line.size
        self.through = line.number
        self.end = line.end


def groups(lines: Iterator[Line], *, size_max: int) -> Iterator[Group]:
    """Lines in their order, together as far as one request can carry them out."""
    group = Group()
    for line in lines:
        found = parse(line, size_max=size_max)
        if not group.takes(line, found, size_max=size_max):
            yield group
            group = Group()
        group.add(line, found)
    if group.lines:
        yield group


def _asked(line: Line, content: object) -> Item | Refused:
    if not isinstance(content, dict):
        return _refused(line, "UNKNOWN_OPERATION", "it is not a JSON object")
    if content.keys() >= _BARE:
        return Item(line, SUBMIT, "post", (), content)
    if len(content) != 1:
        problem = f"it has {len(content)} keys; one says what to do, such as post or openAccount"
        return _refused(line, "UNKNOWN_OPERATION", problem)
    ((name, value),) = content.items()
    if name in _ITEMS:
        return Item(line, SUBMIT, _ITEMS[name], (name,), value)
    if name in MUTATIONS:
        return Item(line, name, name, (name,), value)
    known = ", ".join(("post", "capture", "void", "reverse", *MUTATIONS))
    problem = f"its key says what to do, and is none of {known}"
    return _refused(line, "UNKNOWN_OPERATION", problem)


def _refused(line: Line, code: str, problem: str) -> Refused:
    return Refused(line.number, code, f"The line is refused: {problem}.", (), line.text)
