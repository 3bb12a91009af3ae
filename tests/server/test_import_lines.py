"""Lines of an import: read in constant memory, and put together as far as order allows."""

import itertools
from collections.abc import Iterator
from io import BytesIO

from server.import_lines import Group, Line, groups, parse, read

POST = b'{"post": {}}\n'
USER = b'{"createUser": {}}\n'


def numbered(*contents: bytes) -> Iterator[Line]:
    return read(BytesIO(b"".join(contents)), size_max=1000)


def sizes(*contents: bytes, size_max: int = 10_000) -> list[tuple[int, int]]:
    """How many items each group has, and the number of its last line."""
    found = groups(numbered(*contents), size_max=size_max)
    return [(len(group.items), group.through) for group in found]


class Endless(BytesIO):
    """A line of a terabyte, and another one; nobody asks for more of it than fits into memory."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 10**12
        self.asked_max = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        self.asked_max = max(self.asked_max, size)
        if self.left <= 0:
            return b""
        # Most of it at once, so that the test ends.
        self.left -= 10**11
        return b"x" * size if self.left > 0 else b"\n"


def test_lines_are_counted_from_one_and_end_where_the_next_begins() -> None:
    found = list(numbered(b"a\n", b"\n", b"bc\r\n", b"d"))
    assert [(line.number, line.text, line.end) for line in found] == [
        (1, "a", 2),
        (2, "", 3),
        (3, "bc", 7),
        (4, "d", 8),
    ]


def test_a_line_may_be_as_long_as_the_limit_and_no_longer() -> None:
    fits, too_long = list(read(BytesIO(b"x" * 10 + b"\n" + b"y" * 11 + b"\nz"), size_max=10))[:2]
    assert not fits.is_too_long
    assert too_long.is_too_long
    assert too_long.size == 12


def test_a_line_without_end_is_not_read_into_memory() -> None:
    file = Endless()
    (line,) = read(file, size_max=100)
    assert line.is_too_long
    assert len(line.content) <= 101
    assert file.asked_max <= 101


def test_a_group_is_all_that_is_read_of_a_file_at_once() -> None:
    endless = (Line(n, POST, len(POST), n * len(POST)) for n in itertools.count(1))
    first, second = itertools.islice(groups(endless, size_max=10**9), 2)
    assert (len(first.items), first.through) == (1000, 1000)
    assert (len(second.items), second.through) == (1000, 2000)


def test_lines_are_together_as_long_as_one_mutation_carries_them_out() -> None:
    capture = b'{"capture": {}}\n'
    assert sizes(POST, capture, POST, USER, USER, POST) == [(3, 3), (2, 5), (1, 6)]
    assert sizes(*[USER] * 150) == [(100, 100), (50, 150)]
    # What is refused, or blank, keeps nothing apart.
    assert sizes(POST, b"?\n", b"\n", POST, USER) == [(2, 4), (1, 5)]
    assert sizes(b"?\n", USER) == [(1, 2)]
    assert sizes() == []


def test_lines_are_together_as_long_as_a_request_would_carry_them() -> None:
    assert sizes(*[POST] * 5, size_max=3 * len(POST)) == [(3, 3), (2, 5)]
    assert sizes(*[POST] * 2, size_max=1) == [(1, 1), (1, 2)]


def test_a_file_of_nothing_but_blank_or_bad_lines_is_in_groups_too() -> None:
    assert [through for _, through in sizes(*[b"\n"] * 2500)] == [1000, 2000, 2500]
    found: list[Group] = list(groups(numbered(*[b"?\n"] * 1001), size_max=10_000))
    assert [len(group.refused) for group in found] == [1000, 1]


def test_a_blank_line_asks_for_nothing() -> None:
    (line,) = numbered(b" \t\r\n")
    assert parse(line, size_max=1000) is None
