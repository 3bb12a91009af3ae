"""Codes, names and keys are held to their bounds exactly, and to what PostgreSQL can store."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import texts

SURROGATES = ["\ud800", "\udbff", "\udc00", "\udfff"]


def identifier(value: str) -> str | None:
    return texts.identifier_problem(value, length_max=texts.KEY_MAX)


def prose(value: str) -> str | None:
    return texts.prose_problem(value, length_max=texts.DESCRIPTION_MAX)


@pytest.mark.parametrize(
    "value",
    ["a", "user:alice:wallet", "two words", "Zoë", "日本", "\U0001f600", "a/b?c=d&e", "'\"\\"],
)
def test_an_identifier_may_be_any_text_in_one_line(value: str) -> None:
    assert identifier(value) is None


def test_an_identifier_is_not_empty() -> None:
    assert identifier("") == "it is empty"


@pytest.mark.parametrize("character", ["x", "é", "\U0001f600"])
def test_an_identifier_has_at_most_its_maximum_of_characters(character: str) -> None:
    assert identifier(character * 200) is None
    assert identifier(character * 201) == "it has 201 characters; at most 200 are kept"


@pytest.mark.parametrize("space", [" ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\u2028"])
def test_an_identifier_neither_begins_nor_ends_with_a_space(space: str) -> None:
    for value in (space + "key", "key" + space, space):
        assert identifier(value) == "it begins or ends with a space"


@pytest.mark.parametrize(
    "character", [*map(chr, range(0x20)), *map(chr, range(0x7F, 0xA0)), *SURROGATES]
)
def test_an_identifier_holds_no_control_character(character: str) -> None:
    assert identifier(f"a{character}b") == "it holds a control character"
    assert identifier(f"{character}b") is not None
    assert identifier(f"a{character}") is not None


@given(st.text(max_size=220))
def test_an_accepted_identifier_can_be_stored_and_shown_in_one_line(value: str) -> None:
    if identifier(value) is None:
        assert texts.storable(value)
        assert value.encode().decode() == value
        assert value == value.strip()
        assert 1 <= len(value) <= 200
        assert "\n" not in value


@pytest.mark.parametrize("value", ["", " ", "Rent, June", "two\nlines\tand a tab\r\n", " kept "])
def test_prose_may_be_empty_and_have_lines_and_tabs(value: str) -> None:
    assert prose(value) is None


def test_prose_has_at_most_its_maximum_of_characters() -> None:
    assert prose("x" * 1000) is None
    assert prose("x" * 1001) == "it has 1001 characters; at most 1000 are kept"


@pytest.mark.parametrize(
    "character", [*(chr(c) for c in range(0x20) if chr(c) not in "\t\n\r"), "\x7f", *SURROGATES]
)
def test_prose_holds_no_other_control_character(character: str) -> None:
    assert prose(f"a{character}b") == "it holds a control character"


@given(st.text())
def test_accepted_prose_can_be_stored(value: str) -> None:
    if prose(value) is None:
        assert texts.storable(value)
        assert value.encode().decode() == value


@pytest.mark.parametrize("value", ["alice@example.com", "a@b", "zoë@exämple.ch", "o'x+tag@a.b.c"])
def test_an_email_address_is_something_an_at_and_something(value: str) -> None:
    assert texts.email_problem(value) is None


@pytest.mark.parametrize(
    "value", ["alice", "@", "a@", "@b", "a@b@c", "a b@c", "a@b c", "a@\u2003b"]
)
def test_anything_else_is_not_an_email_address(value: str) -> None:
    assert texts.email_problem(value) == "it is not an email address such as alice@example.com"


@pytest.mark.parametrize("value", ["", " a@b", "a@b\n", "a\x00@b", "a@\ud800"])
def test_an_email_address_is_an_identifier(value: str) -> None:
    problem = texts.email_problem(value)
    assert problem is not None
    assert problem == texts.identifier_problem(value, length_max=texts.EMAIL_MAX)


def test_an_email_address_has_at_most_254_characters() -> None:
    assert texts.email_problem("a@" + "b" * 252) is None
    problem = texts.email_problem("a@" + "b" * 253)
    assert problem == "it has 255 characters; at most 254 are kept"


@pytest.mark.parametrize("value", ["US", "USD", "JPY", "CREDIT", "A1", "X2345678901234567"[:16]])
def test_a_currency_code_is_2_to_16_capital_letters_or_digits(value: str) -> None:
    assert texts.currency_code_problem(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "",
        "U",
        "usd",
        "Usd",
        "1A",
        "US D",
        "USD\n",
        " USD",
        "U-D",
        "ÄÖ",
        "U\u0662",
        "A" * 17,
        "\ud800A",
    ],
)
def test_anything_else_is_not_a_currency_code(value: str) -> None:
    problem = texts.currency_code_problem(value)
    assert problem is not None
    assert "2 to 16 capital letters or digits" in problem


@given(st.text() | st.text(st.characters(categories=["Cs", "Lu"])))
def test_storable_is_what_postgresql_takes_as_text(value: str) -> None:
    try:
        encoded = value.encode()
    except UnicodeEncodeError:
        assert not texts.storable(value)
    else:
        assert texts.storable(value) == (0 not in encoded)


@pytest.mark.parametrize("value", ["\x00", "a\x00", "é\x00", *SURROGATES, "a\ud800b"])
def test_what_holds_nul_or_half_a_surrogate_pair_is_not_storable(value: str) -> None:
    assert not texts.storable(value)


@given(st.text(max_size=100))
def test_what_is_short_is_shown_whole(value: str) -> None:
    assert texts.shown(value) == value


@given(st.text(min_size=101, max_size=150))
def test_what_is_long_is_shown_in_part(value: str) -> None:
    assert texts.shown(value) == value[:100] + "…"
