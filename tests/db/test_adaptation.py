"""Values cross the wire exactly, whatever their size."""

import psycopg
import pytest

from db.adaptation import CONTEXT
from db.arrays import Texts, UUIDs, WholeNumbers
from ledger import identifiers

NUMBERS = [
    0,
    1,
    9_999,
    10_000,
    10_001,
    100_000_000,
    123_456_789_012_345_678_901_234_567_890_123_456_78,
    10**37,
    10**38 - 1,
    *(10**power for power in range(38)),
    *(10**power - 1 for power in range(1, 38)),
    *(int("1203" * 9) // 10**power for power in range(36)),
]


@pytest.mark.parametrize("sign", [1, -1])
def test_every_number_comes_back_as_it_was_sent(server_url: str, sign: int) -> None:
    numbers = [sign * number for number in NUMBERS]
    query = "SELECT number FROM unnest(%s::numeric[]) WITH ORDINALITY AS sent (number, position)"
    with psycopg.connect(server_url, context=CONTEXT) as conn:
        rows = conn.execute(
            f"{query} ORDER BY position".encode(), [WholeNumbers(numbers)], binary=True
        )
        assert [number for (number,) in rows] == numbers


def test_a_number_with_decimals_is_never_read_as_money(server_url: str) -> None:
    with psycopg.connect(server_url, context=CONTEXT) as conn:
        assert conn.execute("SELECT 12.00", binary=True).fetchone() == (12,)
        for text in ("0.5", "12.01", "'NaN'::numeric", "'Infinity'::numeric"):
            with pytest.raises((psycopg.DataError, ValueError, OverflowError)):
                conn.execute(f"SELECT {text}".encode(), binary=True).fetchone()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_arrays_come_back_as_they_were_sent(server_url: str, count: int) -> None:
    ids = [identifiers.now() for _ in range(count)]
    with psycopg.connect(server_url, context=CONTEXT) as conn:
        row = conn.execute(
            "SELECT %s::uuid[], %s::bigint[]", [UUIDs(ids), WholeNumbers(range(count))]
        ).fetchone()
    assert row == (ids, list(range(count)))


def test_lists_of_small_and_of_large_numbers_share_a_statement(server_url: str) -> None:
    sent = [[5], [34_821], [2**62]]
    with psycopg.connect(server_url, context=CONTEXT) as conn:
        row = conn.execute("SELECT %s::bigint[], %s::bigint[], %s::bigint[]", sent).fetchone()
    assert row == tuple(sent)


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        ["", ""],
        ["NULL", "null", "{}", "{a,b}", ",", " ", "\t\n"],
        ['"', '""', "\\", '\\"', "a\\", '","', "é", "日本語", "\U0001f4b0", "\x01\x7f"],
    ],
)
def test_texts_come_back_as_they_were_sent(server_url: str, texts: list[str]) -> None:
    with psycopg.connect(server_url, context=CONTEXT) as conn:
        row = conn.execute("SELECT %s, 'x' = ANY(%s)", [Texts(texts), Texts(texts)]).fetchone()
    assert row == (texts, False)


@pytest.mark.parametrize("texts", [["a\0b"], ["a", "\0"], ["\0"]])
def test_a_text_with_a_nul_is_refused_and_never_cut_in_two(
    server_url: str, texts: list[str]
) -> None:
    with psycopg.connect(server_url, context=CONTEXT) as conn, pytest.raises(psycopg.DataError):
        conn.execute("SELECT %s", [Texts(texts)])
